"""Keys, encrypted fields, blind indexes and signatures. The only module that knows a cipher."""

import fcntl
import hmac
import json
import os
import secrets
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, NamedTuple

import structlog
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from app.core.settings import settings

_log = structlog.get_logger(__name__)
CipherName = Literal["sm4-gcm", "aes-256-gcm"]
_NUMBERS: dict[CipherName, int] = {"sm4-gcm": 1, "aes-256-gcm": 2}
_KEY_BYTES: dict[int, int] = {1: 16, 2: 32}
_HEAD, _IV, _TAG, _INDEX, _MASTER = 2, 12, 16, 16, 32
_LAST_ID = 255
LOOK_SECONDS = 1.0
"""How long a process may go on with keys whose file was replaced."""


class NoKeys(RuntimeError):  # noqa: N818
    """The keys are missing or cannot be used."""


class Tampered(ValueError):  # noqa: N818
    """A stored value is not what was encrypted for this row and column."""


class Source(NamedTuple):
    """The file that keys were read from, as it was then."""

    path: Path
    stamp: tuple[int, int, int]


@dataclass(frozen=True)
class Keyring:
    """The keys of a deployment.

    A stored field is `cipher (1 byte), key id (1), IV (12), tag (16), text`. Its context (table,
    column, row) is authenticated, so a value moved to another row does not decrypt.
    """

    current: int
    masters: dict[int, bytes] = field(repr=False)
    index_key: bytes = field(repr=False)
    signing_key: bytes = field(repr=False)
    cipher: CipherName = "sm4-gcm"
    newest: int = 0
    """The highest id that a master ever had: ids are never used again."""
    source: Source | None = field(default=None, compare=False)
    """None for keys of the environment, which cannot be written."""

    @cached_property
    def _field_keys(self) -> dict[tuple[int, int], bytes]:
        return {
            (number, key_id): HKDF(
                hashes.SM3(), size, salt=None, info=f"hangji field {number}".encode()
            ).derive(master)
            for key_id, master in self.masters.items()
            for number, size in _KEY_BYTES.items()
        }

    @property
    def head(self) -> bytes:
        """The first bytes of everything that is encrypted now: the cipher and the key's id."""
        return bytes((_NUMBERS[self.cipher], self.current))

    def encrypt(self, text: str, context: str) -> bytes:
        """Encrypt `text` for the place that `context` names."""
        head, iv = self.head, os.urandom(_IV)
        sealer = Cipher(
            _algorithm(head[0], self._field_keys[head[0], head[1]]), modes.GCM(iv)
        ).encryptor()
        sealer.authenticate_additional_data(head + context.encode())
        sealed = sealer.update(text.encode()) + sealer.finalize()
        return head + iv + sealer.tag + sealed

    def decrypt(self, stored: bytes, context: str) -> str:
        """Give back what was encrypted for `context`, or raise `Tampered`.

        A key that is not known may have been made a moment ago: the file is looked at once more.
        """
        head, iv = stored[:_HEAD], stored[_HEAD : _HEAD + _IV]
        tag, sealed = stored[_HEAD + _IV :][:_TAG], stored[_HEAD + _IV + _TAG :]
        try:
            number, key_id = head
            known = self if key_id in self.masters else _look(self)
            key = known._field_keys[number, key_id]  # noqa: SLF001 - another keyring's
            opener = Cipher(_algorithm(number, key), modes.GCM(iv, tag)).decryptor()
            opener.authenticate_additional_data(head + context.encode())
            return (opener.update(sealed) + opener.finalize()).decode()
        except (KeyError, InvalidTag, ValueError) as error:
            raise Tampered(f"cannot decrypt {context}") from error

    def blind_index(self, text: str) -> bytes:
        """Digest `text` so that equal texts can be found and nothing else can be told."""
        return _hmac(self.index_key, text.encode())[:_INDEX]

    def sign(self, data: bytes) -> bytes:
        """Sign what leaves the service and comes back (cursors)."""
        return _hmac(self.signing_key, data)[:_INDEX]

    def is_signed(self, data: bytes, signature: bytes) -> bool:
        """Tell whether `sign` made `signature` for `data`."""
        return hmac.compare_digest(self.sign(data), signature)

    @cached_property
    def _published(self) -> Ed25519PrivateKey:
        seed = HKDF(hashes.SHA256(), 32, salt=None, info=b"hangji public signatures")
        return Ed25519PrivateKey.from_private_bytes(seed.derive(self.signing_key))

    @property
    def public_key(self) -> bytes:
        """With this (Ed25519) anybody can check what `sign_for_all` signed."""
        return self._published.public_key().public_bytes_raw()

    def sign_for_all(self, data: bytes) -> bytes:
        """Sign what others check without this service (Ed25519; equal data, equal signature)."""
        return self._published.sign(data)


def _algorithm(number: int, key: bytes) -> algorithms.SM4 | algorithms.AES:
    return algorithms.SM4(key) if number == _NUMBERS["sm4-gcm"] else algorithms.AES(key)


def _hmac(key: bytes, data: bytes) -> bytes:
    digest = HMAC(key, hashes.SM3())
    digest.update(data)
    return digest.finalize()


def cipher_of(stored: bytes) -> tuple[str, int]:
    """Name the cipher and the key id under which a stored field (or its head) lies."""
    names = {number: name for name, number in _NUMBERS.items()}
    number, key_id = (stored + bytes(_HEAD))[:_HEAD]
    return names.get(number, f"unknown {number}"), key_id


def new_keys() -> Keyring:
    """Make fresh keys."""
    make = secrets.token_bytes
    return Keyring(1, {1: make(_MASTER)}, index_key=make(32), signing_key=make(32), newest=1)


def load_keys(path: Path, cipher: CipherName, *, make: bool) -> Keyring:
    """Read the keys: those of `HANGJI_KEYS` if it is set, else those of the file at `path`.

    With `make`, write new ones there first when the file is missing.
    """
    if given := settings().keys:
        with _explained("密钥环境变量 HANGJI_KEYS 无法读取 / HANGJI_KEYS is unreadable"):
            return _parsed(given.get_secret_value(), cipher)
    if not path.exists():
        if not make:
            raise NoKeys(f"没有密钥文件 {path}；请运行 hangji keys new / no keys at {path}")
        with suppress(_AlreadyThere):  # of two that make keys at once, the first stays
            write_new_keys(path)
    return _read(path, cipher)


def _read(path: Path, cipher: CipherName) -> Keyring:
    with _explained(f"密钥文件无法读取：{path} / unreadable keys: {path}"):
        stamp = _stamp(path)  # before it is read: what is replaced meanwhile is seen as new
        return replace(_parsed(path.read_text(), cipher), source=Source(path, stamp))


def _stamp(path: Path) -> tuple[int, int, int]:
    found = path.stat()
    return found.st_mtime_ns, found.st_ino, found.st_size


@contextmanager
def _explained(message: str) -> Iterator[None]:
    try:
        yield
    except (OSError, AttributeError, KeyError, TypeError, ValueError):
        raise NoKeys(message) from None  # the cause may show a part of a key


def _parsed(text: str, cipher: CipherName) -> Keyring:
    raw: dict[str, Any] = json.loads(text)
    masters = {int(k): bytes.fromhex(v) for k, v in raw["masters"].items()}
    current = raw["current"]
    if current not in masters or not all(1 <= key_id <= _LAST_ID for key_id in masters):
        raise ValueError
    index_key, signing_key = bytes.fromhex(raw["index"]), bytes.fromhex(raw["signing"])
    if any(len(key) != _MASTER for key in (*masters.values(), index_key, signing_key)):
        raise ValueError
    newest = max(raw.get("newest", 0), *masters)
    return Keyring(current, masters, index_key, signing_key, cipher, newest)


class _AlreadyThere(NoKeys):
    pass


def write_new_keys(path: Path) -> None:
    """Write new keys to `path`, or raise `NoKeys` when there are some: they are never replaced."""
    with _writable(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    with _alone(path):
        if path.exists():
            raise _AlreadyThere(
                f"密钥文件已存在，未改动：{path} / there are keys at {path}; left as they are"
            )
        _write(path, new_keys())


def add_master(ring: Keyring) -> Keyring:
    """Make a new master key, write it to the file of `ring` and make it the current one.

    Raises `NoKeys` where they cannot be written.
    """
    path = _file_of(ring)
    with _alone(path):
        kept = _read(path, ring.cipher)
        key_id = kept.newest + 1
        if key_id > _LAST_ID:
            raise NoKeys("密钥编号已用尽（255 个）/ all 255 key ids were used")
        masters = kept.masters | {key_id: secrets.token_bytes(_MASTER)}
        _write(path, replace(kept, current=key_id, masters=masters, newest=key_id))
        return _read(path, ring.cipher)


def retire_masters(ring: Keyring, key_ids: Iterable[int]) -> tuple[Keyring, Path]:
    """Take masters out of the file of `ring`, and keep the file as it was beside it.

    The current one stays. Raises `NoKeys` where they cannot be written.
    """
    path = _file_of(ring)
    with _alone(path):
        kept = _read(path, ring.cipher)
        gone = sorted({*key_ids} & {*kept.masters} - {kept.current})
        copy = path.with_name(f"{path.name}.retired-{'-'.join(map(str, gone))}")
        _write(copy, kept)
        masters = {k: v for k, v in kept.masters.items() if k not in gone}
        _write(path, replace(kept, masters=masters))
        return _read(path, ring.cipher), copy


def _file_of(ring: Keyring) -> Path:
    if ring.source is None:
        raise NoKeys("密钥来自环境变量，无法改写 / the keys come from the environment")
    return ring.source.path.resolve()


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Be the only one who writes keys in this directory."""
    with _writable(path):
        directory = os.open(path.parent, os.O_RDONLY)
    try:
        fcntl.flock(directory, fcntl.LOCK_EX)
        yield
    finally:
        os.close(directory)


@contextmanager
def _writable(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = error.strerror
        raise NoKeys(f"无法写入密钥文件 {path} / cannot write {path}: {reason}") from error


def _write(path: Path, keys: Keyring) -> None:
    """Put a whole new file in the place of the old one, and see that it is on the disk."""
    raw = {
        "current": keys.current,
        "newest": keys.newest,
        "masters": {str(k): v.hex() for k, v in keys.masters.items()},
        "index": keys.index_key.hex(),
        "signing": keys.signing_key.hex(),
    }
    draft = path.with_name(f"{path.name}.new")
    with _writable(path):
        draft.unlink(missing_ok=True)  # of one who was killed here
        number = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(number, "w") as file:
            if path.exists():  # the service must go on reading what root rewrites
                owner = path.stat()
                os.fchown(number, owner.st_uid, owner.st_gid)
            file.write(json.dumps(raw, indent=1))
            file.flush()
            os.fsync(number)
        draft.replace(path)
        directory = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)


_ring: list[Keyring] = []
_looked: list[float] = [0.0]


def use(ring: Keyring) -> None:
    """Make `ring` the keys of this process."""
    _ring[:] = [ring]
    _looked[:] = [time.monotonic()]


def keys() -> Keyring:
    """Give the keys of this process, or raise `NoKeys`.

    Once in `LOOK_SECONDS` their file is asked whether it changed.
    """
    if not _ring:
        raise NoKeys("the keys were not loaded")
    if _ring[0].source is not None and time.monotonic() - _looked[0] >= LOOK_SECONDS:
        _looked[0] = time.monotonic()
        return _look(_ring[0])
    return _ring[0]


def _look(ring: Keyring) -> Keyring:
    """Read the file of `ring` anew if it changed, and use it where `ring` was in use.

    While it cannot be read, the keys stay as they are.
    """
    if ring.source is None:
        return ring
    path, stamp = ring.source
    try:
        if _stamp(path) == stamp:
            return ring
        newer = _read(path, ring.cipher)
    except (NoKeys, OSError) as error:
        _log.error("keys unreadable", path=str(path), error=type(error).__name__)
        return ring
    if _ring[:1] == [ring]:
        use(newer)
        _log.info("keys changed", current=newer.current, known=sorted(newer.masters))
    return newer
