"""JSON of closings."""

from datetime import date, datetime
from typing import Literal
from uuid import UUID

from app.closings.types import RowChange
from app.core.figures import FigureUnit, Part
from app.core.schemas import Day, DistrictCode, ListParams, Schema, TextOut
from app.figures.schemas import Number


class FigureClosingNew(Schema):
    """Which period of a district is closed; both days belong to it."""

    district_code: DistrictCode
    first_on: Day
    last_on: Day
    """Today at the latest. Figures are those of what was recorded up to the end of this day."""


class FigureClosingListParams(ListParams):
    """Which closings."""

    district_code: DistrictCode | None = None
    sort: Literal["last_on", "-last_on"] = "-last_on"


class FigureClosingItem(Schema):
    """A closing (数字封存)."""

    id: UUID
    district_code: str
    first_on: date
    last_on: date
    closed_by: UUID
    closed_on: date
    created_at: datetime


class FrozenOut(Schema):
    """A figure as it was at a closing."""

    id: str
    name: TextOut
    unit: FigureUnit
    value: Number | None
    numerator: Number
    denominator: Number | None


class FigureClosingOut(FigureClosingItem):
    """A closing, and those of its figures that you may read over the whole district."""

    is_intact: bool
    """This service signed exactly what is stored. If not, no figure of it is told."""
    figures: list[FrozenOut]


class ValuesOut(Schema):
    """What a figure came to."""

    value: Number | None
    numerator: Number
    denominator: Number | None


class RowDriftOut(Schema):
    """A row that counts otherwise than it did at the closing."""

    part: Part
    change: RowChange
    kind: str
    id: UUID
    old: Number | None
    """What it added at the closing; null for one that was added since."""
    new: Number | None
    """What it adds now; null for one that is gone."""


class FigureDriftOut(Schema):
    """A figure that is no longer what was frozen, or no longer made of the same rows."""

    id: str
    name: TextOut
    unit: FigureUnit
    old: ValuesOut
    new: ValuesOut
    rows_differing: int
    rows: list[RowDriftOut]
    """The first 200 of them."""


class EditOut(Schema):
    """Who did something to one of these rows since the closing, when and what."""

    number: int
    """Its number in the audit."""
    at: datetime
    username: str
    action: str
    row_id: UUID


class DriftOut(Schema):
    """What changed in retrospect (数字变动)."""

    is_intact: bool
    """This service signed exactly what is stored. If not, nothing is compared with it."""
    figures: list[FigureDriftOut]
    edits: list[EditOut]
    """The first 200 edits of the rows that are listed, in the order of the audit."""
