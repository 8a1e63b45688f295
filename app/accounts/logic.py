"""Pure decisions about accounts and grants, and why somebody may do something."""

import re
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import NamedTuple
from uuid import UUID

from app.access.logic import ADMINISTRATORS, ROLES, padded
from app.access.types import Role
from app.accounts.errors import (
    GrantedByOperator,
    GrantStands,
    HoldsMoreRights,
    KeptByOperator,
    PasswordStillGiven,
)
from app.core.caller import Grant, Permission, Subtree
from app.core.errors import Invalid, Text

OF_MEMBERS = "member-"
"""Names of accounts that a member's first sign-in makes begin so."""
OF_THE_OPERATOR = frozenset({Role.SECURITY_ADMIN, Role.AUDIT_ADMIN})
"""Whose accounts no system administrator disables or enables."""
UNMASKING = frozenset(r for r, may in ROLES.items() if Permission.MEMBERS_UNMASK in may)
PASSWORD_OF_THE_OPERATOR = ADMINISTRATORS | UNMASKING
"""Whose passwords no system administrator resets: who sets one can sign in with it."""
PREFIX = "^[1-9][0-9]([0-9][1-9]|[1-9]0)?$"
"""The first two or four digits of GB/T 2260 codes: a province `23` or a prefecture `2310`."""
RULE = Text(
    "权限来自授权：角色含有该权限、授权范围又包含该党组织时，即为允许。多项授权相加，没有否定的授权。"
    "看不到的党组织与不存在的党组织没有区别。",
    "A right comes of a grant whose role has the permission and whose place holds the organisation."
    " Grants add up and none forbids. What is out of sight is as if it were not.",
)


class Right(NamedTuple):
    """A role over a place: an organisation's subtree, a district, or every one of a prefix."""

    role: Role
    district_code: str | None = None
    organization_id: UUID | None = None
    prefix: str | None = None

    @property
    def code(self) -> str:
        """The GB/T 2260 code of the place."""
        return self.district_code or padded(self.prefix or "")


class Explained(NamedTuple):
    """What one grant does for a permission."""

    id: UUID | None
    role: Role
    district_code: str | None
    prefix: str | None
    path: str
    has_permission: bool
    covers: bool | None
    reason: Text


def check_key(key: str) -> None:
    """Raise `Invalid` unless an account may have a name that folds to `key`."""
    if not key or key.startswith(OF_MEMBERS):
        raise Invalid("不能使用这个用户名", "this user name cannot be used")


def check_grantable(role: Role) -> None:
    """Raise `GrantedByOperator` unless the role is granted by API."""
    if role in ADMINISTRATORS:
        raise GrantedByOperator


def check_place(*places: object) -> None:
    """Raise `Invalid` unless one place is given."""
    if sum(place is not None for place in places) != 1:
        raise Invalid(
            "organization_id、district_code、prefix 须给出其中一项",
            "give one of organization_id, district_code and prefix",
        )


def check_right(right: Right) -> None:
    """Raise `Invalid` unless the role can be held over such a place."""
    if right.role == Role.MEMBER:
        raise Invalid("党员身份不由授权产生", "one is a member by membership, not by a grant")
    if (right.district_code is None) == (right.prefix is None):
        raise Invalid("须给出区划代码或代码前缀其中一项", "give either a district or a prefix")
    if right.prefix is not None and not re.fullmatch(PREFIX, right.prefix):
        raise Invalid("代码前缀应为两位或四位", "a prefix has two or four digits: 23, 2310")
    if right.role in ADMINISTRATORS and right.organization_id is not None:
        raise Invalid(
            "系统、安全、审计管理员只能授予整个区县",
            "an administrator's role is granted over whole districts",
        )


def check_grant(held: Sequence[Right], new: Right, *, is_password_given: bool) -> None:
    """Raise `GrantStands` or `PasswordStillGiven` unless `new` may join what is held."""
    if new in held:
        raise GrantStands
    if new.role in UNMASKING and is_password_given:
        raise PasswordStillGiven


def check_keeper(held: Iterable[Right]) -> None:
    """Raise `KeptByOperator` if a system administrator must leave this account alone."""
    if any(right.role in OF_THE_OPERATOR for right in held):
        raise KeptByOperator


def check_reset(held: Sequence[Right], codes: set[str]) -> None:
    """Raise `KeptByOperator`, or `HoldsMoreRights` unless all rights lie in `codes`.

    Who sets a password can sign in with it, and would gain what is held.
    """
    if any(right.role in PASSWORD_OF_THE_OPERATOR for right in held):
        raise KeptByOperator
    if any(right.code not in codes for right in held):
        raise HoldsMoreRights


def explain(
    grants: Iterable[Grant], permission: Permission, place: Subtree | None, *, is_asked: bool
) -> list[Explained]:
    """Tell what each grant does for `permission` at `place`; None is an organisation out of sight.

    Without `is_asked` nobody asked about an organisation.
    """

    def key(grant: Grant) -> tuple[str, str, str, str]:
        return str(grant.id or ""), grant.role, grant.subtree.district_code, grant.subtree.path

    found = []
    for _, same in groupby(sorted(grants, key=key), key=lambda g: (g.id, g.role)):
        opened = list(same)
        covers = None
        if is_asked:
            covers = place is not None and any(g.subtree.holds(place) for g in opened)
        found.append(_explained(opened, permission, covers=covers))
    return sorted(found, key=lambda e: (e.role, e.district_code or e.prefix or "", e.path))


def _explained(opened: list[Grant], permission: Permission, *, covers: bool | None) -> Explained:
    """Explain one grant by the subtrees that it opens: many for a prefix, else one."""
    first = opened[0]
    prefix = _prefix(g.subtree.district_code for g in opened)
    has = permission in first.permissions
    zh = "该角色含有此权限" if has else "该角色不含此权限"
    en = "the role has the permission" if has else "the role does not have the permission"
    if covers is not None:
        zh += "，范围包含该党组织" if covers else "，范围内没有该党组织"
        en += "; its place holds the organisation" if covers else "; no such organisation there"
    if prefix:
        zh += f"（范围：代码以 {prefix} 开头的各区县）"
        en += f" (its place: every district whose code begins with {prefix})"
    elif first.id is None:
        zh += "（来自本人党员身份，范围为所在党支部）"
        en += " (it comes of being a member; its place is the own branch)"
    return Explained(
        first.id,
        Role(first.role),
        None if prefix else first.subtree.district_code,
        prefix,
        first.subtree.path,
        has,
        covers,
        Text(zh, en),
    )


def _prefix(codes: Iterable[str]) -> str | None:
    """Read a grant's prefix from the codes that it opens; None for a single district's."""
    above = min((c for c in codes if c.endswith("00")), default=None)
    if above is None:
        return None
    return above[:2] if above.endswith("0000") else above[:4]
