"""Pure decisions: which limits a head-count will pass within a year, and by what.

Two projections, never mixed: what is recorded ahead, and going on in a straight line as in the
months of records behind, twelve at most. Numbers are whole: of a part of a person nothing is told.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date

from app.core.clock import add_months
from app.forecasts.types import Body, Cause, Forecast, Outlook, Passage
from app.organizations.types import Sector
from app.rules.logic import hits
from app.rules.types import LOCALES, Comparison, Hit, Pack, Unit

MONTHS = 12
LEAST_MONTHS = 6
"""Of fewer whole months of records no trend is told."""

Asked = Sequence[tuple[Pack, Sequence[Comparison]]]


def months_between(first: date, last: date) -> int:
    """Count the whole months from `first` to `last`; 31 January and 28 February are one apart."""
    months = (last.year - first.year) * 12 + last.month - first.month
    return months if add_months(first, months) <= last else months - 1


def label_of(path: str) -> str:
    """Give the last label of a path: it is an organisation's own, for good."""
    return path.split(".")[-2]


def outlooks(
    bodies: Sequence[Body], passages: Iterable[Passage], day: date
) -> Mapping[str, Outlook]:
    """Add up, by the label of each body, who came and went, and who will by what is recorded.

    What went along with an organisation that was put elsewhere is no trend: it happened once.
    """
    found = {label_of(b.path): _begun(b, day) for b in bodies}
    ends = [add_months(day, month) for month in range(1, MONTHS + 1)]
    for one in passages:
        before, after = (
            frozenset((path or "").split(".")[:-1]) for path in (one.before, one.after)
        )
        for label in found.keys() & (before ^ after):
            outlook, comes = found[label], label in after
            if one.on > day:
                for month, end in enumerate(ends):
                    if one.on <= end:
                        outlook.ahead[month] += one.members if comes else -one.members
            elif not one.is_reorganized and one.on > add_months(day, -outlook.months_back):
                if comes:
                    outlook.joined += one.members
                else:
                    outlook.left += one.members
    return found


def _labels(path: str | None) -> frozenset[str]:
    return frozenset(path.split(".")[:-1]) if path else frozenset()


def _begun(body: Body, day: date) -> Outlook:
    months = 0
    if body.known_since is not None and body.known_since <= day:
        months = min(MONTHS, months_between(body.known_since, day))
    return Outlook(months_back=months, ahead=[body.members] * MONTHS)


def expected(members: int, net: int, months: int, month: int) -> int:
    """Go on in a straight line: `net` people in `months` months, whole people only."""
    step = abs(net) * month // months
    return max(0, members + step if net > 0 else members - step)


def forecasts(
    district_code: str, body: Body, outlook: Outlook, asked: Asked, day: date
) -> Iterator[Forecast]:
    """Give the rules that `body` does not meet on `day` and will, each with its first month.

    Nothing is told of the days from which it is recorded to be something else.
    """
    projections = {Cause.DATED: outlook.ahead}
    net = outlook.joined - outlook.left
    if outlook.months_back >= LEAST_MONTHS:
        projections[Cause.TREND] = [
            expected(body.members, net, outlook.months_back, m) for m in range(1, MONTHS + 1)
        ]
    for pack, comparisons in asked:
        now = {hit.rule.code for hit in _hits(body, body.members, comparisons)}
        for cause, counts in projections.items():
            told = set(now)
            for month, count in enumerate(counts, 1):
                on = add_months(day, month)
                if body.until is not None and body.until <= on:
                    break
                for hit in _hits(body, count, comparisons):
                    if hit.rule.code not in told:
                        told.add(hit.rule.code)
                        yield _forecast(district_code, body, outlook, pack, hit, (cause, month, on))


def _hits(body: Body, members: int, comparisons: Sequence[Comparison]) -> Iterator[Hit]:
    locale = LOCALES.get(Sector(body.sector)) if body.sector else None
    # how many of those to come will be full members is not known, so no rule on them is asked
    return hits(comparisons, Unit(kind=body.kind, locale=locale, members=members))


def _forecast(
    district_code: str,
    body: Body,
    outlook: Outlook,
    pack: Pack,
    hit: Hit,
    when: tuple[Cause, int, date],
) -> Forecast:
    cause, month, on = when
    return Forecast(
        district_code=district_code,
        organization_id=body.organization_id,
        organization_name=body.name,
        path=body.path,
        kind=body.kind,
        headcount=body.members,
        rule=hit.rule.code,
        pack=pack.name,
        version=pack.version,
        severity=hit.rule.severity,
        suggestion=hit.rule.suggestion,
        operator=hit.operator,
        threshold=hit.threshold,
        cause=cause,
        month=month,
        on=on,
        expected=hit.count,
        joined=outlook.joined,
        left=outlook.left,
        months_back=outlook.months_back,
    )
