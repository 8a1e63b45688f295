"""Reading the rules of terms and the calendar that the records make."""

from collections.abc import Collection, Sequence
from datetime import date
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Date, Select, and_, case, cast, func, literal, null, select

from app.core.caller import Caller, Permission, Subtree
from app.core.dated import on_day
from app.core.db import Reader
from app.core.errors import Text
from app.core.figures import Figure, FigureUnit, Window, told
from app.core.hot import Hot, param
from app.core.packs import read_pack
from app.core.pages import Rows, seal, unseal
from app.organizations import queries as organizations
from app.organizations.models import Organization
from app.organizations.models import OrganizationState as State
from app.organizations.types import OrganizationKind, Sector
from app.terms import logic
from app.terms.models import TermExtension
from app.terms.schemas import CalendarParams, OverviewParams
from app.terms.types import LOCALES, Entry, Overview, Recorded, TermPack

_UNDATED = "9999"
"""Stands behind every due date in the order of the calendar."""


@lru_cache
def pack() -> TermPack:
    """Read the rules of terms that are shipped."""
    return read_pack(TermPack, "terms", "terms")


def _extended(day: Any) -> ColumnElement[Any]:
    """Read the extension of the recorded term that was approved by `day`."""
    return (
        select(func.max(TermExtension.until))
        .where(
            TermExtension.district_code == State.district_code,
            TermExtension.organization_id == State.organization_id,
            TermExtension.due_on == func.coalesce(State.due_on, TermExtension.due_on),
            TermExtension.approved_on <= day,
        )
        .correlate(State)
        .scalar_subquery()
    )


_CHECKED = sorted(kind for kind in OrganizationKind if kind not in logic.NOT_CHECKED)


def visible(places: Sequence[Any], _: Collection[str] = ()) -> Select[*tuple[Any, ...]]:
    """Select the bodies of the subtrees whose terms a caller may see, as recorded on a day."""
    return select(
        State.district_code,
        State.organization_id,
        State.name,
        State.kind,
        State.sector,
        State.term_started_on,
        State.due_on,
        _extended(param("day", Date())).label("extended_until"),
    ).where(
        on_day(State, param("day", Date())),
        State.kind.in_(_CHECKED),
        organizations.in_subtrees(places),
    )


_visible_hot = Hot(visible)


def checked(places: Sequence[Any], day: date) -> organizations.AnySelect:
    """Select, for a figure, the bodies that the overview of `day` counts as checked."""
    stands = and_(
        State.district_code == Organization.district_code,
        State.organization_id == Organization.id,
        on_day(State, day),
    )
    rows = select().select_from(Organization).join(State, stands)
    return rows.where(State.kind.in_(_CHECKED), organizations.in_subtrees(places))


def overdue(places: Sequence[Any], day: date) -> organizations.AnySelect:
    """Select of `checked` those whose term, and its extension, ended before `day`."""
    elected = [kind for kind in _CHECKED if logic.has_term(pack(), OrganizationKind(kind))]
    ended = func.coalesce(_extended(day), due_on(pack())) < day
    return checked(places, day).where(State.kind.in_(elected), ended)


def due_on(rules: TermPack) -> ColumnElement[Any]:
    """Write in SQL what `logic.entry` gives: the recorded due date, else that of the rules."""
    whens = []
    for rule in rules.rules:
        fits: list[ColumnElement[bool]] = [State.kind.in_(sorted(rule.kinds))]
        if rule.locales is not None:
            fits.append(
                State.sector.in_(sorted(s for s, at in LOCALES.items() if at in rule.locales))
            )
        if rule.valid_from is not None:
            fits.append(State.term_started_on >= rule.valid_from)
        if rule.valid_to is not None:
            fits.append(State.term_started_on < rule.valid_to)
        years = rule.years and cast(State.term_started_on + func.make_interval(rule.years), Date)
        whens.append((and_(*fits), null() if years is None else years))
    return func.coalesce(State.due_on, case(*whens))


async def _entries(
    on: Reader, caller: Caller, params: CalendarParams | OverviewParams, day: date
) -> tuple[list[Entry], int]:
    """Read the bodies that have a term, each judged on `day`, and count those that have none."""
    read = Permission.ELECTIONS_READ
    subtrees = await organizations.asked(on, caller, params.within, day, read)
    return await entries(on, subtrees, day)


async def entries(on: Reader, subtrees: Sequence[Subtree], day: date) -> tuple[list[Entry], int]:
    """Read the bodies of `subtrees` that have a term, each judged on `day`, and count the rest."""
    rules = pack()
    found: list[Entry] = []
    without = 0
    for (
        code,
        organization_id,
        name,
        in_words,
        field,
        started,
        due,
        until,
    ) in await _visible_hot.fetch(on, subtrees, day=day):
        kind = OrganizationKind(in_words)
        if not logic.has_term(rules, kind):
            without += 1
            continue
        sector = Sector(field) if field else None
        body = Recorded(code, organization_id, name, kind, sector, started, due)
        found.append(logic.entry(rules, body, day, until))
    return found, without


async def calendar(on: Reader, caller: Caller, params: CalendarParams, day: date) -> Rows[Entry]:
    """List what is due when, the earliest first, a page at a time.

    Raises `NotFound` for `within` out of sight.
    """
    found, _ = await _entries(on, caller, params, day)
    wanted = [
        (_key(e), e)
        for e in found
        if params.bucket in (None, e.bucket) and params.kind in (None, e.kind)
    ]
    wanted.sort(key=lambda pair: pair[0])
    if params.after:
        last = tuple(unseal(params.after, "calendar", "due_on"))
        wanted = [pair for pair in wanted if pair[0] > last]
    items = [e for _, e in wanted[: params.limit]]
    if len(wanted) <= params.limit:
        return Rows(items)
    return Rows(items, seal("calendar", "due_on", *_key(items[-1])))


def _key(entry: Entry) -> tuple[str, ...]:
    """Give the order of `entry`; no two entries of a day share it."""
    due = entry.due_on.isoformat() if entry.due_on else _UNDATED
    return due, entry.district_code, str(entry.organization_id)


async def overview(on: Reader, caller: Caller, params: OverviewParams, day: date) -> Overview:
    """Count the bodies that the caller may see, or raise `NotFound` for `within` out of sight."""
    found, without = await _entries(on, caller, params, day)
    return logic.overview(found, without, day)


# ── Figures: what stands on the day asks for no period


def _checked(places: Sequence[Any], window: Window) -> organizations.AnySelect:
    rows, today = checked(places, window.day), literal(window.day, Date)
    return told(rows, Organization, State, State.name, today, Window(window.day))


def _overdue(places: Sequence[Any], window: Window) -> organizations.AnySelect:
    rows, due = overdue(places, window.day), due_on(pack())
    return told(rows, Organization, State, State.name, due, Window(window.day))


FIGURES = (
    Figure(
        "orgs_checked_for_election",
        Text("换届排查党组织", "Organisations checked for overdue elections"),
        FigureUnit.ORGANIZATIONS,
        Text(
            "当日存续的党组织，不含区委和党小组",
            "organisations that stand on the day, without the root and the groups",
        ),
        Permission.ELECTIONS_READ,
        _checked,
    ),
    Figure(
        "election_overdue_rate",
        Text("未按时换届率", "Share of organisations with an overdue election"),
        FigureUnit.RATIO,
        Text(
            "当日任期（含延期）已满而未换届的 ÷ 当日排查的",
            "those whose term, and its extension, is over on the day ÷ those checked",
        ),
        Permission.ELECTIONS_READ,
        _overdue,
        _checked,
        places=3,
    ),
)
"""Figures of terms."""
