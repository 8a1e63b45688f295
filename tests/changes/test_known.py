"""What was known at an instant, with real commits: a rolled-back fixture has one instant only."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.db import Doors
from app.core.errors import NotFound
from app.members import queries
from app.members.schemas import TreeParams
from app.restructurings import service
from app.restructurings.schemas import RestructuringReversalNew
from tests.conftest import _at, new_database
from tests.make.changes import move, restate, transfer
from tests.make.members import make_member
from tests.make.organizations import DISTRICT, everything, make_district, make_organization
from tests.make.restructurings import convert, make_restructuring

DAY = date(2019, 12, 1)


class Recorder:
    """Commits, and keeps the tree of a day as it was told after each commit."""

    def __init__(self, doors: Doors, root: UUID) -> None:
        self.doors, self.root = doors, root
        self.told: dict[datetime, Any] = {}

    async def tree(self, **asked: Any) -> Any:
        """Ask for the tree of the day."""
        params = TreeParams(as_of=DAY).model_copy(update=asked)
        reader = self.doors.reading([DISTRICT])
        return json.loads(await queries.tree(reader, everything(), self.root, params))

    @asynccontextmanager
    async def then(self) -> AsyncIterator[AsyncSession]:
        """Change something, commit, and keep what is told from then on."""
        async with self.doors.writing([DISTRICT]) as session:
            yield session
            session.info.clear()
        at = await self.doors.reading([]).scalar(text("SELECT clock_timestamp()"))
        self.told[at] = await self.tree()


@pytest.fixture
async def doors(worker_id: str, database: str) -> AsyncIterator[Doors]:
    name = f"hangji_known_{worker_id}"
    await new_database(name)
    doors = Doors.to(_at(database, name), pool_size=2)
    yield doors
    await doors.close()


async def test_the_tree_is_told_as_it_was_known(doors: Doors) -> None:
    clock.pin(date(2019, 3, 1))
    async with doors.writing([DISTRICT]) as session:
        root = await make_district(session)
        one, other = [
            await make_organization(session, root, kind="general_branch") for _ in range(2)
        ]
        branch = await make_organization(session, one)
        people = [await make_member(session, branch) for _ in range(3)]
        session.info.clear()
    before = clock.now() - timedelta(days=1)
    recorder = Recorder(doors, root)
    clock.pin(date(2019, 12, 31))
    async with recorder.then():
        pass
    async with recorder.then() as session:  # recorded late: it corrects the day
        await transfer(session, people[0], date(2019, 6, 1), status="deceased")
    async with recorder.then() as session:
        await transfer(session, people[1], date(2019, 12, 31), status="deceased")
    async with recorder.then() as session:
        await restate(session, branch, date(2019, 11, 1), name="更正后的名称")
    async with recorder.then() as session:
        await move(session, branch, other, date(2019, 11, 15))
    async with recorder.then() as session:
        await restate(session, other, date(2019, 10, 1), kind="party_committee")
    counts = [tree["headcount"]["subtree"] for tree in recorder.told.values()]
    assert counts == [3, 2, 2, 2, 2, 2]
    for at, tree in recorder.told.items():
        assert await recorder.tree(known_at=at) == tree, at
    first = text("SELECT min(superseded_at) FROM membership_history")
    then = await doors.reading([DISTRICT]).scalar(first)  # what replaces counts at that instant
    assert (await recorder.tree(known_at=then))["headcount"]["subtree"] == counts[1]
    assert await recorder.tree(known_at=clock.now()) == await recorder.tree()
    with pytest.raises(NotFound):
        await recorder.tree(known_at=before)


async def test_what_was_taken_back_is_told_as_it_was_known(doors: Doors) -> None:
    clock.pin(date(2019, 3, 1))
    async with doors.writing([DISTRICT]) as session:
        root = await make_district(session)
        general = await make_organization(session, root, kind="general_branch")
        session.info.clear()
    clock.pin(date(2019, 11, 1))
    recorder = Recorder(doors, general)
    async with recorder.then():
        pass
    async with recorder.then() as session:
        made = await make_restructuring(session, "applied", convert(general, "party_committee"))
    clock.pin(date(2019, 12, 31))
    async with recorder.then() as session:
        told = RestructuringReversalNew(document="西组〔2019〕31号", reason="决定有误")
        await service.reverse(session, everything(), made, told)
    kinds = [tree["organization"]["kind"] for tree in recorder.told.values()]
    assert kinds == ["general_branch", "party_committee", "general_branch"]
    for at, tree in recorder.told.items():  # yesterday's report, though no past day has it now
        assert await recorder.tree(known_at=at) == tree, at
