"""What becomes of admissions when their branch is merged, split, converted or dissolved."""

from datetime import date
from typing import Any

import pytest

from app.core import clock
from tests.make.members import make_member
from tests.make.organizations import make_organization
from tests.make.restructurings import convert, merge, move, rows_of
from tests.make.transfers import make_transfer
from tests.probations.conftest import TODAY, Place, told


def counted(shown: dict[str, Any]) -> list[tuple[str, str | None, int, int]]:
    """Read what a simulation says of admissions."""
    return [
        (one["from_id"], one["to_id"], one["count"], len(one["admission_ids"]))
        for one in shown["admissions"]
    ]


async def test_a_merger_leads_all_of_them_to_the_successor(place: Place) -> None:
    applicant, reported = await place.admission(1), await place.admission(4, is_pending=True)
    probationer = await place.admission(23)
    ended = await place.admission(1)
    gone = await place.client.post(f"/admissions/{ended}/terminations", json={"reason": "x"})
    assert gone.status_code == 200
    before = await rows_of(place.session)
    made = await place.desk.approved(merge(place.one, place.two))
    assert counted(await place.desk.simulation(made)) == [(str(place.one), str(place.two), 3, 3)]
    assert (await place.desk.post(made, "applications")).status_code == 200
    for one in (applicant, reported, probationer):
        assert await place.at(one) == place.two
        assert one in await place.due()
    assert await place.at(ended) == place.one
    talk = {"step": 2, "done_on": str(TODAY), "papers": ["talk_record"]}
    assert (await place.desk.post(made, "reversals")).status_code == 200
    assert await rows_of(place.session) == before
    again = await place.desk.applied(merge(place.one, place.two))
    went_on = await place.client.post(f"/admissions/{applicant}/steps", json=talk)
    assert went_on.status_code == 200, went_on.text
    refused = await place.desk.post(again, "reversals")
    assert told(refused) == (409, "changed-later")
    later = {"kind": "admission", "id": str(applicant), "on": str(TODAY)}
    assert refused.json()["later"] == [later]


async def test_a_general_branch_that_becomes_a_branch_takes_them_over(place: Place) -> None:
    clock.pin(date(2019, 9, 1))
    general = await make_organization(
        place.session, place.root, kind="general_branch", name="区审计局党总支"
    )
    below = await make_organization(place.session, general, name="审计一支部")
    made = [await place.admission(step, below) for step in (1, 18)]
    before = await rows_of(place.session)
    done = await place.desk.applied(convert(general, "party_branch"))
    assert [await place.at(one) for one in made] == [general, general]
    assert (await place.desk.post(done, "reversals")).status_code == 200
    assert await rows_of(place.session) == before


async def test_a_probationer_who_is_split_off_takes_it_along(place: Place) -> None:
    applicant, probationer = await place.admission(1), await place.admission(18)
    await make_member(place.session, place.one)
    part = {
        "name": "第三党支部",
        "kind": "party_branch",
        "member_ids": [str(await place.member_of(probationer))],
    }
    split = {"action": "split", "organization_id": place.one, "parts": [part]}
    before = await rows_of(place.session)
    made = await place.desk.approved(split)
    told_of = await place.desk.simulation(made)
    assert [(f, n) for f, _, n, _ in counted(told_of)] == [(str(place.one), 1)]
    assert (await place.desk.post(made, "applications")).status_code == 200
    assert await place.at(applicant) == place.one
    assert str(await place.at(probationer)) == told_of["admissions"][0]["to_id"]
    assert (await place.desk.post(made, "reversals")).status_code == 200
    assert await rows_of(place.session) == before


async def test_a_group_takes_its_probationer_along(place: Place) -> None:
    group = await make_organization(place.session, place.one, kind="party_group", name="一组")
    made = await place.admission(18)
    await make_transfer(place.session, await place.member_of(made), group, "accepted")
    assert await place.at(made) == place.one
    done = await place.desk.applied(move(group, place.two))
    assert await place.at(made) == place.two
    assert (await place.desk.post(done, "reversals")).status_code == 200
    assert await place.at(made) == place.one
    await place.desk.applied(merge(group, place.two))
    assert await place.at(made) == place.two


@pytest.mark.parametrize("way", ["dissolve", "committee", "successor"])
async def test_applicants_are_not_left_where_nobody_admits(place: Place, way: str) -> None:
    made = await place.admission(4, is_pending=True)
    committee = await make_organization(
        place.session, place.root, kind="party_committee", name="区直党委"
    )
    actions = {
        "dissolve": {"action": "dissolve", "organization_id": place.one},
        "committee": convert(place.one, "party_committee", name="第一党委"),
        "successor": merge(place.one, committee),
    }
    wanted = await place.desk.approved(actions[way])
    assert counted(await place.desk.simulation(wanted)) == [(str(place.one), None, 1, 1)]
    refused = await place.desk.post(wanted, "applications")
    assert told(refused) == (409, "admissions-left")
    assert refused.json()["organization_ids"] == [str(place.one)]
    ended = await place.client.post(f"/admissions/{made}/terminations", json={"reason": "x"})
    assert ended.status_code == 200
    assert (await place.desk.post(wanted, "applications")).status_code == 200


async def test_an_empty_branch_with_an_applicant_is_not_dissolved(place: Place) -> None:
    made = await place.admission()
    url = f"/organizations/{place.one}"
    version = {"if-match": (await place.client.get(url)).headers["etag"]}
    refused = await place.client.delete(url, headers=version)
    assert told(refused) == (409, "admissions-left")
    await place.client.post(f"/admissions/{made}/terminations", json={"reason": "x"})
    assert (await place.client.delete(url, headers=version)).status_code == 204
