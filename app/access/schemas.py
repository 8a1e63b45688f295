"""JSON of signing in."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, StringConstraints, WithJsonSchema
from pydantic_core import PydanticCustomError

from app.access.logic import PASSWORD_LENGTH
from app.access.types import Role
from app.core.caller import Permission
from app.core.schemas import Schema

SHORTEST, LONGEST = PASSWORD_LENGTH[0], PASSWORD_LENGTH[-1]


def _password(text: str) -> str:
    if len(text) not in PASSWORD_LENGTH:
        raise PydanticCustomError("password_length", "a password has 8 to 200 characters")
    return text


Password = Annotated[
    str,
    AfterValidator(_password),
    WithJsonSchema({"type": "string", "minLength": SHORTEST, "maxLength": LONGEST}),
]
"""A password to come; what else it must be, `logic.password_fault` says."""


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
    new_password: Password


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
    must_change_password: bool
    """Somebody else gave the password; until you change it, nothing else is open."""
    grants: list[GrantOut]
