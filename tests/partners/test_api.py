"""Units, agreements, coverages and problems over HTTP."""

from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from tests.conftest import signed_in
from tests.make.members import make_member
from tests.make.organizations import make_account, make_organization
from tests.make.partners import new_agreement, new_coverage, new_unit

TODAY = date(2019, 12, 31)


class Scene(NamedTuple):
    """A department's client, another account of the department, a branch."""

    client: httpx.AsyncClient
    session: AsyncSession
    other: dict[str, str]
    root: UUID
    branch: UUID

    async def post(self, url: str, json: Any = None, status: int = 201, **more: Any) -> Any:
        answer = await self.client.post(url, json=json, **more)
        assert answer.status_code == status, answer.text
        return answer.json()

    async def patch(self, url: str, json: Any, status: int = 200, version: int = 1) -> Any:
        headers = {"if-match": f'"{version}"'}
        answer = await self.client.patch(url, json=json, headers=headers)
        assert answer.status_code == status, answer.text
        return answer.json()

    async def unit(self, **values: Any) -> str:
        return str((await self.post("/partner-units", new_unit(self.branch, **values)))["id"])

    async def ids(self, url: str) -> list[str]:
        return [item["id"] for item in (await self.client.get(url)).json()["items"]]


@pytest.fixture
async def scene(client: httpx.AsyncClient, session: AsyncSession, root: UUID, doors: Any) -> Scene:
    clock.pin(TODAY)
    other = await signed_in(doors, session, await make_account(session))
    return Scene(client, session, other, root, await make_organization(session, root))


async def test_a_unit_is_recorded_corrected_and_closed(scene: Scene) -> None:
    made = await scene.unit(address="先锋街1号")
    url = f"/partner-units/{made}"
    shown = await scene.patch(url, {"address": None, "closed_on": "2019-12-31"})
    assert (shown["address"], shown["closed_on"], shown["version"]) == (None, "2019-12-31", 2)
    assert await scene.ids("/partner-units?as_of=2019-12-30") == [made]
    assert await scene.ids("/partner-units?as_of=2019-12-31") == []
    await scene.patch(url, {"name": "x"}, 412)
    await scene.patch(url, {"name": None}, 422, 2)
    await scene.patch(url, {"closed_on": "2018-05-01"}, 422, 2)  # the day before it opened
    await scene.patch(url, {"closed_on": "2018-05-02"}, 200, 2)  # it never was
    bad = new_unit(scene.branch, closed_on="2018-05-01")
    await scene.post("/partner-units", bad, 422)
    closed = await scene.post("/unit-problems", {"unit_id": made, "content": "x"}, 409)
    assert closed["title"] == "该单位已注销"
    await scene.post("/co-building-agreements", new_agreement(made, scene.branch), 409)


async def test_an_agreement_holds_up_to_its_last_day(scene: Scene) -> None:
    unit = await scene.unit(kind="school")
    new = new_agreement(unit, scene.root, valid_to="2019-12-31")
    made = (await scene.post("/co-building-agreements", new))["id"]
    assert await scene.ids("/co-building-agreements?as_of=2019-12-30") == [made]
    assert await scene.ids("/co-building-agreements?as_of=2019-12-31") == []
    assert await scene.ids("/co-building-agreements?ends_by=2019-12-31") == [made]
    assert await scene.ids("/co-building-agreements?ends_by=2019-12-30") == []
    url = f"/co-building-agreements/{made}"
    shown = await scene.patch(url, {"valid_to": None, "title": "共建协议"})
    assert (shown["valid_to"], shown["title"]) == (None, "共建协议")
    again = new_agreement(unit, scene.branch)
    await scene.post("/co-building-agreements", again)  # the unit counts once
    value = (await scene.client.get("/figures/co_building_units")).json()["value"]
    assert value == 1
    within = f"/figures/co_building_units?within={scene.branch}"
    assert (await scene.client.get(within)).json()["value"] == 1


async def test_coverage_is_of_new_sector_units_and_never_twice_on_a_day(scene: Scene) -> None:
    school, unit = await scene.unit(kind="school"), await scene.unit()
    of = {"covering_id": str(scene.branch)}
    await scene.post("/unit-coverages", new_coverage(school, **of), 409)
    await scene.post("/unit-coverages", new_coverage(unit), 422)
    first = new_coverage(unit, **of, valid_from="2019-06-01", valid_to="2019-07-01")
    made = (await scene.post("/unit-coverages", first))["id"]
    for day, status in (("2019-06-30", 409), ("2019-07-01", 201)):
        await scene.post("/unit-coverages", new_coverage(unit, **of, valid_from=day), status)
    url = f"/unit-coverages/{made}"
    await scene.patch(url, {"valid_to": "2019-07-02"}, 409)
    await scene.patch(url, {"valid_to": None}, 409)
    await scene.patch(url, {"valid_to": "2019-06-01"})  # recorded in error: it never held
    await scene.patch(url, {"valid_to": "2019-05-31"}, 422, 2)
    before = new_coverage(unit, **of, valid_from="2019-05-01", valid_to="2019-07-01")
    await scene.post("/unit-coverages", before)


async def test_an_instructor_is_a_counted_member(scene: Scene) -> None:
    member = str(await make_member(scene.session, scene.branch))
    units = [await scene.unit(name=f"超市{n}") for n in range(2)]
    for unit in units:  # one instructor may serve several units
        new = new_coverage(unit, mode="instructor", member_id=member)
        assert (await scene.post("/unit-coverages", new))["member_name"] == "张晓明"
    assert len(await scene.ids(f"/unit-coverages?member_id={member}")) == len(units)
    ended = text("UPDATE membership SET status = 'membership_suspended' WHERE member_id = :id")
    await scene.session.execute(ended, {"id": member})
    third = await scene.unit(name="超市3")
    await scene.post(
        "/unit-coverages", new_coverage(third, mode="instructor", member_id=member), 409
    )


async def test_a_problem_is_solved_once_its_reporter_says_so(scene: Scene) -> None:
    unit, school = await scene.unit(), await scene.unit(kind="school")
    await scene.post("/unit-problems", {"unit_id": school, "content": "x"}, 409)
    made = (await scene.post("/unit-problems", {"unit_id": unit, "content": "缺少场地"}))["id"]
    url, by_other = f"/unit-problems/{made}", {"headers": scene.other}
    how = {"solution": "协调社区会议室"}

    async def solved() -> Any:
        return (await scene.client.get("/figures/two_new_problems_solved")).json()["value"]

    await scene.post(f"{url}/confirmations", None, 409)
    await scene.post(f"{url}/solutions", how, 409)  # who reported it does not solve it
    await scene.post(f"{url}/solutions", how, 200, **by_other)
    await scene.post(f"{url}/solutions", how, 409, **by_other)
    assert await solved() == 0
    for step in ("confirmations", "returns"):  # nor does the solver say that it is solved
        body = {"reason": "x"} if step == "returns" else None
        await scene.post(f"{url}/{step}", body, 409, **by_other)
    back = await scene.post(f"{url}/returns", {"reason": "会议室常被占用"}, 200)
    assert (back["status"], back["solution"], back["reason"]) == ("open", None, "会议室常被占用")
    await scene.post(f"{url}/solutions", how, 200, **by_other)
    done = await scene.post(f"{url}/confirmations", None, 200)
    assert (done["status"], done["confirmed_on"], done["version"]) == ("confirmed", "2019-12-31", 5)
    await scene.post(f"{url}/returns", {"reason": "x"}, 409)
    assert await solved() == 1


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE unit_problem SET solved_by = reported_by",
        "UPDATE unit_problem SET confirmed_by = solved_by",
        "UPDATE unit_problem SET status = 'open'",
        "UPDATE unit_problem SET solved_on = reported_on - 1",
        "UPDATE partner_unit SET closed_on = opened_on - 1",
        "UPDATE unit_coverage SET mode = 'instructor'",
        "UPDATE unit_coverage SET covering_id = NULL",
    ],
)
async def test_the_database_says_it_again(scene: Scene, change: str) -> None:
    unit = await scene.unit()
    await scene.post("/unit-coverages", new_coverage(unit, covering_id=str(scene.branch)))
    made = (await scene.post("/unit-problems", {"unit_id": unit, "content": "缺少场地"}))["id"]
    url = f"/unit-problems/{made}"
    await scene.post(f"{url}/solutions", {"solution": "x"}, 200, headers=scene.other)
    await scene.post(f"{url}/confirmations", None, 200)
    with pytest.raises(IntegrityError):
        async with scene.session.begin_nested():
            await scene.session.execute(text(change))
