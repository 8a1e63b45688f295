"""Reading what a simulation starts from."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import and_, case, func, select
from sqlalchemy.dialects.postgresql import distinct_on

from app.access.models import AccountGrant
from app.ballots.models import BallotBox
from app.ballots.types import BoxStatus
from app.core import clock
from app.core.caller import Caller, Permission
from app.core.db import Executor
from app.cycles.models import ElectionCandidate, ElectionCycle
from app.cycles.types import ENDED, CycleStatus
from app.members import queries as members
from app.members.models import Member, Membership
from app.members.types import COUNTED, FINAL, MemberCategory
from app.organizations.models import Organization, OrganizationState
from app.organizations.types import OrganizationKind, Sector
from app.probations import queries as probations
from app.residents.models import ServicePost
from app.residents.types import PostStatus
from app.rules import queries as rules
from app.rules.types import Finding
from app.simulations import logic
from app.simulations.types import Action, ActionKind, Heads, Node, Outcome, Person, Tree
from app.transfers import queries as transfers

State = OrganizationState
MOST_MOVERS = 1000


async def standing(on: Executor, district_code: str, *, counted: bool = True) -> dict[UUID, Node]:
    """Read the tree of a district as it stands; `counted` with the members of each."""
    here = Membership.district_code == district_code
    is_counted = Membership.status.in_(sorted(COUNTED))
    full = Membership.category == MemberCategory.FULL
    heads = (
        select(
            Membership.organization_id,
            func.count().filter(is_counted, full).label("full"),
            func.count().filter(is_counted, ~full).label("probationary"),
            func.count().filter(~is_counted).label("suspended"),
        )
        .where(here, Membership.valid_to.is_(None), Membership.status.not_in(sorted(FINAL)))
        .group_by(Membership.organization_id)
        .cte("heads")
        # apart: a planner without statistics would count anew for each organisation
        .prefix_with("MATERIALIZED")
    )
    rows: Any = select(
        State.organization_id,
        State.parent_id,
        Organization.label,
        State.path,
        State.name,
        State.kind,
        State.sector,
        State.is_grid,
        State.term_started_on,
        State.due_on,
        Organization.version,
    ).join(
        Organization,
        and_(
            Organization.district_code == State.district_code,
            Organization.id == State.organization_id,
        ),
    )
    if counted:
        rows = rows.add_columns(heads.c.full, heads.c.probationary, heads.c.suspended)
        rows = rows.outerjoin(heads, heads.c.organization_id == State.organization_id)
    rows = rows.where(State.district_code == district_code, State.valid_to.is_(None))
    found = {}
    listed: Any = await on.execute(rows.order_by(State.path))
    for row in listed:
        kind, sector, own = OrganizationKind(row[5]), row[6] and Sector(row[6]), Heads()
        if counted and row[11] is not None:
            own = Heads(*row[11:14])
        given: Any = (*row[:5], kind, sector, *row[7:10], own, row[10])
        found[row[0]] = Node(*given)
    return found


async def people(on: Executor, district_code: str, ids: Collection[UUID]) -> dict[UUID, Person]:
    """Read where the members whom splits name belong."""
    if not ids:
        return {}
    rows = select(
        Membership.member_id, Membership.organization_id, Membership.category, Membership.status
    ).where(
        Membership.district_code == district_code,
        Membership.member_id.in_(sorted(ids)),
        Membership.valid_to.is_(None),
        Membership.status.not_in(sorted(FINAL)),
    )
    listed: Any = await on.execute(rows)
    return {r[0]: Person(r[1], MemberCategory(r[2]), r[3] in COUNTED) for r in listed}


async def members_of(on: Executor, district_code: str, places: Collection[UUID]) -> Sequence[Any]:
    """List who moves when `places` end: (member, organisation)."""
    rows = select(Membership.member_id, Membership.organization_id).where(
        Membership.district_code == district_code,
        Membership.organization_id.in_(sorted(places)),
        Membership.valid_to.is_(None),
        Membership.status.not_in(sorted(FINAL)),
    )
    return (await on.execute(rows)).all()


Told = list[dict[str, Any]]


async def _listed(on: Executor, rows: Any) -> Told:
    return [dict(row) for row in (await on.execute(rows)).mappings()]


async def open_boxes(on: Executor, district_code: str, places: Collection[UUID]) -> Told:
    """List the ballots that are running in `places`."""
    box = BallotBox
    rows = select(box.id.label("box_id"), box.organization_id).where(
        box.district_code == district_code,
        box.organization_id.in_(sorted(places)),
        box.status == BoxStatus.OPEN,
    )
    return await _listed(on, rows.order_by(box.id))


async def elections(
    on: Executor, district_code: str, ends: Collection[UUID], moves: Collection[UUID]
) -> Told:
    """List the running elections: of organisations that end or are converted, and of others."""
    cycle = ElectionCycle
    stops = cycle.organization_id.in_(sorted(ends))
    rows = select(
        cycle.id.label("cycle_id"),
        cycle.organization_id,
        case((stops, "cancelled"), else_="continues").label("effect"),
    ).where(
        cycle.district_code == district_code,
        cycle.organization_id.in_(sorted({*ends, *moves})),
        cycle.status.not_in(sorted(ENDED)),
    )
    return await _listed(on, rows.order_by(cycle.id))


async def officers(
    on: Executor, caller: Caller, district_code: str, places: Collection[UUID]
) -> Told:
    """List who was elected in `places` the last time; who is out of sight is not named."""
    cycle = ElectionCycle
    last = (
        select(cycle.id)
        .where(
            cycle.district_code == district_code,
            cycle.organization_id.in_(sorted(places)),
            cycle.status == CycleStatus.APPROVED,
        )
        .ext(distinct_on(cycle.organization_id))
        .order_by(cycle.organization_id, cycle.due_on.desc())
    )
    elected = ElectionCandidate
    seen = members.visible(caller, clock.today(), Permission.MEMBERS_READ)
    named = seen.with_only_columns(Member.district_code, Member.id, Member.name).subquery()
    rows = (
        select(cycle.organization_id, named.c.id.label("member_id"), named.c.name, elected.position)
        .join(
            cycle,
            and_(cycle.district_code == elected.district_code, cycle.id == elected.cycle_id),
        )
        .outerjoin(
            named,
            and_(named.c.district_code == elected.district_code, named.c.id == elected.member_id),
        )
        .where(
            elected.district_code == district_code, elected.cycle_id.in_(last), elected.is_elected
        )
    )
    return await _listed(on, rows.order_by(cycle.organization_id, elected.position, elected.id))


async def grants(
    on: Executor, district_code: str, ends: Collection[UUID], moves: Collection[UUID]
) -> Told:
    """Count the grants at organisations that end or come to stand elsewhere, by role."""
    grant = AccountGrant
    rows = (
        select(grant.organization_id, grant.role, func.count().label("count"))
        .where(
            grant.district_code == district_code,
            grant.organization_id.in_(sorted({*ends, *moves})),
        )
        .group_by(grant.organization_id, grant.role)
        .order_by(grant.organization_id, grant.role)
    )
    return [
        row | {"effect": "lapses" if row["organization_id"] in ends else "goes_along"}
        for row in await _listed(on, rows)
    ]


async def posts(on: Executor, district_code: str, places: Collection[UUID]) -> Told:
    """List the open service posts of `places`."""
    rows = select(
        ServicePost.id.label("post_id"), ServicePost.organization_id, ServicePost.title
    ).where(
        ServicePost.district_code == district_code,
        ServicePost.organization_id.in_(sorted(places)),
        ServicePost.status == PostStatus.OPEN,
    )
    return await _listed(on, rows.order_by(ServicePost.id))


async def names(
    on: Executor, caller: Caller, district_code: str, ids: Collection[UUID], most: int
) -> dict[UUID, str]:
    """Name members whom the caller may read, in the order of their ids, `most` of them."""
    seen = members.visible(caller, clock.today(), Permission.MEMBERS_READ)
    rows = seen.where(Member.district_code == district_code, Member.id.in_(sorted(ids)))
    named: Any = await on.execute(
        rows.with_only_columns(Member.id, Member.name).order_by(Member.id).limit(most)
    )
    return {row[0]: row[1] for row in named}


# ── What it would do


async def work_out(
    on: Executor,
    district_code: str,
    actions: Sequence[Action],
    first_label: int | None = None,
    *,
    counted: bool = True,
) -> Outcome:
    """Carry actions out on the tree as it stands; raises what `simulations.logic` raises."""
    tree = await standing(on, district_code, counted=counted)
    label = first_label or max(node.label for node in tree.values()) + 1
    named = await people(on, district_code, logic.members_named(actions))
    return logic.carry_out(tree, named, actions, label)


async def findings(
    on: Executor, district_code: str, trees: Iterable[Tree], path: str, day: date
) -> list[list[Finding]]:
    """Say what the rules find under `path` in each of `trees` on `day`."""
    chosen = (await rules.effective(on, [district_code], day))[district_code]
    found = []
    for tree in trees:
        heads = logic.totals(tree.values())
        rows = (
            (n.id, n.path, n.name, n.kind, n.sector, heads[n.id].full, heads[n.id].counted)
            for n in tree.values()
            if n.path.startswith(path)
        )
        found.append(
            [f for row in rows for f in rules.findings_of(row, district_code, chosen, day)]
        )
    return found


async def _moving(on: Executor, code: str, outcome: Outcome) -> dict[UUID, tuple[UUID, UUID]]:
    """Tell of each member who moves from where, and to where."""
    heirs = {i: heir for i, heir in outcome.ended.items() if heir is not None}
    found = {m: (at, heirs[at]) for m, at in await members_of(on, code, heirs)}
    named = await people(on, code, outcome.moved)
    return found | {m: (named[m].organization_id, to) for m, to in outcome.moved.items()}


def _members(moving: Mapping[UUID, tuple[UUID, UUID]], named: Mapping[UUID, str]) -> dict[str, Any]:
    flows = Counter(moving.values())
    return {
        "member_flows": [
            {"from_id": a, "to_id": b, "count": n} for (a, b), n in sorted(flows.items())
        ],
        "members": [
            {"id": m, "name": name, "from_id": moving[m][0], "to_id": moving[m][1]}
            for m, name in named.items()
        ],
    }


async def _transfers(on: Executor, code: str, outcome: Outcome) -> Told:
    """Say what becomes of pending transfers from or to what ends, and of members split off.

    The other side's ids stay hidden, as in the transfer itself.
    """
    told_of, here = [], set(outcome.left)
    for row in await transfers.pending_of(on, code, outcome.left):
        ends = row.from_organization_id, row.to_organization_id
        new = [outcome.ended.get(i, i) for i in ends]
        if row.member_id in outcome.moved:
            new[0] = outcome.moved[row.member_id]
        if tuple(new) != ends:
            effect = "lapses" if new[0] == new[1] else "redirected"
            told_of.append(
                {
                    "transfer_id": row.id,
                    "member_id": row.member_id if ends[0] in here else None,
                    "from_organization_id": ends[0] if ends[0] in here else None,
                    "to_organization_id": ends[1] if ends[1] in here else None,
                    "effect": "stranded" if None in new and None not in ends else effect,
                }
            )
    return told_of


async def _effects(on: Executor, caller: Caller, code: str, outcome: Outcome) -> dict[str, Any]:
    """List what hangs on organisations that end, get another kind or come to stand elsewhere."""
    before, after = outcome.before, outcome.after
    turned = set(outcome.converted)
    ends = {*outcome.ended, *turned}
    elsewhere = {i for i in outcome.changed if after[i].path != before[i].path}
    named = {s.organization_id for s in outcome.subjects if s.action == ActionKind.MOVE}
    return {
        "terms_ended": [
            {"organization_id": i, "term_started_on": n.term_started_on, "due_on": n.due_on}
            for i in sorted(turned)
            for n in [before[i]]
        ],
        "officers": await officers(on, caller, code, ends),
        "elections": await elections(on, code, ends, named - ends),
        "ballots": await open_boxes(on, code, ends),
        "grants": await grants(on, code, outcome.ended, elsewhere),
        "transfers": await _transfers(on, code, outcome),
        "service_posts": await posts(on, code, outcome.ended),
    }


def _heads(node: Node, heads: Mapping[UUID, Heads]) -> dict[str, int]:
    whole = heads[node.id]
    return {
        "own": node.own.counted,
        "subtree": whole.counted,
        "full": whole.full,
        "probationary": whole.probationary,
    }


def _state(node: Node | None, heads: Mapping[UUID, Heads]) -> dict[str, Any] | None:
    if node is None:
        return None
    names = ("parent_id", "path", "name", "kind", "term_started_on", "due_on")
    return {n: getattr(node, n) for n in names} | {"headcount": _heads(node, heads)}


def _changes(outcome: Outcome) -> list[dict[str, Any]]:
    """List the organisations that change, or whose head-count does, inside the proposal's place."""
    old, new = logic.totals(outcome.before.values()), logic.totals(outcome.after.values())
    changed = {*outcome.changed, *outcome.ended, *outcome.founded}
    path = outcome.place.path
    changed |= {
        i for i, n in outcome.after.items() if n.path.startswith(path) and old.get(i) != new[i]
    }
    rows = [
        {
            "organization_id": i,
            "before": _state(outcome.before.get(i), old),
            "after": _state(outcome.after.get(i), new),
            "successor_id": outcome.ended.get(i),
        }
        for i in changed
    ]
    return sorted(rows, key=lambda r: (r["before"] or r["after"])["path"])


def _tree(outcome: Outcome) -> dict[str, Any] | None:
    """Nest what stands under the proposal's place afterwards."""
    top = outcome.after.get(outcome.place.id)
    if top is None:
        return None
    heads = logic.totals(outcome.after.values())
    made: dict[UUID, dict[str, Any]] = {}
    inside = (n for n in outcome.after.values() if n.path.startswith(top.path))
    for node in sorted(inside, key=lambda n: n.path.count(".")):
        names = ("id", "parent_id", "path", "name", "kind", "sector", "is_grid")
        shown = {n: getattr(node, n) for n in names}
        made[node.id] = shown | {"headcount": _heads(node, heads), "children": []}
        if node.id != top.id:
            made[node.parent_id]["children"].append(made[node.id])  # type: ignore[index]
    return made[top.id]


async def told(on: Executor, caller: Caller, code: str, outcome: Outcome) -> dict[str, Any]:
    """Say what an outcome changes: the tree, members, and all that hangs on organisations."""
    moving = await _moving(on, code, outcome)
    named = await names(on, caller, code, moving, MOST_MOVERS) if moving else {}
    said = {"tree": _tree(outcome), "changes": _changes(outcome)} | _members(moving, named)
    places = {m: to for m, (_, to) in moving.items()}
    led = await probations.led(on, code, outcome.branches, places, outcome.branch)
    said["admissions"] = await probations.flows(on, caller, led)
    return said | await _effects(on, caller, code, outcome)
