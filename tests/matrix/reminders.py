"""Rows of feeds of the election calendar."""

from datetime import timedelta
from uuid import UUID

import httpx
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.service import token_hash
from app.core.db import new_id
from app.reminders.models import CalendarFeed, ElectionReminder
from app.reminders.types import ReminderKind
from tests.long import real
from tests.matrix import rights, world
from tests.matrix.cells import Ask, Cell, Cells, each, in_order, row
from tests.matrix.others import first_of
from tests.matrix.rights import CALLERS, NODES, Who
from tests.matrix.world import Ids

READ = "elections:read"
FEEDS = {
    "feed_whole": ("department", None),
    "feed_part": ("department", "own"),
    "feed_clerk": ("clerk", "own"),
    "feed_prefecture": ("prefecture_reader", None),
    "feed_disabled": ("disabled", None),
    "feed_bare": ("bare", None),  # of one who has no right any more
    "feed_lost": ("sibling_clerk", "own"),
}
"""Whose they are, and what they show."""
TOKENS = {key: key.ljust(43, "-") for key in FEEDS}


async def fill(session: AsyncSession, ids: Ids) -> None:
    """Make the feeds, and note reminders that were sent."""
    for key, (who, node) in FEEDS.items():
        feed = CalendarFeed(
            id=new_id(),
            account_id=UUID(ids.accounts[who]),
            token_hash=token_hash(TOKENS[key]),
            district_code=NODES[node].district if node else None,
            organization_id=UUID(ids.nodes[node]) if node else None,
        )
        session.add(feed)
        ids.things[key] = str(feed.id)
    for node in ("own", "near", "far"):
        session.add(
            ElectionReminder(
                district_code=NODES[node].district,
                organization_id=UUID(ids.nodes[node]),
                due_on=real.TODAY + timedelta(days=30),
                falls_on=real.TODAY,
                kind=ReminderKind.SOON,
                sent_on=real.TODAY,
            )
        )
    await session.flush()


world.FILLS.append(fill)
world.NAMED += [*FEEDS]
world.CURSORS["feeds"] = ("department", "/v1/feeds?")


def _own(who: Who) -> list[str]:
    return [key for key, (owner, _) in FEEDS.items() if owner == who.key]


@row()
def list_feeds(ids: Ids, who: Who) -> Cells:
    own = sorted((ids.things[key] for key in _own(who)), reverse=True)
    ask = Ask("GET", "/v1/feeds")
    # a feed keeps the id of what it showed, also when that is out of sight now
    kept = tuple(ids.nodes[node] for key in _own(who) if (node := FEEDS[key][1]))
    yield Cell("list", "own", ask, 200, read=in_order, exactly=own, known=kept)
    page = own[:1], len(own) > 1
    one = Ask("GET", "/v1/feeds?limit=1")
    yield Cell("page", "own", one, 200, read=first_of, exactly=page, known=kept)
    mark = max(ids.things["feed_whole"], ids.things["feed_part"])
    behind = [i for i in own if i < mark]
    after = Ask("GET", f"/v1/feeds?after={ids.cursors.get('feeds')}")
    yield Cell("cursor", "own", after, 200, read=in_order, exactly=behind, known=kept)


@row()
def make_feed(ids: Ids, who: Who) -> Cells:
    reads = rights.nodes(who, READ)
    yield from each(
        "nested",
        {n: ids.nodes[n] for n in ("root", "parent", "own", "child", "sibling", "near", "far")},
        lambda i: Ask("POST", "/v1/feeds", {"within": i}),
        sees=rights.nodes(who).__contains__,
        may=reads.__contains__,
        unknown=ids.unknown,
        done=201,
    )
    yield Cell("access", "whole", Ask("POST", "/v1/feeds", {}), 201 if reads else 403)


@row()
def revoke_feed(ids: Ids, who: Who) -> Cells:
    yield from each(
        "id",
        {key: ids.things[key] for key in FEEDS},
        lambda i: Ask("DELETE", f"/v1/feeds/{i}"),
        sees=_own(who).__contains__,
        unknown=ids.unknown,
        done=204,
    )


def _is_calendar(answer: httpx.Response) -> bool:
    return answer.content.startswith(b"BEGIN:VCALENDAR")


@row(is_open=True)
def read_feed(ids: Ids, who: Who) -> Cells:
    """Whoever has the address reads it; here each has the own, and those that open nothing."""
    unknown = Ask("GET", f"/feeds/{'A' * 43}.ics")
    for key, (owner, node) in FEEDS.items():
        ask = Ask("GET", f"/feeds/{TOKENS[key]}.ics")
        reads = rights.nodes(CALLERS[owner], READ)
        if CALLERS[owner].is_out or not reads or (node and node not in reads):
            yield Cell("id", key, ask, 404, unknown, "none")
        elif owner == who.key:
            yield Cell("id", key, ask, 200, read=_is_calendar, exactly=True)
