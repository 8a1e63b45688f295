"""The rows of figures: sums over records, and the records behind them."""

from typing import Any

import httpx

from tests.matrix import rights, world
from tests.matrix.cells import Ask, Cell, Cells, ids_of, in_order, row
from tests.matrix.organizations import first_of
from tests.matrix.pledges import PLEDGES, PUBLIC
from tests.matrix.rights import CALLERS, Who
from tests.matrix.world import Ids

READ = "pledges:read"
TOTAL = "org_pledges_total"
world.CURSORS |= {"figure rows": ("province_department", f"/v1/figures/{TOTAL}/rows?")}
NOBODYS = frozenset[str]()


def _counted(nodes: set[str]) -> list[str]:
    """Name the organisations' pledges that count, of `nodes`."""
    return [
        key
        for key, pledge in PLEDGES.items()
        if pledge.person is None and pledge.status in PUBLIC and pledge.node in nodes
    ]


def _totals(answer: httpx.Response) -> Any:
    return [f["numerator"] for f in answer.json()["items"] if f["id"] == TOTAL]


def _numerator(answer: httpx.Response) -> Any:
    return answer.json()["numerator"]


def _told(ids: Ids, who: Who, url: str, read: Any, told: Any) -> Cells:
    """Ask for all, for an earlier day, for each subtree: what is out of sight is not there."""
    seen = rights.nodes(who, READ)
    if not seen:
        yield Cell("list", "all", Ask("GET", url), 403)
        yield Cell("filter", "own", Ask("GET", f"{url}?within={ids.nodes['own']}"), 403)
        yield Cell("day", "all", Ask("GET", f"{url}?as_of=2019-12-30"), 403)
        return
    yield Cell("list", "all", Ask("GET", url), 200, read=read, exactly=told(_counted(seen)))
    before = Ask("GET", f"{url}?as_of=2019-12-30&from=2019-01-01&to=2019-12-31")
    yield Cell("day", "all", before, 200, read=read, exactly=told([]))
    nothing = Ask("GET", f"{url}?within={ids.unknown}")
    for node in ("parent", "own", "sibling", "far"):
        ask = Ask("GET", f"{url}?within={ids.nodes[node]}")
        if node in seen:
            wanted = told(_counted(rights.below(node)))
            yield Cell("filter", node, ask, 200, read=read, exactly=wanted)
        else:
            yield Cell("filter", node, ask, 404, nothing)


@row()
def list_figures(ids: Ids, who: Who) -> Cells:
    url = "/v1/figures"
    if not rights.nodes(who, READ) and rights.nodes(who, "organizations:read"):
        yield Cell("list", "all", Ask("GET", url), 200, read=_totals, exactly=[])
        return
    yield from _told(ids, who, url, _totals, lambda keys: [len(keys)])


@row()
def get_figure(ids: Ids, who: Who) -> Cells:
    yield from _told(ids, who, f"/v1/figures/{TOTAL}", _numerator, len)
    unknown = Ask("GET", "/v1/figures/no_such_figure")
    yield Cell("id", "unknown", unknown, 404, unknown, "bare")


@row()
def list_figure_rows(ids: Ids, who: Who) -> Cells:
    url = f"/v1/figures/{TOTAL}/rows"

    def told(keys: list[str]) -> list[str]:
        return sorted(ids.things[key] for key in keys)

    yield from _told(ids, who, url, ids_of, told)
    seen = rights.nodes(who, READ)
    status = 200 if seen else 403
    order = told(_counted(seen))  # all on one day: the ids decide
    rate = Ask("GET", "/v1/figures/org_pledge_rate/rows?part=denominator&sort=-happened_on")
    down = order[::-1]
    yield Cell("sort", "all", rate, status, read=in_order if seen else None, exactly=down or None)
    ask = Ask("GET", f"{url}?limit=1")
    page = (order[:1], len(order) > 1) if seen else None
    yield Cell("page", "all", ask, status, read=first_of if seen else None, exactly=page)
    province = told(_counted(rights.nodes(CALLERS["province_department"], READ)))
    behind = [i for i in order if i > province[0]] if province else []
    mark = Ask("GET", f"{url}?after={ids.cursors.get('figure rows')}")
    found = behind if seen else None
    yield Cell("cursor", "all", mark, status, read=in_order if seen else None, exactly=found)
    unknown = Ask("GET", "/v1/figures/no_such_figure/rows")
    yield Cell("id", "unknown", unknown, 404, unknown, "bare")
