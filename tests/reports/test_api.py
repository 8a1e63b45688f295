"""Reports over HTTP."""

import zipfile
from collections.abc import Awaitable, Callable
from datetime import date
from io import BytesIO
from typing import Any
from uuid import UUID
from xml.etree import ElementTree as ET

import httpx
import pytest
from docx import Document
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.types import Role
from app.core import clock
from tests.conftest import signed_in
from tests.make.organizations import make_account, make_organization
from tests.make.pledges import make_pledge

TEMPLATE = {
    "title": "{district}报告",
    "sections": [
        {
            "title": "双承诺",
            "paragraphs": ["党组织承诺{org_pledges_total}件事项，完成率为{org_pledge_rate}。"],
            "charts": [{"title": "承诺", "figures": ["org_pledges_done", "org_pledges_open"]}],
        }
    ],
}
TEMPLATE_URL = "/reports/annual/template"


@pytest.fixture
async def branch(session: AsyncSession, root: UUID) -> UUID:
    clock.pin(date(2019, 12, 31))
    branch = await make_organization(session, root)
    for status in ("published", "confirmed"):
        await make_pledge(session, status, organization_id=branch)
    return branch


Put = Callable[..., Awaitable[httpx.Response]]


@pytest.fixture
def put(client: httpx.AsyncClient) -> Put:
    async def send(body: dict[str, Any], version: int, code: str = "231005") -> httpx.Response:
        headers = {"if-match": f'"{version}"'}
        return await client.put(f"{TEMPLATE_URL}/{code}", json=body, headers=headers)

    return send


async def test_the_report_is_written_from_the_records(
    client: httpx.AsyncClient, branch: UUID, put: Put
) -> None:
    assert (await put(TEMPLATE, 1)).status_code == 200
    report = (await client.get("/reports/annual")).json()
    assert report["title"] == "西安区报告"
    (section,) = report["sections"]
    (paragraph,) = section["paragraphs"]
    assert paragraph["text"] == "党组织承诺2件事项，完成率为50%。"
    for number in paragraph["numbers"]:
        shown = paragraph["text"][number["start"] :]
        assert shown.startswith(number["text"])
    assert [n["figure_id"] for n in paragraph["numbers"]] == [
        "org_pledges_total",
        "org_pledge_rate",
    ]
    figures = (await client.get("/figures")).json()["items"]
    assert report["figures"] == figures
    picture = await client.get(section["charts"][0]["url"].removeprefix("/v1"))
    assert picture.headers["content-type"] == "image/svg+xml"
    assert ET.fromstring(picture.content).tag.endswith("svg")  # noqa: S314 - our own
    assert "http://www.w3.org/2000/svg" in picture.text
    assert picture.text.count("http") == 1
    assert "<script" not in picture.text
    assert "党组织承诺完成 1" in picture.text
    assert (await client.get("/reports/annual/charts/1")).status_code == 404


async def test_a_chart_of_nothing_is_a_chart(client: httpx.AsyncClient, root: UUID) -> None:
    for day in ("2019-12-31", "2000-01-01"):
        for number in range(3):
            picture = await client.get(f"/reports/annual/charts/{number}?as_of={day}")
            assert picture.status_code == 200
            assert "<svg" in picture.text


async def test_it_comes_as_markdown_and_as_a_document(
    client: httpx.AsyncClient, branch: UUID, put: Put
) -> None:
    await put(TEMPLATE, 1)
    text = (await client.get("/reports/annual?format=markdown")).text
    assert "党组织承诺2[^org_pledges_total]件" in text
    assert "[^org_pledge_rate]: " in text
    assert "/v1/figures/org_pledge_rate/rows?as_of=2019-12-31" in text
    paper = await client.get("/reports/annual?format=docx")
    assert zipfile.is_zipfile(BytesIO(paper.content))
    made = Document(BytesIO(paper.content))
    assert [p.text for p in made.paragraphs][:3] == [
        "西安区报告",
        "双承诺",
        "党组织承诺2件事项，完成率为50%。",
    ]
    rows = [[cell.text for cell in row.cells] for row in made.tables[0].rows]
    assert ["org_pledge_rate", "党组织承诺完成率", "50%", "1 / 2"] in [r[:4] for r in rows]
    assert len(rows) == 1 + len((await client.get("/figures")).json()["items"])


async def test_it_is_of_the_subtree_and_the_day_that_are_asked(
    client: httpx.AsyncClient, session: AsyncSession, root: UUID, branch: UUID, put: Put
) -> None:
    await put(TEMPLATE, 1)
    other = await make_organization(session, root, name="别的党支部")
    report = (await client.get(f"/reports/annual?within={other}")).json()
    assert report["title"] == "别的党支部报告"
    assert report["sections"][0]["paragraphs"][0]["text"] == "党组织承诺0件事项，完成率为—。"
    earlier = (await client.get("/reports/annual?as_of=2019-12-30")).json()
    assert earlier["sections"][0]["paragraphs"][0]["text"].startswith("党组织承诺0件")


async def test_a_template_is_the_departments(
    client: httpx.AsyncClient, branch: UUID, put: Put
) -> None:
    shown = await client.get(f"{TEMPLATE_URL}?district_code=231005")
    assert shown.headers["etag"] == '"1"'
    assert shown.json()["is_own"] is False
    url = f"{TEMPLATE_URL}/231005"
    none = await client.delete(url, headers={"if-match": '"1"'})
    assert none.json()["type"] == "/problems/no-own-template"
    assert (await put(TEMPLATE, 2)).status_code == 412
    made = await put(TEMPLATE, 1)
    assert (made.json()["version"], made.json()["is_own"]) == (2, True)
    assert (await put(TEMPLATE, 1)).status_code == 412
    again = await put(TEMPLATE | {"title": "二"}, 2)
    assert again.json()["version"] == 3
    assert (await client.delete(url, headers={"if-match": '"2"'})).status_code == 412
    assert (await client.delete(url)).status_code == 428
    assert (await client.delete(url, headers={"if-match": '"3"'})).status_code == 204
    gone = await client.delete(url, headers={"if-match": '"4"'})
    assert gone.json()["type"] == "/problems/no-own-template"
    back = (await client.get(f"{TEMPLATE_URL}?district_code=231005")).json()
    assert (back["version"], back["is_own"], back["title"]) == (4, False, shown.json()["title"])
    assert (await put(TEMPLATE, 4)).json()["version"] == 5


async def test_a_template_names_figures_that_there_are(branch: UUID, put: Put) -> None:
    wrong = {
        "title": "x",
        "sections": [{"title": "x", "paragraphs": ["{no_such}和{org_pledges_open}"]}],
    }
    answer = await put(wrong, 1)
    assert answer.status_code == 422
    assert answer.json()["type"] == "/problems/no-such-figure"
    assert "no_such" in answer.json()["detail"]


async def test_who_may_not(
    client: httpx.AsyncClient, doors: Any, session: AsyncSession, branch: UUID, put: Put
) -> None:
    assert (await put(TEMPLATE, 1, "231004")).status_code == 404
    name = await make_account(session, organization_id=branch, role=Role.ORGANIZATION_CLERK)
    client.headers.update(await signed_in(doors, session, name))
    assert (await put(TEMPLATE, 1)).status_code == 403
    assert (await client.get("/reports/annual?district_code=231004")).status_code == 404
    assert (await client.get("/reports/annual")).status_code == 200


async def test_a_draft_is_checked_against_the_records(
    client: httpx.AsyncClient, branch: UUID
) -> None:
    draft = "党组织承诺2件事项，完成2件，承诺完成率为50%。另有7件。"
    told = (await client.post("/reports/checks", json={"text": draft})).json()
    assert (told["matched"], told["differing"], told["unknown"]) == (2, 1, 1)
    wrong = told["numbers"][1]
    assert draft[wrong["start"] : wrong["end"]] == "2"
    assert (wrong["figure_id"], wrong["expected"]) == ("org_pledges_done", "1")
    rows = (await client.get(wrong["rows"].removeprefix("/v1"))).json()["items"]
    assert len(rows) == 1
