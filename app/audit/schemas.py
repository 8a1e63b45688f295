"""JSON of the audit."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from app.core.audit import Outcome
from app.core.schemas import Count, Day, DistrictCode, Id, Line, ListParams, Schema

Action = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_.]*$", max_length=50)]
"""The name of an operation: `edit_member`; `cli.…` at the command line, `audit.…` of its own."""

TargetKind = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z_]*$", max_length=30)]
"""`member`, `organization`, `account` and the like."""

TargetId = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z_.-]+$", max_length=60)]
"""An id or a code."""

Number = Annotated[Count, Field(ge=1)]
"""The place in the chain: 1 for the first."""


class EntryOut(Schema):
    """Who did what, when and where. What nobody may read is left out or masked."""

    district_code: str
    """A district, prefecture or province (GB/T 2260); `000000` for the deployment itself."""
    number: int
    """1 for the first of its chain, and no gaps."""
    at: datetime
    account_id: UUID | None
    username: str
    role: str
    """The roles held there, with commas between them."""
    action: str
    outcome: Outcome
    target_kind: str | None
    target_id: str | None
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    detail: dict[str, Any] | None
    request_id: str | None
    address: str | None
    hash: str
    """SHA-256 in hexadecimal, of the hash before it and of this entry."""


class HeadOut(Schema):
    """How many entries a chain has and the hash of the newest, signed: keep it elsewhere."""

    district_code: str
    number: int
    hash: str
    signature: str


class EntryListParams(ListParams):
    """Filters of the list of entries."""

    district_code: DistrictCode | None = None
    from_: Day | None = Field(None, alias="from")
    """The first day (Asia/Shanghai)."""
    to: Day | None = None
    """The last day, which is included."""
    account_id: Id | None = None
    """Who acted, signed in."""
    username: Annotated[Line, StringConstraints(max_length=50)] | None = None
    """Whose name it was, as it is written in the entry: failed sign-ins of the account too."""
    action: Action | None = None
    outcome: Outcome | None = None
    target_kind: TargetKind | None = None
    target_id: TargetId | None = None
    sort: Literal["number", "-number"] = "-number"
