"""An admission and its member, or its branch, changed at once: nobody waits for ever or is left."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import date
from typing import NamedTuple
from uuid import UUID

import httpx
import pytest

from app.core import clock
from app.core.db import Doors
from tests.access.test_scope import bearer
from tests.long import real
from tests.make.admissions import admission_of, make_admission
from tests.make.members import make_member
from tests.make.organizations import make_organization
from tests.make.restructurings import Desk, merge
from tests.make.transfers import make_transfer
from tests.probations.conftest import LEFT_BEHIND


class Two(NamedTuple):
    """Two of the department, each on a server of their own doors; two branches."""

    doors: Doors
    desk: Desk
    old: UUID
    new: UUID
    sponsors: list[str]

    async def admission(self, upto: int, *, is_pending: bool) -> UUID:
        async with self.doors.writing(real.DISTRICTS) as session:
            return await make_admission(
                session, self.old, upto, self.sponsors, is_pending=is_pending
            )


@pytest.fixture(scope="module")
def served(worker_id: str) -> Iterator[real.World]:
    with real.world(f"hangji_probations_{worker_id}") as made:
        yield made


@pytest.fixture
async def two(served: real.World, keys: None) -> AsyncIterator[Two]:
    real.same_keys()
    doors, beside = Doors.to(served.url, pool_size=4), Doors.to(served.url, pool_size=4)
    today = clock.today()
    async with doors.writing(real.DISTRICTS) as session:
        headers = [bearer(await real.clerk(session, served.root)) for _ in range(2)]
        clock.pin(date(2017, 1, 1))
        old, new = [await make_organization(session, served.root) for _ in range(2)]
        sponsors = [str(await make_member(session, new)) for _ in range(2)]
        clock.pin(today)
    async with (
        real.connect(real.application(doors), headers[0]) as one,
        real.connect(real.application(beside), headers[1]) as other,
    ):
        yield Two(doors, Desk(one, other, served.root), old, new, sponsors)
        async with doors.writing(real.DISTRICTS) as session:
            assert (await session.scalars(LEFT_BEHIND)).all() == []
    await doors.close()
    await beside.close()


async def test_admitted_while_the_branch_is_merged(two: Two) -> None:
    made = await two.admission(17, is_pending=True)
    merging = await two.desk.approved(merge(two.old, two.new))
    decided = {"step": 17, "decided_on": str(clock.today()), "reason": "合并"}
    merged, admitted = await asyncio.gather(
        two.desk.post(merging, "applications"),
        two.desk.other.post(f"/admissions/{made}/approvals", json=decided),
    )
    assert merged.status_code == 200, merged.text
    assert admitted.status_code in {200, 409}, admitted.text
    async with two.doors.writing(real.DISTRICTS) as session:
        assert (await admission_of(session, made)).organization_id == two.new


async def test_converted_while_an_end_is_recorded(two: Two) -> None:
    made = await two.admission(24, is_pending=True)
    async with two.doors.writing(real.DISTRICTS) as session:
        member = (await admission_of(session, made)).member_id
    decided = {"step": 24, "decided_on": str(clock.today()), "reason": "x"}
    died = {"status": "deceased", "reason": "病故"}
    url = f"/members/{member}/status-changes"
    answers = await asyncio.gather(
        two.desk.one.post(url, json=died, headers={"if-match": '"1"'}),
        two.desk.other.post(f"/admissions/{made}/approvals", json=decided),
    )
    first = sorted(a.status_code for a in answers)
    assert first in ([200, 409], [200, 412]), [a.text for a in answers]


async def test_transferred_while_an_end_is_recorded(two: Two) -> None:
    made = await two.admission(20, is_pending=False)
    async with two.doors.writing(real.DISTRICTS) as session:
        member = (await admission_of(session, made)).member_id
        assert member is not None
        transfer = await make_transfer(session, member, two.new, "released")
    left = {"status": "withdrawn", "reason": "x"}
    answers: list[httpx.Response] = await asyncio.gather(
        two.desk.other.post(f"/transfers/{transfer}/acceptances"),
        two.desk.one.post(
            f"/members/{member}/status-changes", json=left, headers={"if-match": '"1"'}
        ),
    )
    assert {a.status_code for a in answers} <= {200, 409, 412}, [a.text for a in answers]
