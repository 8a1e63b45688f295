"""Rows of closings: a period before everything that the world holds, so nothing drifts."""

from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.closings import service
from app.closings.schemas import FigureClosingNew
from tests.make.organizations import everything
from tests.matrix import rights, world
from tests.matrix.cells import Ask, Cell, Cells, each, ids_of, row
from tests.matrix.organizations import first_of
from tests.matrix.rights import CALLERS, DISTRICTS, NOWHERE, Who
from tests.matrix.world import Ids

SEE, URL = "organizations:read", "/v1/figure-closings"
DAYS = {code: f"2000-01-{n:02}" for n, code in enumerate(DISTRICTS, 1)}
world.NAMED += [f"closing {code}" for code in DISTRICTS]
world.CURSORS |= {"figure closings": ("province_department", f"{URL}?")}


def _new(code: str, last: str = "2000-01-31") -> dict[str, str]:
    return {"district_code": code, "first_on": "2000-01-01", "last_on": last}


async def fill(session: AsyncSession, ids: Ids) -> None:
    """Close some days of each district."""
    for code, last in DAYS.items():
        new = FigureClosingNew.model_validate(_new(code, last))
        made = await service.close(session, everything(code), new)
        ids.things[f"closing {code}"] = str(made)


world.FILLS.append(fill)


def _seen(who: Who) -> list[str]:
    return [code for code in DISTRICTS if code in rights.districts(who, SEE)]


@row()
def list_figure_closings(ids: Ids, who: Who) -> Cells:
    things = {code: ids.things[f"closing {code}"] for code in DISTRICTS}
    seen = _seen(who)
    mine = sorted(things[code] for code in seen)
    yield Cell("list", "all", Ask("GET", URL), 200, read=ids_of, exactly=mine)
    for code in DISTRICTS:
        ask = Ask("GET", f"{URL}?district_code={code}")
        found = [things[code]] if code in seen else []
        yield Cell("filter", code, ask, 200, read=ids_of, exactly=found)
    first = ([things[code] for code in seen[:1]], len(seen) > 1)
    ask = Ask("GET", f"{URL}?sort=last_on&limit=1")
    yield Cell("page", "all", ask, 200, read=first_of, exactly=first)
    yield Cell("sort", "all", Ask("GET", f"{URL}?sort=-last_on"), 200, read=ids_of, exactly=mine)
    last = _seen(CALLERS["province_department"])[-1]
    behind = sorted(things[code] for code in seen if DAYS[code] < DAYS[last])
    ask = Ask("GET", f"{URL}?after={ids.cursors.get('figure closings')}")
    yield Cell("cursor", "all", ask, 200, read=ids_of, exactly=behind)


@row()
def close_figures(ids: Ids, who: Who) -> Cells:
    yield from each(
        "nested",
        {code: code for code in DISTRICTS},
        lambda code: Ask("POST", URL, _new(code)),
        sees=rights.districts(who, SEE).__contains__,
        may=rights.whole(who, "reports:configure").__contains__,
        unknown=NOWHERE,
        done=201,
    )


def _shows(ids: Ids, who: Who, more: str, read: Any, told: Any) -> Cells:
    yield from each(
        "id",
        {code: ids.things[f"closing {code}"] for code in DISTRICTS},
        lambda i: Ask("GET", f"{URL}/{i}{more}"),
        sees=rights.districts(who, SEE).__contains__,
        unknown=ids.unknown,
        read=read,
        exactly=told,
    )


@row()
def get_figure_closing(ids: Ids, who: Who) -> Cells:
    def read(answer: Any) -> Any:
        told = answer.json()
        return told["is_intact"], "org_pledges_total" in [f["id"] for f in told["figures"]]

    whole = rights.whole(who, "pledges:read")
    yield from _shows(ids, who, "", read, lambda code: (True, code in whole))


@row()
def get_figure_drift(ids: Ids, who: Who) -> Cells:
    nothing = {"is_intact": True, "figures": [], "edits": []}
    yield from _shows(ids, who, "/drift", lambda answer: answer.json(), lambda _: nothing)
