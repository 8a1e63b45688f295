"""JSON of figures."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, PlainSerializer, StringConstraints

from app.core.figures import FigureUnit, Part
from app.core.schemas import Day, Id, ListParams, Schema, TextOut


def _number(value: Decimal) -> int | float:
    return int(value) if value == value.to_integral_value() else float(value)


Number = Annotated[Decimal, PlainSerializer(_number, return_type=int | float, when_used="json")]
"""A number as JSON writes it; computed in decimals, never in floats."""

FigureId = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=60)]
"""The id of a figure: `org_pledge_rate`."""


class FigureParams(Schema):
    """Of what and up to when a figure is computed."""

    within: Id | None = None
    """Only what belongs to this organisation and to what is under it."""
    as_of: Day | None = None
    """What was recorded up to the end of this day; today when left out."""
    first: Annotated[Day | None, Field(alias="from")] = None
    """Only what happened from this day on."""
    last: Annotated[Day | None, Field(alias="to")] = None
    """Only what happened up to this day."""


class FigureRowParams(ListParams, FigureParams):
    """Which rows behind a figure."""

    part: Part = Part.NUMERATOR
    sort: Literal["happened_on", "-happened_on"] = "happened_on"


class FigureOut(Schema):
    """A figure, what it is made of and where its rows are."""

    id: str
    name: TextOut
    value: Number | None
    """Rates are fractions: 0.862. Null where the denominator is nothing."""
    unit: FigureUnit
    numerator: Number
    denominator: Number | None
    """Null for a figure that is a sum."""
    rounding: str | None
    """`HALF_UP` to how many decimals; null for a sum."""
    as_of: date
    first: Annotated[date | None, Field(alias="from")]
    last: Annotated[date | None, Field(alias="to")]
    definition: TextOut
    rows: str
    """Where the records behind it are listed; their amounts add up to the numerator."""


class FigureRowOut(Schema):
    """One record behind a figure."""

    kind: str
    """Which table it lies in, as the audit names it: `pledge`, `service_record`."""
    id: UUID
    organization_id: UUID | None
    """Null for what belongs to no organisation: a rule of a pack."""
    organization_name: str | None
    label: str
    happened_on: date
    amount: Number
    """What it adds to the figure."""
