"""Every way in which a membership ends or changes takes the admission along, or closes it."""

import re
import runpy
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, text

import app
from app.admissions.models import Admission, AdmissionStep
from app.members.types import FINAL, MemberStatus
from tests.imports.test_api import workbook
from tests.make.admissions import BORN, admission_of, day_of, make_admission
from tests.make.members import id_number
from tests.make.organizations import make_district, make_organization
from tests.make.transfers import make_transfer
from tests.probations.conftest import TODAY, Place, told
from tests.transfers.conftest import clerk_of

NEAR = "231002"
NUMBER = id_number(BORN, 388)
HAND_MADE = sorted(FINAL - {MemberStatus.PROBATION_CANCELLED})
FOLLOWED = {"arrivals", "imports", "members", "simulations"}
"""Domains that write memberships, each with the admissions behind it; reversals restore rows."""


def test_who_writes_memberships_is_known() -> None:
    """Whoever comes to write memberships calls `probations` too, and is listed here."""
    writes = re.compile(r"\bMembership\(\n|update\(Membership\)|change\(\s*session,\s*membership")
    root = Path(app.__file__).parent
    found = {p.parent.name for p in root.glob("*/*.py") if writes.search(p.read_text("utf-8"))}
    assert found == FOLLOWED


async def end(place: Place, member: UUID, status: str) -> Any:
    new = {"status": status, "reason": "支部大会决议", "on": "2019-12-30"}
    url = f"/members/{member}/status-changes"
    return await place.client.post(url, json=new, headers={"if-match": '"1"'})


@pytest.mark.parametrize(
    ("status", "step"), [*((s, 17) for s in HAND_MADE), (MemberStatus.DECEASED, 24)]
)
async def test_an_end_closes_it(place: Place, status: MemberStatus, step: int) -> None:
    made = await place.admission(step)
    assert made in await place.due() or step == 24
    answer = await end(place, await place.member_of(made), status)
    assert answer.status_code == 200, answer.text
    shown = await place.shown(made)
    is_away = status == MemberStatus.TRANSFERRED_OUT
    assert shown["status"] == ("transferred" if is_away else "terminated")
    assert (shown["closed_on"], shown["version"]) == ("2019-12-30", 2)
    assert (shown["reason"] is None) == is_away
    assert is_away or shown["reason"].endswith("：支部大会决议")
    assert (shown["due_kind"], shown["next_step"]) == (None, None)
    assert made not in await place.due()
    found = await place.client.get("/admissions", params={"status": shown["status"]})
    assert [one["id"] for one in found.json()["items"]] == [str(made)]


async def test_a_status_that_ends_nothing_leaves_it_open(place: Place) -> None:
    made = await place.admission(17)
    member = await place.member_of(made)
    assert (await end(place, member, "membership_suspended")).status_code == 200
    assert (await place.shown(made))["status"] == "open"
    again = {"if-match": '"2"'}
    url = f"/members/{member}/status-changes"
    new = {"status": "struck_off", "reason": "x"}
    assert (await place.client.post(url, json=new, headers=again)).status_code == 200
    assert (await place.shown(made))["reason"] == "除名：x"


async def test_one_hand_neither_converts_nor_cancels(place: Place) -> None:
    made = await place.admission(17)
    member = await place.member_of(made)
    new, version = {"full_on": str(TODAY)}, {"if-match": '"1"'}
    url = f"/members/{member}/conversions"
    answer = await place.client.post(url, json=new, headers=version)
    assert told(answer) == (409, "admission-open")
    assert answer.json()["admission_id"] == str(made)
    cancelled = await end(place, member, "probation_cancelled")
    assert told(cancelled) == (409, "admission-open")
    shown = (await place.client.get(f"/members/{member}")).json()
    assert (shown["category"], shown["status"], shown["version"]) == ("probationary", "active", 1)
    ended = await place.client.post(f"/admissions/{made}/terminations", json={"reason": "x"})
    assert ended.status_code == 200, ended.text


async def test_a_transfer_takes_it_along(place: Place) -> None:
    made = await place.admission(23)
    group = await make_organization(place.session, place.one, kind="party_group", name="一组")
    member = await place.member_of(made)
    await make_transfer(place.session, member, group, "accepted")
    assert (await place.at(made), (await place.shown(made))["version"]) == (place.one, 1)
    await make_transfer(place.session, member, place.two, "accepted")
    shown = await place.shown(made)
    assert (shown["organization_id"], shown["status"]) == (str(place.two), "open")
    assert [s["step"] for s in shown["steps"]] == list(range(1, 24))
    new = {"step": 24, "done_on": str(TODAY), "papers": shown["next_step"]["papers"]}
    answer = await place.client.post(f"/admissions/{made}/steps", json=new)
    assert answer.status_code == 200, answer.text
    decided = {"step": 24, "decided_on": str(TODAY), "reason": "转接"}
    done = await place.desk.other.post(f"/admissions/{made}/approvals", json=decided)
    assert done.status_code == 200, done.text
    full = (await place.client.get(f"/members/{member}")).json()
    assert (full["category"], full["organization_id"]) == ("full", str(place.two))


async def test_to_another_district_it_goes_along(place: Place) -> None:
    near = await make_district(place.session, NEAR)
    away = await make_organization(place.session, near, name="爱民一支部", district_code=NEAR)
    made = await place.admission(18, id_number=NUMBER)
    member = await place.member_of(made)
    await make_transfer(place.session, member, "爱民一支部", "accepted", to_district_code=NEAR)
    shown = await place.shown(made)
    assert (shown["status"], shown["reason"], shown["next_step"]) == ("transferred", None, None)
    rows = select(Admission).where(Admission.district_code == NEAR)
    there = (await place.session.scalars(rows)).one()
    assert (there.organization_id, there.status, there.step) == (away, "open", 18)
    assert there.member_id not in {None, member}
    assert str(there.probation_ends_on) == shown["probation_ends_on"]
    steps = select(AdmissionStep).where(AdmissionStep.district_code == NEAR)
    kept = (await place.session.scalars(steps.order_by(AdmissionStep.step))).all()
    assert [s.step for s in kept] == list(range(1, 19))
    assert {(s.came_from, s.first_member_id) for s in kept} == {("231005", None)}
    # and back: the old record again, with the admission as it is now
    assert there.member_id is not None
    back = {"district_code": NEAR, "to_district_code": "231005"}
    await make_transfer(place.session, there.member_id, "第二党支部", "accepted", **back)
    found = (await place.client.get("/admissions?status=open")).json()["items"]
    assert [(o["member_id"], o["organization_id"]) for o in found] == [
        (str(member), str(place.two))
    ]


async def test_who_applied_there_meanwhile_is_not_brought_twice(place: Place) -> None:
    near = await make_district(place.session, NEAR)
    away = await make_organization(place.session, near, name="爱民一支部", district_code=NEAR)
    made = await place.admission(18, id_number=NUMBER)
    await make_admission(place.session, away, id_number=NUMBER, district_code=NEAR)
    member, to = await place.member_of(made), {"to_district_code": NEAR}
    released = await make_transfer(place.session, member, "爱民一支部", "released", **to)
    twin = text("SELECT twin_id FROM transfer WHERE id = :id").bindparams(id=released)
    arrived = await place.session.scalar(twin)
    clerk = await clerk_of(place.session, NEAR, away)
    url = f"/transfers/{arrived}/acceptances"
    assert told(await place.client.post(url, headers=clerk)) == (409, "member-exists")
    assert (await place.shown(made))["status"] == "open"


async def test_to_outside_it_is_closed(place: Place) -> None:
    made = await place.admission(21)
    member = await place.member_of(made)
    await make_transfer(place.session, member, "中共某某支部", "accepted", is_outside=True)
    assert (await place.shown(made))["status"] == "transferred"


def row_of(category: str, branch: str) -> list[Any]:
    """Write a probationer of `make_admission` as a roster does."""
    joined = day_of(15, date(2017, 3, 1))
    full = TODAY if category == "正式党员" else None
    rest = ["大学本科", category, joined, full, branch, "13900005678", "否"]
    return ["陆望舒", "男", "汉族", NUMBER, date(1998, 3, 7), *rest]


async def test_a_roster_neither_converts_nor_leaves_behind(place: Place) -> None:
    made = await place.admission(17, id_number=NUMBER)

    async def take(*row: str) -> Any:
        query = {"district_code": "231005", "as_of": str(TODAY)}
        file = {"file": ("花名册.xlsx", workbook([], [row_of(*row)]))}
        return await place.client.post("/imports", params=query, files=file)

    refused = await take("正式党员", "第一党支部")
    assert refused.status_code == 422, refused.text
    assert [(e["field"], e["code"]) for e in refused.json()["errors"]] == [
        ("category", "admission_open")
    ]
    taken = await take("预备党员", "第二党支部")
    assert taken.status_code == 201, taken.text
    assert await place.at(made) == place.two
    assert (await admission_of(place.session, made)).version == 2


async def test_the_revision_mends_what_was_left_behind(place: Place) -> None:
    gone, moved, ended = [await place.admission(18) for _ in range(3)]
    group = await make_organization(place.session, place.two, kind="party_group", name="一组")
    for made, values in (
        (gone, "status = 'transferred_out', reason = 'x'"),
        (ended, "status = 'expelled', reason = 'x'"),
        (moved, f"organization_id = '{group}'"),
    ):
        by_hand = text(f"UPDATE membership SET {values} WHERE member_id = :id")
        await place.session.execute(by_hand, {"id": await place.member_of(made)})
    path = Path(app.__file__).parents[1] / "migrations/versions/0028_probations.py"
    revision = runpy.run_path(str(path))
    for statement in (revision["CLOSE"], revision["FOLLOW"]):
        await place.session.execute(text(statement))
    assert [(await place.shown(made))["status"] for made in (gone, ended, moved)] == [
        "transferred",
        "terminated",
        "open",
    ]
    assert (await place.shown(ended))["reason"] == "开除党籍：x"
    assert await place.at(moved) == place.two
