"""Keys, encrypted fields, blind indexes and signatures. The only module that knows a cipher."""

import hmac
import json
import os
import secrets
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

CipherName = Literal["sm4-gcm", "aes-256-gcm"]
_NUMBERS: dict[CipherName, int] = {"sm4-gcm": 1, "aes-256-gcm": 2}
_KEY_BYTES: dict[int, int] = {1: 16, 2: 32}
_IV, _TAG, _INDEX = 12, 16, 16


class NoKeys(RuntimeError):  # noqa: N818
    """The keys are missing or cannot be used."""


class Tampered(ValueError):  # noqa: N818
    """A stored value is not what was encrypted for this row and column."""


@dataclass(frozen=True)
class Keyring:
    """The keys of a deployment.

    A stored field is `cipher (1 byte), key id (1), IV (12), tag (16), text`. Its context (table,
    column, row) is authenticated, so a value moved to another row does not decrypt.
    """

    current: int
    masters: dict[int, bytes]
    index_key: bytes
    signing_key: bytes
    cipher: CipherName = "sm4-gcm"

    @cached_property
    def _field_keys(self) -> dict[tuple[int, int], bytes]:
        return {
            (number, key_id): HKDF(
                hashes.SM3(), size, salt=None, info=f"hangji field {number}".encode()
            ).derive(master)
            for key_id, master in self.masters.items()
            for number, size in _KEY_BYTES.items()
        }

    def encrypt(self, text: str, context: str) -> bytes:
        """Encrypt `text` for the place that `context` names."""
        number, iv = _NUMBERS[self.cipher], os.urandom(_IV)
        key = self._field_keys[number, self.current]
        sealer = Cipher(_algorithm(number, key), modes.GCM(iv)).encryptor()
        head = bytes((number, self.current))
        sealer.authenticate_additional_data(head + context.encode())
        sealed = sealer.update(text.encode()) + sealer.finalize()
        return head + iv + sealer.tag + sealed

    def decrypt(self, stored: bytes, context: str) -> str:
        """Give back what was encrypted for `context`, or raise `Tampered`."""
        head, iv = stored[:2], stored[2 : 2 + _IV]
        tag, sealed = stored[2 + _IV : 2 + _IV + _TAG], stored[2 + _IV + _TAG :]
        try:
            key = self._field_keys[head[0], head[1]]
            opener = Cipher(_algorithm(head[0], key), modes.GCM(iv, tag)).decryptor()
            opener.authenticate_additional_data(head + context.encode())
            return (opener.update(sealed) + opener.finalize()).decode()
        except (KeyError, IndexError, InvalidTag, ValueError) as error:
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


def _algorithm(number: int, key: bytes) -> algorithms.SM4 | algorithms.AES:
    return algorithms.SM4(key) if number == _NUMBERS["sm4-gcm"] else algorithms.AES(key)


def _hmac(key: bytes, data: bytes) -> bytes:
    digest = HMAC(key, hashes.SM3())
    digest.update(data)
    return digest.finalize()


def new_keys() -> Keyring:
    """Make fresh keys."""
    make = secrets.token_bytes
    return Keyring(1, {1: make(32)}, index_key=make(32), signing_key=make(32))


def load_keys(path: Path, cipher: CipherName, *, make: bool) -> Keyring:
    """Read the keys from `path`; with `make`, write new ones there first when it is missing."""
    if not path.exists():
        if not make:
            raise NoKeys(f"没有密钥文件 {path}；请运行 hangji keys new / no keys at {path}")
        _write(path, new_keys())
    try:
        raw = json.loads(path.read_text())
        return Keyring(
            current=raw["current"],
            masters={int(k): bytes.fromhex(v) for k, v in raw["masters"].items()},
            index_key=bytes.fromhex(raw["index"]),
            signing_key=bytes.fromhex(raw["signing"]),
            cipher=cipher,
        )
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise NoKeys(f"密钥文件无法读取：{path} / unreadable keys: {path}") from error


def write_new_keys(path: Path) -> None:
    """Write new keys to `path`, or raise `NoKeys` when there are some: they are never replaced."""
    if path.exists():
        raise NoKeys(f"密钥文件已存在，未改动：{path} / there are keys at {path}; left as they are")
    _write(path, new_keys())


def _write(path: Path, keys: Keyring) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    raw = {
        "current": keys.current,
        "masters": {str(k): v.hex() for k, v in keys.masters.items()},
        "index": keys.index_key.hex(),
        "signing": keys.signing_key.hex(),
    }
    draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    draft.touch(mode=0o600)
    draft.write_text(json.dumps(raw, indent=1))
    try:
        os.link(draft, path)  # of two that make keys at once, the first stays
    except FileExistsError:
        pass
    finally:
        draft.unlink()


_ring: list[Keyring] = []


def use(ring: Keyring) -> None:
    """Make `ring` the keys of this process."""
    _ring[:] = [ring]


def keys() -> Keyring:
    """Give the keys of this process, or raise `NoKeys`."""
    if not _ring:
        raise NoKeys("the keys were not loaded")
    return _ring[0]
