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


class SessionOut(Schema):
    """Tokens. Send the access token as `Authorization: Bearer …`."""

    access_token: str
    refresh_token: str
    token_type: Literal["bearer"] = "bearer"  # noqa: S105 - the scheme, no secret
    expires_in: int
    """Seconds until the access token ends."""


class GrantOut(Schema):
    """A role over a subtree, and what it allows."""

    role: Role
    district_code: str
    path: str
    permissions: list[Permission]


class MeOut(Schema):
    """Who is signed in."""

    account_id: UUID
    username: str
    grants: list[GrantOut]
