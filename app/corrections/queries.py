"""Reading what was told of past days and is told otherwise now."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import (
    Date,
    Integer,
    Row,
    String,
    Uuid,
    and_,
    case,
    cast,
    func,
    literal,
    literal_column,
    null,
    or_,
    select,
    true,
    tuple_,
    union_all,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import aliased

from app.core import clock
from app.core.caller import Caller, Permission, Subtree
from app.core.dated import on_day
from app.core.db import Reader
from app.core.pages import Rows, page
from app.corrections.schemas import CorrectionListParams
from app.corrections.types import Subject
from app.members.models import Member, Membership, membership_history
from app.organizations import queries as organizations
from app.organizations.models import OrganizationState, organization_state_history
from app.organizations.queries import AnySelect, in_subtrees, stood_as

State = OrganizationState
_STATED = (
    "parent_id",
    "name",
    "kind",
    "sector",
    "is_grid",
    "founded_on",
    "term_started_on",
    "due_on",
)
_BELONGED = ("organization_id", "category", "status")
DAYS = 31


def _corrected(
    model: Any, history: Any, subject: str, facts: Sequence[str], window: tuple[date, date]
) -> Any:
    """Select superseded rows that told something else of a past day than is told now.

    A row gives way when it ends too: that corrects nothing unless it ended before the day on which
    that was recorded. Columns: `old` facts and `now` facts, each null where nothing is told.
    """
    table, old, shift = model.__table__, history.alias("old"), _shift()
    same_row = (old.c.district_code, old.c.id)
    later = union_all(
        *(
            select(*(of.c[n] for n in (*facts, "id", "valid_from", "valid_to")), until)
            .where(tuple_(of.c.district_code, of.c.id) == tuple_(*same_row), is_later)
            .correlate(old)
            for of, until, is_later in (
                (history, history.c.superseded_at, history.c.superseded_at > old.c.superseded_at),
                (table, null().label("superseded_at"), true()),
            )
        )
    ).subquery("later")
    rest = select(later).order_by(later.c.superseded_at.asc().nulls_last()).limit(1)
    after = rest.lateral("after")
    differs = tuple_(*(old.c[f] for f in facts)).is_distinct_from(
        tuple_(*(after.c[f] for f in facts))
    )
    since = case(
        (or_(after.c.id.is_(None), differs), old.c.valid_from),
        (
            after.c.valid_from != old.c.valid_from,
            func.least(old.c.valid_from, after.c.valid_from),
        ),
        (
            after.c.valid_to.is_distinct_from(old.c.valid_to),
            func.least(old.c.valid_to, after.c.valid_to),
        ),
    )
    begin, end = (
        datetime.combine(day - timedelta(days=shift), time(), clock.SHANGHAI)
        for day in (window[0], window[1] + timedelta(days=1))
    )
    recorded_on = cast(func.timezone(str(clock.SHANGHAI), old.c.superseded_at), Date)
    rows = (
        select(*(c for c in old.c if c.key != "valid"), since.label("since"))
        .select_from(old.outerjoin(after, true()))
        .where(old.c.superseded_at >= begin, old.c.superseded_at < end)
        .where(since < recorded_on + cast(shift, Integer))
        .subquery("corrected")
    )
    now = aliased(model, name="now")
    stands = and_(
        now.district_code == rows.c.district_code,
        getattr(now, subject) == rows.c[subject],
        on_day(now, rows.c.since),
    )
    told = on_day(rows.c, rows.c.since)
    was = [case((told, rows.c[f])).label(f"old_{f}") for f in facts]
    shown = select(
        rows.c.district_code,
        rows.c.id,
        rows.c[subject].label("subject_id"),
        rows.c.since,
        rows.c.recorded_at.label("told_at"),
        rows.c.superseded_at.label("corrected_at"),
        *was,
        *(getattr(now, f).label(f"now_{f}") for f in facts),
    ).outerjoin_from(rows, now, stands)
    is_other = tuple_(*was).is_distinct_from(tuple_(*(getattr(now, f) for f in facts)))
    return shown.where(is_other).subquery()


def _shift() -> int:
    """Count the days by which a pinned today lies ahead: recorded days go along with it."""
    return (clock.today() - clock.now().astimezone(clock.SHANGHAI).date()).days


def _json(side: str, facts: Mapping[str, Any], present: Any) -> Any:
    pairs: list[Any] = []
    for name, value in facts.items():
        pairs += literal_column(f"'{name}'"), value
    return case((present.is_not(None), func.jsonb_build_object(*pairs, type_=JSONB))).label(side)


def _of_organizations(places: Sequence[Subtree], window: tuple[date, date]) -> AnySelect:
    c = _corrected(State, organization_state_history, "organization_id", _STATED, window).c
    stands = stood_as(c.district_code, c.subject_id, clock.today())
    sides = {
        name: _json(name, {f: c[f"{side}_{f}"] for f in _STATED}, c[f"{side}_name"])
        for name, side in (("told", "old"), ("now", "now"))
    }
    return (
        select(
            c.id,
            literal(Subject.ORGANIZATION.value).label("subject"),
            c.subject_id.label("organization_id"),
            cast(null(), Uuid()).label("member_id"),
            cast(null(), String()).label("member_name"),
            c.since.label("valid_from"),
            *sides.values(),
            c.told_at,
            c.corrected_at,
        )
        .join(State, stands)
        .where(in_subtrees(places))
    )


def _of_memberships(places: Sequence[Subtree], window: tuple[date, date]) -> AnySelect:
    """Select corrected memberships; either organisation may be out of sight, not both."""
    c = _corrected(Membership, membership_history, "member_id", _BELONGED, window).c
    today, sides, seen = clock.today(), [], []
    rows = select(c.id).join(
        Member, and_(Member.district_code == c.district_code, Member.id == c.subject_id)
    )
    for name, side in (("told", "old"), ("now", "now")):
        state = aliased(State, name=f"{side}_state")
        organization_id = c[f"{side}_organization_id"]
        rows = rows.outerjoin(state, stood_as(c.district_code, organization_id, today, state))
        in_sight = in_subtrees(places, state)
        seen.append(in_sight)
        facts = {
            "organization_id": case((in_sight, organization_id)),
            "organization_name": case((in_sight, state.name)),
            "category": c[f"{side}_category"],
            "status": c[f"{side}_status"],
        }
        sides.append(_json(name, facts, c[f"{side}_status"]))
    return rows.with_only_columns(
        c.id,
        literal(Subject.MEMBERSHIP.value).label("subject"),
        cast(null(), Uuid()).label("organization_id"),
        c.subject_id.label("member_id"),
        Member.name.label("member_name"),
        c.since.label("valid_from"),
        *sides,
        c.told_at,
        c.corrected_at,
    ).where(or_(*seen))


async def corrections(
    on: Reader, caller: Caller, params: CorrectionListParams
) -> Rows[Row[*tuple[Any, ...]]]:
    """List what was changed in retrospect; raise `NotFound` for `within` out of sight.

    Where an organisation stands today says who may see what was told of it.
    """
    today = clock.today()
    places = await organizations.asked(on, caller, params.within, today, Permission.MEMBERS_READ)
    final = params.last or today
    window = params.first or final - timedelta(days=DAYS), final
    of = {Subject.ORGANIZATION: _of_organizations, Subject.MEMBERSHIP: _of_memberships}
    chosen = [build(places, window) for s, build in of.items() if params.subject in (None, s)]
    listed = union_all(*chosen).subquery()
    sorts = {"corrected_at": listed.c.corrected_at}
    name = "corrections"
    return await page(on, select(listed), sorts, params.sort, params, of=name, tie=listed.c.id)
