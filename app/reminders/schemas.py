"""JSON of feeds."""

from datetime import datetime
from uuid import UUID

from app.core.schemas import Id, ListParams, Schema


class FeedNew(Schema):
    """What a feed shows: the whole of what you may see, or a part of it."""

    within: Id | None = None
    """Only this organisation and those below it."""


class FeedOut(Schema):
    """A feed of yours; its secret address was shown once, when it was made."""

    id: UUID
    within: UUID | None
    created_at: datetime


class FeedMade(FeedOut):
    """A new feed. Keep the address secret: whoever has it reads the calendar."""

    path: str
    """Behind this service's host: `/feeds/….ics`. Never shown again."""


class FeedListParams(ListParams):
    """Your feeds, the newest first."""
