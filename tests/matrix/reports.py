"""Rows of reports, their templates and checks."""

from typing import Any

from tests.matrix import rights
from tests.matrix.cells import Ask, Cell, Cells, row, versions
from tests.matrix.rights import DISTRICTS, FAR, HOME, NOWHERE, Who
from tests.matrix.world import Ids

SEE = "organizations:read"
ANNUAL = "/v1/reports/annual"
TEMPLATE = {
    "title": "报告",
    "sections": [{"title": "一", "paragraphs": ["{org_pledges_total}件"], "charts": []}],
}


def _of_one(ids: Ids, who: Who, ask: Any) -> Cells:
    """Ask for a district, a subtree, and for all: a report is of one district."""
    codes = rights.districts(who, SEE)
    everything = 200 if len(codes) == 1 else 422 if codes else 403
    yield Cell("list", "all", ask(""), everything)
    for code in (HOME, FAR):
        if code in codes:
            yield Cell("filter", code, ask(f"district_code={code}"), 200)
        else:
            nothing = ask(f"district_code={NOWHERE}")
            yield Cell("filter", code, ask(f"district_code={code}"), 404, nothing)
    seen = rights.nodes(who, SEE)
    nothing = ask(f"within={ids.unknown}")
    for node in ("own", "sibling", "far"):
        here = ask(f"within={ids.nodes[node]}")
        if not codes:
            yield Cell("filter", node, here, 403)
        elif node in seen:
            yield Cell("filter", node, here, 200)
        else:
            yield Cell("filter", node, here, 404, nothing)


@row()
def get_annual_report(ids: Ids, who: Who) -> Cells:
    yield from _of_one(ids, who, lambda q: Ask("GET", f"{ANNUAL}?{q}".removesuffix("?")))
    codes = rights.districts(who, SEE)
    status = 200 if len(codes) == 1 else 422 if codes else 403
    made = Ask("GET", f"{ANNUAL}?format=markdown&as_of=2019-12-31&from=2019-01-01&to=2019-12-31")
    yield Cell("export", "all", made, status)
    yield Cell("day", "all", Ask("GET", f"{ANNUAL}?as_of=2019-12-30"), status)


@row()
def get_report_chart(ids: Ids, who: Who) -> Cells:
    url = f"{ANNUAL}/charts/0"
    codes = rights.districts(who, SEE)
    status = 200 if len(codes) == 1 else 422 if codes else 403
    made = Ask("GET", f"{url}?as_of=2019-12-31&from=2019-01-01&to=2019-12-31")
    yield Cell("day", "all", made, status)
    yield from _of_one(ids, who, lambda q: Ask("GET", f"{url}?{q}".removesuffix("?")))
    if len(codes) == 1:
        unknown = Ask("GET", f"{ANNUAL}/charts/200")
        yield Cell("id", "unknown", unknown, 404, unknown)


@row()
def check_draft(ids: Ids, who: Who) -> Cells:
    def ask(query: str) -> Ask:
        name, _, value = query.partition("=")
        body = {"text": "完成3件"} | ({name: value} if name else {})
        return Ask("POST", "/v1/reports/checks", body)

    yield from _of_one(ids, who, ask)


@row()
def get_report_template(ids: Ids, who: Who) -> Cells:
    for code in DISTRICTS:
        ask = Ask("GET", f"{ANNUAL}/template?district_code={code}")
        if code in rights.districts(who, SEE):
            yield Cell("filter", code, ask, 200)
        else:
            nothing = Ask("GET", f"{ANNUAL}/template?district_code={NOWHERE}")
            yield Cell("filter", code, ask, 404, nothing)


def _changed(who: Who, method: str, body: Any, done: int) -> Cells:
    yield from versions(
        {c: c for c in DISTRICTS},
        lambda code, header: Ask(method, f"{ANNUAL}/template/{code}", body, header),
        sees=rights.districts(who, SEE).__contains__,
        may=rights.whole(who, "reports:configure").__contains__,
        unknown=NOWHERE,
        done=done,
    )


@row()
def set_report_template(ids: Ids, who: Who) -> Cells:
    yield from _changed(who, "PUT", TEMPLATE, 200)


@row()
def remove_report_template(ids: Ids, who: Who) -> Cells:
    yield from _changed(who, "DELETE", None, 409)
