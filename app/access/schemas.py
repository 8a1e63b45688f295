"""JSON of signing in."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import StringConstraints

from app.access.types import Role
from app.core.caller import Permission
from app.core.schemas import Schema


class SessionNew(Schema):
    """A user name and its password."""

    username: Annotated[str, StringConstraints(min_length=1, max_length=50)]
    password: Annotated[str, StringConstraints(min_length=1, max_length=200)]


class RefreshNew(Schema):
    """A refresh token; it is spent by this call."""

    refresh_token: Annotated[str, StringConstraints(min_length=1, max_length=200)]


class WeChatSessionNew(Schema):
    """What the mini-program got: `code` from `wx.login`, each for one call."""

    code: Annotated[str, StringConstraints(min_length=1, max_length=128)]
    phone_code: Annotated[str, StringConstraints(min_length=1, max_length=120)] | None = None
    """From the button `getPhoneNumber`; on the first use alone."""


class PasswordChangeNew(Schema):
    """The present password and the one to come: 8 to 200 characters, at least 5 different."""

    password: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    new_password: Annotated[str, StringConstraints(min_length=8, max_length=200)]


class SessionOut(Schema):
    """Tokens. Send the access token as `Authorization: Bearer …`."""

    access_token: str
    refresh_token: str
    token_type: Literal["bearer"] = "bearer"  # noqa: S105 - the scheme, no secret
    expires_in: int
    """Seconds until the access token ends."""


class GrantOut(Schema):
    """A role over a subtree, and what it allows."""

    id: UUID | None
    """The recorded grant; none where the right comes of being a member."""
    role: Role
    district_code: str
    path: str
    permissions: list[Permission]


class MeOut(Schema):
    """Who is signed in."""

    account_id: UUID
    username: str
    home_code: str
    """GB/T 2260: the district that keeps the account, or the prefecture or province."""
    member_id: UUID | None
    """The member (in `home_code`) whose own account this is."""
    grants: list[GrantOut]
