"""JSON of arrivals."""

from datetime import date

from app.core.schemas import Day, Schema
from app.members.types import MemberCategory, MemberStatus
from app.transfers.schemas import LetterNumber


class ReceiptNew(Schema):
    """The receipt (回执) that came back from outside."""

    received_on: Day | None = None
    """The day on which the new organisation accepted; today when left out."""
    receipt_number: LetterNumber | None = None


class MembershipOut(Schema):
    """Where a member belonged, and as what, until the day before `valid_to`."""

    district_code: str
    organization_name: str | None
    category: MemberCategory
    status: MemberStatus
    valid_from: date
    valid_to: date | None


class MembershipsOut(Schema):
    """Where a member belonged, oldest first; what came along from other districts too."""

    items: list[MembershipOut]
