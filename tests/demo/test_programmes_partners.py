"""The demo district's units: the article's figures, and what moves them."""

import pytest

from tests.demo.conftest import District

ARTICLE = {
    "co_building_units": 32,
    "two_new_org_coverage": 1,
    "two_new_work_coverage": 1,
    "two_new_units_with_instructor": 342,
    "two_new_problems_solved": 17,
}
_ONE = "unit_id = (SELECT unit_id FROM {0} WHERE {1} LIMIT 1)"
_COVERED = _ONE.format("unit_coverage", "mode = 'own'")
MOVES = {
    "co_building_units": "UPDATE co_building_agreement SET valid_to = '2019-12-31' WHERE "
    + _ONE.format("co_building_agreement", "valid_to > '2019-12-31'"),
    # covered again at the end of the year: one day in its midst is enough
    "two_new_org_coverage": f"UPDATE unit_coverage SET valid_from = '2019-06-02' WHERE {_COVERED}",
    "two_new_work_coverage": f"UPDATE unit_coverage SET valid_from = '2019-06-02' WHERE {_COVERED}",
    "two_new_units_with_instructor": "UPDATE unit_coverage SET valid_to = '2019-12-31' WHERE "
    + _ONE.format("unit_coverage", "mode = 'instructor' AND valid_to IS NULL")
    + " AND valid_to IS NULL AND mode = 'instructor'",
    "two_new_problems_solved": "UPDATE unit_problem SET status = 'solved', confirmed_by = NULL,"
    " confirmed_on = NULL WHERE id = (SELECT id FROM unit_problem WHERE status = 'confirmed'"
    " LIMIT 1)",
}
"""What changes a record behind a figure."""


@pytest.mark.parametrize("figure", ARTICLE)
async def test_the_units_yield_the_articles_figures_and_move_them(
    district: District, figure: str
) -> None:
    before = await district.value(figure)
    assert before == ARTICLE[figure]
    assert await district.undone(figure, MOVES[figure]) < before
    assert await district.value(figure) == before
