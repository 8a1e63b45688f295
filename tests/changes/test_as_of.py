"""Every answer as of a past day is what it was on that day; the model keeps full copies."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from app.core import clock
from app.core.db import Doors
from app.rules import service as rules
from app.rules.schemas import SettingNew
from tests.changes.conftest import ClerkOf
from tests.conftest import DISTRICTS
from tests.make.changes import move, restate, transfer
from tests.make.members import make_member, new_member
from tests.make.organizations import DISTRICT, everything, make_organization
from tests.make.pledges import make_pledge

FIRST = date(2019, 3, 1)
ACTS = ("found", "rename", "move", "convert", "dissolve", "record", "transfer", "status", "full")
READS = (
    "/organizations?limit=200",
    "/organizations/{place}/tree",
    "/members?limit=200",
    "/rules/findings?limit=200",
    "/elections/calendar?limit=200",
    "/pledges/rates?by=subtree&limit=200",
    "/figures/org_pledges_total?within={place}",
)
NOT_DATED = {"version", "name", "full_on", "rows"}
"""A member's own facts are corrected, not dated; a version is for the next change."""


class District:
    """A district in which something happens day after day, and what it answered on each."""

    def __init__(self, root: UUID, client: httpx.AsyncClient, doors: Doors) -> None:
        self.root, self.client, self.doors = root, client, doors
        self.nodes: list[UUID] = []
        self.branches: list[UUID] = []
        self.people: list[UUID] = []
        self.readers: list[tuple[httpx.AsyncClient, UUID]] = [(client, root)]
        self.kept: list[UUID] = []
        self.copies: dict[date, list[Any]] = {}

    async def begin(self, session: AsyncSession, clerk_of: ClerkOf) -> None:
        """Make two general branches with their branches, members, pledges and rules that bite."""
        limits = {"upper": 2, "lower": 1, "valid_from": FIRST, "is_enabled": True}
        new = SettingNew.model_validate({"district_code": DISTRICT} | limits)
        await rules.configure(session, everything(), "owner_headcount", new)
        for _ in range(2):
            general = await make_organization(session, self.root, kind="general_branch")
            self.nodes.append(general)
            for _ in range(2):
                branch = await make_organization(session, general, due_on="2019-06-01")
                self.branches.append(branch)
                await make_pledge(session, "published", organization_id=branch)
                self.people.append(await make_member(session, branch))
        committee = await make_organization(session, self.root, kind="party_committee")
        self.nodes.append(committee)
        self.kept = self.nodes[:1]
        self.readers.append((await clerk_of(self.nodes[0]), self.nodes[0]))

    async def act(self, what: str, one: int, other: int) -> None:
        """Do something; a refusal changes nothing."""
        node = [*self.nodes, *self.branches][one % (len(self.nodes) + len(self.branches))]
        person, branch = self.people[one % len(self.people)], self.branches[other % 4]
        above, today = self.nodes[other % len(self.nodes)], clock.today()
        if what == "found":
            new = {"parent_id": str(above), "name": f"新建{one}{other}", "kind": "party_branch"}
            made = await self._ask("POST", "/organizations", new)
            if made.status_code == 201:
                self.branches.append(UUID(made.json()["id"]))
        elif what == "rename":
            await self._change("PATCH", f"/organizations/{node}", {"name": f"改名{one}{other}"})
        elif what == "dissolve" and node not in self.kept:
            await self._change("DELETE", f"/organizations/{node}")
        elif what == "record":
            member = new_member(branch, category="probationary", full_on=None)
            made = await self._ask("POST", "/members", member)
            if made.status_code == 201:
                self.people.append(UUID(made.json()["id"]))
        elif what == "status":
            new = {
                "status": ("transferred_out", "membership_suspended", "active")[other % 3],
                "reason": "试",
            }
            await self._change("POST", f"/members/{person}/status-changes", new)
        elif what == "full":
            new = {"full_on": str(today)}
            await self._change("POST", f"/members/{person}/conversions", new)
        elif what in {"move", "convert", "transfer"}:
            await self._directly(what, node, above, person, branch)

    async def _ask(self, method: str, url: str, json: Any = None, **headers: str) -> Any:
        answer = await self.client.request(method, url, json=json, headers=headers)
        assert answer.status_code < 500, answer.text
        return answer

    async def _change(self, method: str, url: str, json: Any = None) -> None:
        one = url.replace("/status-changes", "").replace("/conversions", "")
        seen = await self.client.get(one)
        if tag := seen.headers.get("etag"):
            await self._ask(method, url, json, **{"if-match": tag})

    async def _directly(
        self, what: str, node: UUID, above: UUID, person: UUID, branch: UUID
    ) -> None:
        """Do what no service does yet, where it makes sense."""
        today = clock.today()
        places = {o["id"]: o["path"] for o in await self._items("/organizations?limit=200")}
        standing = {m["id"] for m in await self._items("/members?limit=200")}
        here, there = places.get(str(node)), places.get(str(above))
        async with self.doors.writing(DISTRICTS) as session:
            if what == "move" and here and there and not there.startswith(here):
                await move(session, node, above, today)
            elif what == "convert" and here and node in self.nodes:
                kind = ("general_branch", "party_committee")[len(here) % 2]
                await restate(session, node, today, kind=kind)
            elif what == "transfer" and str(person) in standing and str(branch) in places:
                await transfer(session, person, today, organization_id=branch)
            session.info.clear()

    async def _items(self, url: str) -> list[Any]:
        return list((await self.client.get(url)).json()["items"])

    async def answers(self, as_of: date | None = None) -> list[Any]:
        """Ask all that can be asked of a day, as everybody who asks."""
        found = []
        for client, place in self.readers:
            for read in READS:
                url = read.format(place=place)
                if as_of is not None:
                    url += f"{'&' if '?' in url else '?'}as_of={as_of}"
                answer = await client.get(url)
                assert answer.status_code == 200, answer.text
                found.append((read, _dated(answer.json(), is_member="/members" in read)))
        return found

    async def differs_by(self, first: date, last: date) -> None:
        """Hold the difference between two days to the trees that were kept of them."""
        trees = [READS.index("/organizations/{place}/tree") + len(READS) * n for n in (0, 1)]
        for (client, place), at in zip(self.readers, trees, strict=True):
            was, now = (_flat(self.copies[day][at][1]) for day in (first, last))
            url = f"/organizations/{place}/tree/diff?from={first}&to={last}"
            told = (await client.get(url)).json()
            come = {o["organization_id"] for o in told["founded"] + told["moved"]}
            gone = {o["organization_id"] for o in told["dissolved"] + told["moved"]}
            along = {i for i in now.keys() ^ was.keys() if i not in come | gone}
            over = {(was | now)[i][0]["parent_id"] for i in along}
            assert over <= along | come | gone  # with what they stand under, or stood
            both = was.keys() & now.keys()
            for key, fact in (("renamed", "name"), ("converted", "kind")):
                wanted = {i for i in both if was[i][0][fact] != now[i][0][fact]}
                assert {o["organization_id"] for o in told[key]} == wanted
            heads = {h["organization_id"]: h for h in told["headcounts"]}
            for one in was.keys() | now.keys():
                counts = [side[one][1] if one in side else _NOBODY for side in (was, now)]
                for kind in ("own", "subtree"):
                    found = heads[one][kind] if one in heads else None
                    pair = (found["before"], found["after"]) if found else None
                    wanted_pair = (counts[0][kind], counts[1][kind])
                    assert pair == wanted_pair or (found is None and len({*wanted_pair}) == 1)


_NOBODY = {"own": 0, "subtree": 0}


def _flat(tree: Any) -> dict[str, tuple[Any, Any]]:
    found = {tree["organization"]["id"]: (tree["organization"], tree["headcount"])}
    for child in tree["children"]:
        found |= _flat(child)
    return found


def _dated(told: Any, *, is_member: bool) -> Any:
    """Leave out of an answer what does not hang on the day."""
    if isinstance(told, list):
        return [_dated(item, is_member=is_member) for item in told]
    if isinstance(told, dict):
        left = NOT_DATED if is_member else NOT_DATED - {"name"}
        return {k: _dated(v, is_member=is_member) for k, v in told.items() if k not in left}
    return told


act = st.tuples(st.sampled_from(ACTS), st.integers(0, 99), st.integers(0, 99))
days = st.lists(
    st.tuples(st.integers(1, 60), st.lists(act, min_size=1, max_size=5)), min_size=2, max_size=4
)


@settings(
    max_examples=4,
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),  # shrinking would ask thousands of times
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(days=days)
@example(  # the clerk's own organisation moves; another is emptied, then dissolved
    days=[
        (1, [("move", 0, 2), ("rename", 3, 1), ("convert", 1, 1)]),
        (9, [("transfer", 1, 2), ("status", 2, 0), ("record", 0, 3), ("found", 5, 1)]),
        (1, [("dissolve", 4, 0), ("move", 6, 0), ("full", 4, 0)]),
    ]
)
async def test_every_day_answers_as_it_did(
    client: httpx.AsyncClient,
    session: AsyncSession,
    connection: AsyncConnection,
    doors: Doors,
    clerk_of: ClerkOf,
    root: UUID,
    days: list[tuple[int, list[tuple[str, int, int]]]],
) -> None:
    async with _undone(connection):
        clock.pin(FIRST)
        district = District(root, client, doors)
        await district.begin(session, clerk_of)
        session.info.clear()
        district.copies[FIRST] = await district.answers()
        today = FIRST
        for later, acts in days:
            today += timedelta(days=later)
            clock.pin(today)
            for one in acts:
                await district.act(*one)
            district.copies[today] = await district.answers()
        clock.pin(today + timedelta(days=1))
        for day, was in district.copies.items():
            assert await district.answers(day) == was, day
        await district.differs_by(FIRST, today)


@asynccontextmanager
async def _undone(connection: AsyncConnection) -> AsyncIterator[None]:
    savepoint = await connection.begin_nested()
    try:
        yield
    finally:
        await savepoint.rollback()


@pytest.fixture
async def moved(session: AsyncSession, root: UUID) -> dict[str, UUID]:
    """Two general branches, and a branch with a member that went from one to the other."""
    clock.pin(FIRST)
    made = {"root": root}
    for name in ("left", "entered"):
        made[name] = await make_organization(session, root, kind="general_branch")
    made["branch"] = await make_organization(session, made["left"])
    made["member"] = await make_member(session, made["branch"])
    clock.pin(date(2019, 6, 1))
    await move(session, made["branch"], made["entered"], date(2019, 6, 1), "西组〔2019〕6号")
    return made


async def test_who_lost_an_organisation_sees_it_no_more_but_its_past(
    clerk_of: ClerkOf, moved: dict[str, UUID]
) -> None:
    left, entered = await clerk_of(moved["left"]), await clerk_of(moved["entered"])
    url = f"/organizations/{moved['branch']}"
    member = f"/members/{moved['member']}"
    for client, now, before in ((left, 404, 200), (entered, 200, 404)):
        assert (await client.get(url)).status_code == now
        assert (await client.get(f"{url}/history")).status_code == now
        assert (await client.get(f"{url}/ancestors")).status_code == now
        assert (await client.get(f"{url}/tree")).status_code == now
        assert (await client.get(member)).status_code == now
        for read in ("", "/ancestors", "/tree"):
            found = await client.get(f"{url}{read}?as_of=2019-05-31")
            assert found.status_code == before, read
        people = (await client.get("/members?as_of=2019-05-31")).json()["items"]
        assert len(people) == (before == 200)
    shown = (await left.get(f"{url}?as_of=2019-05-31")).json()
    assert (shown["status"], shown["parent_id"]) == ("active", str(moved["left"]))


async def test_a_clerk_keeps_the_past_when_their_own_organisation_moves(
    session: AsyncSession, clerk_of: ClerkOf, moved: dict[str, UUID]
) -> None:
    clerk = await clerk_of(moved["left"])
    clock.pin(date(2019, 9, 1))
    committee = await make_organization(session, moved["root"], kind="party_committee")
    await move(session, moved["left"], committee, date(2019, 9, 1))
    tree = f"/organizations/{moved['left']}/tree"
    counts = {}
    for day in ("2019-05-31", "2019-06-01", "2019-09-01"):
        counts[day] = (await clerk.get(f"{tree}?as_of={day}")).json()["headcount"]["subtree"]
    assert counts == {"2019-05-31": 1, "2019-06-01": 0, "2019-09-01": 0}
    listed = (await clerk.get("/organizations?as_of=2019-05-31")).json()["items"]
    assert {o["id"] for o in listed} == {str(moved["left"]), str(moved["branch"])}


async def test_what_happened_on_the_first_day_is_no_difference_since(
    client: httpx.AsyncClient, moved: dict[str, UUID]
) -> None:
    clock.pin(date(2019, 6, 2))
    url = f"/organizations/{moved['entered']}/tree/diff?to=2019-06-02&from="
    for first, along in (("2019-05-31", [str(moved["branch"])]), ("2019-06-01", [])):
        told = (await client.get(f"{url}{first}")).json()
        assert [o["organization_id"] for o in told["moved"]] == along


async def test_records_are_found_within_what_was_dissolved_and_before_it_stood(
    client: httpx.AsyncClient, session: AsyncSession, root: UUID
) -> None:
    clock.pin(FIRST)
    branch = await make_organization(session, root)
    await make_pledge(session, "published", organization_id=branch)
    clock.pin(date(2019, 6, 1))
    url = f"/organizations/{branch}"
    assert (await client.delete(url, headers={"if-match": '"1"'})).status_code == 204

    async def counted(query: str) -> Any:
        found = await client.get(f"/figures/org_pledges_total?within={branch}{query}")
        assert found.status_code == 200, found.text
        return found.json()["value"]

    assert [await counted(q) for q in ("", "&as_of=2019-05-31", "&as_of=2019-02-28")] == [1, 1, 0]
    rate = (await client.get(f"/pledges/rates?by=month&within={branch}")).json()["overall"]
    assert rate["denominator"] == 1
    for read in ("organizations", "members", "rules/findings", "elections/calendar"):
        for day in ("2019-06-01", "2019-02-28"):
            found = await client.get(f"/{read}?within={branch}&as_of={day}")
            assert (found.status_code, found.json()["items"]) == (200, []), read
    shown = (await client.get(url)).json()
    assert shown["status"] == "dissolved"
    assert (await client.get(f"{url}/tree")).status_code == 404
    assert (await client.get(f"{url}/tree?as_of=2019-02-28")).status_code == 404
    assert (await client.get(f"{url}/tree?as_of=2019-05-31")).status_code == 200
