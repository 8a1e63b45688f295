"""The verifier finds every tampering with an exported election, and nothing where nothing is."""

import json
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from app.ballots.logic import rate
from tests.ballots import tampering
from tests.ballots.conftest import Ballots, Voter
from tests.make.ballots import VERIFIER, make_voter, verifier
from tests.make.members import make_member

VERIFY = verifier()
TRIES = 3
"""How often each way is tried; 100 tamperings at the least."""
VOTES: list[tuple[tuple[int, ...], tuple[str, ...]]] = [
    ((0, 1, 2), ()),
    ((0,), ("孙五",)),
    ((), ()),
    ((1, 2), ("孙五",)),
    ((3,), ("李六", "吴九")),
    ((0, 3), ()),
]


async def _exported(ballots: Ballots, session: AsyncSession) -> tuple[bytes, str, str]:
    """Hold an election of seven, one of whom stays away; give export, key and published head."""
    for _ in range(2):
        member = await make_member(session, ballots.branch)
        ballots.voters.append(Voter(member, await make_voter(session, member)))
    box = await ballots.open()
    for n, (chosen, written) in enumerate(VOTES):
        cast = await ballots.cast(box, n, *chosen, write_ins=written)
        assert cast.status_code == 204, cast.text
    head = (await ballots.act(box, "closures")).json()["head"]
    export = await ballots.read(box, "/export")
    key = (await ballots.client.get("/elections/keys")).json()["items"][0]["key"]
    return export.content, key, head


def _dice(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311 - to fail alike each time


def _faults(raw: bytes, key: str | None = None, head: str | None = None) -> list[str]:
    try:
        found: list[str] = VERIFY.faults_of(VERIFY.read(raw), key, head)
    except VERIFY.Unreadable as error:
        return [str(error)]
    return found


async def test_every_tampering_is_found(ballots: Ballots, session: AsyncSession) -> None:
    raw, key, head = await _exported(ballots, session)
    assert _faults(raw, key, head) == []
    known = ({"key": key}, {"head": head}, {"key": key, "head": head})
    tried = {
        (way.__name__, seed): tampering.tampered(raw, way, _dice(seed))
        for way in tampering.WAYS
        for seed in range(TRIES)
    }
    assert len(tried) >= 100
    whole = json.dumps(json.loads(raw))
    assert [name for name, other in tried.items() if json.dumps(json.loads(other)) == whole] == []
    assert [
        (name, list(given))
        for name, other in tried.items()
        for given in known
        if not _faults(other, **given)
    ] == []


async def test_any_changed_value_is_found(ballots: Ballots, session: AsyncSession) -> None:
    raw, key, _ = await _exported(ballots, session)
    for seed in range(150):
        export, dice = json.loads(raw), _dice(seed)
        what = tampering.edit_any_value(export, dice)
        assert _faults(json.dumps(export).encode(), key), what


async def test_another_writing_of_the_same_is_the_same(
    ballots: Ballots, session: AsyncSession
) -> None:
    raw, key, head = await _exported(ballots, session)
    export = json.loads(raw)
    turned = dict(reversed(export.items()))
    for same in (json.dumps(export, indent=4), json.dumps(turned, ensure_ascii=False)):
        assert _faults(same.encode(), key, head) == []


async def test_what_is_made_anew_needs_the_key_or_the_head_to_be_found(
    ballots: Ballots, session: AsyncSession
) -> None:
    raw, key, head = await _exported(ballots, session)
    forged = tampering.tampered(raw, tampering.make_all_anew_and_sign, _dice(3))
    assert _faults(forged) == []
    assert _faults(forged, key=key)
    assert _faults(forged, head=head)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"[]",
        b"{}",
        b"null",
        b"\xff",
        b'{"format": "hangji-ballots/1", "format": "hangji-ballots/1"}',
        b'{"count": NaN}',
        b'{"count": 1e999}',
        b'{"box": "\\ud800"}',
        b"[" * 100_000,
        b'{"count": ' + b"9" * 5_000 + b"}",
    ],
)
def test_what_is_no_export(raw: bytes) -> None:
    assert _faults(raw)


async def test_from_the_command_line_without_anything_installed(
    ballots: Ballots, session: AsyncSession, tmp_path: Path
) -> None:
    raw, key, head = await _exported(ballots, session)
    kept = tmp_path / "export.json"

    def run(data: bytes, *more: str) -> tuple[int, str]:
        kept.write_bytes(data)
        # -I and -S: nothing but the standard library can be imported
        command = [sys.executable, "-I", "-S", str(VERIFIER), str(kept), *more]
        done = subprocess.run(command, capture_output=True, check=False, env={"LANG": "C.UTF-8"})
        return done.returncode, done.stdout.decode() + done.stderr.decode()

    for known in (("--key", key), ("--head", head), ("--key", key.upper(), "--head", head)):
        code, told = run(raw, *known)
        assert (code, told.splitlines()[0]) == (0, "核验无误 WHOLE")
        assert "3  丁一" in told
    code, told = run(raw)
    assert code == 3
    assert "only that the file agrees with itself was checked" in told
    assert "WHOLE" not in told
    cut = tampering.tampered(raw, tampering.cut_the_tail_neatly, _dice(1))
    code, told = run(cut, "--head", head)
    assert (code, told.splitlines()[0]) == (1, "不可信 NOT WHOLE")
    code, told = run(raw, "--key", key, "--json")
    assert (code, json.loads(told)["faults"], json.loads(told)["is_proven"]) == (0, [], True)
    assert [v["votes"] for v in json.loads(told)["tally"]["votes"]] == [3, 2, 2, 2]
    assert run(b"{")[0] == 2
    assert run(raw, "--key", "abc")[0] == 2


async def test_an_empty_box_is_whole(ballots: Ballots) -> None:
    box = await ballots.open()
    head = (await ballots.act(box, "closures")).json()["head"]
    raw = (await ballots.read(box, "/export")).content
    assert _faults(raw, head=head) == []
    assert _faults(tampering.tampered(raw, tampering.insert_a_ballot, _dice(1)), head=head)


async def test_the_verifier_counts_as_the_service_does(
    ballots: Ballots, session: AsyncSession
) -> None:
    raw, _, _ = await _exported(ballots, session)
    export = VERIFY.read(raw)
    assert VERIFY.tally(export) | {"turnout": 0.857} == json.loads(raw)["tally"]
    for due in (1, 3, 7, 8, 400, 2000):
        for voted in {0, 1, due // 3, due - 1, due}:
            export["box"] |= {"voters_due": due, "voters_voted": voted}
            assert float(VERIFY.tally(export)["turnout"]) == rate(voted, due)


# ── Past the service


async def test_damage_in_the_database_is_not_counted(
    ballots: Ballots, session: AsyncSession
) -> None:
    raw, key, head = await _exported(ballots, session)
    box: dict[str, Any] = json.loads(raw)["box"]
    await session.execute(
        text("DELETE FROM ballot WHERE id = (SELECT max(id::text)::uuid FROM ballot)")
    )
    await session.flush()
    answer = await ballots.read(box, "/tally")
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/ballots-damaged")
    cut = (await ballots.read(box, "/export")).content
    for known in ({"key": key}, {"head": head}):
        assert _faults(cut, **known)


async def test_a_ballot_too_many_stops_the_close(ballots: Ballots, session: AsyncSession) -> None:
    box = await ballots.open()
    await ballots.cast(box, 0, 1)
    await session.execute(
        text(
            "INSERT INTO ballot SELECT district_code, gen_random_uuid(), box_id, choices, write_ins"
            " FROM ballot"
        )
    )
    answer = await ballots.act(box, "closures")
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/ballots-damaged")
    assert (await ballots.read(box)).json()["status"] == "open"


async def test_the_service_itself_can_change_no_ballot(
    ballots: Ballots, session: AsyncSession
) -> None:
    for statement in ("UPDATE ballot SET choices = '{}'", "DELETE FROM ballot_box"):
        with pytest.raises(DBAPIError) as refused:
            async with session.begin_nested():
                await session.execute(text(statement))
        assert getattr(refused.value.orig, "sqlstate", "") == "42501"
