"""`hangji keys …` as an operator uses it, on a database of its own."""

import asyncio
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.core import crypto
from app.core.db import Doors
from tests import command
from tests.command import CLEAN
from tests.conftest import _at, new_database
from tests.make.members import make_member
from tests.make.organizations import make_district, make_organization

Command = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def url(worker_id: str) -> str:
    name = f"hangji_keys_{worker_id}"
    asyncio.run(new_database(name))
    return _at(os.environ["HANGJI_TEST_APPLICATION"], name)


@pytest.fixture
def hangji(url: str, tmp_path: Path) -> Command:
    given = CLEAN | {"HANGJI_DATABASE_URL": url, "HANGJI_DATA_DIR": str(tmp_path)}

    def run(*arguments: str, **more: str) -> tuple[int, str, str]:
        return command.hangji("keys", *arguments, environment=given | more)

    return run


async def fill(url: str) -> None:
    doors = Doors.to(url, pool_size=1)
    async with doors.writing(["231005", "000000"]) as session:
        root = await make_district(session)
        branch = await make_organization(session, root)
        for _ in range(3):
            await make_member(session, branch)
    await doors.close()


def status(hangji: Command, **more: str) -> dict[str, Any]:
    code, out, err = hangji("status", "--json", **more)
    assert code == 0, err
    answer: dict[str, Any] = json.loads(out)
    assert answer["missing"] == []
    assert answer["rows"]["member.phone"] == answer["rows"]["member.id_number"]
    assert answer["rows"]["wechat_token.token"] == []
    return answer


@pytest.mark.timeout(180)  # every command is a process of its own
def test_an_operators_way(hangji: Command, url: str, tmp_path: Path) -> None:
    keys = tmp_path / "keys.json"
    crypto.use(crypto.load_keys(keys, "sm4-gcm", make=True))
    asyncio.run(fill(url))
    code, _, err = hangji("rotate")
    assert code == 0, err
    assert "3" in err
    assert sorted(json.loads(keys.read_text())["masters"]) == ["1", "2"]
    code, out, err = hangji("retire", "--yes")
    assert (code, "[1]" in out) == (0, True), err
    assert "keys.json.retired-1" in err
    seen = status(hangji)
    assert (seen["current"], seen["keys"], seen["source"]) == (2, [2], str(keys))
    assert seen["rows"]["member.phone"] == [{"cipher": "sm4-gcm", "key": 2, "rows": 3}]

    # the other cipher, and keys that no command can write
    other = {"HANGJI_KEYS": keys.read_text(), "HANGJI_CIPHER": "aes-256-gcm"}
    code, _, err = hangji("rotate", **other)
    assert code == 0, err
    seen = status(hangji, **other)
    assert seen["rows"]["member.phone"] == [{"cipher": "aes-256-gcm", "key": 2, "rows": 3}]
    assert seen["source"] == "HANGJI_KEYS"
    code, _, err = hangji("rotate", **other)
    assert (code, "openssl rand -hex 32" in err) == (1, True)
    assert keys.read_text() == other["HANGJI_KEYS"]

    # keys that open nothing of what is stored
    ring = json.loads(other["HANGJI_KEYS"])
    lost = ring | {"current": 7, "masters": {"7": ring["masters"]["2"]}}
    code, out, err = hangji("status", "--json", HANGJI_KEYS=json.dumps(lost))
    assert (code, json.loads(out)["missing"]) == (1, [2])
    assert "缺少密钥 [2]" in err
