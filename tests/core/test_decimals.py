"""A decimal is what it says, however it is written."""

from decimal import Decimal
from typing import Annotated

import pytest
from pydantic import Field, TypeAdapter, ValidationError

from app.core.schemas import exactly

SCORE = TypeAdapter(
    Annotated[Decimal, Field(ge=0, le=100, max_digits=5, decimal_places=2), exactly(2)]
)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("0E-20000", "0.00"),
        ("0E+999999999", "0.00"),
        ("1." + "0" * 17_000, "1.00"),
        ("100", "100.00"),
        ("99.99", "99.99"),
    ],
)
def test_a_decimal_is_written_with_its_places(given: str, kept: str) -> None:
    assert str(SCORE.validate_python(given)) == kept


@pytest.mark.parametrize("given", ["1E-3", "100.01", "NaN", "Infinity", "-0.01"])
def test_what_is_no_score_is_refused(given: str) -> None:
    with pytest.raises(ValidationError):
        SCORE.validate_python(given)
