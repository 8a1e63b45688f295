"""Reading feeds: one's own, and what each shows to whoever has its address."""

from typing import Any
from uuid import UUID

from sqlalchemy import Row, select

from app.access import queries as access
from app.access.service import token_hash
from app.core import clock
from app.core.caller import Caller, Permission
from app.core.db import Doors, Executor
from app.core.errors import NotFound
from app.core.pages import Rows, fetch_one, page
from app.organizations import queries as organizations
from app.organizations.queries import AnyRow, AnySelect
from app.reminders import logic
from app.reminders.models import CalendarFeed
from app.reminders.schemas import FeedListParams
from app.reminders.types import Event
from app.terms import queries as terms

READ = Permission.ELECTIONS_READ


def visible(caller: Caller) -> AnySelect:
    """Select the caller's own feeds."""
    return select(
        CalendarFeed.id,
        CalendarFeed.organization_id.label("within"),
        CalendarFeed.created_at,
    ).where(CalendarFeed.account_id == caller.account_id)


async def find(on: Executor, caller: Caller, params: FeedListParams) -> Rows[Row[*tuple[Any, ...]]]:
    """List a page of the caller's feeds, the newest first."""
    tie = CalendarFeed.id.expression
    return await page(on, visible(caller), {"id": tie}, "-id", params, of="feeds", tie=tie)


async def get(on: Executor, caller: Caller, feed_id: UUID) -> AnyRow:
    """Fetch one feed, or raise `NotFound`."""
    return await fetch_one(on, visible(caller).where(CalendarFeed.id == feed_id))


async def feed_of(doors: Doors, token: str) -> AnyRow:
    """Find the feed that has this token, or raise `NotFound`."""
    rows = select(CalendarFeed.id, CalendarFeed.account_id, CalendarFeed.organization_id)
    rows = rows.where(CalendarFeed.token_hash == token_hash(token))
    row = (await doors.reading([]).execute(rows)).first()
    if row is None:
        raise NotFound
    return row


async def shown(doors: Doors, feed: AnyRow) -> tuple[Event, ...]:
    """List what a feed shows today, by the rights that its account has now.

    Raises `NotFound` where the account is disabled or has lost the right there.
    """
    day = clock.today()
    caller = await access.load_holder(doors, feed.account_id, day)
    if caller is None:
        raise NotFound
    on, places = doors.reading(caller.districts), caller.subtrees(READ)
    if not places:
        raise NotFound
    if feed.organization_id is not None:
        places = [await organizations.subtree(on, caller, feed.organization_id, day, READ)]
    found, _ = await terms.entries(on, places, day)
    return logic.events(terms.pack(), found)
