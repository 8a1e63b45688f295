"""Drawing who serves where from a seed: the same on every call. Pure: people in, postings out."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from uuid import UUID

from app.core.clock import add_months
from app.demo_roster.types import Person
from app.postings.types import Post

CADRES_A_GROUP, COMMUNITY_CADRES, POOR_VILLAGES = 3, 259, 7
LAST_DAY = date(2019, 12, 31)
EXTENSION, EXTENDED_ON, EXTENDED_BY = 12, date(2019, 10, 21), "西组发〔2019〕31号"
_SEED = 2019
_FORMER_CADRES, _FORMER_COMMUNITY = 10, 12
_VACANT_GRIDS = (7, 29, 51)
"""Grid branches that wait for a secretary, by their place in the tree."""
_TWO_HATS = 19
"""Communities whose secretary is the director too (一肩挑)."""
_YOUNGEST, _WORKING, _OLDEST = 25, 58, 72
_LEFT = ("工作调动", "达到任职年龄界限", "个人申请辞去职务", "迁居外区")


@dataclass(frozen=True, slots=True)
class Body:
    """An organisation, and under which it stands."""

    id: UUID
    parent_id: UUID | None
    kind: str
    sector: str
    is_grid: bool


@dataclass(frozen=True, slots=True)
class Posted:
    """A posting; `extended_on` is set where it was extended."""

    member_id: UUID
    organization_id: UUID
    post: Post
    valid_from: date
    valid_to: date | None = None
    end_reason: str | None = None
    decision: str | None = None
    due_on: date | None = None
    extended_months: int | None = None
    extended_on: date | None = None
    extension_decision: str | None = None


@dataclass(frozen=True, slots=True)
class Poor:
    """A poor household of a village; `helper` is its first secretary."""

    organization_id: UUID
    number: int
    valid_from: date
    valid_to: date | None
    helper: UUID
    paired_on: date


def _random(purpose: str) -> Random:
    return Random(f"{_SEED} postings {purpose}")  # noqa: S311 - made-up facts, no secrets


def _age(person: Person, day: date) -> int:
    born = person.born_on
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


def _can(person: Person, since: date, oldest: int = _OLDEST) -> bool:
    return person.joined_on < since and _YOUNGEST <= _age(person, since) <= oldest


def _weekday(rng: Random, first: date, last: date) -> date:
    """Draw a working day."""
    day = first + timedelta(days=rng.randint(0, (last - first).days))
    return day - timedelta(days=max(0, day.weekday() - 4))


class District:
    """The bodies and people of the district, by where they stand."""

    def __init__(self, bodies: Sequence[Body], people: Sequence[Person]) -> None:
        self.bodies = bodies
        self.people = people
        self.at: dict[UUID, list[Person]] = defaultdict(list)
        for person in people:
            self.at[person.organization_id].append(person)
        self.under: dict[UUID, list[Body]] = defaultdict(list)
        for body in bodies:
            if body.parent_id is not None:
                self.under[body.parent_id].append(body)
        self.grids = [b for b in bodies if b.is_grid]
        self.communities = [b for b in bodies if b.sector == "community" and not b.is_grid]
        self.communities = [b for b in self.communities if b.kind != "party_group"]
        self.villages = [b for b in bodies if b.sector == "village" and b.kind == "party_branch"]

    def of_community(self, community: Body) -> list[Person]:
        """List the members of a community and of its grid branches."""
        below = [p for b in self.under[community.id] for p in self.at[b.id]]
        return self.at[community.id] + below


def draw(bodies: Sequence[Body], people: Sequence[Person]) -> tuple[list[Posted], list[Poor]]:
    """Draw all postings and the poor households."""
    district = District(bodies, people)
    firsts = list(_first_secretaries(district))
    grids = list(_grid_cadres(district))
    in_grids = {p.member_id for p in grids}
    posted = [*grids, *_communities(district, in_grids), *_villages(district), *firsts]
    posted += _leaders(district, [p.organization_id for p in firsts if p.valid_to is None])
    return posted, list(_households(firsts))


# ── Grid branches and building groups


def _grid_cadres(district: District) -> Iterator[Posted]:
    """Post three cadres to each group; one of a branch's is its secretary as well."""
    rng = _random("grids")
    since = date(2019, 3, 18)
    taken: set[UUID] = set()
    for place, grid in enumerate(district.grids):
        groups = [b for b in district.under[grid.id] if b.kind == "party_group"]
        near = district.at[grid.id]
        wanted = CADRES_A_GROUP * len(groups)
        chosen = _choose(rng, near, wanted, since, taken)
        if len(chosen) < wanted:  # the branch is small or old: the community helps out
            parent = next(b for b in district.bodies if b.id == grid.parent_id)
            rest = [p for p in district.of_community(parent) if p not in chosen]
            chosen += _choose(rng, rest, wanted - len(chosen), since, taken)
        for serial, person in enumerate(chosen):
            group = groups[serial // CADRES_A_GROUP]
            day = _weekday(rng, since, date(2019, 4, 26))
            yield Posted(person.id, group.id, Post.GRID_CADRE, day)
        if place not in _VACANT_GRIDS:
            day = _weekday(rng, date(2019, 1, 7), date(2019, 3, 29))
            yield Posted(chosen[0].id, grid.id, Post.SECRETARY, day)
    spare = [p for p in district.people if p.sector == "community" and p.id not in taken]
    for person in _choose(rng, spare, _FORMER_CADRES, since, taken):
        grid = rng.choice(district.grids)
        until = _weekday(rng, date(2019, 6, 3), date(2019, 11, 29))
        day = _weekday(rng, since, date(2019, 4, 26))
        reason = rng.choice(_LEFT)
        yield Posted(person.id, grid.id, Post.GRID_CADRE, day, until, reason)


def _choose(
    rng: Random,
    people: Iterable[Person],
    count: int,
    since: date,
    taken: set[UUID],
    oldest: int = _OLDEST,
) -> list[Person]:
    """Draw people who can serve and are not taken yet, and take them."""
    can = [p for p in people if p.id not in taken and _can(p, since, oldest)]
    chosen = rng.sample(can, min(count, len(can)))
    taken.update(p.id for p in chosen)
    return chosen


# ── Communities and villages

_ORDER = (
    Post.DEPUTY_SECRETARY,
    Post.DEPUTY_DIRECTOR,
    Post.COMMITTEE_MEMBER,
    Post.RESIDENTS_MEMBER,
)


def _communities(district: District, in_grids: set[UUID]) -> Iterator[Posted]:
    """Fill the two committees of each community; together `COMMUNITY_CADRES` people."""
    rng = _random("communities")
    since = date(2009, 1, 5)
    least, more = divmod(COMMUNITY_CADRES, len(district.communities))
    taken: set[UUID] = set()
    for place, community in enumerate(district.communities):
        own = district.of_community(community)
        count = least + (place < more)
        free = [p for p in own if p.id not in in_grids]
        chosen = _choose(rng, free, count, date(2018, 1, 1), taken, _WORKING)
        for pool in (own, [p for p in district.people if p.sector == "community"]):
            missing = count - len(chosen)
            chosen += _choose(rng, pool, missing, date(2018, 1, 1), taken, _WORKING)
        posts = [Post.SECRETARY]
        if place >= _TWO_HATS:
            posts.append(Post.DIRECTOR)
        posts += [_ORDER[min(n, n % 4)] for n in range(count - len(posts))]
        for person, post in zip(chosen, posts, strict=True):
            first = max(since, person.joined_on + timedelta(days=1), _grown(person))
            day = _weekday(rng, first + timedelta(days=7), date(2019, 3, 29))
            yield Posted(person.id, community.id, post, day)
            if post == Post.SECRETARY and place < _TWO_HATS:
                yield Posted(person.id, community.id, Post.DIRECTOR, day)
    spare = [p for p in district.people if p.sector == "community" and p.id not in in_grids]
    former = _choose(rng, spare, _FORMER_COMMUNITY, date(2014, 1, 1), taken, _WORKING)
    for person in former:
        left = rng.choice(district.communities)
        day = _weekday(rng, date(2014, 3, 3), date(2016, 12, 30))
        until = _weekday(rng, date(2018, 2, 1), date(2019, 11, 29))
        post = rng.choice((Post.COMMITTEE_MEMBER, Post.RESIDENTS_MEMBER))
        yield Posted(person.id, left.id, post, day, until, rng.choice(_LEFT))


def _grown(person: Person) -> date:
    return add_months(person.born_on, 12 * _YOUNGEST)


def _villages(district: District) -> Iterator[Posted]:
    """Give each village a secretary of its own, who is the director too in some."""
    rng = _random("villages")
    for village in district.villages:
        since = _weekday(rng, date(2018, 1, 8), date(2018, 4, 27))
        for person in _choose(rng, district.at[village.id], 1, since, set(), 65):
            yield Posted(person.id, village.id, Post.SECRETARY, since)
            if rng.random() < 0.5:  # noqa: PLR2004 - one in two
                yield Posted(person.id, village.id, Post.DIRECTOR, since)


# ── Poor villages


def _first_secretaries(district: District) -> Iterator[Posted]:
    """Post somebody from an office to each poor village in 2018; two followed others there."""
    rng = _random("first secretaries")
    villages = sorted(rng.sample(range(len(district.villages)), POOR_VILLAGES))
    offices = [p for p in district.people if p.sector in {"agency", "public_institution"}]
    taken: set[UUID] = set()
    chosen = _choose(rng, offices, POOR_VILLAGES + 2, date(2015, 10, 12), taken, 50)
    for serial, (place, person) in enumerate(zip(villages, chosen, strict=False)):
        village = district.villages[place].id
        since = _weekday(rng, date(2018, 1, 8), date(2018, 3, 30))
        yield Posted(
            person.id,
            village,
            Post.FIRST_SECRETARY,
            since,
            decision="西组发〔2018〕3号",
            due_on=add_months(since, 24 + EXTENSION),
            extended_months=EXTENSION,
            extended_on=EXTENDED_ON,
            extension_decision=EXTENDED_BY,
        )
        if serial < len(chosen) - POOR_VILLAGES:
            before = _weekday(rng, date(2015, 10, 12), date(2015, 12, 31))
            yield Posted(
                chosen[POOR_VILLAGES + serial].id,
                village,
                Post.FIRST_SECRETARY,
                before,
                since,
                "派驻期满，轮换",
                decision="西组发〔2015〕27号",
                due_on=add_months(before, 24),
            )


def _leaders(district: District, villages: Iterable[UUID]) -> Iterator[Posted]:
    """Make leaders of three levels answer for each poor village."""
    rng = _random("leaders")
    since, taken = date(2018, 4, 2), set[UUID]()
    by = {
        Post.DISTRICT_LEADER: [p for p in district.people if p.sector == "agency"],
        Post.TOWNSHIP_LEADER: [p for p in district.people if p.sector == "township"],
    }
    for village in villages:
        by[Post.VILLAGE_LEADER] = district.at[village]
        for post, people in by.items():
            for person in _choose(rng, people, 1, since, taken, _WORKING):
                yield Posted(person.id, village, post, since)


def _households(firsts: Sequence[Posted]) -> Iterator[Poor]:
    """Give each poor village some households; a few were lifted out of poverty since."""
    rng = _random("households")
    for first in firsts:
        if first.valid_to is not None:
            continue
        paired = first.valid_from + timedelta(days=rng.randint(5, 30))
        for number in range(1, rng.randint(4, 11)):
            is_lifted = number > 2 and rng.random() < 0.4  # noqa: PLR2004 - two stay
            lifted = date(2018, 12, 28) if rng.random() < 0.5 else date(2019, 11, 29)  # noqa: PLR2004
            yield Poor(
                first.organization_id,
                number,
                date(2017, 6, 30),
                lifted if is_lifted else None,
                first.member_id,
                paired,
            )
