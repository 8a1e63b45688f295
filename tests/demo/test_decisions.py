"""The demo's five decisions, from their findings to none, and back."""

from tests.demo import decisions
from tests.demo.conftest import District

FIGURES = ("general_branches_upgraded", "general_branches_downgraded", "restructured_total")


async def test_the_five_decisions(district: District) -> None:
    assert [await district.value(name) for name in FIGURES] == [3, 2, 5]
    assert await district.value(FIGURES[2], as_of="2019-12-19") == 0
    found = (await district.client.get("/organizations?kind=district_committee")).json()
    await decisions.check(district.client, district.session, found["items"][0]["id"])
    assert [await district.value(name) for name in FIGURES] == [0, 0, 0]
