"""JSON of imports."""

from typing import Literal
from uuid import UUID

from pydantic import Field

from app.core.schemas import Day, DistrictCode, Schema


class ImportParams(Schema):
    """Where the roster belongs and as of which day it is true."""

    district_code: DistrictCode
    as_of: Day | None = None
    """Today when left out."""
    dry_run: bool = False
    """Check and report, write nothing."""


class Tally(Schema):
    """How many rows of one kind did what."""

    rows: int
    new: int
    changed: int
    unchanged: int


class ImportCounts(Schema):
    """What the file holds, against what is recorded."""

    organizations: Tally
    members: Tally
    ignored_rows: int
    """Blank rows, totals, headers printed again, footers."""


class RowErrorOut(Schema):
    """One thing wrong with one cell."""

    sheet: str
    row: int
    field: str
    code: str
    message: str


class ChangeOut(Schema):
    """A recorded organisation or member that differs in the file."""

    sheet: str
    row: int
    name: str
    fields: list[str]


class ImportOut(Schema):
    """An import that was taken, or what it would do."""

    id: UUID | None
    status: Literal["taken", "checked"]
    counts: ImportCounts
    changes: list[ChangeOut] = Field(default_factory=list)
    """The first 200; the counts say how many there are."""
    errors: list[RowErrorOut] = Field(default_factory=list)
