"""JSON of who is due and of tallies."""

from datetime import date
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from app.core.schemas import Count, Day, Flag, Id, ListParams, Schema
from app.elections.types import Position
from app.members.schemas import Name, Reason
from app.members.types import MemberCategory, MemberStatus
from app.tallies.types import ExclusionGround, NotDue

Heads = Annotated[Count, Field(ge=0, le=100_000)]


Paper = Annotated[list[Id | Name], Field(max_length=40)]
"""One ballot: the members named on it, by id or by name."""


class ConsentNew(Schema):
    """The level above consents that a voter is not counted as due."""

    member_id: Id
    ground: ExclusionGround
    superior_consent_number: Reason
    on: Day | None = None


class ExclusionNew(Schema):
    """The meeting passes what the level above consented to."""

    member_id: Id
    ground: ExclusionGround
    superior_consent_number: Reason | None = None
    meeting_passed: Flag = False
    on: Day | None = None


class VotesNew(Schema):
    """Votes for one person."""

    member_id: Id
    votes: Heads


class NameOf(Schema):
    """Whom a name on the ballots means."""

    name: Name
    member_id: Id


class BallotsNew(Schema):
    """A ballot box for the vote whose turn it is."""

    allows_write_ins: Flag = True
    """Whether others than the candidates may be named (另选他人)."""


class TallyNew(Schema):
    """A protocol of one vote: its `votes`, or single `ballots`, or a closed `ballot_box_id`."""

    position: Position | None = None
    """The position whose turn it is when left out; another one is refused."""
    due: Heads | None = None
    """应到会: what the list says when left out; another number is refused."""
    present: Heads | None = None
    """实到会, those with a vote; of a ballot box, those who voted when left out."""
    ballots_issued: Heads | None = None
    """A ballot box says so itself."""
    ballots_collected: Heads | None = None
    """Single ballots and a ballot box say so themselves."""
    votes: Annotated[list[VotesNew], Field(max_length=40)] | None = None
    """Of every candidate of this round, those without a vote too."""
    write_ins: Annotated[list[VotesNew], Field(max_length=40)] = []  # noqa: RUF012 - copied
    """Beside `votes`, 另选他人: members who were no candidates."""
    ballots: Annotated[list[Paper], Field(max_length=2000)] | None = None
    """Each ballot with the names on it (or members' ids); an empty one is an abstention (弃权)."""
    ballot_box_id: Id | None = None
    """A closed ballot box of this vote."""
    names: Annotated[list[NameOf], Field(max_length=40)] = []  # noqa: RUF012 - copied
    """Whom a written name means, where several could be meant."""
    reduce_seats_consent: Heads | None = None
    """Electors who agreed to fewer seats."""
    on: Day | None = None
    document: Reason | None = None


class TallyOut(Schema):
    """A protocol and its verdict."""

    id: UUID
    position: Position
    round: int
    outcome: str
    protocol: dict[str, Any]
    verdict: dict[str, Any]


class Tallies(Schema):
    """The tallies of a cycle, in the order in which they were entered."""

    items: list[TallyOut]


class VoterOut(Schema):
    """A member of the organisation, and whether they are due to attend."""

    id: UUID
    name: str
    organization_id: UUID
    category: MemberCategory
    status: MemberStatus
    is_due: bool
    reason: NotDue | None
    """Why not, where not."""
    ground: ExclusionGround | None
    superior_consent_number: str | None


class DueCounts(Schema):
    """How many are due to attend (应到会人数)."""

    members: int
    due: int
    quorum_needed: int
    """Four fifths of those due, rounded up."""
    not_due: dict[NotDue, int]


class VotersPage(Schema):
    """Who is due and who is not, on a day."""

    as_of: date
    counts: DueCounts
    items: list[VoterOut]
    next: str | None = None


class VoterListParams(ListParams):
    """The list of voters, by name."""

    as_of: Day | None = None
    """The day of the meeting when left out, or today before it."""
