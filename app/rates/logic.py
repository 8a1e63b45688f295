"""Pure decisions about rates: rolling them up the tree, ranks."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from fractions import Fraction

from app.core.rounding import quotient
from app.organizations.logic import lineage
from app.organizations.types import OrganizationKind
from app.rates.types import Tally


def rate(done: int, total: int) -> Decimal | None:
    """Divide to three places, HALF_UP: one decimal of a percent. None of nothing."""
    return quotient(done, total, 3)


BRANCHES = frozenset(
    {
        OrganizationKind.PARTY_BRANCH,
        OrganizationKind.JOINT_BRANCH,
        OrganizationKind.TEMPORARY_BRANCH,
    }
)
"""Kinds that are ranked."""


def rolled(tallies: Sequence[Tally]) -> list[Tally]:
    """Count under each organisation what is counted under it and all below, in the same order."""
    sums: dict[tuple[str, str], list[int]] = {}
    for tally in tallies:
        for path in lineage(tally.path):
            found = sums.setdefault((tally.district_code, path), [0, 0])
            found[0] += tally.total
            found[1] += tally.done
    return [
        tally._replace(total=total, done=done)
        for tally in tallies
        for total, done in [sums[tally.district_code, tally.path]]
    ]


def ranked(tallies: Iterable[Tally]) -> list[tuple[int | None, Tally]]:
    """Order by the exact rate, best first; equals share a rank, and the next one skips theirs.

    Who has nothing to divide by comes last and has no rank. Among equals the path decides.
    """

    def order(tally: Tally) -> tuple[bool, Fraction, str, str]:
        share = Fraction(tally.done, tally.total) if tally.total else Fraction(0)
        return not tally.total, -share, tally.district_code, tally.path

    ordered = sorted(tallies, key=order)
    made: list[tuple[int | None, Tally]] = []
    best, rank = None, 0
    for place, tally in enumerate(ordered, start=1):
        if not tally.total:
            made.append((None, tally))
            continue
        share = Fraction(tally.done, tally.total)
        if share != best:
            best, rank = share, place
        made.append((rank, tally))
    return made
