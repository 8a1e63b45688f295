"""Pure decisions about wishes."""

from collections.abc import Iterable
from datetime import date
from enum import StrEnum
from uuid import UUID

from app.wishes.errors import OwnWish, WishOutOfOrder
from app.wishes.types import KEPT, KEPT_AT_MOST, WishStatus


class Step(StrEnum):
    """What can happen to a wish."""

    TAKE = "take"
    RELEASE = "release"
    COMPLETE = "complete"
    RATE = "rate"
    WITHDRAW = "withdraw"
    EDIT = "edit"


STEPS: dict[Step, tuple[frozenset[WishStatus], WishStatus]] = {
    Step.TAKE: (frozenset({WishStatus.OPEN}), WishStatus.TAKEN),
    Step.RELEASE: (frozenset({WishStatus.TAKEN}), WishStatus.OPEN),
    Step.COMPLETE: (frozenset({WishStatus.TAKEN}), WishStatus.DONE),
    Step.RATE: (frozenset({WishStatus.DONE}), WishStatus.RATED),
    Step.WITHDRAW: (frozenset({WishStatus.OPEN, WishStatus.TAKEN}), WishStatus.WITHDRAWN),
    Step.EDIT: (frozenset({WishStatus.OPEN}), WishStatus.OPEN),
}
"""From which statuses each leads, and to which."""

TERMS = {
    WishStatus.OPEN: "待认领",
    WishStatus.TAKEN: "已认领",
    WishStatus.DONE: "已完成",
    WishStatus.RATED: "已评价",
    WishStatus.WITHDRAWN: "已撤回",
}


def stepped(status: WishStatus, step: Step) -> WishStatus:
    """Give the status that `step` leads to, or raise `WishOutOfOrder`."""
    before, after = STEPS[step]
    if status not in before:
        wanted = "、".join(TERMS[s] for s in sorted(before))
        raise WishOutOfOrder(
            f"当前为“{TERMS[status]}”，只有“{wanted}”的心愿可以如此处理",
            f"it is {status}; this needs {' or '.join(sorted(before))}",
        )
    return after


def check_rater(*, parties: Iterable[UUID | None], rating: Iterable[UUID | None]) -> None:
    """Refuse to rate for oneself: `parties` are accounts and the member who took or did it."""
    if {*parties} & {*rating} - {None}:
        raise OwnWish


def last_kept(today: date) -> tuple[date, date]:
    """Give the last days of the last move and of the posting of what loses its contact today.

    On the ninetieth day after the move it goes, on the eighty-ninth it stays. A move is what may
    need the contact again: posting, taking, doing. But a wish that is taken and released again and
    again would keep it for ever, so on the 180th day after the posting it goes in any case; who
    still needs it posts the wish anew, and asks the resident. A change of the text is no move.
    """
    return today - KEPT, today - KEPT_AT_MOST


def is_kept(moved_on: date, posted_on: date, today: date) -> bool:
    """Tell whether the contact of a wish is still kept today."""
    moved, posted = last_kept(today)
    return moved_on > moved and posted_on > posted
