"""Decisions about postings: both sides of every threshold."""

from datetime import date, timedelta
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.clock import add_months
from app.organizations.types import OrganizationKind as Kind
from app.organizations.types import Sector
from app.postings import logic
from app.postings.errors import CannotExtend, PostDoesNotFit, PostingEnded, PostingExtended
from app.postings.queries import pack
from app.postings.types import TWO_COMMITTEES, Norm, Place, Post, Unit

COMMUNITY = Place(Kind.PARTY_COMMITTEE, Sector.COMMUNITY, is_grid=False, in_grid=False)
GRID = Place(Kind.PARTY_BRANCH, Sector.COMMUNITY, is_grid=True, in_grid=False)
BUILDING = Place(Kind.PARTY_GROUP, Sector.COMMUNITY, is_grid=False, in_grid=True)
GROUP = Place(Kind.PARTY_GROUP, Sector.VILLAGE, is_grid=False, in_grid=False)
VILLAGE = Place(Kind.PARTY_BRANCH, Sector.VILLAGE, is_grid=False, in_grid=False)
ROOT = Place(Kind.DISTRICT_COMMITTEE, None, is_grid=False, in_grid=False)
OFFICE = Place(Kind.PARTY_BRANCH, Sector.AGENCY, is_grid=False, in_grid=False)


@pytest.mark.parametrize(
    ("post", "has"),
    [
        (Post.FIRST_SECRETARY, [VILLAGE]),
        (Post.GRID_CADRE, [GRID, BUILDING]),
        (Post.DIRECTOR, [COMMUNITY, VILLAGE]),
        (Post.SECRETARY, [COMMUNITY, GRID, VILLAGE, OFFICE]),
        (Post.DISTRICT_LEADER, [COMMUNITY, GRID, VILLAGE, OFFICE]),
    ],
)
def test_where_a_post_is(post: Post, has: list[Place]) -> None:
    for place in (COMMUNITY, GRID, BUILDING, GROUP, VILLAGE, ROOT, OFFICE):
        assert logic.fits(post, place) == (place in has)
        if place not in has:
            with pytest.raises(PostDoesNotFit):
                logic.check_place(post, place)


def test_every_post_has_a_title() -> None:
    assert set(logic.TITLES) == set(Post)
    assert set(logic.staff()) >= TWO_COMMITTEES
    assert Post.DISTRICT_LEADER not in logic.staff()


class Held(NamedTuple):
    """A posting as far as an extension looks at it."""

    post: Post = Post.FIRST_SECRETARY
    valid_to: date | None = None
    due_on: date | None = date(2020, 2, 29)
    extended_on: date | None = None


def test_an_extension_of_a_year_is_the_longest() -> None:
    assert logic.extended_due(pack(), Held(), 1) == date(2020, 3, 29)
    assert logic.extended_due(pack(), Held(), 12) == date(2021, 2, 28)
    with pytest.raises(CannotExtend, match="一年"):
        logic.extended_due(pack(), Held(), 13)


@pytest.mark.parametrize(
    ("held", "refusal"),
    [
        (Held(post=Post.SECRETARY), CannotExtend),
        (Held(due_on=None), CannotExtend),
        (Held(valid_to=date(2019, 12, 1)), PostingEnded),
        (Held(extended_on=date(2019, 12, 1)), PostingExtended),
    ],
)
def test_what_is_not_extended(held: Held, refusal: type[Exception]) -> None:
    with pytest.raises(refusal):
        logic.extended_due(pack(), held, 6)


def _level(post: Post, since: date, day: date, until: date | None = None) -> int | None:
    band = logic.pay_band(pack(), post, COMMUNITY, (since, until), day)
    return band and band.level


def test_three_full_years_are_a_level() -> None:
    since = date(2016, 12, 31)
    assert _level(Post.SECRETARY, since, date(2019, 12, 30)) == 7
    assert _level(Post.SECRETARY, since, date(2019, 12, 31)) == 8
    assert _level(Post.DEPUTY_DIRECTOR, since, date(2019, 12, 31)) == 5
    assert _level(Post.RESIDENTS_MEMBER, since, date(2019, 12, 31)) == 2
    assert _level(Post.SECRETARY, since, date(2019, 12, 31), date(2019, 6, 1)) == 7


def test_levels_end_and_others_have_none() -> None:
    day = date(2019, 12, 31)
    assert _level(Post.SECRETARY, date(1950, 1, 1), day) == 18
    assert _level(Post.SECRETARY, date(2020, 1, 1), day) is None
    assert _level(Post.DISTRICT_LEADER, date(2016, 1, 1), day) is None
    for place in (GRID, VILLAGE, OFFICE):
        assert logic.pay_band(pack(), Post.SECRETARY, place, (day, None), day) is None


def test_every_post_of_the_two_committees_has_one_band() -> None:
    posts = [post for band in pack().bands for post in band.posts]
    assert sorted(posts) == sorted(TWO_COMMITTEES)


DAYS = st.dates(date(1980, 1, 1), date(2030, 1, 1))


@given(DAYS, st.integers(0, 15_000))
def test_full_years_are_full(since: date, later: int) -> None:
    day = since + timedelta(days=later)
    years = logic.full_years(since, day)
    assert add_months(since, 12 * years) <= day < add_months(since, 12 * years + 12)


def test_a_norm_holds_from_its_first_day_on() -> None:
    first, end = date(2019, 3, 1), date(2020, 1, 1)
    norm = Norm(Post.GRID_CADRE, Unit.BUILDING_GROUP, 3, "x", first, end)
    days = (first - timedelta(days=1), first, end - timedelta(days=1), end)
    assert [logic.holds(norm, day) for day in days] == [False, True, True, False]
