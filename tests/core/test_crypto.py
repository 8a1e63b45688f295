"""Keys: where they come from, how they change under a running process, what they refuse."""

import json
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from app.core import crypto
from app.core.crypto import CipherName, Keyring, NoKeys, Tampered
from app.core.settings import settings

CONTEXT, TEXT = "member.phone:1", "13800001234"


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.delenv("HANGJI_KEYS", raising=False)
    settings.cache_clear()
    yield
    settings.cache_clear()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "keys" / "keys.json"


@pytest.fixture
def ring(path: Path) -> Keyring:
    made = crypto.load_keys(path, "sm4-gcm", make=True)
    crypto.use(made)
    return made


def later(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the second pass after which the file is looked at again."""
    now = crypto.time.monotonic() + crypto.LOOK_SECONDS
    monkeypatch.setattr(crypto.time, "monotonic", lambda: now)


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("cipher", ["sm4-gcm", "aes-256-gcm"])
def test_what_was_encrypted_opens_in_its_place_alone(cipher: CipherName) -> None:
    made = crypto.new_keys()
    ring = Keyring(1, made.masters, made.index_key, made.signing_key, cipher)
    stored = ring.encrypt(TEXT, CONTEXT)
    assert crypto.cipher_of(stored) == (cipher, 1)
    assert stored[:2] == ring.head
    assert ring.decrypt(stored, CONTEXT) == TEXT
    assert ring.encrypt(TEXT, CONTEXT) != stored
    spoilt = [stored[:i] + bytes([stored[i] ^ 1]) + stored[i + 1 :] for i in range(len(stored))]
    for wrong in [*spoilt, b"", b"\1", stored[:2], stored[:20], stored[:-1], stored + b"\0"]:
        with pytest.raises(Tampered):
            ring.decrypt(wrong, CONTEXT)
    with pytest.raises(Tampered):
        ring.decrypt(stored, "member.phone:2")
    with pytest.raises(Tampered):
        crypto.new_keys().decrypt(stored, CONTEXT)


def test_keys_do_not_show_themselves(ring: Keyring) -> None:
    secret = [*ring.masters.values(), ring.index_key, ring.signing_key]
    assert not any(repr(s) in repr(ring) or s.hex() in repr(ring) for s in secret)


def test_a_file_is_made_once_for_its_owner_alone(path: Path) -> None:
    with pytest.raises(NoKeys):
        crypto.load_keys(path, "sm4-gcm", make=False)
    assert not path.exists()
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: crypto.load_keys(path, "sm4-gcm", make=True), range(8)))
    assert all(ring == made[0] for ring in made)
    assert mode_of(path) == 0o600
    before = path.read_bytes()
    with pytest.raises(NoKeys):
        crypto.write_new_keys(path)
    assert path.read_bytes() == before
    assert [p.name for p in path.parent.iterdir()] == ["keys.json"]


@pytest.mark.parametrize(
    "spoil",
    [
        {"current": 2},
        {"current": None},
        {"masters": {"1": "00"}},
        {"masters": {}},
        {"masters": {"0": "00" * 32}, "current": 0},
        {"masters": {"256": "00" * 32}, "current": 256},
        {"masters": {"1": "zz" * 32}},
        {"masters": []},
        {"index": ""},
        {"signing": 7},
    ],
)
def test_what_is_no_keys_says_so_and_shows_nothing(
    ring: Keyring, path: Path, spoil: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = json.dumps(json.loads(path.read_text()) | spoil)
    path.write_text(wrong)
    with pytest.raises(NoKeys) as refused:
        crypto.load_keys(path, "sm4-gcm", make=False)
    assert refused.value.__cause__ is None
    monkeypatch.setenv("HANGJI_KEYS", wrong)
    settings.cache_clear()
    with pytest.raises(NoKeys) as refused:
        crypto.load_keys(path, "sm4-gcm", make=True)
    assert ring.index_key.hex() not in str(refused.value)


def test_keys_without_a_note_of_the_newest_id_are_read(path: Path, ring: Keyring) -> None:
    raw = json.loads(path.read_text())
    del raw["newest"]
    path.write_text(json.dumps(raw))
    assert crypto.load_keys(path, "sm4-gcm", make=False) == ring


def test_the_environment_wins_over_the_file(
    ring: Keyring, path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "other.json"
    crypto.write_new_keys(other)
    monkeypatch.setenv("HANGJI_KEYS", other.read_text())
    settings.cache_clear()
    read = crypto.load_keys(path, "aes-256-gcm", make=False)
    assert read.masters != ring.masters
    assert (read.masters, read.cipher) == (
        {1: bytes.fromhex(json.loads(other.read_text())["masters"]["1"])},
        "aes-256-gcm",
    )
    missing = tmp_path / "missing.json"
    assert crypto.load_keys(missing, "aes-256-gcm", make=True) == read
    assert not missing.exists()
    assert read.index_key.hex() not in repr(settings())
    for change in (crypto.add_master, lambda ring: crypto.retire_masters(ring, [1])):
        with pytest.raises(NoKeys):
            change(read)
    crypto.use(read)
    monkeypatch.setattr(crypto, "LOOK_SECONDS", -1)
    assert crypto.keys() is read


def test_a_running_process_takes_up_a_new_key_within_a_second(
    ring: Keyring, monkeypatch: pytest.MonkeyPatch
) -> None:
    newer = crypto.add_master(ring)
    assert crypto.keys() is ring  # the file is not asked each time
    later(monkeypatch)
    assert crypto.keys() == newer
    assert crypto.keys().encrypt(TEXT, CONTEXT)[:2] == bytes((1, 2))
    assert crypto.keys().decrypt(ring.encrypt(TEXT, CONTEXT), CONTEXT) == TEXT


def test_the_file_is_asked_at_most_once_a_second(
    ring: Keyring, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Path] = []
    stamp = crypto._stamp
    monkeypatch.setattr(crypto, "_stamp", lambda path: asked.append(path) or stamp(path))
    for _ in range(100):
        crypto.keys()
    assert asked == []
    later(monkeypatch)
    for _ in range(100):
        assert crypto.keys() is ring
    assert len(asked) == 1


def test_an_unknown_key_makes_it_look_at_once(ring: Keyring) -> None:
    stored = crypto.add_master(ring).encrypt(TEXT, CONTEXT)
    assert crypto.keys() is ring
    assert ring.decrypt(stored, CONTEXT) == TEXT
    assert crypto.keys().current == 2  # and it stays
    with pytest.raises(Tampered):
        ring.decrypt(stored[:1] + b"\x09" + stored[2:], CONTEXT)


def test_while_the_file_cannot_be_read_the_keys_stay(
    ring: Keyring, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = path.read_text()
    for wrong in (whole[:40], ""):
        path.write_text(wrong)
        later(monkeypatch)
        assert crypto.keys() is ring
    path.unlink()
    later(monkeypatch)
    assert crypto.keys() is ring
    path.write_text(whole)
    crypto.add_master(ring)
    later(monkeypatch)
    assert crypto.keys().current == 2


def test_ids_are_never_used_again(ring: Keyring, path: Path) -> None:
    for key_id in (2, 3):
        assert crypto.add_master(ring).current == key_id
    raw = json.loads(path.read_text())
    path.write_text(json.dumps(raw | {"current": 1}))  # an operator goes back to the first
    left, copy = crypto.retire_masters(ring, [1, 2, 3])
    assert sorted(left.masters) == [1]
    assert crypto.add_master(ring).current == 4
    assert copy.name == "keys.json.retired-2-3"
    assert mode_of(copy) == mode_of(path) == 0o600
    assert sorted(json.loads(copy.read_text())["masters"]) == ["1", "2", "3"]


def test_the_last_id_is_255(ring: Keyring, path: Path) -> None:
    raw = json.loads(path.read_text())
    path.write_text(json.dumps(raw | {"newest": 254}))
    assert crypto.add_master(ring).current == 255
    before = path.read_bytes()
    with pytest.raises(NoKeys):
        crypto.add_master(ring)
    assert path.read_bytes() == before


def test_two_that_add_keys_at_once_lose_none(ring: Keyring) -> None:
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: crypto.add_master(ring), range(20)))
    assert sorted(m.current for m in made) == list(range(2, 22))
    newest = max(made, key=lambda m: m.current)
    for one in made:
        assert newest.decrypt(one.encrypt(TEXT, CONTEXT), CONTEXT) == TEXT


ADD_FOR_EVER = """
import sys
from pathlib import Path
from app.core import crypto
ring = crypto.load_keys(Path(sys.argv[1]), "sm4-gcm", make=False)
print("ready", flush=True)
while True:
    try:
        crypto.add_master(ring)
    except crypto.NoKeys:
        sys.exit(0)
"""


def test_killed_while_writing_leaves_whole_keys(ring: Keyring, path: Path) -> None:
    before = path.read_bytes()
    for wait in (0.0, 0.003, 0.01, 0.02):
        argv = [sys.executable, "-c", ADD_FOR_EVER, str(path)]
        with subprocess.Popen(argv, stdout=subprocess.PIPE) as process:
            assert process.stdout
            process.stdout.readline()
            crypto.time.sleep(wait)
            process.kill()
        read = crypto.load_keys(path, "sm4-gcm", make=False)
        assert read.masters.items() >= ring.masters.items()
        assert read.current == max(read.masters) == len(read.masters)
    assert path.read_bytes() != before
    crypto.add_master(ring)  # the draft of the one who was killed is in nobody's way
    assert not path.with_name("keys.json.new").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_the_file_stays_its_owners_when_root_writes_it(ring: Keyring, path: Path) -> None:
    os.chown(path, 12345, 12346)
    crypto.add_master(ring)
    assert (path.stat().st_uid, path.stat().st_gid, mode_of(path)) == (12345, 12346, 0o600)


def test_a_place_where_nothing_can_be_written_is_named(ring: Keyring) -> None:
    nowhere = Path("/proc/keys.json")
    with pytest.raises(NoKeys, match=r"/proc/keys\.json"):
        crypto.write_new_keys(nowhere)
    with pytest.raises(NoKeys, match="/proc/none"):
        crypto.write_new_keys(Path("/proc/none/keys.json"))
