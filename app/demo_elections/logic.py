"""What the department did of overdue terms: it criticised each in the quarter's notice."""

from datetime import date

from app.elections.types import ElectionPack
from app.organizations.types import OrganizationKind as Kind

LAST_DAY = date(2019, 12, 31)
NOTICES = (
    (date(2019, 3, 29), "西组通〔2019〕6号"),
    (date(2019, 6, 28), "西组通〔2019〕13号"),
    (date(2019, 9, 27), "西组通〔2019〕21号"),
    (date(2019, 12, 27), "西组通〔2019〕30号"),
)
"""A notice a quarter, of whatever became overdue since the one before."""
RECIPIENTS = ("各街道党工委、乡镇党委", "区直各党委、党工委、党总支、党支部")
_SEATS = {Kind.PARTY_COMMITTEE: 7, Kind.GENERAL_BRANCH: 5}
_BRANCH_SEATS = 3


def notice_of(due_on: date) -> tuple[date, str]:
    """Give the day and the number of the first notice after a term ended."""
    return next((day, number) for day, number in NOTICES if day > due_on)


def seats(pack: ElectionPack, kind: Kind, full_members: int) -> int:
    """Give the usual seats of the committee that is to be elected; a small branch has none."""
    if kind in _SEATS:
        return _SEATS[kind]
    return _BRANCH_SEATS if full_members >= pack.committee_full_members else 0
