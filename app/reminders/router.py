"""Feeds of the election calendar over HTTP."""

import asyncio
import re
import time
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Header, Query, Request, Response, status

from app.core import clock
from app.core.errors import Forbidden, NotFound
from app.core.http import CallerDep, KeylessRoute, OpenRoute, ReadDep, Route, SessionDep, doors
from app.core.problems import declare
from app.core.schemas import Id, Page
from app.organizations.errors import NotStanding
from app.reminders import logic, queries, service
from app.reminders.errors import ReadTooOften, TooManyFeeds
from app.reminders.schemas import FeedListParams, FeedMade, FeedNew, FeedOut

READS_A_MINUTE, REMEMBERED = 30, 10_000
_TOKEN = re.compile("[A-Za-z0-9_-]{43}")
_CALENDAR = "text/calendar; charset=utf-8"

router = APIRouter(tags=["feeds"], route_class=Route)
secret = APIRouter(tags=["feeds"], route_class=KeylessRoute)
public = APIRouter(tags=["feeds"], route_class=OpenRoute)


class Reads:
    """How often each feed was read, by this process, in the minute that goes on."""

    def __init__(self) -> None:
        self._minute, self._counts = 0, dict[UUID, int]()

    def count(self, feed_id: UUID) -> None:
        """Count a read, or raise `ReadTooOften`."""
        minute = int(time.monotonic() // 60)
        if minute != self._minute or len(self._counts) >= REMEMBERED:
            self._minute, self._counts = minute, {}
        self._counts[feed_id] = count = self._counts.get(feed_id, 0) + 1
        if count > READS_A_MINUTE:
            raise ReadTooOften


@router.get("/feeds", response_model=Page[FeedOut])
async def list_feeds(
    on: ReadDep, caller: CallerDep, params: Annotated[FeedListParams, Query()]
) -> Any:
    """List your own feeds, the newest first, without their addresses (日历订阅)."""
    return await queries.find(on, caller, params)


@secret.post(
    "/feeds",
    status_code=status.HTTP_201_CREATED,
    responses=declare(NotFound, Forbidden, NotStanding, TooManyFeeds),
)
async def make_feed(session: SessionDep, caller: CallerDep, new: FeedNew) -> FeedMade:
    """Make a feed of the election calendar; its secret address is shown once (新建日历订阅)."""
    made, token = await service.make_feed(session, caller, new.within)
    feed = FeedOut.model_validate(await queries.get(session, caller, made))
    return FeedMade(**feed.model_dump(), path=f"/feeds/{token}.ics")


@router.delete(
    "/feeds/{feed_id}", status_code=status.HTTP_204_NO_CONTENT, responses=declare(NotFound)
)
async def revoke_feed(session: SessionDep, caller: CallerDep, feed_id: Id) -> None:
    """Revoke a feed of yours: its address opens nothing from now on (撤销日历订阅)."""
    await service.revoke_feed(session, caller, feed_id)


@public.get(
    "/feeds/{token}.ics",
    response_class=Response,
    responses=declare(NotFound, ReadTooOften)
    | {200: {"description": "iCalendar (RFC 5545)", "content": {"text/calendar": {}}}},
)
async def read_feed(
    request: Request, token: str, if_none_match: Annotated[str | None, Header()] = None
) -> Response:
    """Read the election calendar of a feed, by the rights of its account now (读取日历)."""
    if not _TOKEN.fullmatch(token):
        raise NotFound
    feed = await queries.feed_of(doors(request), token)
    reads: Reads = request.app.state.feed_reads
    reads.count(feed.id)
    found, day = await queries.shown(doors(request), feed), clock.today()
    headers = {"ETag": logic.tag_of(found, day), "Cache-Control": "private, no-cache"}
    if if_none_match == headers["ETag"]:
        return Response(status_code=status.HTTP_304_NOT_MODIFIED, headers=headers)
    body = await asyncio.to_thread(logic.written, found, day)
    return Response(body, media_type=_CALENDAR, headers=headers)
