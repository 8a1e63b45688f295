"""Decisions about the tree, without a database."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.caller import Subtree
from app.core.errors import Invalid
from app.organizations import logic
from app.organizations.errors import KindNotAllowed, TreeTooDeep, UnknownDivision
from app.organizations.models import MAX_DEPTH, OrganizationState
from app.organizations.types import OrganizationKind as Kind

TODAY = date(2019, 12, 31)
labels = st.lists(st.integers(1, 99_999_999), min_size=1, max_size=logic.MAX_DEPTH)


@pytest.mark.parametrize(
    ("parent", "children"),
    [
        (
            "district_committee",
            "working_committee party_committee general_branch party_branch joint_branch",
        ),
        (
            "working_committee",
            "party_committee general_branch party_branch joint_branch temporary_branch",
        ),
        (
            "party_committee",
            "party_committee general_branch party_branch joint_branch temporary_branch",
        ),
        ("general_branch", "party_branch joint_branch temporary_branch"),
        ("party_branch", "party_group"),
        ("joint_branch", "party_group"),
        ("temporary_branch", "party_group"),
        ("party_group", ""),
    ],
)
def test_which_kinds_stand_under_which(parent: str, children: str) -> None:
    allowed = set(children.split())
    for child in Kind:
        if child.value in allowed:
            logic.check_child(Kind(parent), child)
        else:
            with pytest.raises(KindNotAllowed):
                logic.check_child(Kind(parent), child)


@given(labels)
def test_paths_are_taken_apart_and_put_together(numbers: list[int]) -> None:
    path = ""
    for number in numbers:
        path = logic.child_path(path, number)
    assert logic.depth(path) == len(numbers)


@given(labels, labels)
def test_a_subtree_is_one_range_of_text(one: list[int], two: list[int]) -> None:
    """`COLLATE "C"` compares bytes, as Python compares these."""
    top, path = ("".join(f"{n}." for n in numbers) for numbers in (one, two))
    tree = Subtree("231005", top)
    inside = two[: len(one)] == one
    assert (top <= path < tree.end) == inside
    assert tree.holds(Subtree("231005", path)) == inside
    assert not tree.holds(Subtree("231004", path))


def test_the_tree_has_a_bottom() -> None:
    assert logic.MAX_DEPTH == MAX_DEPTH
    lowest = "1." * (logic.MAX_DEPTH - 1)
    assert logic.depth(logic.child_path(lowest, 2)) == logic.MAX_DEPTH
    with pytest.raises(TreeTooDeep):
        logic.child_path("1." * logic.MAX_DEPTH, 2)
    longest = "99999999." * logic.MAX_DEPTH
    assert len(longest) <= OrganizationState.__table__.c.path.type.length  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("started", "due", "fine"),
    [
        (date(2019, 1, 1), date(2019, 1, 2), True),
        (date(2019, 1, 1), date(2019, 1, 1), False),
        (date(2019, 1, 2), date(2019, 1, 1), False),
        (date(2019, 1, 1), None, True),
        (None, date(2019, 1, 1), True),
    ],
)
def test_a_term_ends_after_it_begins(started: date | None, due: date | None, fine: bool) -> None:
    def check() -> None:
        logic.check_facts(
            Kind.PARTY_BRANCH, is_grid=False, founded_on=None, term=(started, due), today=TODAY
        )

    if fine:
        check()
    else:
        with pytest.raises(Invalid):
            check()


def test_nothing_was_founded_tomorrow() -> None:
    no_term = (None, None)
    branch = Kind.PARTY_BRANCH
    logic.check_facts(branch, is_grid=False, founded_on=TODAY, term=no_term, today=TODAY)
    with pytest.raises(Invalid):
        logic.check_facts(
            branch, is_grid=False, founded_on=date(2020, 1, 1), term=no_term, today=TODAY
        )


@pytest.mark.parametrize("kind", Kind)
def test_grids_are_branches(kind: Kind) -> None:
    if kind in {Kind.PARTY_BRANCH, Kind.JOINT_BRANCH}:
        logic.check_facts(kind, is_grid=True, founded_on=None, term=(None, None), today=TODAY)
    else:
        with pytest.raises(Invalid):
            logic.check_facts(kind, is_grid=True, founded_on=None, term=(None, None), today=TODAY)


@pytest.mark.parametrize(
    ("code", "name", "committee"),
    [
        ("231005", "西安区", "中共牡丹江市西安区委员会"),
        ("231081", "绥芬河市", "中共绥芬河市委员会"),
        ("110101", "东城区", "中共北京市东城区委员会"),
        ("310115", "浦东新区", "中共上海市浦东新区委员会"),
        ("533124", "陇川县", "中共陇川县委员会"),
    ],
)
def test_divisions(code: str, name: str, committee: str) -> None:
    assert logic.division(code) == (name, committee)


@pytest.mark.parametrize(
    "code",
    [
        "",
        "2",
        "23",
        "2310",
        "231000",
        "230000",
        "999999",
        "231099",
        "23100a",
        "2310055",
        "２３１００５",
    ],
)
def test_what_is_no_division(code: str) -> None:
    with pytest.raises(UnknownDivision):
        logic.division(code)
