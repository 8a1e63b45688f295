"""Pure decisions about activities: who holds what, and the codes for checking in."""

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from app.activities.errors import (
    ActivityOutOfOrder,
    CheckInCodeExpired,
    CheckInCodeInvalid,
    NotHeldHere,
    NotHeldYet,
)
from app.activities.types import (
    BRANCHES,
    HELD_BY,
    ActivityKind,
    ActivityLevel,
    ActivityStatus,
)
from app.core.errors import Text
from app.organizations.types import OrganizationKind

MOST_ATTENDANCES = 2000
"""Rows of one activity's attendance list."""

TERMS: dict[ActivityStatus, Text] = {
    ActivityStatus.PLANNED: Text("计划", "planned"),
    ActivityStatus.HELD: Text("已开展", "held"),
    ActivityStatus.CANCELLED: Text("已取消", "cancelled"),
}

# ── Who holds what, and what follows what


def check_organizer(kind: ActivityKind, organizer: OrganizationKind) -> None:
    """Raise `NotHeldHere` where an organisation of this kind holds no such activity."""
    if organizer not in HELD_BY.get(kind, frozenset(OrganizationKind)):
        raise NotHeldHere


def level_of(organizer: OrganizationKind) -> ActivityLevel:
    """Give the level of what an organisation of this kind holds."""
    if organizer == OrganizationKind.DISTRICT_COMMITTEE:
        return ActivityLevel.DISTRICT
    is_branch = organizer in BRANCHES | {OrganizationKind.PARTY_GROUP}
    return ActivityLevel.BRANCH if is_branch else ActivityLevel.COMMITTEE


def check_state(status: ActivityStatus, *allowed: ActivityStatus) -> None:
    """Raise `ActivityOutOfOrder` unless an activity of `status` is in one of these states."""
    if status not in allowed:
        zh = "或".join(f"“{TERMS[s].zh}”" for s in allowed)
        en = " or ".join(TERMS[s].en for s in allowed)
        raise ActivityOutOfOrder(
            f"该活动为“{TERMS[status].zh}”，此操作只适用于{zh}的活动",
            f"the activity is {TERMS[status].en}; it must be {en}",
            state=status.value,
        )


def check_held(held_on: date, today: date) -> None:
    """Raise `NotHeldYet` before the day of an activity; on the day itself people are there."""
    if held_on > today:
        raise NotHeldYet


# ── Checking in

CODE_SECONDS = 120
"""How long a code that is shown can be used; the screen fetches the next one sooner."""
_SIGNATURE = 16
_ABOUT = b"check-in\0"
"""What the key signs here and nowhere else: a page's cursor is no code."""


@dataclass(frozen=True, slots=True)
class CheckIn:
    """What a code says: to check in there, before then."""

    district_code: str
    activity_id: UUID
    expires_at: datetime


def sealed(said: CheckIn, sign: Callable[[bytes], bytes]) -> str:
    """Write the code that a screen shows."""
    until = int(said.expires_at.timestamp())
    body = json.dumps([said.district_code, str(said.activity_id), until]).encode()
    return _written(sign(_ABOUT + body) + body)


def _written(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def unsealed(code: str, is_signed: Callable[[bytes, bytes], bool], now: datetime) -> CheckIn:
    """Read a code, or raise `CheckInCodeInvalid` or, from its last second on, `…Expired`."""
    try:
        raw = base64.b64decode(code + "=" * (-len(code) % 4), altchars=b"-_", validate=True)
    except ValueError:
        raise CheckInCodeInvalid from None
    signature, body = raw[:_SIGNATURE], raw[_SIGNATURE:]
    if _written(raw) != code or not is_signed(_ABOUT + body, signature):
        raise CheckInCodeInvalid
    district_code, activity_id, until = json.loads(body)
    said = CheckIn(district_code, UUID(activity_id), datetime.fromtimestamp(until, now.tzinfo))
    if now >= said.expires_at:
        raise CheckInCodeExpired
    return said
