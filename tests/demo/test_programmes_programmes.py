"""The demo district's plan, programmes and documents yield the article's figures."""

import pytest

from app.demo_programmes import logic
from tests.demo.conftest import District

ARTICLE = {
    "plan_years": 3,
    "plan_focus_areas": 5,
    "four_red_projects": 4,
    "supporting_schemes": 7,
    "four_nets": 4,
    "two_izations": 2,
    "five_links": 5,
    "streets_replanned": 4,
    "pilot_units": 2,
    "organ_documents": 3,
    "two_new_handbook": 1,
}
"""What the article prints of this."""


def _end(family: str) -> str:
    return (
        "UPDATE programme SET ends_on = '2019-12-30' WHERE id = (SELECT id FROM programme"
        f" WHERE family = '{family}' ORDER BY id LIMIT 1)"
    )


def _repeal(held: str) -> str:
    return (
        "UPDATE document SET repealed_on = '2019-12-31' WHERE id = (SELECT id FROM document"
        f" WHERE {held} AND repealed_on IS NULL ORDER BY id LIMIT 1)"
    )


MOVES = {
    "plan_years": "UPDATE programme SET ends_on = '2020-12-31' WHERE family = 'plan'",
    "plan_focus_areas": _end("plan_area"),
    "four_red_projects": _end("red_project"),
    "four_nets": _end("net"),
    "two_izations": _end("ization"),
    "five_links": _end("link"),
    "pilot_units": _end("integration_pilot"),
    "supporting_schemes": _repeal("kind = 'scheme' AND topic = 'urban'"),
    "organ_documents": _repeal("topic = 'organ'"),
    "two_new_handbook": _repeal("kind = 'handbook'"),
    "streets_replanned": _repeal("kind = 'replan_decision'"),
}
"""What changes a record behind a figure."""


def test_papers_are_plausible() -> None:
    papers = logic.papers()
    assert papers == logic.papers()
    assert all(p.issued_on.weekday() < 5 for p in papers)
    assert len({p.number for p in papers}) == len(papers)
    for paper in papers:
        assert f"〔{paper.issued_on.year}〕" in str(paper.number)
        assert logic.PLAN_STARTS_ON <= paper.issued_on <= logic.PLAN_ENDS_ON
    projects = logic.projects()
    assert all(p.starts_on >= logic.PLAN_STARTS_ON for p in projects)
    assert len({(p.family, p.name, p.place) for p in projects}) == len(projects)


async def test_the_district_yields_the_articles_figures(district: District) -> None:
    values = await district.values()
    assert {name: values[name] for name in ARTICLE} == ARTICLE
    for figure, value in ARTICLE.items():  # each opens to its rows
        rows = (await district.client.get(f"/figures/{figure}/rows?limit=200")).json()["items"]
        assert sum(r["amount"] for r in rows) == value
    rows = (await district.client.get("/figures/streets_replanned/rows")).json()["items"]
    streets = {r["organization_name"] for r in rows}
    assert streets == {f"中共西安区{name}工作委员会" for name in logic.STREETS}


@pytest.mark.parametrize("figure", ARTICLE)
async def test_a_figure_moves_with_its_records(district: District, figure: str) -> None:
    assert await district.value(figure) == ARTICLE[figure]
    assert await district.undone(figure, MOVES[figure]) != ARTICLE[figure]
    assert await district.value(figure) == ARTICLE[figure]
