"""The early warning from the records."""

from datetime import date
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.rules import service as rules
from app.rules.schemas import SettingNew
from tests.make.changes import move, restate
from tests.make.forecasts import make_members
from tests.make.organizations import DISTRICT, everything, make_organization

BEGIN, TODAY = date(2018, 1, 1), date(2019, 12, 31)


async def told(client: httpx.AsyncClient, query: str = "") -> Any:
    answer = await client.get(f"/rules/warnings?{query}")
    assert answer.status_code == 200, answer.text
    return answer.json()


def short(found: Any) -> list[tuple[Any, ...]]:
    """Name what a list tells."""
    names = ("organization_name", "rule", "cause", "month", "headcount", "expected")
    return [tuple(item[n] for n in names) for item in found["items"]]


async def test_warnings_from_dated_records(
    client: httpx.AsyncClient, session: AsyncSession, root: UUID
) -> None:
    clock.pin(BEGIN)
    made = {}
    for name in ("升", "降", "并", "平", "转"):
        general = await make_organization(session, root, kind="general_branch", name=f"{name}总支")
        made[name] = general, await make_organization(session, general, name=f"{name}支部")
    for name, count in (("升", 90), ("降", 15), ("并", 95), ("平", 60), ("转", 100)):
        await make_members(session, made[name][1], count, BEGIN)
    extra = await make_organization(session, root, name="零散支部")
    await make_members(session, extra, 6, BEGIN)
    clock.pin(TODAY)
    # 升: six came in the last year, so it goes on to 102; four of them later than a half year ago
    await make_members(session, made["升"][1], 2, date(2019, 2, 1))
    await make_members(session, made["升"][1], 4, date(2019, 8, 1))
    # 降: seven are known to leave in April; two came long ago and count
    await make_members(session, made["降"][1], 7, BEGIN, date(2020, 4, 2))
    # 并: a branch of six will be put under it in June
    await move(session, extra, made["并"][0], date(2020, 6, 15))
    # 转: one is to come in February, but from January on it is a committee
    await make_members(session, made["转"][1], 1, date(2020, 2, 1))
    await restate(session, made["转"][0], date(2020, 1, 15), kind="party_committee")
    found = await told(client)
    assert short(found) == [
        ("降总支", "under_lower", "dated", 4, 22, 15),
        ("并总支", "over_upper", "dated", 6, 95, 101),
        ("升总支", "over_upper", "trend", 10, 96, 101),
    ]
    assert (found["judged"], found["without_trend"], found["as_of"]) == (5, 0, "2019-12-31")
    falls, merges, grows = found["items"]
    assert (falls["threshold"], falls["operator"], falls["on"]) == (20, "<", "2020-04-30")
    assert falls["suggestion"] == "downgrade_to_branch"
    assert (merges["joined"], merges["left"], merges["months_back"]) == (0, 0, 12)
    assert (grows["joined"], grows["left"]) == (6, 0)
    first = await told(client, "limit=1")
    rest = await told(client, f"after={first['next']}")
    assert short(first) + short(rest) == short(found)
    assert short(await told(client, f"within={made['并'][0]}")) == short(found)[1:2]
    # a branch is judged when it is asked about
    assert "升支部" in {w[0] for w in short(await told(client, "kind=party_branch"))}
    # five months after the first day nothing can be said of a trend
    early = await told(client, "as_of=2018-06-30")
    assert (early["judged"], early["without_trend"]) == (5, 5)
    assert (await told(client, "as_of=2018-07-01"))["without_trend"] == 0
    # the limits are the district's own
    limits = {"upper": 60, "lower": 5, "valid_from": TODAY, "is_enabled": True}
    new = SettingNew.model_validate({"district_code": DISTRICT} | limits)
    await rules.configure(session, everything(), "owner_headcount", new)
    assert short(await told(client)) == []
