"""Vocabulary of rates."""

from enum import StrEnum
from typing import NamedTuple
from uuid import UUID


class Grouping(StrEnum):
    """By what rates are told."""

    ORGANIZATION = "organization"  # each organisation's own and its members' pledges
    SUBTREE = "subtree"  # each organisation with all that is under it
    KIND = "kind"
    CATEGORY = "category"
    MONTH = "month"  # in which they were published


class Tally(NamedTuple):
    """An organisation, and the pledges that are counted under its name (or under it)."""

    district_code: str
    organization_id: UUID
    name: str
    kind: str
    path: str
    total: int
    done: int
