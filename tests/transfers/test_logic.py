"""What follows what, and both sides of every deadline."""

from datetime import date, timedelta
from itertools import product
from uuid import UUID

import pytest

from app.arrivals.logic import ended
from app.core.errors import Invalid
from app.members.types import MemberCategory
from app.organizations.types import OrganizationKind as Kind
from app.transfers import logic
from app.transfers.errors import TransferOutOfOrder
from app.transfers.queries import pack
from app.transfers.types import Reminder, Step, TransferStatus

DAY = date(2019, 12, 31)
S = TransferStatus
ALLOWED = {
    (S.REQUESTED, Step.RELEASE): S.RELEASED,
    (S.REQUESTED, Step.REJECT): S.REJECTED,
    (S.REQUESTED, Step.WITHDRAW): S.WITHDRAWN,
    (S.REQUESTED, Step.LAPSE): S.LAPSED,
    (S.RELEASED, Step.ACCEPT): S.ACCEPTED,
    (S.RELEASED, Step.RECORD_RECEIPT): S.ACCEPTED,
    (S.RELEASED, Step.REJECT): S.REJECTED,
    (S.RELEASED, Step.WITHDRAW): S.WITHDRAWN,
    (S.RELEASED, Step.EXPIRE): S.EXPIRED,
    (S.RELEASED, Step.LAPSE): S.LAPSED,
    (S.EXPIRED, Step.RECORD_RECEIPT): S.ACCEPTED,
}
"""Every move there is; of all others none."""


@pytest.mark.parametrize(("status", "step"), list(product(S, Step)))
def test_every_state_and_every_move(status: S, step: Step) -> None:
    if to := ALLOWED.get((status, step)):
        assert logic.moved(status, step) == to
    else:
        with pytest.raises(TransferOutOfOrder) as refused:
            logic.moved(status, step)
        assert refused.value.more == {"state": status.value}


@pytest.mark.parametrize("status", S)
def test_the_last_day_counts(status: S) -> None:
    assert logic.status_on(status, DAY, DAY) == status
    after = logic.status_on(status, DAY, DAY + timedelta(days=1))
    assert after == (S.EXPIRED if status == S.RELEASED else status)
    assert logic.status_on(status, None, DAY) == status


@pytest.mark.parametrize(
    ("districts", "days"),
    [
        (("231005", "231005"), 10),
        (("231005", "231004"), 10),  # 市内
        (("231005", "110101"), 30),
        (("231005", None), 30),
    ],
)
def test_usual_validity(districts: tuple[str, str | None], days: int) -> None:
    """一般市内的为10天，市外的为30天."""
    last = logic.last_day(pack(), None, districts, DAY)
    assert last == DAY + timedelta(days=days)


@pytest.mark.parametrize(
    ("issued", "given", "is_taken"),
    [
        (DAY, DAY, True),
        (DAY, DAY - timedelta(days=1), False),
        (DAY, date(2020, 3, 31), True),
        (DAY, date(2020, 4, 1), False),
        (date(2019, 11, 30), date(2020, 2, 29), True),
        (date(2019, 11, 30), date(2020, 3, 1), False),
    ],
)
def test_three_months_at_most(issued: date, given: date, is_taken: bool) -> None:
    """最长不超过3个月."""
    if is_taken:
        assert logic.last_day(pack(), given, ("231005", None), issued) == given
    else:
        with pytest.raises(Invalid):
            logic.last_day(pack(), given, ("231005", None), issued)


@pytest.mark.parametrize(
    ("status", "days", "reminder"),
    [
        (S.REQUESTED, -4, None),
        (S.REQUESTED, -3, Reminder.RELEASE_SOON),
        (S.REQUESTED, 0, Reminder.RELEASE_SOON),
        (S.REQUESTED, 1, Reminder.RELEASE_OVERDUE),
        (S.RELEASED, -4, None),
        (S.RELEASED, -3, Reminder.ACCEPT_SOON),
        (S.RELEASED, 0, Reminder.ACCEPT_SOON),
        (S.RELEASED, 1, None),  # it expires, which is told on its own
        (S.ACCEPTED, 0, None),
        (S.WITHDRAWN, 1, None),
    ],
)
def test_reminders(status: S, days: int, reminder: Reminder | None) -> None:
    until = None if status == S.REQUESTED else DAY
    day = DAY + timedelta(days=days)
    assert logic.reminder_on(pack(), status, DAY, until, day) == reminder


@pytest.mark.parametrize(
    ("kind", "path", "above"),
    [
        (Kind.PARTY_BRANCH, "1.2.3.", "1.2."),
        (Kind.PARTY_BRANCH, "1.20.", "1."),
        (Kind.PARTY_GROUP, "1.2.3.4.", "1.2."),
        (Kind.PARTY_GROUP, "1.20.4.", "1."),
        (Kind.PARTY_GROUP, "1.20.", "1."),
    ],
)
def test_the_level_that_releases(kind: Kind, path: str, above: str) -> None:
    assert logic.release_path(kind, path) == above


@pytest.mark.parametrize(
    ("category", "word"),
    [(MemberCategory.FULL, "正式党员"), (MemberCategory.PROBATIONARY, "预备党员")],
)
def test_the_letter(category: MemberCategory, word: str) -> None:
    person = "张晓明", "231005********0011", category
    text = logic.letter("介一", "红旗支部", "先锋支部", person, (DAY, date(2020, 1, 10)))
    for part in (word, "（介一）", "红旗支部", "“先锋支部”", "有效期至 2020 年 1 月 10 日"):
        assert part in text
    bare = logic.letter(None, "红旗支部", "先锋支部", person, (DAY, DAY))
    assert bare.startswith("中国共产党党员组织关系介绍信\n红旗支部：")


A, B, C = (UUID(int=n) for n in range(1, 4))


@pytest.mark.parametrize(
    ("old", "new", "is_moved", "wanted"),
    [
        (A, B, True, {"from_organization_id": C}),
        (A, B, False, {}),
        (B, A, False, {"to_organization_id": C}),
        (A, C, True, {"status": S.LAPSED}),
        (C, A, False, {"status": S.LAPSED}),
        (None, A, False, {"to_organization_id": C}),
        (A, None, True, {"from_organization_id": C}),
    ],
)
def test_redirected(
    old: UUID | None, new: UUID | None, is_moved: bool, wanted: dict[str, object]
) -> None:
    ends = {"from_organization_id": old, "to_organization_id": new}
    values = logic.redirected(ends, A, (C, "合并支部"), DAY, is_moved=is_moved)
    assert wanted.items() <= values.items()
    assert bool(values) == bool(wanted)


def test_what_goes_along_ends_on_the_day() -> None:
    """Also what began on that very day: it is all that is known of the old district."""
    past = [
        {"valid_from": "2019-12-01", "valid_to": "2019-12-31"},
        {"valid_from": "2019-12-31", "valid_to": None},
    ]
    assert [row["valid_to"] for row in ended(past, DAY)] == ["2019-12-31", "2019-12-31"]
