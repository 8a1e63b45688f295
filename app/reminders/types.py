"""What is reminded of when, and what a calendar shows."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class ReminderKind(StrEnum):
    """Which reminder of an election it is (提醒类别); keep alphabetical."""

    DUE = "due"  # 届满当日
    OVERDUE = "overdue"  # 逾期，每月一次
    SOON = "soon"  # 届满前6个月


@dataclass(frozen=True, slots=True)
class Reminder:
    """A reminder, and the day on which it falls."""

    kind: ReminderKind
    falls_on: date


@dataclass(frozen=True, slots=True)
class Event:
    """A day in a calendar."""

    uid: str
    day: date
    summary: str
    description: str
