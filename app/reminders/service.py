"""Reminding of elections, and making feeds of the calendar."""

import secrets
from collections.abc import Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.models import Account
from app.access.service import token_hash
from app.core import audit
from app.core.caller import Caller, Subtree
from app.core.dated import on_day
from app.core.db import new_id
from app.core.errors import Forbidden, NotFound
from app.messages import queries as messages
from app.messages.service import tell
from app.messages.types import MessageKind, Notice
from app.organizations import queries as organizations
from app.organizations.errors import NotStanding
from app.organizations.models import OrganizationState as State
from app.organizations.types import OrganizationStatus
from app.reminders import logic
from app.reminders.errors import TooManyFeeds
from app.reminders.models import CalendarFeed, ElectionReminder
from app.reminders.queries import READ
from app.reminders.types import ReminderKind
from app.terms import queries as terms
from app.terms.types import Entry


async def make_feed(session: AsyncSession, caller: Caller, within: UUID | None) -> tuple[UUID, str]:
    """Make a feed for the caller; give its id and its token, which is kept nowhere.

    Raises `NotFound`, `Forbidden`, `NotStanding` or `TooManyFeeds`.
    """
    code = None
    if within is not None:
        found = await organizations.get(session, caller, within)
        caller.require(READ, at=Subtree(found.district_code, found.path))
        if found.status != OrganizationStatus.ACTIVE:
            raise NotStanding
        code = found.district_code
    elif not caller.subtrees(READ):
        raise Forbidden(permission=READ.value)
    mine = select(Account.id).where(Account.id == caller.account_id)
    await session.execute(mine.with_for_update())  # one at a time
    kept = select(func.count()).where(CalendarFeed.account_id == caller.account_id)
    if (await session.scalar(kept) or 0) >= logic.MOST_FEEDS:
        raise TooManyFeeds
    token = secrets.token_urlsafe(32)
    feed = CalendarFeed(
        id=new_id(),
        account_id=caller.account_id,
        token_hash=token_hash(token),
        district_code=code,
        organization_id=within,
    )
    session.add(feed)
    await session.flush()
    audit.record(session, code or caller.home_code, ("feed", feed.id), after={"within": within})
    return feed.id, token


async def revoke_feed(session: AsyncSession, caller: Caller, feed_id: UUID) -> None:
    """Revoke a feed of the caller's: its address opens nothing from now on. Raises `NotFound`."""
    mine = CalendarFeed.account_id == caller.account_id, CalendarFeed.id == feed_id
    gone = delete(CalendarFeed).where(*mine).returning(CalendarFeed.id)
    if await session.scalar(gone) is None:
        raise NotFound
    audit.record(session, caller.home_code, ("feed", feed_id))


async def remind(
    session: AsyncSession, code: str, entries: Sequence[Entry], day: date
) -> tuple[int, int]:
    """Send a district's reminders that have fallen due and were not sent yet.

    Gives how many were sent and how many messages came of them. Of two that run at once each
    reminder is sent by the one that first notes it: the other waits for that one's commit.
    """
    pack = terms.pack()
    due = {}
    for entry in entries:
        end = logic.end_of(entry)
        reminder = logic.fallen_due(pack, end, day) if end else None
        if end is not None and reminder is not None:
            due[entry.organization_id] = entry, end, reminder
    rows = [
        {
            "district_code": code,
            "organization_id": organization_id,
            "due_on": end,
            "falls_on": reminder.falls_on,
            "kind": reminder.kind,
            "sent_on": day,
        }
        for organization_id, (_, end, reminder) in sorted(due.items())
    ]
    if not rows:
        return 0, 0
    noted = insert(ElectionReminder).on_conflict_do_nothing()
    new = await session.scalars(noted.returning(ElectionReminder.organization_id), rows)
    fresh = sorted(new)
    if not fresh:
        return 0, 0
    above = await _above(session, code, fresh, day)
    takers = await messages.consenting(session, code, MessageKind.ELECTION, day)
    told = 0
    for organization_id in fresh:
        entry, end, reminder = due[organization_id]
        kind = ReminderKind(reminder.kind)
        told += await tell(
            session,
            code,
            MessageKind.ELECTION,
            ("organization", organization_id),
            logic.title_of(kind, entry.organization_name, end),
            organizations={organization_id, *above.get(organization_id, ())},
            department=True,
            accounts=takers.get(organization_id, ()),
            notice=Notice(entry.organization_name, end, logic.REMARKS[kind]),
        )
    return len(fresh), told


async def _above(
    session: AsyncSession, code: str, organization_ids: Sequence[UUID], day: date
) -> dict[UUID, tuple[UUID, ...]]:
    """Find the organisation right above each."""
    rows = select(State.organization_id, State.parent_id).where(
        State.district_code == code,
        State.organization_id.in_(organization_ids),
        State.parent_id.is_not(None),
        on_day(State, day),
    )
    return {row.organization_id: (row.parent_id,) for row in await session.execute(rows)}
