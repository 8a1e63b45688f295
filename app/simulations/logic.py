"""The arithmetic of the tree: what actions make of it. Simulation and application both use it."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from app.core.errors import AppError
from app.organizations import logic as tree
from app.organizations.errors import NameTaken, NotEmpty, NotStanding, RootStays
from app.organizations.logic import CHILDREN, GRID_KINDS, HOLDS_MEMBERS, MAX_DEPTH
from app.organizations.types import OrganizationKind as Kind
from app.organizations.types import Sector
from app.simulations.errors import (
    MembersLeftOver,
    NotAmongThem,
    NothingChanges,
    OutsideTheStreet,
    WouldCycle,
)
from app.simulations.types import (
    Action,
    ActionKind,
    Community,
    Convert,
    Dissolve,
    Fault,
    Found,
    Heads,
    Merge,
    Move,
    Node,
    Outcome,
    Part,
    Person,
    Redraw,
    Split,
    Subject,
    Tree,
)

WORDS: dict[Kind, tuple[str, ...]] = {
    Kind.WORKING_COMMITTEE: ("党工委",),
    Kind.PARTY_COMMITTEE: ("党委",),
    Kind.GENERAL_BRANCH: ("党总支", "党总支部"),
    Kind.JOINT_BRANCH: ("联合党支部",),
    Kind.TEMPORARY_BRANCH: ("临时党支部",),
    Kind.PARTY_BRANCH: ("党支部",),
    Kind.PARTY_GROUP: ("党小组",),
}
"""How the names of each kind end; the first is the one that a new name is given."""
BRANCHES = frozenset({Kind.PARTY_BRANCH, Kind.JOINT_BRANCH})
NAME_LENGTH = 100


def renamed(name: str, old: Kind, new: Kind) -> str:
    """Give the name under another kind: 审计局党总支 is 审计局党委 as a committee."""
    for word in sorted(WORDS.get(old, ()), key=len, reverse=True):
        if name.endswith(word):
            return name.removesuffix(word) + WORDS[new][0]
    return name


def carry_out(
    before: Tree, people: Mapping[UUID, Person], actions: Sequence[Action], first_label: int
) -> Outcome:
    """Carry `actions` out on the tree `before`, in their order.

    `people` are the members whom splits name; new organisations get labels from `first_label` on.
    Raises the refusals of `errors` and those of the tree, with the number of the `action`.
    """
    draft = _Draft(before, people, first_label)
    for number, action in enumerate(actions):
        try:
            draft.take(action)
        except AppError as refused:
            refused.more["action"] = number
            raise
    draft.check()
    return draft.outcome(actions)


def members_named(actions: Iterable[Action]) -> list[UUID]:
    """List the members whom splits name."""
    splits = (action for action in actions if isinstance(action, Split))
    return [m for split in splits for part in split.parts for m in part.member_ids]


class _Draft:
    """A tree that is being changed."""

    def __init__(self, before: Tree, people: Mapping[UUID, Person], first_label: int) -> None:
        self.before, self.people, self.label = before, people, first_label
        self.nodes = dict(before)
        self.below: defaultdict[UUID | None, dict[UUID, None]] = defaultdict(dict)
        for node in before.values():
            self.below[node.parent_id][node.id] = None
        self.where = {m: person.organization_id for m, person in people.items()}
        self.moved: dict[UUID, UUID] = {}
        self.founded: list[UUID] = []
        self.ended: dict[UUID, UUID | None] = {}
        self.subjects: dict[tuple[UUID, ActionKind], Subject] = {}

    # ── Parts of actions

    def get(self, organization_id: UUID) -> Node:
        node = self.nodes.get(organization_id)
        if node is None:
            raise NotStanding(organization_id=str(organization_id))
        return node

    def changeable(self, organization_id: UUID) -> Node:
        node = self.get(organization_id)
        if node.parent_id is None:
            raise RootStays("区委不能调整", "the district's root is not restructured")
        return node

    def note(self, organization_id: UUID, action: ActionKind, *kinds: Kind) -> None:
        known = self.subjects.get((organization_id, action))
        first = kinds[:1] if known is None or known.from_kind is None else (known.from_kind,)
        subject = Subject(organization_id, action, *first, *kinds[1:])
        self.subjects[organization_id, action] = subject

    def put(self, node: Node, parent: Node) -> None:
        """Let `node` stand under `parent`, and all below it with it."""
        if parent.id in self._subtree(node.id):
            raise WouldCycle
        tree.check_child(parent.kind, node.kind)
        self.below[node.parent_id].pop(node.id, None)
        self.below[parent.id][node.id] = None
        name = node.name
        if node.kind == Kind.PARTY_GROUP and any(
            self.nodes[i].name == name for i in self.below[parent.id] if i != node.id
        ):
            name = f"{self.nodes[node.parent_id].name if node.parent_id else ''}{name}"
        self.nodes[node.id] = replace(node, parent_id=parent.id, name=name[:NAME_LENGTH])
        rest = [node.id]
        while rest:
            one = self.nodes[rest.pop()]
            above = self.nodes[one.parent_id] if one.parent_id else parent
            self.nodes[one.id] = replace(one, path=tree.child_path(above.path, one.label))
            rest += self.below[one.id]

    def _subtree(self, organization_id: UUID) -> set[UUID]:
        below = (self._subtree(i) for i in self.below[organization_id])
        return {organization_id}.union(*below)

    def give(self, from_id: UUID, to_id: UUID, heads: Heads) -> None:
        self.nodes[from_id] = replace(self.nodes[from_id], own=self.nodes[from_id].own - heads)
        self.nodes[to_id] = replace(self.nodes[to_id], own=self.nodes[to_id].own + heads)

    def end(self, node: Node, heir: Node | None) -> None:
        """End an organisation; its members and what stands under it go to `heir`."""
        if heir is not None:
            for child in list(self.below[node.id]):
                self.put(self.nodes[child], self.nodes[heir.id])
            self.give(node.id, heir.id, self.nodes[node.id].own)
            for member, place in self.where.items():
                if place == node.id:
                    self.where[member] = heir.id
            for member, place in self.moved.items():
                if place == node.id:
                    self.moved[member] = heir.id
            self.ended = {i: heir.id if h == node.id else h for i, h in self.ended.items()}
        elif self.below[node.id] or self.nodes[node.id].own.people:
            raise NotEmpty
        del self.nodes[node.id]
        self.below[node.parent_id].pop(node.id, None)
        if node.id in self.before:
            self.ended[node.id] = heir.id if heir is not None else None

    def begin(
        self, new_id: UUID, parent: Node, name: str, kind: Kind, sector: Sector | None
    ) -> Node:
        tree.check_child(parent.kind, kind)
        path = tree.child_path(parent.path, self.label)
        node = Node(new_id, parent.id, self.label, path, name, kind, sector)
        self.label += 1
        self.nodes[new_id] = node
        self.below[parent.id][new_id] = None
        self.founded.append(new_id)
        return node

    # ── Actions

    def take(self, action: Action) -> None:
        match action:
            case Convert():
                self.convert(action)
            case Move():
                self.move(action.organization_id, action.parent_id)
            case Merge():
                self.merge(action)
            case Split():
                self.split(action)
            case Dissolve():
                self.dissolve(action.organization_id)
            case Found():
                self.found(action)
            case Redraw():
                self.redraw(action)

    def convert(self, action: Convert) -> None:
        node = self.changeable(action.organization_id)
        if node.kind == action.kind:
            raise NothingChanges
        parent = self.nodes[node.parent_id]  # type: ignore[index]
        tree.check_child(parent.kind, action.kind)
        name = action.name or renamed(node.name, node.kind, action.kind)
        turned = replace(
            node,
            kind=action.kind,
            name=name,
            is_grid=node.is_grid and action.kind in GRID_KINDS,
            term_started_on=None,
            due_on=None,
        )
        self.nodes[node.id] = turned
        self.note(node.id, ActionKind.CONVERT, node.kind, action.kind)
        for child_id in list(self.below[node.id]):
            child = self.nodes[child_id]
            if node.kind == Kind.GENERAL_BRANCH and action.kind in BRANCHES:
                self.end(child, turned)
                self.note(child_id, ActionKind.MERGE)
            else:
                tree.check_child(action.kind, child.kind)

    def move(self, organization_id: UUID, parent_id: UUID) -> None:
        node, parent = self.changeable(organization_id), self.get(parent_id)
        if node.parent_id == parent_id:
            raise NothingChanges
        self.put(node, parent)
        self.note(organization_id, ActionKind.MOVE)

    def merge(self, action: Merge) -> None:
        node, heir = self.changeable(action.organization_id), self.get(action.into_id)
        if heir.id in self._subtree(node.id):
            raise WouldCycle
        self.end(node, heir)
        self.note(node.id, ActionKind.MERGE)
        self.note(heir.id, ActionKind.MERGE)

    def split(self, action: Split) -> None:
        node = self.changeable(action.organization_id)
        for part in action.parts:
            self._split_off(node, part)
        self.note(node.id, ActionKind.SPLIT)

    def _split_off(self, node: Node, part: Part) -> None:
        parent = self.nodes[node.parent_id]  # type: ignore[index]
        new = self.begin(part.id, parent, part.name, part.kind, node.sector)
        inside = self._subtree(node.id)
        for organization_id in part.organization_ids:
            if organization_id not in self.below[node.id]:
                raise NotAmongThem(organization_id=str(organization_id))
            self.put(self.nodes[organization_id], self.nodes[new.id])
            self.note(organization_id, ActionKind.MOVE)
        for member_id in part.member_ids:
            place = self.where.get(member_id)
            if place is None or place not in inside or place not in self.nodes:
                raise NotAmongThem(member_id=str(member_id))
            self.give(place, new.id, self.people[member_id].head)
            self.where[member_id] = self.moved[member_id] = new.id

    def dissolve(self, organization_id: UUID) -> None:
        self.end(self.changeable(organization_id), None)
        self.note(organization_id, ActionKind.DISSOLVE)

    def found(self, action: Found) -> None:
        parent = self.get(action.parent_id)
        node = self.begin(action.id, parent, action.name, action.kind, action.sector)
        self.nodes[node.id] = replace(node, is_grid=action.is_grid and action.kind in GRID_KINDS)
        self.note(parent.id, ActionKind.FOUND)

    def redraw(self, action: Redraw) -> None:
        street = self.changeable(action.organization_id)
        if street.sector != Sector.STREET:
            raise OutsideTheStreet("该党组织不是街道党组织", "that is no street's organisation")
        inside = self._subtree(street.id)
        for community in action.communities:
            self._draw(street, community, inside)
        for organization_id in action.dissolved_ids:
            if organization_id not in inside:
                raise OutsideTheStreet
            self.dissolve(organization_id)
        self.note(street.id, ActionKind.REDRAW)

    def _draw(self, street: Node, community: Community, inside: set[UUID]) -> None:
        if community.name is not None:
            kind = community.kind or Kind.PARTY_BRANCH
            self.begin(community.id, street, community.name, kind, Sector.COMMUNITY)
        elif community.id not in inside:
            raise OutsideTheStreet
        for organization_id in community.organization_ids:
            if organization_id not in inside:
                raise OutsideTheStreet
            if self.get(organization_id).parent_id != community.id:
                self.move(organization_id, community.id)

    # ── The end

    def check(self) -> None:
        """Raise unless the tree can stand so: names, members' places."""
        names, group_names = Counter[str](), Counter[tuple[UUID | None, str]]()
        for node in self.nodes.values():
            if node.kind == Kind.PARTY_GROUP:
                group_names[node.parent_id, node.name] += 1
            else:
                names[node.name] += 1
        is_new = False
        for node in self.nodes.values():
            old = self.before.get(node.id)
            if old is node:
                continue
            is_new = True
            is_group = node.kind == Kind.PARTY_GROUP
            count = group_names[node.parent_id, node.name] if is_group else names[node.name]
            if count > 1:
                raise NameTaken(node.name, node.name)
            if node.own.people and node.kind not in HOLDS_MEMBERS:
                raise MembersLeftOver(
                    f"{node.name}：{node.own.people} 名党员",
                    f"{node.own.people} members",
                    organization_id=str(node.id),
                )
        if not is_new and not self.ended:
            raise NothingChanges

    def outcome(self, actions: Sequence[Action]) -> Outcome:
        by_path = {node.path: node for node in self.before.values()}
        asked = [i for action in actions for i in action.named if i in self.before]
        place = common([self.before[i].path for i in asked])
        above = common([p for s in self.subjects.values() for p in self._above(s)])
        subjects = [s for s in self.subjects.values() if s.organization_id in self.before]
        return Outcome(
            self.before,
            self.nodes,
            [i for i in self.founded if i in self.nodes],
            self.ended,
            self.moved,
            subjects,
            by_path[place],
            by_path[common([place, above])],
        )

    def _above(self, subject: Subject) -> Iterator[str]:
        """Give the paths of what stands directly above, before and after."""
        for nodes in (self.before, self.nodes):
            node = nodes.get(subject.organization_id)
            if node is not None and node.parent_id is not None:
                is_above = subject.action == ActionKind.FOUND
                yield node.path if is_above else nodes[node.parent_id].path
            elif node is not None:
                yield node.path


def common(paths: Sequence[str]) -> str:
    """Give the path of the lowest organisation that holds all of `paths`."""
    labels = [path.split(".")[:-1] for path in paths]
    shared = []
    for level in zip(*labels, strict=False):
        if len(set(level)) > 1:
            break
        shared.append(level[0])
    return "".join(f"{label}." for label in shared)


def totals(nodes: Iterable[Node]) -> dict[UUID, Heads]:
    """Count the members of every organisation and all under it."""
    listed = sorted(nodes, key=lambda n: n.path.count("."), reverse=True)
    found: dict[Any, Heads] = {node.id: node.own for node in listed}
    for node in listed:
        if node.parent_id in found:
            found[node.parent_id] += found[node.id]
    return found


def faults(nodes: Tree) -> Iterator[Fault]:
    """Say what is wrong with a tree: orphans, paths, forbidden children, names, lost members."""
    names, groups = dict[str, UUID](), dict[tuple[UUID | None, str], UUID]()
    for node in nodes.values():
        parent = nodes.get(node.parent_id) if node.parent_id else None
        if node.parent_id is not None and parent is None:
            yield Fault(node.id, "orphan")
        if parent is not None and node.kind not in CHILDREN[parent.kind]:
            yield Fault(node.id, "kind")
        if node.path != f"{parent.path if parent else ''}{node.label}.":
            yield Fault(node.id, "path")
        if node.path.count(".") > MAX_DEPTH:
            yield Fault(node.id, "depth")
        if node.own.people and node.kind not in HOLDS_MEMBERS:
            yield Fault(node.id, "members")
        if node.kind == Kind.PARTY_GROUP:
            taken = groups.setdefault((node.parent_id, node.name), node.id) != node.id
        else:
            taken = names.setdefault(node.name, node.id) != node.id
        if taken:
            yield Fault(node.id, "name")
