"""The decisions about grants, without a database."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.access.logic import ADMINISTRATORS, ROLES, codes_above
from app.access.types import Role
from app.accounts import logic
from app.accounts.errors import (
    GrantedByOperator,
    GrantStands,
    HoldsMoreRights,
    KeptByOperator,
    PasswordStillGiven,
)
from app.accounts.logic import Right
from app.core.caller import Grant, Permission, Subtree
from app.core.errors import AppError, Invalid

IDS = [UUID(int=n) for n in range(1, 4)]
RIGHTS = st.builds(
    Right,
    st.sampled_from(Role),
    st.none() | st.sampled_from(["231004", "231005"]),
    st.none() | st.sampled_from(IDS),
    st.none() | st.sampled_from(["23", "2310"]),
)


@given(st.lists(st.tuples(RIGHTS, st.integers(0, 5), st.booleans()), max_size=30))
def test_no_sequence_of_grants_makes_an_administrator(
    steps: list[tuple[Right, int, bool]],
) -> None:
    held: list[Right] = []
    for right, taken_back, is_given in steps:
        try:
            logic.check_right(right)
            logic.check_grantable(right.role)
            logic.check_grant(held, right, is_password_given=is_given)
        except (Invalid, GrantedByOperator, GrantStands, PasswordStillGiven):
            if held and taken_back == 0:
                held.pop()
            continue
        assert not (is_given and Permission.MEMBERS_UNMASK in ROLES[right.role])
        held.append(right)
    assert not {r.role for r in held} & (ADMINISTRATORS | {Role.MEMBER})
    assert len(set(held)) == len(held)
    for right in held:
        assert (right.district_code is None) != (right.prefix is None)
        assert len(right.code) == 6


@given(st.lists(RIGHTS, max_size=5), RIGHTS, st.booleans())
def test_what_does_not_stand_is_granted(held: list[Right], new: Right, is_given: bool) -> None:
    try:
        logic.check_grant(held, new, is_password_given=is_given)
    except GrantStands:
        assert new in held
    except PasswordStillGiven:
        assert (is_given, new.role) == (True, Role.DEPARTMENT_ADMIN)
    else:
        assert new not in held
        assert not is_given or new.role != Role.DEPARTMENT_ADMIN


def test_the_three_are_apart_and_each_may_one_thing() -> None:
    may = [ROLES[role] for role in sorted(ADMINISTRATORS)]
    names = {Permission.ORGANIZATIONS_READ}  # one grants over what one can name
    own = [{Permission.AUDIT_READ}, {Permission.GRANTS_MANAGE}, {Permission.ACCOUNTS_MANAGE}]
    assert may == [own[0], own[1] | names, own[2]]
    for role in set(Role) - ADMINISTRATORS:
        assert not ROLES[role] & set().union(*own)


def test_keeping_and_reaching() -> None:
    clerk = Right(Role.ORGANIZATION_CLERK, "231005", IDS[0])
    wide = Right(Role.ORGANIZATION_READER, prefix="2310")
    logic.check_keeper([])
    logic.check_keeper([clerk, wide, Right(Role.SYSTEM_ADMIN, "231005")])
    for role in (Role.SECURITY_ADMIN, Role.AUDIT_ADMIN):
        with pytest.raises(KeptByOperator):
            logic.check_keeper([clerk, Right(role, prefix="23")])
    logic.check_reset([clerk, wide], {"231005", "231000"})
    for codes in ({"231005"}, {"231000"}, set[str]()):
        with pytest.raises(HoldsMoreRights):
            logic.check_reset([clerk, wide], codes)
    for role in (*ADMINISTRATORS, Role.DEPARTMENT_ADMIN):
        with pytest.raises(KeptByOperator):
            logic.check_reset([clerk, Right(role, "231005")], {"231005"})


@pytest.mark.parametrize(
    ("key", "is_good"),
    [("a", True), ("members", True), ("", False), ("member-1", False), ("member-", False)],
)
def test_names(key: str, is_good: bool) -> None:
    refusal: AppError | None = None
    try:
        logic.check_key(key)
    except Invalid as error:
        refusal = error
    assert (refusal is None) == is_good


@pytest.mark.parametrize(
    ("prefix", "is_good"),
    [
        ("23", True),
        ("2310", True),
        ("2301", True),
        ("2300", False),
        ("00", False),
        ("0310", False),
        ("231", False),
        ("231005", False),
        ("２３", False),
        ("23\n", False),
        ("", False),
    ],
)
def test_prefixes(prefix: str, is_good: bool) -> None:
    right = Right(Role.ORGANIZATION_READER, prefix=prefix)
    if is_good:
        logic.check_right(right)
    else:
        with pytest.raises(Invalid):
            logic.check_right(right)


def _grant(role: Role, code: str, path: str, grant_id: int | None = None) -> Grant:
    given_id = None if grant_id is None else UUID(int=grant_id)
    return Grant(role, Subtree(code, path), ROLES[role], given_id)


def test_grants_are_explained() -> None:
    grants = [
        _grant(Role.ORGANIZATION_CLERK, "231005", "1.2.", 1),
        _grant(Role.ORGANIZATION_READER, "231005", "1.", 2),
        _grant(Role.SECURITY_ADMIN, "231005", "1.", 3),
        _grant(Role.MEMBER, "231005", "1.2.3."),
        *(_grant(Role.ORGANIZATION_READER, c, "1.", 4) for c in ("231000", "231004", "231005")),
        *(
            _grant(Role.ORGANIZATION_READER, c, "1.", 5)
            for c in sorted({"231004", "230102"} | codes_above(["231004", "230102"], "23"))
        ),
    ]
    asked = Permission.MEMBERS_WRITE
    found = logic.explain(grants, asked, Subtree("231005", "1.2.3."), is_asked=True)
    facts = [(e.role, e.district_code, e.prefix, e.has_permission, e.covers) for e in found]
    assert facts == [
        ("member", "231005", None, False, True),
        ("organization_clerk", "231005", None, True, True),
        ("organization_reader", None, "23", False, False),
        ("organization_reader", None, "2310", False, True),
        ("organization_reader", "231005", None, False, True),
        ("security_admin", "231005", None, False, True),
    ]
    assert found[0].id is None
    assert "党员身份" in found[0].reason.zh
    assert found[1].reason.en == "the role has the permission; its place holds the organisation"
    assert "2310" in found[3].reason.en
    beside = logic.explain(grants, asked, Subtree("231005", "1.20."), is_asked=True)
    assert [e.covers for e in beside] == [False, False, False, True, True, True]
    nowhere = logic.explain(grants, asked, None, is_asked=True)
    assert {e.covers for e in nowhere} == {False}
    assert {e.covers for e in logic.explain(grants, asked, None, is_asked=False)} == {None}
    assert logic.explain(reversed(grants), asked, None, is_asked=False) == logic.explain(
        grants, asked, None, is_asked=False
    )
