"""The arithmetic of the tree: no sequence of actions makes anything else than a tree."""

from collections.abc import Mapping
from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule

from app.core.errors import AppError
from app.members.types import MemberCategory
from app.organizations.types import OrganizationKind as Kind
from app.simulations import logic
from app.simulations.types import (
    Action,
    Convert,
    Dissolve,
    Found,
    Heads,
    Merge,
    Move,
    Node,
    Part,
    Person,
    Split,
)

ROOT = UUID(int=1)
TREE = {
    ROOT: Node(ROOT, None, 1, "1.", "区委", Kind.DISTRICT_COMMITTEE),
}


def grown(*nodes: tuple[int, int, Kind, int]) -> dict[UUID, Node]:
    """Make a tree: id, parent, kind and members of each node."""
    tree = dict(TREE)
    for number, parent, kind, count in nodes:
        above = tree[UUID(int=parent)]
        path = f"{above.path}{number}."
        own = Heads(count)
        node = Node(UUID(int=number), above.id, number, path, f"甲{number}", kind, own=own)
        tree[node.id] = node
    return tree


def people(tree: Mapping[UUID, Node]) -> int:
    return sum(node.own.people for node in tree.values())


@pytest.mark.parametrize(
    ("name", "old", "new", "wanted"),
    [
        ("审计局党总支", Kind.GENERAL_BRANCH, Kind.PARTY_COMMITTEE, "审计局党委"),
        ("审计局党总支部", Kind.GENERAL_BRANCH, Kind.PARTY_BRANCH, "审计局党支部"),
        ("审计局联合党支部", Kind.JOINT_BRANCH, Kind.PARTY_BRANCH, "审计局党支部"),
        ("审计局", Kind.PARTY_BRANCH, Kind.JOINT_BRANCH, "审计局"),
    ],
)
def test_names_follow_the_kind(name: str, old: Kind, new: Kind, wanted: str) -> None:
    assert logic.renamed(name, old, new) == wanted


def test_the_level_above_decides() -> None:
    tree = grown(
        (2, 1, Kind.PARTY_COMMITTEE, 0),
        (3, 2, Kind.GENERAL_BRANCH, 0),
        (4, 3, Kind.PARTY_BRANCH, 5),
        (5, 3, Kind.PARTY_BRANCH, 5),
        (6, 2, Kind.GENERAL_BRANCH, 0),
    )
    ids = {n: UUID(int=n) for n in range(1, 7)}
    for action, place, above in (
        (Convert(ids[3], Kind.PARTY_COMMITTEE), 3, 2),
        (Convert(ids[2], Kind.GENERAL_BRANCH), 2, 1),
        (Merge(ids[4], ids[5]), 3, 3),
        (Move(ids[4], ids[6]), 2, 2),
        (Found(UUID(int=9), ids[3], "乙", Kind.PARTY_BRANCH), 3, 3),
    ):
        if action == Convert(ids[2], Kind.GENERAL_BRANCH):
            with pytest.raises(AppError):
                logic.carry_out(tree, {}, [action], 100)
            continue
        outcome = logic.carry_out(tree, {}, [action], 100)
        assert (outcome.place.id, outcome.above.id) == (ids[place], ids[above]), action


def test_an_organisation_stands_at_most_sixteen_levels_down() -> None:
    deep = grown(
        (2, 1, Kind.PARTY_COMMITTEE, 0),
        *((n, n - 1, Kind.PARTY_COMMITTEE, 0) for n in range(3, 16)),
        (50, 15, Kind.GENERAL_BRANCH, 0),
        (51, 1, Kind.PARTY_BRANCH, 1),
        (52, 51, Kind.PARTY_GROUP, 1),
    )
    assert deep[UUID(int=50)].path.count(".") == 16
    with pytest.raises(AppError):  # the group would be the seventeenth
        logic.carry_out(deep, {}, [Move(UUID(int=51), UUID(int=15))], 100)
    alone = {i: n for i, n in deep.items() if n.kind != Kind.PARTY_GROUP}
    assert logic.carry_out(alone, {}, [Move(UUID(int=51), UUID(int=15))], 100)


class Trees(RuleBasedStateMachine):
    """Any actions on any organisations, one after the other."""

    known = Bundle("known")

    @initialize(target=known)
    def plant(self) -> UUID:
        self.tree = grown(
            (2, 1, Kind.PARTY_COMMITTEE, 0),
            (3, 2, Kind.GENERAL_BRANCH, 0),
            (4, 3, Kind.PARTY_BRANCH, 7),
            (5, 4, Kind.PARTY_GROUP, 3),
            (6, 1, Kind.WORKING_COMMITTEE, 0),
            (7, 6, Kind.JOINT_BRANCH, 4),
        )
        self.members, self.next = people(self.tree), 100
        return ROOT

    def node(self, number: int) -> UUID:
        ids = sorted(self.tree)
        return ids[number % len(ids)]

    def carry_out(self, action: Action, named: Mapping[UUID, Person] | None = None) -> None:
        try:
            outcome = logic.carry_out(self.tree, named or {}, [action], self.next)
        except AppError:
            return
        self.next += len(outcome.founded)
        assert set(self.tree) - set(outcome.after) == set(outcome.ended)
        assert outcome.place.path.startswith(outcome.above.path)
        self.tree = dict(outcome.after)

    pick = st.integers(0, 50)
    kinds = st.sampled_from(sorted(Kind))

    @rule(one=pick, other=pick)
    def move(self, one: int, other: int) -> None:
        self.carry_out(Move(self.node(one), self.node(other)))

    @rule(one=pick, other=pick)
    def merge(self, one: int, other: int) -> None:
        self.carry_out(Merge(self.node(one), self.node(other)))

    @rule(one=pick, kind=kinds)
    def convert(self, one: int, kind: Kind) -> None:
        self.carry_out(Convert(self.node(one), kind))

    @rule(one=pick)
    def dissolve(self, one: int) -> None:
        self.carry_out(Dissolve(self.node(one)))

    @rule(one=pick, kind=kinds)
    def found(self, one: int, kind: Kind) -> None:
        new = UUID(int=1000 + self.next)
        self.carry_out(Found(new, self.node(one), f"乙{self.next}", kind))

    @rule(one=pick, count=st.integers(0, 3))
    def split(self, one: int, count: int) -> None:
        place = self.tree[self.node(one)]
        count = min(count, place.own.full)
        ids = tuple(UUID(int=9000 + n) for n in range(count))
        new = UUID(int=1000 + self.next)
        part = Part(new, f"丙{self.next}", place.kind, ids)
        named = {i: Person(place.id, MemberCategory.FULL) for i in ids}
        self.carry_out(Split(place.id, (part,)), named)

    @invariant()
    def stays_a_tree(self) -> None:
        assert list(logic.faults(self.tree)) == []
        assert people(self.tree) == self.members
        assert logic.totals(self.tree.values())[ROOT].people == self.members


TestTrees = Trees.TestCase
TestTrees.settings = settings(max_examples=25, stateful_step_count=15, deadline=None)


def test_faults_are_found() -> None:
    good = grown((2, 1, Kind.GENERAL_BRANCH, 0), (3, 2, Kind.PARTY_BRANCH, 3))
    two, three = UUID(int=2), UUID(int=3)
    assert list(logic.faults(good)) == []

    for wrong, fault in (
        ({i: n for i, n in good.items() if i != two}, "orphan"),
        (good | {three: replace(good[three], path="1.3.")}, "path"),
        (good | {three: replace(good[three], kind=Kind.PARTY_GROUP)}, "kind"),
        (good | {two: replace(good[two], own=Heads(1))}, "members"),
        (good | {three: replace(good[three], name="甲2")}, "name"),
    ):
        assert fault in {f.what for f in logic.faults(wrong)}
