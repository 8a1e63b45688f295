"""Every figure of the article, computed from the demo district's rows."""

import json
from pathlib import Path

from app.figures.queries import REGISTRY
from tests.demo.conftest import District

DATA = Path(__file__).parents[1] / "data" / "article_figures.json"
ARTICLE = {name: told["value"] for name, told in json.loads(DATA.read_text()).items()}
"""What the article prints, implies or lets one derive; null where it names no number."""


async def test_the_district_yields_the_articles_figures(district: District) -> None:
    assert set(REGISTRY) == set(ARTICLE)
    values = await district.values()
    printed = {name: value for name, value in ARTICLE.items() if value is not None}
    assert {name: values[name] for name in printed} == printed
    for name in ARTICLE.keys() - printed:
        assert 0 < values[name] <= 1
    report = (await district.client.get("/reports/annual")).json()
    named = {
        n["figure_id"] for s in report["sections"] for p in s["paragraphs"] for n in p["numbers"]
    }
    assert named == set(ARTICLE)
    texts = "".join(p["text"] for s in report["sections"] for p in s["paragraphs"])
    assert "—" not in texts
    checked = (await district.client.post("/reports/checks", json={"text": texts})).json()
    assert (checked["differing"], checked["unknown"]) == (0, 0)
