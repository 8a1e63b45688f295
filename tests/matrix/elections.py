"""The rows of elections."""

from typing import Any

import httpx

from tests.matrix import rights
from tests.matrix.cells import Ask, Cell, Cells, each, row
from tests.matrix.rights import CALLERS, NODES, Who
from tests.matrix.world import Ids

READ = "elections:read"
NOT_CHECKED = {"district_committee", "party_group"}
CALENDAR = "/v1/elections/calendar"


@row()
def check_election(ids: Ids, who: Who) -> Cells:
    body = {"engine": "election_tally", "due": 40, "present": 32}
    ask = Ask("POST", "/v1/elections/checks", body)
    yield Cell("access", "all", ask, 200, ask, "bare")


def _bodies(ids: Ids, who: Who, node: str | None = None) -> list[str]:
    """List what a caller's calendar holds: bodies without dates stand by district and id."""
    seen = rights.nodes(who, READ) & (rights.below(node) if node else {*NODES})
    bodies = [n for n in seen if NODES[n].kind not in NOT_CHECKED]
    return [ids.nodes[n] for n in sorted(bodies, key=lambda n: (NODES[n].district, ids.nodes[n]))]


def _in_order(answer: httpx.Response) -> list[str]:
    return [item["organization_id"] for item in answer.json()["items"]]


def _page(answer: httpx.Response) -> Any:
    return _in_order(answer), answer.json()["next"] is not None


@row()
def list_terms(ids: Ids, who: Who) -> Cells:
    everything = _bodies(ids, who)

    def asked(channel: str, target: str, query: str, wanted: list[str]) -> Cell:
        ask = Ask("GET", f"{CALENDAR}?{query}")
        return Cell(channel, target, ask, 200, read=_in_order, exactly=wanted)

    yield asked("list", "all", "limit=200", everything)
    yield asked("day", "all", "as_of=2019-12-30", [])
    yield asked("filter", "undated", "bucket=undated", everything)
    yield asked("filter", "overdue", "bucket=overdue", [])
    node_of = {ids.nodes[n]: n for n in NODES}
    general = [i for i in everything if NODES[node_of[i]].kind == "general_branch"]
    yield asked("filter", "general_branch", "kind=general_branch", general)
    one = Ask("GET", f"{CALENDAR}?limit=1")
    yield Cell("page", "all", one, 200, read=_page, exactly=(everything[:1], len(everything) > 1))
    order = _bodies(ids, CALLERS["province_department"])
    mark = (NODES[node_of[order[0]]].district, order[0])
    behind = [i for i in everything if (NODES[node_of[i]].district, i) > mark]
    yield asked("cursor", "all", f"after={ids.cursors.get('calendar')}", behind)
    yield from each(
        "filter",
        {n: ids.nodes[n] for n in NODES},
        lambda i: Ask("GET", f"{CALENDAR}?within={i}"),
        sees=rights.nodes(who, READ).__contains__,
        unknown=ids.unknown,
        read=_in_order,
        exactly=lambda n: _bodies(ids, who, n),
    )


def _counts(answer: httpx.Response) -> Any:
    told = answer.json()
    return told["checked"], told["undated"], told["overdue"]


@row()
def count_terms(ids: Ids, who: Who) -> Cells:
    url = "/v1/elections/overview"
    count = len(_bodies(ids, who))
    yield Cell("count", "all", Ask("GET", url), 200, read=_counts, exactly=(count, count, 0))
    past = Ask("GET", f"{url}?as_of=2019-12-30")
    yield Cell("day", "all", past, 200, read=_counts, exactly=(0, 0, 0))
    yield from each(
        "filter",
        {n: ids.nodes[n] for n in NODES},
        lambda i: Ask("GET", f"{url}?within={i}"),
        sees=rights.nodes(who, READ).__contains__,
        unknown=ids.unknown,
        read=_counts,
        exactly=lambda n: (len(_bodies(ids, who, n)), len(_bodies(ids, who, n)), 0),
    )
