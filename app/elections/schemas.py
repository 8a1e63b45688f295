"""JSON of elections: a protocol to be judged, and the verdict."""

from collections.abc import Callable
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, Field, StringConstraints, WrapValidator
from pydantic_core import PydanticCustomError

from app.core.schemas import Flag, Line, Schema
from app.elections.types import Body, Compute, Outcome, Position
from app.organizations.types import OrganizationKind
from app.terms.schemas import CitedOut, TermCheck, TermVerdictOut

T = TypeVar("T")
MOST = 1_000_000
Heads = Annotated[int, Field(strict=True, ge=0, le=MOST)]
"""A count of people, ballots or votes."""

Seats = Annotated[int, Field(strict=True, ge=1, le=1000)]
"""Seats to be filled: of a committee, or of a congress's delegates."""

Name = Annotated[Line, StringConstraints(max_length=50)]
"""A name as it stands on the ballot; nothing of a check is stored."""


def _distinct(names: list[str]) -> list[str]:
    if len({*names}) != len(names):
        raise PydanticCustomError("duplicate", "a name stands twice")
    return names


def _as_many(value: Any, read: Callable[[Any], dict[str, T]]) -> dict[str, T]:
    found = read(value)
    if len(found) != len(value):
        raise PydanticCustomError("duplicate", "a name stands twice")
    return found


Names = Annotated[list[Name], Field(max_length=1000), AfterValidator(_distinct)]
Votes = Annotated[dict[Name, Heads], Field(max_length=2000), WrapValidator(_as_many)]
Ballot = Annotated[list[Name], Field(max_length=1000)]
OutcomeOut = Literal[
    Outcome.COMPLETE,
    Outcome.COMPLETE_REDUCED_SEATS,
    Outcome.RUNOFF_REQUIRED,
    Outcome.SEPARATE_ELECTION_REQUIRED,
    Outcome.ELECTION_VOID_RERUN,
    Outcome.MEETING_INVALID,
]
"""Written out: the audit's outcome has the name in the document."""

Code = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=100)]


class RosterIn(Schema):
    """Members by whether they have a vote; nobody stands in two of these counts."""

    full_in_good_standing: Heads = 0
    full_under_party_probation_sanction: Heads = 0
    full_detained_rights_suspended: Heads = 0
    probationary: Heads = 0


class ExclusionIn(Schema):
    """A member not to be counted as due."""

    reason: Code
    """A ground of the closed list; any other leaves the member due."""
    superior_approved: Flag = False
    meeting_passed: Flag = False


class CongressCaseIn(Schema):
    """An organisation that would elect by a congress of delegates."""

    members: Heads
    scattered: Flag = False
    superior_approved: Flag = False


class VoterIn(Schema):
    """Somebody who votes."""

    present: Flag = False
    proxy_by: Name | Flag | None = None
    """Who votes instead."""


class TallyCheck(Schema):
    """The protocol of an election, or one question about it (`compute`); nothing is stored."""

    engine: Literal["election_tally"]
    compute: Compute | None = None
    unit_type: OrganizationKind | None = None
    body: Body | None = None
    position: Position = Position.COMMITTEE_MEMBER
    due: Heads | None = None
    """Those due (应到会有选举权的人数); counted from `roster` where it is left out."""
    present: Heads | None = None
    """Those present who have a vote (实到会)."""
    seats: Seats | None = None
    candidates: Names = Field(default=[])
    votes: Votes | None = None
    """Votes in favour of each name."""
    write_ins: Names = Field(default=[])
    """Names that are no candidates' (另选他人)."""
    ballots: Annotated[list[Ballot], Field(max_length=10_000)] | None = None
    """The names on each ballot."""
    ballots_issued: Heads | None = None
    ballots_collected: Heads | None = None
    reduce_seats_consent: Heads | None = None
    """How many of those present consent to fewer seats."""
    full_members: Heads | None = None
    candidate_count: Heads | None = None
    roster: RosterIn | None = None
    exclusions: Annotated[list[ExclusionIn], Field(max_length=1000)] = Field(default=[])
    approved_exclusions: Heads = 0
    """Exclusions on good grounds and twice agreed, beside those of `exclusions`."""
    cases: Annotated[list[CongressCaseIn], Field(max_length=1000)] | None = None
    voter: VoterIn | None = None


Check = Annotated[TallyCheck | TermCheck, Field(discriminator="engine")]


class RunoffOut(Schema):
    """Who is voted on again, for how many seats."""

    among: list[str]
    seats: int


class TallyVerdictOut(Schema):
    """The answer of a check of an election; null is what was not asked or cannot be said."""

    due: int | None
    quorum_needed: int | None
    meeting_valid: bool | None
    election_valid: bool | None
    votes_needed: int | None
    valid: int | None
    """Valid ballots, blank ones among them."""
    invalid: int | None
    votes: dict[str, int] | None
    elected: list[str] | None
    """The most votes first."""
    runoff: RunoffOut | None
    unfilled_seats: int | None
    final_seats: int | None
    outcome: OutcomeOut | None
    min_candidates: int | None
    accepted: bool | None
    """The nomination, the size of the committee, or the vote is accepted."""
    reason: str | None
    """The code of what is not accepted."""
    result_status: Literal["pending_superior_approval"] | None
    delegate_congress_allowed: list[bool] | None
    """One a case."""
    reasons: list[CitedOut]


Verdict = TallyVerdictOut | TermVerdictOut
