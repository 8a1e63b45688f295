"""Who a resident is, is forgotten on the ninetieth day."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.commands.keys import SEALED
from app.core import clock, crypto, migrations
from app.core.db import Doors
from app.members import jobs as rotation
from app.wishes.jobs import CONTACTS, forget_residents
from tests.make.organizations import make_district
from tests.make.residents import CONTACT, make_community, make_wish
from tests.residents.conftest import DAY, TODAY, Place, made


async def left(session: AsyncSession) -> set[UUID]:
    rows = await session.execute(text("SELECT id FROM wish WHERE contact_cipher IS NOT NULL"))
    return {row[0] for row in rows}


async def told(session: AsyncSession) -> list[Any]:
    rows = text(
        "SELECT district_code, detail->'ids' FROM audit_entry"
        " WHERE action = 'job.forget_residents' ORDER BY district_code"
    )
    return [tuple(row) for row in await session.execute(rows)]


@pytest.mark.parametrize(("days", "stays"), [(89, True), (90, False), (91, False)])
async def test_ninety_days_after_it_was_posted(
    session: AsyncSession, doors: Doors, place: Place, days: int, stays: bool
) -> None:
    wish = await make_wish(session, place.community)
    clock.pin(TODAY + timedelta(days=days))
    await forget_residents(doors)
    assert await left(session) == ({wish} if stays else set())
    assert await told(session) == ([] if stays else [("231005", [str(wish)])])


async def test_each_move_counts_from_its_day(
    session: AsyncSession,
    doors: Doors,
    clerk: httpx.AsyncClient,
    member: httpx.AsyncClient,
    place: Place,
) -> None:
    """Taken, done and withdrawn each begin the ninety days again."""
    wishes = [await make_wish(session, place.community) for _ in range(4)]
    urls = [f"/wishes/{wish}" for wish in wishes]
    for n, url in enumerate(urls[1:], 1):
        clock.pin(TODAY + n * DAY)
        made(await member.post(f"{url}/takings", json={}))
    clock.pin(TODAY + 10 * DAY)
    made(await member.post(f"{urls[2]}/completions"))
    clock.pin(TODAY + 20 * DAY)
    made(await clerk.post(f"{urls[3]}/withdrawals", json={"reason": "x"}))
    for moved, gone in ((0, 0), (1, 1), (10, 2), (20, 3)):
        clock.pin(TODAY + (moved + 89) * DAY)
        await forget_residents(doors)
        assert await left(session) == set(wishes[gone:])
        clock.pin(TODAY + (moved + 90) * DAY)
        await forget_residents(doors)
        assert await left(session) == set(wishes[gone + 1 :])
    answer = await clerk.post(f"{urls[0]}/unmaskings")
    assert made(answer) == {"contact": None}
    assert made(await clerk.get(urls[0]))["has_contact"] is False


@pytest.mark.parametrize(("days", "stays"), [(179, True), (180, False), (181, False)])
async def test_taking_and_releasing_does_not_keep_it_for_ever(
    session: AsyncSession,
    doors: Doors,
    clerk: httpx.AsyncClient,
    member: httpx.AsyncClient,
    place: Place,
    days: int,
    stays: bool,
) -> None:
    """Taken and given back every thirty days: on the 180th day after the posting it goes."""
    wish = await make_wish(session, place.community)
    url = f"/wishes/{wish}"
    for day in range(0, 180, 30):
        clock.pin(TODAY + day * DAY)
        await forget_residents(doors)
        made(await member.post(f"{url}/takings", json={}))
        assert (await member.post(f"{url}/releases")).status_code == 204
    clock.pin(TODAY + days * DAY)
    told = made(await clerk.post(f"{url}/unmaskings"))["contact"]  # the job did not come yet
    assert told == (CONTACT if stays else None)
    await forget_residents(doors)
    assert await left(session) == ({wish} if stays else set())


@pytest.mark.parametrize(("days", "shown"), [(89, True), (90, False), (91, False)])
async def test_it_is_not_shown_longer_should_the_job_be_late(
    session: AsyncSession, clerk: httpx.AsyncClient, place: Place, days: int, shown: bool
) -> None:
    wish = await make_wish(session, place.community)
    clock.pin(TODAY + days * DAY)
    told = made(await clerk.post(f"/wishes/{wish}/unmaskings"))
    assert told == {"contact": CONTACT if shown else None}
    assert await left(session) == {wish}


async def test_a_district_that_fails_holds_up_no_other(
    session: AsyncSession, doors: Doors, place: Place
) -> None:
    """Districts before and after it are done; the job fails, so that it runs again."""
    wishes = {"231005": await make_wish(session, place.community)}
    for code in ("231002", "231004"):
        there = await make_community(
            session, await make_district(session, code), district_code=code
        )
        wishes[code] = await make_wish(session, there, district_code=code)
    clock.pin(TODAY + 90 * DAY)

    @asynccontextmanager
    async def failing(codes: list[str], *given: Any) -> AsyncIterator[AsyncSession]:
        if codes == ["231004"]:
            raise ConnectionResetError
        async with doors.writing(codes, *given) as writing:
            yield writing

    with pytest.raises(ConnectionResetError):
        await forget_residents(replace(doors, writing=failing))
    assert await left(session) == {wishes["231004"]}
    await forget_residents(doors)
    assert await left(session) == set()


async def test_every_district_and_only_once(
    session: AsyncSession, doors: Doors, place: Place
) -> None:
    there = await make_community(
        session, await make_district(session, "231004"), district_code="231004"
    )
    near = await make_wish(session, there, district_code="231004")
    here = await make_wish(session, place.community)
    clock.pin(TODAY + 90 * DAY)
    for _ in range(2):
        await forget_residents(doors)
    assert await left(session) == set()
    assert await told(session) == [("231004", [str(near)]), ("231005", [str(here)])]


async def test_contacts_are_encrypted_anew_with_the_numbers(
    session: AsyncSession,
    doors: Doors,
    clerk: httpx.AsyncClient,
    place: Place,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(crypto, "LOOK_SECONDS", -0.5)
    monkeypatch.setattr(rotation, "BATCH", 2)
    ring = crypto.load_keys(tmp_path / "keys.json", "sm4-gcm", make=True)
    crypto.use(ring)
    bare = await make_wish(session, place.community, contact=None)
    wishes = [await make_wish(session, place.community) for _ in range(5)]
    newer = crypto.add_master(ring)
    crypto.use(newer)
    only = (CONTACTS,)
    assert await rotation.heads(doors, only) == {"wish.contact": {ring.head: 5}}
    assert await rotation.count_old(doors, only) == 5
    done = await rotation.encrypt_anew(doors, lambda *_: None, SEALED[1:])
    assert (done.rows, done.left, done.unreadable) == (5, 0, set())
    assert await rotation.heads(doors, only) == {"wish.contact": {newer.head: 5}}
    for wish in wishes:
        assert made(await clerk.post(f"/wishes/{wish}/unmaskings")) == {"contact": CONTACT}
    assert made(await clerk.post(f"/wishes/{bare}/unmaskings")) == {"contact": None}


def test_the_command_line_knows_of_everything_that_is_encrypted() -> None:
    """Every column named `…_cipher` is encrypted anew, or keys are lost.

    The rotation deletes WeChat's token, which is fetched anew.
    """
    known = {
        (place.model.__tablename__, column.key)
        for place in SEALED
        for column in place.ciphers.values()
    }
    tables = migrations.metadata().sorted_tables
    assert known == {
        (table.name, column.key)
        for table in tables
        for column in table.columns
        if column.key.endswith("_cipher") and table.name != "wechat_token"
    }
