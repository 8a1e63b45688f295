"""Pure decisions about postings: which post fits where, extensions, pay bands."""

from collections.abc import Iterable
from datetime import date
from typing import Any, Protocol

from app.core.clock import add_months
from app.organizations.types import OrganizationKind, Sector
from app.postings.errors import CannotExtend, PostDoesNotFit, PostingEnded, PostingExtended
from app.postings.types import (
    LEADERS,
    OF_RESIDENTS,
    TWO_COMMITTEES,
    PayBand,
    Place,
    Post,
    PostingPack,
)

TITLES: dict[Post, str] = {
    Post.FIRST_SECRETARY: "第一书记",
    Post.DISTRICT_LEADER: "区级包保领导",
    Post.TOWNSHIP_LEADER: "镇街包保领导",
    Post.VILLAGE_LEADER: "村级包保责任人",
    Post.SECRETARY: "书记",
    Post.DEPUTY_SECRETARY: "副书记",
    Post.COMMITTEE_MEMBER: "委员",
    Post.GRID_CADRE: "网格、楼栋党员干部",
    Post.DIRECTOR: "居（村）委会主任",
    Post.DEPUTY_DIRECTOR: "居（村）委会副主任",
    Post.RESIDENTS_MEMBER: "居（村）委会委员",
}
HOLDS_COMMITTEE = (
    OrganizationKind.PARTY_COMMITTEE,
    OrganizationKind.GENERAL_BRANCH,
    OrganizationKind.PARTY_BRANCH,
)
"""Kinds that a community's or a village's own organisation has."""
_NO_BODY = frozenset({OrganizationKind.DISTRICT_COMMITTEE, OrganizationKind.PARTY_GROUP})


def place_of(row: Any, *, in_grid: bool = False) -> Place:
    """Say of a row of the tree what decides about its posts."""
    sector = None if row.sector is None else Sector(row.sector)
    return Place(OrganizationKind(row.kind), sector, row.is_grid, in_grid)


def is_own(place: Place, *sectors: Sector) -> bool:
    """Tell whether it is the organisation of a whole community or village, no grid branch of it."""
    return place.sector in sectors and place.kind in HOLDS_COMMITTEE and not place.is_grid


def fits(post: Post, place: Place) -> bool:
    """Tell whether an organisation has a post."""
    if post == Post.GRID_CADRE:
        return place.is_grid or (place.kind == OrganizationKind.PARTY_GROUP and place.in_grid)
    if post == Post.FIRST_SECRETARY:
        return is_own(place, Sector.VILLAGE)
    if post in OF_RESIDENTS:
        return is_own(place, Sector.COMMUNITY, Sector.VILLAGE)
    return place.kind not in _NO_BODY


def check_place(post: Post, place: Place) -> None:
    """Raise `PostDoesNotFit` unless the organisation has the post."""
    if not fits(post, place):
        raise PostDoesNotFit(
            f"{place.kind} 不设“{TITLES[post]}”", f"a {place.kind} of this sector has no {post}"
        )


class Posting(Protocol):
    """What decisions look at."""

    post: Post
    valid_to: date | None
    due_on: date | None
    extended_on: date | None


def extended_due(pack: PostingPack, posting: Posting, months: int) -> date:
    """Give the due date of a posting once it is extended by `months`.

    Raises `PostingEnded`, `PostingExtended` or `CannotExtend`.
    """
    if posting.valid_to is not None:
        raise PostingEnded
    if posting.extended_on is not None:
        raise PostingExtended
    if posting.due_on is None:
        raise CannotExtend("该任职未定期限，无从延长", "the posting has no due date")
    rule = next((r for r in pack.extensions if r.post == posting.post), None)
    if rule is None:
        raise CannotExtend(
            f"“{TITLES[Post(posting.post)]}”不办理延长", f"a {posting.post} is not extended"
        )
    if months > rule.months:
        raise CannotExtend(
            f"最多延长 {rule.months} 个月（{rule.source}）",
            f"at most {rule.months} months ({pack.name} {pack.version}: {rule.source})",
        )
    return add_months(posting.due_on, months)


def full_years(since: date, day: date) -> int:
    """Count the full years from `since` to `day`: 29 February is full on 28."""
    years = day.year - since.year
    return max(0, years - (day < add_months(since, 12 * years)))


def pay_band(
    pack: PostingPack, post: Post, place: Place, held: tuple[date, date | None], day: date
) -> PayBand | None:
    """Find the pay band of a community cadre's posting, `held` from and to, on `day`; else none."""
    since, until = held
    day = day if until is None else min(day, until)
    if post not in TWO_COMMITTEES or not is_own(place, Sector.COMMUNITY) or day < since:
        return None
    for band in pack.bands:
        if post in band.posts and holds(band, day):
            years = full_years(since, day)
            level = min(band.first_level + years // band.years_a_level, band.last_level)
            return PayBand(band.grade, level, years, pack.name, pack.version, band.source)
    return None


class Dated(Protocol):
    """A rule that holds from a day to the day before another."""

    @property
    def valid_from(self) -> date | None:
        """The first day; none: always."""

    @property
    def valid_to(self) -> date | None:
        """The day after the last; none: still."""


def holds(rule: Dated, day: date) -> bool:
    """Tell whether a rule holds on `day`."""
    begun = rule.valid_from is None or rule.valid_from <= day
    return begun and (rule.valid_to is None or day < rule.valid_to)


def staff(posts: Iterable[Post] = Post) -> list[Post]:
    """List the posts of an organisation's own people: leaders answer for it from above."""
    return sorted(p for p in posts if p not in LEADERS)
