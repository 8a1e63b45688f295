"""JSON of messages."""

from datetime import date, datetime
from uuid import UUID

from app.core.schemas import ListParams, Schema, TextOut
from app.messages.types import MessageKind


class MessageOut(Schema):
    """What you were told."""

    id: UUID
    district_code: str
    kind: MessageKind
    subject_kind: str
    """What it is about, as the audit names it: `organization`, `transfer`."""
    subject_id: UUID
    title: TextOut
    sent_on: date
    created_at: datetime
    read_at: datetime | None
    """When you first marked it as read."""


class MessageListParams(ListParams):
    """Filters of your messages."""

    is_read: bool | None = None
    kind: MessageKind | None = None


class ReadOut(Schema):
    """How many messages were marked as read just now."""

    count: int


class SubscriptionNew(Schema):
    """That the mini-program's user accepted the template of a kind, once."""

    kind: MessageKind


class SubscriptionOut(Schema):
    """How many messages of a kind WeChat may still bring you."""

    kind: MessageKind
    template_id: str
    """For `wx.requestSubscribeMessage`."""
    remaining: int
    """One for each consent, 20 at most."""
