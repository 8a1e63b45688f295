"""The villages' economy of the demo district: the figures, and what moves them."""

from decimal import Decimal

import pytest

from app.demo_economy import logic
from tests.demo.conftest import District

ARTICLE = {
    "illegal_contracts": 85,
    "land_recovered_mu": 11722.79,
    "debt_resolved_wan": 163.3,
    "credit_recovered_wan": 103.5,
    "debt_credit_total_wan": 266.8,
    "village_projects": 3,
    "village_income_gain_wan": 14.07,
}
_PLUS = "UPDATE village_entry SET amount = amount + 100 WHERE id ="
_PLUS += " (SELECT id FROM village_entry WHERE kind = '{}' LIMIT 1)"
MOVES = {
    "illegal_contracts": "UPDATE village_contract SET resolved_on = NULL, resolution = NULL WHERE"
    " id = (SELECT id FROM village_contract WHERE resolved_on IS NOT NULL LIMIT 1)",
    "land_recovered_mu": _PLUS.format("land_recovered"),
    "debt_resolved_wan": _PLUS.format("debt_resolved"),
    "credit_recovered_wan": _PLUS.format("claim_recovered"),
    "debt_credit_total_wan": "DELETE FROM village_entry WHERE kind = 'claim_recovered'",
    "village_projects": "UPDATE village_project SET decided_on = '2020-01-02' WHERE id ="
    " (SELECT id FROM village_project WHERE status = 'approved' LIMIT 1)",
    "village_income_gain_wan": "UPDATE village_income SET income = income + 10000 WHERE id ="
    " (SELECT id FROM village_income WHERE year = 2019 LIMIT 1)",
}
"""What changes a record behind a figure."""
VILLAGES = [f"第{n}" for n in range(23)]


async def test_the_district_yields_the_articles_figures(district: District) -> None:
    values = await district.values()
    assert {name: values[name] for name in ARTICLE} == ARTICLE
    gain = (await district.client.get("/figures/village_income_gain_wan")).json()
    assert (gain["numerator"], gain["denominator"]) == (323.61, 23)
    for part in ("numerator", "denominator"):
        url = f"/figures/village_income_gain_wan/rows?limit=200&part={part}"
        rows = (await district.client.get(url)).json()["items"]
        total = sum(Decimal(str(r["amount"])) for r in rows)
        assert (len(rows), total) == (23, Decimal(str(gain[part])))


@pytest.mark.parametrize("figure", MOVES)
async def test_a_figure_moves_with_its_records(district: District, figure: str) -> None:
    before = await district.value(figure)
    assert before == ARTICLE[figure]
    assert await district.undone(figure, MOVES[figure]) != before


def test_the_draw_is_plausible() -> None:
    contracts, entries = logic.contracts(23), logic.entries(VILLAGES)
    assert (contracts, entries) == (logic.contracts(23), logic.entries(VILLAGES))
    days = [c["reviewed_on"] for c in contracts] + [e["happened_on"] for e in entries]
    days += [c["resolved_on"] for c in contracts if c["resolved_on"]]
    assert all(day.year == 2019 and day.isoweekday() <= 5 for day in days)
    assert all(c["resolved_on"] > c["reviewed_on"] for c in contracts if c["resolved_on"])
    assert {e["village"] for e in entries} == set(range(23))
    land = [e["amount"] for e in entries if e["kind"] == "land_recovered"]
    assert sum(land) == Decimal("11722.79")
    assert min(land) > 20
    assert min(e["amount"] for e in entries) > 0
    gains = logic.incomes(23)
    rises = [b["income"] - a["income"] for a, b in zip(gains[::2], gains[1::2], strict=True)]
    assert sum(rises) == Decimal(3236100)
    assert min(rises) > 40_000
    assert max(rises) < 300_000


def test_names_of_villages() -> None:
    assert logic.village_of("温春镇前屯村党支部") == "前屯"
    assert logic.village_of("海南朝鲜族乡三家村党支部") == "三家"
