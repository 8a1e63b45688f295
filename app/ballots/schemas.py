"""JSON of secret ballots."""

from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from app.ballots.types import (
    LEAST_VOTERS,
    MOST_CANDIDATES,
    MOST_SEATS,
    MOST_VOTERS,
    BoxStatus,
    Position,
)
from app.core.schemas import Count, Flag, Id, ListParams, Schema
from app.members.schemas import Name, Reason

CandidateName = Annotated[Reason, StringConstraints(max_length=50)]
"""As it stands on the ballot paper; two of one name are told apart in it: 张伟（第二支部）."""
CandidateId = Annotated[str, StringConstraints(pattern="^[0-9a-f]{8}$", max_length=8)]


class BoxNew(Schema):
    """A ballot box to open."""

    organization_id: Id
    title: Reason
    position: Position
    seats: Annotated[Count, Field(ge=1, le=MOST_SEATS)]
    candidates: Annotated[list[CandidateName], Field(min_length=1, max_length=MOST_CANDIDATES)]
    """In the order of the ballot paper: by the strokes of the surnames (姓氏笔画)."""
    voters: Annotated[list[Id], Field(min_length=LEAST_VOTERS, max_length=MOST_VOTERS)]
    """Members who may vote: full members in good standing of the organisation's subtree today."""
    allows_write_ins: Flag = True
    """Whether others than the candidates may be named (另选他人)."""


class Candidate(Schema):
    """A candidate on the ballot paper."""

    id: str
    name: str


class BoxOut(Schema):
    """A ballot box. Nothing tells who chose whom; the ballots are counted once it is closed."""

    id: UUID
    district_code: str
    organization_id: UUID
    organization_name: str
    title: str
    position: Position
    seats: int
    candidates: list[Candidate]
    allows_write_ins: bool
    status: BoxStatus
    voters_due: int
    """应到会."""
    voters_voted: int
    """已投票."""
    has_voted: bool | None
    """Whether your own ballot is in the box; null if you are not on the list."""
    cycle_id: UUID | None
    """The election cycle whose vote it is."""
    round: int | None
    """Which vote on the position it is in the cycle."""
    opened_on: date
    closed_on: date | None
    reason: str | None
    """Why it was voided."""
    head: str | None
    """SHA-256, hexadecimal: keep it when the box is closed, and the export can be held to it."""
    version: int


class BoxListParams(ListParams):
    """Filters of the list of ballot boxes."""

    organization_id: Id | None = None
    within: Id | None = None
    """Only boxes of this organisation and of what is under it."""
    cycle_id: Id | None = None
    status: BoxStatus | None = None
    sort: Literal["opened_on", "-opened_on"] = "-opened_on"


class BallotNew(Schema):
    """A ballot. An empty one is an abstention (弃权), and valid."""

    choices: Annotated[list[CandidateId], Field(max_length=MOST_CANDIDATES)]
    write_ins: Annotated[list[Name], Field(max_length=MOST_SEATS)] = []  # noqa: RUF012 - copied


class VoidingNew(Schema):
    """Why a box is voided."""

    reason: Reason


class VotesOut(Schema):
    """How many ballots name a candidate."""

    id: str
    name: str
    votes: int


class WriteInOut(Schema):
    """How many ballots name somebody who is no candidate."""

    name: str
    votes: int


class TallyOut(Schema):
    """The ballots of a closed box, counted. Who is elected, the rules of elections say."""

    box_id: UUID
    voters_due: int
    voters_voted: int
    turnout: float
    """voters_voted ÷ voters_due, HALF_UP to three places."""
    valid: int
    """Ballots, blank ones too. One with too many names is never taken."""
    abstentions: int
    """Blank ballots (弃权)."""
    votes: list[VotesOut]
    write_ins: list[WriteInOut]


class BallotOut(Schema):
    """A ballot in the export."""

    id: UUID
    """Random, and given anew at the close: the voter never knew it."""
    choices: list[str]
    write_ins: list[str]


class ExportOut(Schema):
    """A closed box with all that proves it whole; `tools/verify_election.py` checks it."""

    format: str
    box: dict[str, Any]
    """The facts that the chain begins with."""
    ballots: list[BallotOut]
    """By id, which is no order but chance."""
    chain: list[str]
    """Of each ballot: SHA-256 of the hash before it and of the ballot."""
    head: str
    """The last hash of the chain when the box was closed."""
    count: int
    """How many ballots there were then."""
    key: str
    """Ed25519: the public key of this service. Take it from elsewhere to check the signature."""
    signature: str
    """Ed25519, of the box's id, the count and the head."""
    tally: TallyOut


class KeyOut(Schema):
    """A public key with which exported elections are checked."""

    algorithm: Literal["Ed25519"]
    key: str
    """Hexadecimal."""
