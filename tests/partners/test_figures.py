"""The lowest day of coverage, against a model that counts every day."""

from collections.abc import Sequence
from datetime import date, timedelta
from fractions import Fraction
from typing import Any
from uuid import UUID

import httpx
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.caller import Subtree
from app.core.db import new_id
from app.core.figures import Window
from app.core.rounding import quotient
from app.coverages.queries import FIGURES, PLACES
from app.partners.models import PartnerUnit, UnitCoverage
from app.partners.types import BY_ORGANIZATION
from tests.make.members import make_member
from tests.make.organizations import make_organization
from tests.make.partners import make_coverage, make_unit

TODAY = date(2019, 12, 31)
FIRST, LAST = date(2019, 11, 5), date(2019, 11, 12)
ORG, WORK = FIGURES[1], FIGURES[2]
Days = tuple[date, date | None]


def holds(on: date, days: Days) -> bool:
    """Tell whether a day lies in a half-open period."""
    return days[0] <= on and (days[1] is None or on < days[1])


day = st.dates(FIRST - timedelta(days=2), LAST + timedelta(days=2))
spell = st.tuples(day, st.none() | day).map(lambda d: (d[0], d[1] and max(d)))
coverage = st.tuples(spell, st.sampled_from(["own", "joint", "union", "liaison"]))
unit = st.tuples(spell, st.lists(coverage, max_size=4))


def lowest(units: Sequence[Any], modes: set[str]) -> tuple[Fraction, date] | None:
    """Count every day of the period; give the lowest share and the first day that has it."""
    shares = []
    for n in range((LAST - FIRST).days + 1):
        on = FIRST + timedelta(days=n)
        operating = [held for days, held in units if holds(on, days)]
        count = sum(any(m in modes and holds(on, d) for d, m in held) for held in operating)
        if operating:
            shares.append((Fraction(count, len(operating)), on))
    return min(shares, default=None)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(units=st.lists(unit, max_size=6))
async def test_the_lowest_day_is_that_of_every_day_counted(
    session: AsyncSession, root: UUID, units: list[Any]
) -> None:
    window = Window(TODAY, FIRST, LAST)
    async with session.begin_nested() as savepoint:
        await _write(session, root, units)
        for figure, modes in (
            (ORG, {"own", "joint"}),
            (WORK, {"own", "joint", "union", "liaison"}),
        ):
            found = {}
            for part in ("numerator", "denominator", "gaps"):
                rows = getattr(figure, part)([Subtree("231005", "1.")], window).subquery()
                found[part] = (await session.execute(select(rows))).all()
            wanted = lowest(units, modes)
            days = {row.happened_on for rows in found.values() for row in rows}
            assert days == (set() if wanted is None else {wanted[1]})
            counts = [len(found[part]) for part in ("numerator", "denominator", "gaps")]
            assert counts[0] + counts[2] == counts[1]
            if wanted is not None:
                assert Fraction(counts[0], counts[1]) == wanted[0]
        await savepoint.rollback()


async def _write(session: AsyncSession, home: UUID, units: Sequence[Any]) -> None:
    of = {"district_code": "231005"}
    made, coverages = [], []
    for days, held in units:
        unit_id = new_id()
        row = {"id": unit_id, "organization_id": home, "name": "甲", "kind": "private_enterprise"}
        made.append(of | row | {"opened_on": days[0], "closed_on": days[1]})
        for spell_of, mode in held:
            covering = home if mode in BY_ORGANIZATION else None
            row = {"id": new_id(), "unit_id": unit_id, "mode": mode, "covering_id": covering}
            coverages.append(of | row | {"valid_from": spell_of[0], "valid_to": spell_of[1]})
    if made:
        await session.execute(insert(PartnerUnit), made)
    if coverages:
        await session.execute(insert(UnitCoverage), coverages)


def test_one_unit_in_a_million_is_not_rounded_away() -> None:
    assert quotient(999_999, 1_000_000, PLACES) != 1


async def _figure(client: httpx.AsyncClient, figure: str, query: str = "") -> Any:
    answer = await client.get(f"/figures/{figure}?{query}")
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_no_unit_is_not_all_units(client: httpx.AsyncClient) -> None:
    clock.pin(TODAY)
    assert (await _figure(client, "two_new_org_coverage"))["value"] is None


async def test_a_gap_names_its_day_and_its_unit(
    client: httpx.AsyncClient, session: AsyncSession, root: UUID
) -> None:
    clock.pin(TODAY)
    branch = await make_organization(session, root)
    for name in ("甲超市", "乙超市"):
        made = await make_unit(session, root, name=name)
        await make_coverage(
            session, made, covering_id=str(branch), valid_from="2018-05-02", valid_to="2019-06-01"
        )
        again = "2019-06-01" if name == "甲超市" else "2019-06-02"
        await make_coverage(session, made, covering_id=str(branch), valid_from=again)
    school = await make_unit(session, root, name="小学", kind="school")  # none of the 两新
    found = await _figure(client, "two_new_org_coverage")
    assert (found["value"], found["numerator"], found["denominator"]) == (0.5, 1, 2)
    gaps = (await client.get("/figures/two_new_org_coverage/rows?part=gaps")).json()["items"]
    assert [(g["label"], g["happened_on"]) for g in gaps] == [("乙超市", "2019-06-01")]
    assert str(school) not in {g["id"] for g in gaps}
    for query, value in (
        ("from=2019-06-02", 1),
        ("from=2019-06-01", 0.5),
        ("to=2019-05-31", 1),
        ("to=2019-06-01", 0.5),
        ("as_of=2019-05-31", 1),
        ("as_of=2018-05-01", None),
    ):
        assert (await _figure(client, "two_new_org_coverage", query))["value"] == value, query


async def test_a_dissolved_organisation_covers_no_longer(
    client: httpx.AsyncClient, session: AsyncSession, root: UUID
) -> None:
    clock.pin(date(2019, 12, 30))
    branch = await make_organization(session, root)
    made = await make_unit(session, root)
    await make_coverage(session, made, covering_id=str(branch), valid_from="2018-05-02")
    clock.pin(TODAY)
    got = await client.get(f"/organizations/{branch}")
    gone = await client.delete(
        f"/organizations/{branch}", headers={"if-match": got.headers["etag"]}
    )
    assert gone.status_code < 300, gone.text
    assert (await _figure(client, "two_new_org_coverage"))["value"] == 0
    assert (await _figure(client, "two_new_org_coverage", "to=2019-12-30"))["value"] == 1


async def test_units_count_once_whoever_serves_them(
    client: httpx.AsyncClient, session: AsyncSession, root: UUID
) -> None:
    clock.pin(TODAY)
    branch = await make_organization(session, root)
    one, other = [str(await make_member(session, branch)) for _ in range(2)]
    units = [await make_unit(session, root, name=f"超市{n}") for n in range(3)]
    instructs = {"mode": "instructor", "valid_from": "2019-03-01"}
    for made, member in ((units[0], one), (units[0], other), (units[1], one)):
        await make_coverage(session, made, member_id=member, **instructs)
    ended = {"member_id": one, "valid_to": "2019-12-31"}  # its last day was yesterday
    await make_coverage(session, units[2], **instructs | ended)
    name = "two_new_units_with_instructor"
    assert (await _figure(client, name))["value"] == 2
    assert (await _figure(client, name, "as_of=2019-12-30"))["value"] == 3
    assert (await _figure(client, "two_new_org_coverage"))["value"] == 0
    assert (await _figure(client, "two_new_work_coverage", "from=2019-03-01"))["value"] == 0.666667
    rows = (await client.get(f"/figures/{name}/rows")).json()["items"]
    assert {r["happened_on"] for r in rows} == {"2019-03-01"}
