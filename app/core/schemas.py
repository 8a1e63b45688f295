"""JSON in and out: the parent of every schema, and the field types that keep input strict."""

import re
import unicodedata
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
)
from pydantic_core import PydanticCustomError

T = TypeVar("T")
_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_INSTANT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?"
    r"(Z|[+-][0-9]{2}:[0-9]{2})?"
)
_YEARS = range(1900, 2200)
FIRST_DAY, LAST_DAY = date(1900, 1, 1), date(2200, 1, 1)


class Schema(BaseModel):
    """Parent of every JSON body; reads straight from rows and refuses unknown fields."""

    model_config = ConfigDict(
        from_attributes=True,
        extra="forbid",
        use_attribute_docstrings=True,
        hide_input_in_errors=True,
    )


class TextOut(Schema):
    """A text in Chinese and in English."""

    zh: str
    en: str


def _id(value: Any) -> Any:
    if isinstance(value, str) and not _ID.fullmatch(value):
        raise PydanticCustomError("uuid", "not an id in its one written form")
    return value


def _day(value: Any) -> Any:
    if isinstance(value, date):
        return value
    if not (isinstance(value, str) and _DAY.fullmatch(value)):
        raise PydanticCustomError("date", "not a date written YYYY-MM-DD")
    try:
        day = date.fromisoformat(value)
    except ValueError as error:
        raise PydanticCustomError("date", "no such day") from error
    if not FIRST_DAY <= day < LAST_DAY:
        raise PydanticCustomError("date_range", "a day out of the range 1900 to 2199")
    return day


def _instant(value: Any) -> Any:
    if not (isinstance(value, str) and _INSTANT.fullmatch(value)):
        raise PydanticCustomError("datetime", "not an instant written YYYY-MM-DDTHH:MM:SSZ")
    try:
        found = datetime.fromisoformat(value)
    except ValueError as error:
        raise PydanticCustomError("datetime", "no such instant") from error
    if found.year not in _YEARS:
        raise PydanticCustomError("datetime_range", "an instant out of the years 1900 to 2199")
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _count(value: Any) -> Any:
    if isinstance(value, str) and not re.fullmatch(r"0|[1-9][0-9]{0,9}", value):
        raise PydanticCustomError("int_parsing", "not a whole number")
    if isinstance(value, (float, bool)):
        raise PydanticCustomError("int_type", "not a whole number")
    return value


def plain_text(text: str) -> str:
    """Normalise `text` (NFC, trimmed) and refuse controls, marks of direction and the like."""
    given = len(text)
    text = unicodedata.normalize("NFC", text).strip()
    if len(text) > given:  # a length was checked before, and NFC writes a few signs as three
        raise PydanticCustomError("text", "contains characters that have another written form")
    if any(unicodedata.category(c) in {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"} for c in text):
        raise PydanticCustomError("text", "contains characters that cannot be seen")
    return text


def _not_blank(text: str) -> str:
    if not text:
        raise PydanticCustomError("blank", "must not be blank")
    return text


Id = Annotated[UUID, BeforeValidator(_id)]
"""An id in its one written form: lower case, with hyphens."""

Day = Annotated[date, BeforeValidator(_day)]
"""A date in Asia/Shanghai, written `YYYY-MM-DD`."""

Instant = Annotated[datetime, BeforeValidator(_instant)]
"""An instant; without an offset it is UTC."""

Count = Annotated[int, BeforeValidator(_count)]
"""A whole number; neither 18.0 nor true nor +1."""

Line = Annotated[
    str, StringConstraints(max_length=200), AfterValidator(plain_text), AfterValidator(_not_blank)
]
"""One line of text: NFC, trimmed, not blank, nothing invisible."""

Flag = Annotated[bool, Field(strict=True)]
"""true or false, nothing that looks like it."""

DistrictCode = Annotated[str, StringConstraints(pattern=r"^[0-9]{6}$", max_length=6)]
"""The GB/T 2260 code of a county-level division: `231005`."""


class ListParams(Schema):
    """Query parameters shared by every list; a domain adds its own filters and `sort`."""

    limit: Annotated[Count, Field(ge=1, le=200)] = 50
    after: Annotated[str, StringConstraints(max_length=1000)] | None = None
    """The `next` of the page before."""


class Page(Schema, Generic[T]):
    """One page; pass `next` back as `after` to go on. The last page has no `next`."""

    items: list[T]
    next: str | None = None


def exactly(places: int) -> AfterValidator:
    """Write a decimal with `places` decimals: `0E-20000` is 0, and would be refused later on."""
    unit = Decimal(1).scaleb(-places)
    return AfterValidator(lambda value: value.quantize(unit))
