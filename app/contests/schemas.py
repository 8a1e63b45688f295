"""JSON of contests."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    StringConstraints,
    TypeAdapter,
    ValidationError,
    model_validator,
)
from pydantic.networks import AnyUrl, UrlConstraints
from pydantic_core import PydanticCustomError

from app.contests.models import CHANNEL_LENGTH, MOST_PLACES, NAME_LENGTH, URL_LENGTH
from app.contests.types import ContestKind, ContestStatus
from app.core.schemas import Count, Day, Flag, Id, ListParams, Schema, exactly
from app.members.schemas import Name, Reason

MOST_ROWS = 500
_URL = TypeAdapter(
    Annotated[
        AnyUrl,
        UrlConstraints(allowed_schemes=["https"], host_required=True, max_length=URL_LENGTH),
    ]
)


def _url(text: str) -> str:
    """Take an https address without a user; it is kept and shown, and never fetched."""
    try:
        found = _URL.validate_python(text)
    except ValidationError:
        raise PydanticCustomError("url", "not an https address") from None
    if found.username or found.password or len(str(found)) > URL_LENGTH:
        raise PydanticCustomError("url", "not an https address")
    return str(found)


def _score(value: Any) -> Any:
    if isinstance(value, bool):
        raise PydanticCustomError("decimal_type", "not a number")
    return value


Url = Annotated[str, StringConstraints(max_length=URL_LENGTH), AfterValidator(_url)]
Score = Annotated[
    Decimal,
    BeforeValidator(_score),
    Field(ge=0, le=100, max_digits=5, decimal_places=2),
    exactly(2),
]


class ContestOut(Schema):
    """A contest."""

    id: UUID
    district_code: str
    organization_id: UUID
    """Who holds it."""
    organization_name: str
    kind: ContestKind
    title: str
    held_on: date
    places: int
    """How many are awarded."""
    drops_extremes: bool
    status: ContestStatus
    channel: str | None
    """Where the ranking was published."""
    url: str | None
    published_on: date | None


class EntryOut(Schema):
    """An entry (参赛作品), ranked by what jurors gave so far, or as the contest was closed."""

    id: UUID
    organization_id: UUID
    organization_name: str
    member_id: UUID | None
    member_name: str | None
    title: str
    is_withdrawn: bool
    average: Decimal | None
    rank: int | None
    is_tied: bool
    """Another entry has the same rank (并列)."""
    is_lecturer: bool
    """Its member joined the lecture team (党课宣讲团)."""


class JurorOut(Schema):
    """Who scores (评委)."""

    id: UUID
    member_id: UUID | None
    name: str
    organization_id: UUID | None
    organization_name: str | None


class ScoreOut(Schema):
    """What a juror gave an entry (评分)."""

    entry_id: UUID
    juror_id: UUID
    score: Decimal


class ContestDetail(ContestOut):
    """A contest with its entries, the best first; a juror sees the own scores alone."""

    entries: list[EntryOut]
    jurors: list[JurorOut]
    scores: list[ScoreOut]


class ContestNew(Schema):
    """A contest to hold."""

    organization_id: Id
    kind: ContestKind
    title: Reason
    held_on: Day
    places: Annotated[Count, Field(ge=1, le=MOST_PLACES)] = 10
    drops_extremes: Flag = False
    """去掉一个最高分和一个最低分."""


class EntryNew(Schema):
    """What an organisation enters, or a member of it."""

    organization_id: Id | None = None
    """Where the member belongs when left out."""
    member_id: Id | None = None
    title: Reason


class JurorNew(Schema):
    """A juror: a member, or somebody else by name."""

    member_id: Id | None = None
    name: Annotated[Name, StringConstraints(max_length=NAME_LENGTH)] | None = None
    organization_id: Id | None = None
    """The own unit; of a member where they belong when left out."""

    @model_validator(mode="after")
    def _one_person(self) -> Self:
        if (self.member_id is None) == (self.name is None):
            raise PydanticCustomError("one_person", "either member_id or name")
        return self


class ScoreNew(Schema):
    """A score from 0 to 100; one that is there already is changed."""

    entry_id: Id
    juror_id: Id
    score: Score


class ScoresNew(Schema):
    """Scores to record together, all or none."""

    rows: Annotated[list[ScoreNew], Field(min_length=1, max_length=MOST_ROWS)]


class PublicationNew(Schema):
    """Where and when the ranking was published."""

    channel: Annotated[Reason, StringConstraints(max_length=CHANNEL_LENGTH)]
    """“今日西安区”微信公众号."""
    url: Url
    published_on: Day


class LectureTeamNew(Schema):
    """The entries whose members make up the lecture team: no others."""

    entry_ids: Annotated[list[Id], Field(min_length=1, max_length=50)]


class ContestListParams(ListParams):
    """Filters of the list of contests."""

    organization_id: Id | None = None
    within: Id | None = None
    """Only what this organisation and those under it hold."""
    kind: ContestKind | None = None
    status: ContestStatus | None = None
    sort: Literal["held_on", "-held_on"] = "-held_on"
