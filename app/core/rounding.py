"""Dividing counts: in decimals, rounded half up after dividing."""

from decimal import ROUND_HALF_UP, Decimal

ROUNDING = "HALF_UP"


def quotient(numerator: int | Decimal, denominator: int | Decimal, places: int) -> Decimal | None:
    """Divide, then round half up to `places` decimals; nothing divides by nothing."""
    if not denominator:
        return None
    exact = Decimal(numerator) / Decimal(denominator)
    return exact.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
