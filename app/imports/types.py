"""What an import finds and plans."""

from dataclasses import dataclass, field
from typing import Any

from app.core.tables import RowError
from app.rosters.types import MemberRow, OrganizationRow

Recorded = Any
"""A row of `queries`: what is recorded of an organisation or a member."""


@dataclass(slots=True)
class Change:
    """A recorded thing that differs in the file."""

    sheet: str
    row: int
    name: str
    fields: list[str]


@dataclass(slots=True)
class Plan:
    """What an import will write."""

    errors: list[RowError]
    changes: list[Change] = field(default_factory=list)
    new_organizations: list[OrganizationRow] = field(default_factory=list)
    changed_organizations: list[tuple[OrganizationRow, Recorded, list[str]]] = field(
        default_factory=list
    )
    new_members: list[tuple[MemberRow, bytes]] = field(default_factory=list)
    changed_members: list[tuple[MemberRow, Recorded, list[str]]] = field(default_factory=list)
    moved_members: list[tuple[MemberRow, Recorded]] = field(default_factory=list)
