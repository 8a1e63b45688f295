"""Pure decisions about who is due and what is elected next."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from app.members.types import MemberCategory, MemberStatus
from app.tallies.types import NotDue


def not_due(category: str, status: str, *, is_excluded: bool) -> NotDue | None:
    """Say why a member is not due to attend; None for one who is (选举工作条例 第五条)."""
    if category != MemberCategory.FULL:
        return NotDue.PROBATIONARY
    if status == MemberStatus.RIGHTS_SUSPENDED:
        return NotDue.RIGHTS_SUSPENDED
    if status == MemberStatus.UNDER_PARTY_PROBATION:
        return NotDue.UNDER_PARTY_PROBATION
    return NotDue.EXCLUDED if is_excluded else None


def count_due(groups: Iterable[tuple[str, str, bool, int]]) -> dict[str, Any]:
    """Count who is due and who is not, out of (category, status, is excluded, how many)."""
    reasons: Counter[NotDue | None] = Counter()
    for category, status, is_excluded, count in groups:
        reasons[not_due(category, status, is_excluded=is_excluded)] += count
    due = reasons[None]
    return {
        "members": reasons.total(),
        "due": due,
        "quorum_needed": -(-4 * due // 5),  # 不少于五分之四
        "not_due": {reason.value: reasons[reason] for reason in NotDue},
    }


def lacking(number: str | None, *, meeting_passed: bool) -> list[str]:
    """Name what an exclusion lacks: the consent of the level above, the vote of the meeting."""
    lacks = [] if number else ["superior_consent_number"]
    return lacks if meeting_passed else [*lacks, "meeting_passed"]
