"""Appraisals, rectifications and cancelled tasks of the demo district: the article's figures."""

import pytest

from app.demo_appraisals import logic
from tests.demo.conftest import District

ARTICLE = {
    "village_cadres_talked_to": 3,
    "spot_checks_per_week": 1,
    "appraisals_per_year": 4,
    "weak_village_orgs": 5,
    "weak_village_orgs_fixed": 2,
    "weak_fixed_rate": 0.4,
    "guarantee_levels": 3,
    "burden_items_cancelled": 57,
}
REOPEN = (
    "UPDATE rectification_case SET status = 'open', reported_on = NULL, reported_by = NULL,"
    " closed_on = NULL, accepted_by = NULL WHERE id ="
    " (SELECT id FROM rectification_case WHERE status = 'accepted' LIMIT 1)"
)
MOVES = {
    "village_cadres_talked_to": "DELETE FROM talk WHERE id = (SELECT id FROM talk LIMIT 1)",
    "spot_checks_per_week": "UPDATE spot_check SET status = 'drawn', checked_on = NULL"
    " WHERE id = (SELECT id FROM spot_check LIMIT 1)",
    "household_visit_rate": "UPDATE household_count SET households = households * 2",
    "know_residents_rate": "UPDATE spot_check_person SET correct = 0 WHERE place = 1",
    "appraisals_per_year": "UPDATE appraisal_cycle SET year = 2018 WHERE quarter = 4",
    "weak_village_orgs": "UPDATE rectification_case SET opened_on = '2020-01-01'"
    " WHERE status = 'open'",
    "weak_village_orgs_fixed": REOPEN,
    "weak_fixed_rate": REOPEN,
    "guarantee_levels": "DELETE FROM case_guarantor WHERE id ="
    " (SELECT id FROM case_guarantor WHERE level = 'township' LIMIT 1)",
    "burden_items_cancelled": "UPDATE burden_item SET state = 'active', cancelled_on = NULL,"
    " document = NULL WHERE id = (SELECT id FROM burden_item LIMIT 1)",
}
"""What changes a record behind a figure."""


async def test_the_district_yields_the_articles_figures(district: District) -> None:
    values = await district.values()
    assert {name: values[name] for name in ARTICLE} == ARTICLE
    assert 0.8 < values["household_visit_rate"] < 0.9
    assert 0.8 < values["know_residents_rate"] < 0.95


@pytest.mark.parametrize("figure", MOVES)
async def test_a_figure_moves_with_its_records(district: District, figure: str) -> None:
    before = await district.value(figure)
    assert before == ARTICLE.get(figure, before)
    assert await district.undone(figure, MOVES[figure]) != before


async def test_a_week_without_a_check_is_told(district: District) -> None:
    url = "/figures/spot_checks_per_week/rows?part="
    weeks = (await district.client.get(f"{url}denominator&limit=200")).json()["items"]
    assert len(weeks) == logic.WEEKS
    assert weeks[0]["label"].startswith("2019-W")
    assert (await district.client.get(f"{url}gaps")).json()["items"] == []
