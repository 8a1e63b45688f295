"""JSON of accounts and grants."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import StringConstraints

from app.access.schemas import Password
from app.access.types import Role
from app.accounts.logic import PREFIX
from app.core.caller import Permission
from app.core.schemas import DistrictCode, Id, Line, ListParams, Schema, TextOut

Username = Annotated[Line, StringConstraints(max_length=50)]
Prefix = Annotated[str, StringConstraints(pattern=PREFIX, max_length=4)]


class AccountGrantOut(Schema):
    """A role over a place: one of the three that name it is set."""

    id: UUID
    role: Role
    district_code: str | None
    """With `organization_id` null: the whole district."""
    organization_id: UUID | None
    prefix: str | None
    """Every district whose code begins with it."""
    created_at: datetime


class GrantHeldOut(AccountGrantOut):
    """A role over a place, and who holds it."""

    account_id: UUID
    username: str
    is_disabled: bool
    organization_name: str | None
    """Null where the place is no single organisation."""


class GrantListParams(ListParams):
    """Filters of the list of grants."""

    organization_id: Id | None = None
    """Only grants whose place holds this organisation: at it, above it, or over the district."""
    within: Id | None = None
    """Only grants at this organisation or at one under it."""
    role: Role | None = None
    sort: Literal["username", "-username"] = "username"


class AccountOut(Schema):
    """Somebody who can sign in."""

    id: UUID
    username: str
    home_code: str
    """GB/T 2260: the district that keeps the account, or the prefecture or province."""
    member_id: UUID | None
    """The member whose own account this is."""
    is_disabled: bool
    has_password: bool
    is_password_given: bool
    """Somebody else set the password, and the holder has not changed it yet."""
    is_bound_to_wechat: bool
    created_at: datetime
    grants: list[AccountGrantOut]
    """Those over places where you keep accounts or grants."""


class AccountNew(Schema):
    """An account to make; it has no rights until a role is granted."""

    username: Username
    password: Password
    home_code: DistrictCode | None = None
    """Where you keep accounts; may be left out when that is one place."""
    member_id: Id | None = None
    """A member of the district `home_code`, whose own account this will be."""


class Reason(Schema):
    """Why; it is kept in the audit."""

    reason: Line


class PasswordReset(Schema):
    """A new password, set by somebody else: its holder has to change it first of all."""

    password: Password


class GrantNew(Schema):
    """A role to grant over one place."""

    role: Role
    organization_id: Id | None = None
    """This organisation and what is under it."""
    district_code: DistrictCode | None = None
    """The whole district."""
    prefix: Prefix | None = None


class AccountListParams(ListParams):
    """Filters of the list of accounts."""

    q: Annotated[Line, StringConstraints(max_length=50)] | None = None
    """A part of the user name."""
    role: Role | None = None
    is_disabled: bool | None = None
    district_code: DistrictCode | None = None
    """Accounts that this district keeps (or this prefecture or province)."""
    sort: Literal["username", "-username"] = "username"


class ExplanationParams(Schema):
    """What is asked about: a permission, at an organisation."""

    permission: Permission
    organization_id: Id | None = None
    """Left out: whether a role that you hold anywhere has the permission."""


class ExplainedOut(Schema):
    """What one of your grants does for the permission."""

    id: UUID | None
    """Null where the right comes of being a member."""
    role: Role
    district_code: str | None
    prefix: str | None
    path: str
    has_permission: bool
    covers: bool | None
    """Whether the organisation lies in its place; null when none was asked about."""
    reason: TextOut


class ExplanationOut(Schema):
    """Whether you may, and why."""

    allowed: bool
    permission: Permission
    organization_id: UUID | None
    """The organisation, where you can see it."""
    grants: list[ExplainedOut]
    rule: TextOut
