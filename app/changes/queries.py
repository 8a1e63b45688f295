"""Reading what differs between two days. Every read starts from the caller's places."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Date,
    Integer,
    Uuid,
    and_,
    cast,
    func,
    literal,
    select,
    union_all,
)
from sqlalchemy.orm import aliased

from app.changes import logic
from app.changes.schemas import (
    ConvertedOut,
    DiffOut,
    DiffParams,
    DissolvedOut,
    FlowOut,
    FoundedOut,
    HeadcountChangeOut,
    MovedOut,
    PartyOut,
    RenamedOut,
)
from app.changes.types import Flow, Pair, Seen, Stand, Step
from app.core import clock
from app.core.caller import Caller, Permission, Subtree
from app.core.dated import on_day
from app.core.db import Reader
from app.core.errors import NotFound, check_period
from app.core.hot import Hot, param
from app.members.models import Membership
from app.members.types import COUNTED
from app.organizations import queries as organizations
from app.organizations.models import OrganizationState
from app.organizations.queries import AnySelect, in_subtrees, stood
from app.organizations.types import OrganizationKind

READ = Permission.ORGANIZATIONS_READ
State = OrganizationState
_FROM, _TO = param("first", Date()), param("last", Date())
_ID = param("id", Uuid())


# ── Where it stood, and where it stands


def _tops(places: Sequence[Any], shape: Collection[str]) -> AnySelect:
    """Find the place of one organisation on both days; the first so many places are the first's."""
    [split] = map(int, shape)
    both = union_all(
        *(
            select(literal(side).label("side"), State.district_code, State.path).where(
                State.organization_id == _ID, stood(day), in_subtrees(those)
            )
            for side, day, those in ((0, _FROM, places[:split]), (1, _TO, places[split:]))
        )
    ).subquery()
    return select(*both.c)


def _nodes(places: Sequence[Any], _: Collection[str]) -> AnySelect:
    """Select whoever stood in either place, what it was and is, and each state that began since."""
    before, after = aliased(State, name="before"), aliased(State, name="after")
    code = places[0].district_code
    ids = (
        select(State.organization_id)
        .where(on_day(State, _FROM), in_subtrees(places[:1]))
        .union(select(State.organization_id).where(on_day(State, _TO), in_subtrees(places[1:])))
        .cte("ids")
    )
    step, prior, end = (aliased(State, name=name) for name in ("step", "prior", "ended"))
    above = [aliased(State, name=name) for name in ("above_before", "above_after")]

    def of(state: Any, day: Any) -> Any:
        same = state.organization_id == ids.c.organization_id
        return and_(state.district_code == code, same, on_day(state, day))

    def over(state: Any, under: Any, day: Any) -> Any:
        same = state.organization_id == under.parent_id
        return and_(state.district_code == code, same, on_day(state, day))

    return (
        select(
            ids.c.organization_id,
            *_columns(before, above[0]),
            *_columns(after, above[1]),
            end.valid_to.label("ended_on"),
            end.end_decision,
            step.valid_from.label("step_on"),
            step.decision.label("step_decision"),
            prior.id.is_(None).label("is_first"),
            func.coalesce(step.parent_id != prior.parent_id, literal(value=False)).label("moved"),
            func.coalesce(step.name != prior.name, literal(value=False)).label("renamed"),
            func.coalesce(step.kind != prior.kind, literal(value=False)).label("converted"),
        )
        .select_from(ids)
        .outerjoin(before, of(before, _FROM))
        .outerjoin(after, of(after, _TO))
        .outerjoin(above[0], over(above[0], before, _FROM))
        .outerjoin(above[1], over(above[1], after, _TO))
        .outerjoin(
            end,
            and_(
                end.district_code == code,
                end.organization_id == ids.c.organization_id,
                end.is_end,
                end.valid_to <= _TO,
            ),
        )
        .outerjoin(
            step,
            and_(
                step.district_code == code,
                step.organization_id == ids.c.organization_id,
                step.valid_from > _FROM,
                step.valid_from <= _TO,
            ),
        )
        .outerjoin(
            prior,
            and_(
                prior.district_code == code,
                prior.organization_id == step.organization_id,
                prior.valid_to == step.valid_from,
            ),
        )
        .order_by(func.coalesce(after.path, before.path), ids.c.organization_id, step.valid_from)
    )


def _columns(state: Any, above: Any) -> list[Any]:
    own = [state.name, state.kind, state.parent_id, state.path]
    return [*own, above.name.label("above_name"), above.path.label("above_path")]


def counted(membership: Any, day: Any, code: Any) -> Any:
    """Select the members who count on `day`, each with the organisation in which they do."""
    return (
        select(membership.member_id, membership.organization_id)
        .where(
            membership.district_code == code,
            on_day(membership, day),
            membership.status.in_(sorted(COUNTED)),
        )
        .subquery()
    )


def _pairs(places: Sequence[Any], _: Collection[str]) -> AnySelect:
    code = places[0].district_code
    was, now = (counted(aliased(Membership), day, code) for day in (_FROM, _TO))
    return (
        select(was.c.organization_id, now.c.organization_id, cast(func.count(), Integer))
        .select_from(was)
        .join(now, was.c.member_id == now.c.member_id, full=True)
        .group_by(was.c.organization_id, now.c.organization_id)
    )


_tops_hot, _nodes_hot, _pairs_hot = Hot(_tops, by_key=True), Hot(_nodes), Hot(_pairs)


# ── The difference


async def diff(on: Reader, caller: Caller, organization_id: UUID, params: DiffParams) -> DiffOut:
    """Tell what changed in a subtree between two days; raise `NotFound` or `Invalid`.

    A day on which the organisation was out of the caller's sight adds nothing to it.
    """
    first, final = params.first, params.last or clock.today()
    check_period(first, final)
    days: dict[str, Any] = {"first": first, "last": final}
    sights = [await organizations.places(on, caller, READ, day) for day in (first, final)]
    both = [*sights[0], *sights[1]]
    tops = await _tops_hot.fetch(on, both, {str(len(sights[0]))}, id=organization_id, **days)
    if not tops:
        raise NotFound
    code = tops[0]["district_code"]
    paths = {row["side"]: row["path"] for row in tops}
    places = [Subtree(code, paths.get(side, _NOWHERE)) for side in (0, 1)]
    seen = _seen(await _nodes_hot.fetch(on, places, **days), places, sights)
    pairs = [Pair(*row) for row in await _pairs_hot.fetch(on, places, **days)]
    return _told(first, final, seen, pairs)


_NOWHERE = "0."
"""No path begins with it: labels are numbers from 1 on."""
Above = Mapping[tuple[UUID, bool], PartyOut]


def _seen(
    rows: Sequence[Any], places: Sequence[Subtree], sights: Sequence[Sequence[Subtree]]
) -> tuple[list[Seen], dict[tuple[UUID, bool], PartyOut]]:
    """Gather the rows of each organisation, and what it stood under where that is in sight."""
    found: dict[UUID, Seen] = {}
    above: dict[tuple[UUID, bool], PartyOut] = {}
    for row in rows:
        one_id, end = row[0], row[13:15]
        if one_id not in found:
            stands: list[Stand | None] = []
            for side, facts in enumerate((row[1:7], row[7:13])):
                name, kind, parent_id, path, above_name, above_path = facts
                inside = path is not None and path.startswith(places[side].path)
                stand = Stand(name, OrganizationKind(kind), parent_id, path) if inside else None
                stands.append(stand)
                over = above_path and Subtree(places[side].district_code, above_path)
                if over and any(sight.holds(over) for sight in sights[side]):
                    above[one_id, bool(side)] = PartyOut(id=parent_id, name=above_name)
            before, after = stands
            found[one_id] = Seen(
                one_id,
                before,
                after,
                stood_elsewhere=before is None and row[4] is not None,
                stands_elsewhere=after is None and row[10] is not None,
                ended_on=end[0],
                end_decision=end[1],
            )
        if row[15] is not None:
            found[one_id].steps.append(Step(*row[15:]))
    return list(found.values()), above


def _told(
    first: date,
    final: date,
    seen: tuple[list[Seen], Above],
    pairs: Sequence[Pair],
) -> DiffOut:
    those, above = seen
    out = DiffOut(
        **{"from": first, "to": final},
        founded=[],
        dissolved=[],
        moved=[],
        renamed=[],
        converted=[],
        headcounts=[],
    )
    own, under = logic.flows(
        {one.id: one.before.path for one in those if one.before},
        {one.id: one.after.path for one in those if one.after},
        pairs,
    )
    for one in those:
        was, now = one.before, one.after
        stand = now or was
        assert stand is not None
        what = {"organization_id": one.id, "organization_name": stand.name, "kind": stand.kind}
        over, under_now = above.get((one.id, False)), above.get((one.id, True))
        if logic.is_founded(one):
            dated = _dated(logic.last(one.steps, lambda s: s.is_first))
            out.founded.append(FoundedOut(**what, **dated, parent=under_now))
        if logic.is_dissolved(one):
            dated = {"on": one.ended_on, "decision": one.end_decision}
            out.dissolved.append(DissolvedOut(**what, **dated, parent=over))
        if logic.is_moved(one):
            dated = _dated(logic.last(one.steps, lambda s: s.is_moved))
            out.moved.append(MovedOut(**what, **dated, from_parent=over, to_parent=under_now))
        if was and now and was.name != now.name:
            dated = _dated(logic.last(one.steps, lambda s: s.is_renamed))
            out.renamed.append(RenamedOut(**what, **dated, from_name=was.name, to_name=now.name))
        if was and now and was.kind != now.kind:
            dated = _dated(logic.last(one.steps, lambda s: s.is_converted))
            out.converted.append(
                ConvertedOut(**what, **dated, from_kind=was.kind, to_kind=now.kind)
            )
        members = own[one.id], under[logic.label_of(stand.path)]
        if not all(flow.is_still for flow in members):
            out.headcounts.append(
                HeadcountChangeOut(**what, own=_flow(members[0]), subtree=_flow(members[1]))
            )
    return out


def _dated(step: Step | None) -> dict[str, Any]:
    return {"on": step and step.on, "decision": step and step.decision}


def _flow(flow: Flow) -> FlowOut:
    return FlowOut.model_validate(flow)
