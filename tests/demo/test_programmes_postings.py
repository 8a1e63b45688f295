"""Who serves where in the demo district: the article's figures, and what moves them."""

import pytest

from tests.demo.conftest import District

ARTICLE = {
    "first_secretary_villages": 7,
    "first_secretary_extension_years": 1,
    "grid_cadres": 588,
    "cadres_per_group": 3,
    "community_cadres": 259,
}
_END = "UPDATE posting SET valid_to = '2019-12-31', end_reason = 'x' WHERE valid_to IS NULL AND "
MOVES = {
    "first_secretary_villages": _END + "id = (SELECT id FROM posting"
    " WHERE post = 'first_secretary' AND valid_to IS NULL LIMIT 1)",
    "first_secretary_extension_years": "UPDATE posting SET extended_months = 6 WHERE id IN"
    " (SELECT id FROM posting WHERE extended_on IS NOT NULL LIMIT 3)",
    "grid_cadres": _END + "member_id = (SELECT member_id FROM posting"
    " WHERE post = 'grid_cadre' AND valid_to IS NULL LIMIT 1)",
    "cadres_per_group": _END + "member_id IN (SELECT member_id FROM posting"
    " WHERE post = 'grid_cadre' AND valid_to IS NULL LIMIT 9)",
    "community_cadres": _END + "member_id = (SELECT member_id FROM posting"
    " WHERE post = 'director' AND valid_to IS NULL LIMIT 1)",
}
"""What changes a record behind a figure."""


async def test_the_district_yields_the_articles_figures(district: District) -> None:
    values = await district.values()
    assert {name: values[name] for name in ARTICLE} == ARTICLE


@pytest.mark.parametrize("figure", MOVES)
async def test_a_figure_moves_with_its_records(district: District, figure: str) -> None:
    assert await district.undone(figure, MOVES[figure]) != ARTICLE[figure]
    assert await district.value(figure) == ARTICLE[figure]


async def test_a_village_without_poor_households_does_not_count(district: District) -> None:
    lifted = "UPDATE poor_household SET valid_to = '2019-12-31' WHERE organization_id = (SELECT"
    lifted += " organization_id FROM poor_household LIMIT 1) AND valid_to IS NULL"
    assert await district.undone("first_secretary_villages", lifted) == 6
