"""A model of the tree, and what may be done to it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cached_property
from typing import Any, Literal
from uuid import UUID

from app.members.types import MemberCategory
from app.organizations.types import OrganizationKind, Sector


class ActionKind(StrEnum):
    """What a restructuring does (调整方式); keep alphabetical."""

    CONVERT = "convert"  # 改设
    DISSOLVE = "dissolve"  # 撤销
    FOUND = "found"  # 成立
    MERGE = "merge"  # 合并
    MOVE = "move"  # 改变隶属关系
    REDRAW = "redraw"  # 街道调整社区
    SPLIT = "split"  # 拆分


# ── Actions


@dataclass(frozen=True, slots=True)
class Convert:
    """Another kind; branches of a general branch that becomes a branch merge into it."""

    organization_id: UUID
    kind: OrganizationKind
    name: str | None = None
    """The new name; the old one with the new kind's word where it ended with the old kind's."""
    action: Literal[ActionKind.CONVERT] = ActionKind.CONVERT

    @property
    def named(self) -> list[UUID]:
        """The organisations that it names, new ones among them."""
        return [self.organization_id]

    @property
    def founded(self) -> list[UUID]:
        """The organisations that it founds."""
        return []


@dataclass(frozen=True, slots=True)
class Move:
    """Under another parent, with all that stands below."""

    organization_id: UUID
    parent_id: UUID
    action: Literal[ActionKind.MOVE] = ActionKind.MOVE

    @property
    def named(self) -> list[UUID]:
        """The organisations that it names, new ones among them."""
        return [self.organization_id, self.parent_id]

    @property
    def founded(self) -> list[UUID]:
        """The organisations that it founds."""
        return []


@dataclass(frozen=True, slots=True)
class Merge:
    """Its members and what stands under it go to another; it ends."""

    organization_id: UUID
    into_id: UUID
    action: Literal[ActionKind.MERGE] = ActionKind.MERGE

    @property
    def named(self) -> list[UUID]:
        """The organisations that it names, new ones among them."""
        return [self.organization_id, self.into_id]

    @property
    def founded(self) -> list[UUID]:
        """The organisations that it founds."""
        return []


@dataclass(frozen=True, slots=True)
class Part:
    """An organisation that a split makes beside the old one."""

    id: UUID
    name: str
    kind: OrganizationKind
    member_ids: tuple[UUID, ...] = ()
    organization_ids: tuple[UUID, ...] = ()
    """What stood under the old one and stands under this one."""


@dataclass(frozen=True, slots=True)
class Split:
    """Some members and some of what stands below go to new organisations beside it."""

    organization_id: UUID
    parts: tuple[Part, ...]
    action: Literal[ActionKind.SPLIT] = ActionKind.SPLIT

    @property
    def named(self) -> list[UUID]:
        """The organisations that it names, new ones among them."""
        return [self.organization_id, *(i for p in self.parts for i in p.organization_ids)]

    @property
    def founded(self) -> list[UUID]:
        """The organisations that it founds."""
        return [part.id for part in self.parts]


@dataclass(frozen=True, slots=True)
class Dissolve:
    """It ends; nothing stands under it, nobody belongs to it."""

    organization_id: UUID
    action: Literal[ActionKind.DISSOLVE] = ActionKind.DISSOLVE

    @property
    def named(self) -> list[UUID]:
        """The organisations that it names, new ones among them."""
        return [self.organization_id]

    @property
    def founded(self) -> list[UUID]:
        """The organisations that it founds."""
        return []


@dataclass(frozen=True, slots=True)
class Found:
    """A new organisation."""

    id: UUID
    parent_id: UUID
    name: str
    kind: OrganizationKind
    sector: Sector | None = None
    is_grid: bool = False
    action: Literal[ActionKind.FOUND] = ActionKind.FOUND

    @property
    def named(self) -> list[UUID]:
        """The organisations that it names, new ones among them."""
        return [self.parent_id]

    @property
    def founded(self) -> list[UUID]:
        """The organisations that it founds."""
        return [self.id]


@dataclass(frozen=True, slots=True)
class Community:
    """A community of a street that is drawn anew: one that stands, or with `name` a new one."""

    id: UUID
    organization_ids: tuple[UUID, ...]
    """What stands directly under it afterwards, besides what stood there and is not named."""
    name: str | None = None
    kind: OrganizationKind | None = None


@dataclass(frozen=True, slots=True)
class Redraw:
    """The communities of a street are drawn anew, inside the street."""

    organization_id: UUID
    communities: tuple[Community, ...]
    dissolved_ids: tuple[UUID, ...] = ()
    """Communities of which nothing is left."""
    action: Literal[ActionKind.REDRAW] = ActionKind.REDRAW

    @property
    def named(self) -> list[UUID]:
        """The organisations that it names, new ones among them."""
        return [
            self.organization_id,
            *(i for c in self.communities for i in (c.id, *c.organization_ids)),
            *self.dissolved_ids,
        ]

    @property
    def founded(self) -> list[UUID]:
        """The organisations that it founds."""
        return [c.id for c in self.communities if c.name is not None]


Action = Convert | Move | Merge | Split | Dissolve | Found | Redraw

# ── The model


@dataclass(frozen=True, slots=True)
class Heads:
    """Members by category; those whose membership is suspended are not counted, but move too."""

    full: int = 0
    probationary: int = 0
    suspended: int = 0

    def __add__(self, other: "Heads") -> "Heads":
        return Heads(
            self.full + other.full,
            self.probationary + other.probationary,
            self.suspended + other.suspended,
        )

    def __sub__(self, other: "Heads") -> "Heads":
        return self + Heads(-other.full, -other.probationary, -other.suspended)

    @property
    def counted(self) -> int:
        """The head-count."""
        return self.full + self.probationary

    @property
    def people(self) -> int:
        """Everybody who moves with the organisation."""
        return self.counted + self.suspended


@dataclass(frozen=True, slots=True)
class Node:
    """An organisation as it stands."""

    id: UUID
    parent_id: UUID | None
    label: int
    path: str
    name: str
    kind: OrganizationKind
    sector: Sector | None = None
    is_grid: bool = False
    term_started_on: date | None = None
    due_on: date | None = None
    own: Heads = Heads()
    version: int = 0


Tree = Mapping[UUID, Node]


@dataclass(frozen=True, slots=True)
class Person:
    """A member whom an action names."""

    organization_id: UUID
    category: MemberCategory
    is_counted: bool = True

    @property
    def head(self) -> Heads:
        """How this one counts."""
        if not self.is_counted:
            return Heads(suspended=1)
        is_full = self.category == MemberCategory.FULL
        return Heads(full=int(is_full), probationary=int(not is_full))


@dataclass(frozen=True, slots=True)
class Subject:
    """An organisation that a proposal changes: not merely its path."""

    organization_id: UUID
    action: ActionKind
    from_kind: OrganizationKind | None = None
    to_kind: OrganizationKind | None = None


@dataclass(frozen=True)
class Outcome:
    """What actions make of a tree."""

    before: Tree
    after: Tree
    founded: Sequence[UUID]
    ended: Mapping[UUID, UUID | None]
    """Organisations that end, and who succeeds them."""
    moved: Mapping[UUID, UUID]
    """Where the members named by splits belong afterwards."""
    subjects: Sequence[Subject]
    place: Node
    """The lowest organisation, as it stood, that holds all that the actions name."""
    above: Node
    """The level above all that changes: it decides."""

    @cached_property
    def changed(self) -> list[UUID]:
        """Organisations that stand before and after, but not as they were."""
        both = ((i, self.before.get(i), node) for i, node in self.after.items())
        return [i for i, old, new in both if old and old is not new and _state(old) != _state(new)]

    @cached_property
    def converted(self) -> list[UUID]:
        """Organisations that have another kind afterwards: their committee's term ends."""
        return [i for i in self.changed if self.after[i].kind != self.before[i].kind]

    @property
    def left(self) -> list[UUID]:
        """Organisations from which members go: those that end, and those that are split."""
        split = (s.organization_id for s in self.subjects if s.action == ActionKind.SPLIT)
        return sorted({*self.ended, *split})

    @property
    def touched(self) -> set[UUID]:
        """All that is changed, what it comes to stand under, and who inherits."""
        parents = {self.after[i].parent_id for i in (*self.changed, *self.founded)}
        sources = {s.organization_id for s in self.subjects}
        found = {*self.changed, *self.ended, *self.ended.values(), *parents, *sources}
        return {i for i in found if i is not None and i in self.before}

    @property
    def branches(self) -> set[UUID]:
        """Branches whose admissions another may come to carry on."""
        of = (self.before[i] for i in (*self.ended, *self.changed))
        groups = (node.parent_id for node in of if node.kind == OrganizationKind.PARTY_GROUP)
        return {i for i in (*self.left, *self.converted, *groups) if i is not None}

    def branch(self, organization_id: UUID) -> Node | None:
        """Give the branch that carries on what belonged to an organisation: a group's is above."""
        heir = self.ended.get(organization_id, organization_id)
        node = self.after.get(heir) if heir is not None else None
        if node is not None and node.kind == OrganizationKind.PARTY_GROUP and node.parent_id:
            return self.after[node.parent_id]
        return node


def _state(node: Node) -> tuple[object, ...]:
    term = node.term_started_on, node.due_on
    return node.parent_id, node.path, node.name, node.kind, node.is_grid, term


Journal = list[dict[str, Any]]
"""The rows that an application wrote: `{table, id, before, after}`, each whole or null."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a tree, and where."""

    organization_id: UUID
    what: str
