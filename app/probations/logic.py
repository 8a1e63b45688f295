"""Pure decisions: which branch carries an admission on, and why one ends with a membership."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from app.admissions.logic import ADMITS
from app.members.types import MemberStatus
from app.probations.types import ENDS, Heir, Led

REASON = 200


def led(rows: Iterable[Any], moving: Mapping[UUID, UUID], heir: Heir) -> list[Led]:
    """Say of open admissions who carries them on, where that is another branch or nobody.

    A probationer takes the admission along; an applicant stays with the branch or goes to its
    successor, which must be of a kind that admits.
    """
    found = []
    for row in rows:
        if row.member_id is None:
            branch = heir(row.organization_id)
            to = branch.id if branch is not None and branch.kind in ADMITS else None
        else:
            branch = heir(moving.get(row.member_id, row.place_id))
            to = branch.id if branch is not None else None
        if to != row.organization_id:
            found.append(Led(row.id, row.organization_id, to))
    return found


def why(status: MemberStatus, reason: str | None) -> str:
    """Write why an admission ended with its membership."""
    return "：".join(part for part in (ENDS[status].zh, reason) if part)[:REASON]
