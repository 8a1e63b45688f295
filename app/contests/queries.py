"""Reading contests. Every read starts from `visible`."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, and_, or_, select

from app.contests import logic
from app.contests.models import Contest, ContestEntry, ContestJuror, ContestScore
from app.contests.schemas import ContestListParams, ContestOut, EntryOut, JurorOut
from app.contests.types import ENDED, ContestKind, ContestStatus
from app.core import clock
from app.core.caller import Caller, Permission, Subtree
from app.core.db import Executor, Reader
from app.core.errors import Text
from app.core.figures import Figure, FigureUnit, Window, told
from app.core.pages import Rows, fetch_one, page
from app.members.models import Member
from app.organizations import queries as organizations
from app.organizations.models import OrganizationState as State
from app.organizations.queries import AnyRow, AnySelect, in_subtrees, stood_as

READ = Permission.ACTIVITIES_READ
AnyRows = Rows[Row[*tuple[Any, ...]]]
_KEPT = {"recorded_by", "created_at"}


def visible(caller: Caller) -> AnySelect:
    """Select the contests of the caller's organisations, and those where they are on the jury."""
    in_sight: ColumnElement[bool] = in_subtrees(caller.subtrees(READ))
    if caller.member_id is not None:
        jury = select(ContestJuror.id).where(
            ContestJuror.district_code == Contest.district_code,
            ContestJuror.contest_id == Contest.id,
            ContestJuror.district_code == caller.home_code,
            ContestJuror.member_id == caller.member_id,
        )
        in_sight = or_(in_sight, jury.correlate(Contest).exists())
    return (
        select(
            *(c for c in Contest.__table__.c if c.key not in _KEPT),
            State.name.label("organization_name"),
            State.path,
        )
        .select_from(Contest)
        .join(State, stood_as(Contest.district_code, Contest.organization_id, clock.today()))
        .where(in_sight)
    )


async def get(on: Executor, caller: Caller, contest_id: UUID) -> AnyRow:
    """Fetch one contest, or raise `NotFound`."""
    return await fetch_one(on, visible(caller).where(Contest.id == contest_id))


async def find(on: Reader, caller: Caller, params: ContestListParams) -> AnyRows:
    """List a page of contests, or raise `NotFound` for `within` out of sight."""
    rows = visible(caller)
    for name in ("organization_id", "kind", "status"):
        if (value := getattr(params, name)) is not None:
            rows = rows.where(getattr(Contest, name) == value)
    if params.within is not None:
        place = await organizations.subtree(on, caller, params.within, clock.today(), READ)
        rows = rows.where(in_subtrees([place]))
    sorts = {"held_on": Contest.held_on.expression}
    of = "contests"
    return await page(on, rows, sorts, params.sort, params, of=of, tie=Contest.id.expression)


def _members_of(table: type[ContestEntry] | type[ContestJuror], seen: AnyRow) -> AnySelect:
    """Select the rows of a contest in `table`, with the member and the unit of each."""
    today = clock.today()
    return (
        select(
            *(c for c in table.__table__.c if c.key not in _KEPT),
            Member.name.label("member_name"),
            State.name.label("organization_name"),
            State.path,
        )
        .select_from(table)
        .outerjoin(State, stood_as(table.district_code, table.organization_id, today))
        .outerjoin(
            Member, and_(Member.district_code == table.district_code, Member.id == table.member_id)
        )
        .where(table.district_code == seen.district_code, table.contest_id == seen.id)
        .order_by(table.id)
    )


async def entries_of(on: Executor, seen: AnyRow) -> list[Any]:
    """Read the entries of a contest."""
    return list(await on.execute(_members_of(ContestEntry, seen)))


async def jurors_of(on: Executor, seen: AnyRow) -> list[Any]:
    """Read the jury of a contest."""
    return list(await on.execute(_members_of(ContestJuror, seen)))


async def scores_of(on: Executor, seen: AnyRow) -> list[Any]:
    """Read the scores of a contest."""
    of_contest = and_(
        ContestEntry.district_code == ContestScore.district_code,
        ContestEntry.id == ContestScore.entry_id,
    )
    rows = (
        select(ContestScore.entry_id, ContestScore.juror_id, ContestScore.score)
        .join(ContestEntry, of_contest)
        .where(ContestEntry.district_code == seen.district_code, ContestEntry.contest_id == seen.id)
        .order_by(ContestScore.entry_id, ContestScore.juror_id)
    )
    return list(await on.execute(rows))


def by_entry(entries: Sequence[Any], scores: Sequence[Any]) -> dict[UUID, list[Decimal]]:
    """Put the scores of each entry that stands together."""
    given: dict[UUID, list[Decimal]] = defaultdict(list)
    for row in scores:
        given[row.entry_id].append(row.score)
    return {e.id: given[e.id] for e in entries if not e.is_withdrawn}


async def detail(on: Executor, caller: Caller, contest_id: UUID) -> dict[str, Any]:
    """Fetch one contest with its entries, jury and scores, or raise `NotFound`."""
    seen = await get(on, caller, contest_id)
    entries, jurors = await entries_of(on, seen), await jurors_of(on, seen)
    scores = await scores_of(on, seen)
    if seen.status == ContestStatus.OPEN:
        placings = logic.ranking(by_entry(entries, scores), drops_extremes=seen.drops_extremes)
        ranks = {p.entry_id: (p.average, p.rank) for p in placings}
    else:
        ranks = {e.id: (e.average, e.rank) for e in entries}
    if not caller.may(READ, Subtree(seen.district_code, seen.path)):  # a juror, who scores alone
        jurors = [r for r in jurors if caller.is_member(seen.district_code, r.member_id)]
        own = {r.id for r in jurors}
        scores = [s for s in scores if s.juror_id in own]
        ranks = ranks if seen.status in ENDED else {}
    shared = Counter(rank for _, rank in ranks.values())
    shown = [_entry(row, *ranks.get(row.id, (None, None)), shared) for row in entries]
    shown.sort(key=lambda e: (e["rank"] is None, e["rank"] or 0, e["id"]))
    told_of = {name: getattr(seen, name) for name in ContestOut.model_fields}
    return told_of | {
        "entries": shown,
        "jurors": [_juror(row) for row in jurors],
        "scores": scores,
    }


def _entry(
    row: Any, average: Decimal | None, rank: int | None, shared: Counter[int | None]
) -> dict[str, Any]:
    names = set(EntryOut.model_fields) - {"average", "rank", "is_tied"}
    return {name: getattr(row, name) for name in names} | {
        "average": average,
        "rank": rank,
        "is_tied": rank is not None and shared[rank] > 1,
    }


def _juror(row: Any) -> dict[str, Any]:
    told_of = {name: getattr(row, name) for name in JurorOut.model_fields}
    return told_of | {"name": row.name or row.member_name}


# ── Figures


def _ended(window: Window, kind: ContestKind) -> Any:
    return and_(
        Contest.kind == kind,
        Contest.status.in_(sorted(ENDED)),
        Contest.held_on <= window.day,
    )


def micro_lecture_contests(places: Sequence[Subtree], window: Window) -> AnySelect:
    """Select the micro-lecture contests that were held and ranked by the day (微型党课比赛)."""
    rows = (
        select(Contest.id)
        .join(State, stood_as(Contest.district_code, Contest.organization_id, window.day))
        .where(in_subtrees(places), _ended(window, ContestKind.MICRO_LECTURE))
    )
    return told(rows, Contest, State, Contest.title, Contest.held_on, window)


def top_brands(places: Sequence[Subtree], window: Window) -> AnySelect:
    """Select the brands that were awarded by the day, by whose they are (十佳党建品牌)."""
    rows = (
        select(ContestEntry.id)
        .join(
            Contest,
            and_(
                Contest.district_code == ContestEntry.district_code,
                Contest.id == ContestEntry.contest_id,
            ),
        )
        .join(State, stood_as(ContestEntry.district_code, ContestEntry.organization_id, window.day))
        .where(
            in_subtrees(places),
            _ended(window, ContestKind.BRAND),
            ContestEntry.rank <= Contest.places,
        )
    )
    return told(rows, ContestEntry, State, ContestEntry.title, Contest.held_on, window)


FIGURES = (
    Figure(
        "micro_lecture_contests",
        Text("微型党课比赛", "Micro-lecture contests"),
        FigureUnit.CONTESTS,
        Text("截至当日已评出名次的微型党课比赛", "such contests held and ranked by the day"),
        READ,
        micro_lecture_contests,
    ),
    Figure(
        "top_brands",
        Text("十佳基层党建品牌", "Brands selected"),
        FigureUnit.BRANDS,
        Text(
            "截至当日评选入围（名次不低于获奖名额）的党建品牌",
            "brands that were awarded by the day: ranked within the contest's places",
        ),
        READ,
        top_brands,
    ),
)
"""Figures of contests."""
