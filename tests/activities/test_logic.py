"""Who holds what; codes for checking in."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.activities import logic
from app.activities.errors import (
    ActivityOutOfOrder,
    CheckInCodeExpired,
    CheckInCodeInvalid,
    NotHeldHere,
    NotHeldYet,
)
from app.activities.types import ActivityKind, ActivityLevel, ActivityStatus
from app.core import crypto
from app.core.pages import seal
from app.organizations.types import OrganizationKind as Kind

NOW = datetime(2019, 12, 31, 9, 0, tzinfo=UTC)
SAID = logic.CheckIn("231005", UUID(int=7), NOW + timedelta(seconds=logic.CODE_SECONDS))


@pytest.mark.parametrize(
    ("kind", "yes", "no"),
    [
        ("group_meeting", [Kind.PARTY_GROUP], [Kind.PARTY_BRANCH, Kind.DISTRICT_COMMITTEE]),
        ("committee_meeting", [Kind.PARTY_BRANCH, Kind.JOINT_BRANCH], [Kind.PARTY_GROUP]),
        ("member_meeting", [Kind.TEMPORARY_BRANCH, Kind.GENERAL_BRANCH], [Kind.PARTY_COMMITTEE]),
        ("two_new_training", [Kind.WORKING_COMMITTEE], [Kind.PARTY_BRANCH]),
        ("theme_day", list(Kind), []),
    ],
)
def test_who_holds_what(kind: str, yes: list[Kind], no: list[Kind]) -> None:
    for organizer in yes:
        logic.check_organizer(ActivityKind(kind), organizer)
    for organizer in no:
        with pytest.raises(NotHeldHere):
            logic.check_organizer(ActivityKind(kind), organizer)


def test_a_level_is_the_organizers() -> None:
    levels = {kind: logic.level_of(kind) for kind in Kind}
    assert [k for k, v in levels.items() if v == ActivityLevel.DISTRICT] == [
        Kind.DISTRICT_COMMITTEE
    ]
    assert levels[Kind.GENERAL_BRANCH] == ActivityLevel.COMMITTEE
    assert levels[Kind.PARTY_GROUP] == levels[Kind.JOINT_BRANCH] == ActivityLevel.BRANCH


def test_an_activity_is_held_on_its_day_and_not_before() -> None:
    logic.check_held(date(2019, 12, 31), date(2019, 12, 31))
    with pytest.raises(NotHeldYet):
        logic.check_held(date(2020, 1, 1), date(2019, 12, 31))
    with pytest.raises(ActivityOutOfOrder):
        logic.check_state(ActivityStatus.CANCELLED, ActivityStatus.PLANNED)


def _code() -> str:
    return logic.sealed(SAID, crypto.keys().sign)


def _read(code: str, seconds: float = 0) -> logic.CheckIn:
    return logic.unsealed(code, crypto.keys().is_signed, NOW + timedelta(seconds=seconds))


def test_a_code_says_what_it_was_made_for_until_its_last_second() -> None:
    assert _read(_code()) == SAID
    assert _read(_code(), logic.CODE_SECONDS - 0.001) == SAID
    with pytest.raises(CheckInCodeExpired):
        _read(_code(), logic.CODE_SECONDS)


def test_nothing_else_is_a_code() -> None:
    code = _code()
    changed = [code[:i] + ("B" if c == "A" else "A") + code[i + 1 :] for i, c in enumerate(code)]
    for wrong in (*changed, code[:-1], code + "A", "", "码", seal("activities", "held_on", 1, 2)):
        with pytest.raises(CheckInCodeInvalid):
            _read(wrong)
    crypto.use(crypto.new_keys())
    with pytest.raises(CheckInCodeInvalid):  # another deployment's
        _read(code)


@given(st.text(max_size=80))
def test_no_text_breaks_the_reading(text: str) -> None:
    with pytest.raises(CheckInCodeInvalid):
        _read(text)
