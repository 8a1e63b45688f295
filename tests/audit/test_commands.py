"""`hangji audit …`, as an operator uses it."""

import asyncio
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from sqlalchemy.engine import make_url
from typer.testing import CliRunner

from app import attach
from app.commands.audit import commands
from app.core.settings import Settings
from tests.conftest import _at, _sql
from tests.long import real

Run = Callable[..., Result]


@pytest.fixture
def run(world: real.World, keys: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command on a database with the audit of one district."""
    ring, path = real.KEYS, tmp_path / "keys.json"
    masters = {str(k): v.hex() for k, v in ring.masters.items()}
    kept = {"current": ring.current, "masters": masters}
    kept |= {"index": ring.index_key.hex(), "signing": ring.signing_key.hex()}
    path.write_text(json.dumps(kept))
    path.chmod(0o600)
    chosen = Settings(_env_file=None, database_url=world.url, keys_file=path)
    monkeypatch.setattr(attach, "settings", lambda: chosen)
    monkeypatch.setattr(attach.log, "configure", lambda _: None)

    def invoke(*arguments: str) -> Result:
        return CliRunner().invoke(commands, arguments)

    return invoke


def _tamper(world: real.World, statement: str) -> None:
    url = _at(os.environ["HANGJI_TEST_SUPERUSER"], str(make_url(world.url).database))
    asyncio.run(_sql(url, statement))


def _json(result: Result) -> Any:
    return json.loads(result.stdout)


def test_verify_heads_and_list(run: Run, world: real.World, tmp_path: Path) -> None:
    whole = run("verify", "--json")
    assert whole.exit_code == 0, whole.output
    assert _json(whole)["faults"] == []
    assert (_json(whole)["chains"], _json(whole)["entries"]) == (2, 3)
    heads = run("heads")
    assert [h["district_code"] for h in _json(heads)["items"]] == ["000000", "231005"]
    file = tmp_path / "heads.json"
    file.write_text(heads.stdout)
    assert run("verify", "--heads", str(file)).exit_code == 0
    listed = run("list", "--district", "231005")
    assert [line.split()[3] for line in listed.stdout.splitlines()] == ["#2", "#1"]
    assert "cli.create_account" in listed.stdout
    assert len(run("list", "--limit", "2").stdout.splitlines()) == 2
    _tamper(world, "UPDATE audit_entry SET username = 'x' WHERE number = 1")
    broken = run("verify", "--district", "231005")
    assert broken.exit_code == 1
    assert "231005 #1：内容或哈希被改动" in broken.stdout
    assert len(_json(run("verify", "--json"))["faults"]) == 2
    everything = "audit_entry", "audit_head", "account_grant", "district", "account"
    deletes = ";".join(f"DELETE FROM {table}" for table in everything)
    _tamper(world, f"SET session_replication_role = replica; {deletes}")
    gone = run("verify", "--heads", str(file), "--json")
    assert {f["district_code"] for f in _json(gone)["faults"]} == {"000000", "231005"}
    file.write_text("{}")
    assert run("verify", "--heads", str(file)).exit_code == 1


def test_reseal(run: Run, world: real.World) -> None:
    assert run("reseal", "--district", "231005", "--reason", "x").exit_code == 1
    _tamper(world, "UPDATE audit_head SET signature = '' WHERE district_code = '231005'")
    assert run("verify").exit_code == 1
    assert run("reseal", "--district", "231005", "--reason", " ").exit_code == 1
    assert run("reseal", "--district", "231005", "--reason", "演练").exit_code == 0
    after = run("verify", "--json")
    assert after.exit_code == 1
    [fault] = _json(after)["faults"]
    assert (fault["district_code"], fault["number"]) == ("231005", 3)
    assert "演练" in fault["zh"]


def test_what_never_began_is_neither_whole_nor_sealed(run: Run, world: real.World) -> None:
    for code in ("231083", "999999", "x"):
        refused = run("verify", "--district", code)
        assert (refused.exit_code, refused.stdout) == (1, "")
        refused = run("reseal", "--district", code, "--reason", "演练")
        assert refused.exit_code == 1
        assert f"没有 {code} 的审计链" in refused.output
    whole = run("verify", "--json")
    assert (whole.exit_code, _json(whole)["faults"]) == (0, [])
    # one that began and is gone can be sealed: the deployment's chain knows of it
    tables = "audit_entry", "audit_head"
    _tamper(world, ";".join(f"DELETE FROM {t} WHERE district_code = '231005'" for t in tables))
    assert run("verify", "--district", "231005").exit_code == 1
    assert run("reseal", "--district", "231005", "--reason", "演练").exit_code == 0
