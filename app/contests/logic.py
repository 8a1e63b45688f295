"""Pure decisions about contests: averages, ranks, ties, and whose entries a juror leaves alone."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from uuid import UUID

from app.contests.errors import ContestOutOfOrder, ScoresMissing, TieAtTheCut
from app.contests.types import ContestStatus, Placing
from app.core.errors import Text
from app.core.rounding import quotient

PLACES = 3
"""Decimals of an average as it is shown; ranks go by the exact one."""
MOST_ENTRIES, MOST_JURORS = 500, 50
DROPPED = 2
"""The highest and the lowest score."""

TERMS: dict[ContestStatus, Text] = {
    ContestStatus.OPEN: Text("报名评分中", "open"),
    ContestStatus.CLOSED: Text("已排名", "closed"),
    ContestStatus.PUBLISHED: Text("已发布", "published"),
}


def check_state(status: ContestStatus, *allowed: ContestStatus) -> None:
    """Raise `ContestOutOfOrder` unless a contest of `status` is in one of these states."""
    if status not in allowed:
        zh = "或".join(f"“{TERMS[s].zh}”" for s in allowed)
        en = " or ".join(TERMS[s].en for s in allowed)
        raise ContestOutOfOrder(
            f"该评选为“{TERMS[status].zh}”，此操作只适用于{zh}的评选",
            f"the contest is {TERMS[status].en}; it must be {en}",
            state=status.value,
        )


# ── Own units


@dataclass(frozen=True, slots=True)
class Unit:
    """Where an entry or a juror belongs; None is outside the tree."""

    path: str | None


def is_own(juror: Unit, entry: Unit) -> bool:
    """Tell whether one of the two units is the other, or stands above it.

    The district's root does not count: it stands above everybody, and judges.
    """
    if juror.path is None or entry.path is None:
        return False
    if juror.path == entry.path:
        return True
    upper, lower = sorted((juror.path, entry.path), key=len)
    return upper.count(".") > 1 and lower.startswith(upper)


# ── Ranking


def counted(scores: Sequence[Decimal], *, drops_extremes: bool) -> list[Decimal]:
    """Give the scores that count: of three or more perhaps not the highest and the lowest."""
    ordered = sorted(scores)
    return ordered[1:-1] if drops_extremes and len(ordered) > DROPPED else ordered


def ranking(scores: Mapping[UUID, Sequence[Decimal]], *, drops_extremes: bool) -> list[Placing]:
    """Rank entries by the exact average, the best first; what has no score comes last, unranked."""
    kept = {e: counted(s, drops_extremes=drops_extremes) for e, s in scores.items()}
    exact = {e: sum(map(Fraction, s), Fraction()) / len(s) for e, s in kept.items() if s}
    order = sorted(scores, key=lambda e: (e not in exact, -exact.get(e, Fraction()), e))
    values = list(exact.values())
    return [
        Placing(
            entry,
            quotient(sum(kept[entry], Decimal()), len(kept[entry]), PLACES),
            1 + sum(v > exact[entry] for v in values),
            values.count(exact[entry]) > 1,
        )
        if entry in exact
        else Placing(entry, None, None, is_tied=False)
        for entry in order
    ]


def check_cut(placings: Sequence[Placing], places: int) -> None:
    """Raise `TieAtTheCut` when more entries are within `places` than there are places."""
    within = [p for p in placings if p.rank is not None and p.rank <= places]
    if len(within) > places:
        last = [p for p in within if p.rank == within[-1].rank]
        raise TieAtTheCut(
            f"第 {within[-1].rank} 名有 {len(last)} 个并列，超出 {places} 个名额",
            f"{len(last)} entries share rank {within[-1].rank}, and {places} are awarded",
            entries=[str(p.entry_id) for p in last],
        )


def check_complete(
    entries: Mapping[UUID, Unit],
    jurors: Mapping[UUID, Unit],
    scored: Collection[tuple[UUID, UUID]],
) -> None:
    """Raise `ScoresMissing` unless every juror scored every entry that is not of the own unit."""
    missing = list(_missing(entries, jurors, scored))
    if missing or not entries or not scored:
        raise ScoresMissing(f"尚缺 {len(missing)} 个评分", f"{len(missing)} scores are missing")


def _missing(
    entries: Mapping[UUID, Unit],
    jurors: Mapping[UUID, Unit],
    scored: Collection[tuple[UUID, UUID]],
) -> Iterator[tuple[UUID, UUID]]:
    for entry, unit in entries.items():
        for juror, own in jurors.items():
            if (entry, juror) not in scored and not is_own(own, unit):
                yield entry, juror
