"""Drawing the units from a seed: the same on every call. Pure: bodies and people in, facts out."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from random import Random
from typing import NamedTuple
from uuid import UUID

from app.partners.types import CoverageMode, UnitKind

LAST_DAY = date(2019, 12, 31)
YEAR = date(2019, 1, 1)
OPERATING, CLOSED, OPENED = 360, 8, 14
"""两新 units that operate at the end, that closed in the year, that opened in it."""
INSTRUCTED, AGREED, EXPIRED = 342, 32, 5
SOLVED, WAITING, LEFT = 17, 4, 6
"""Problems that are confirmed, that wait for it, that are open."""
_MOST_UNITS = 3
"""Of one instructor."""
_SATURDAY = 5


class Body(NamedTuple):
    """An organisation of the roster."""

    id: UUID
    name: str
    kind: str
    sector: str


class Unit(NamedTuple):
    """A unit and the organisation that looks after it."""

    organization_id: UUID
    name: str
    kind: UnitKind
    opened_on: date
    closed_on: date | None = None


class Coverage(NamedTuple):
    """What covers a unit, by its place in the list of units."""

    unit: int
    mode: CoverageMode
    covering_id: UUID | None
    member_id: UUID | None
    valid_from: date
    valid_to: date | None = None


class Agreement(NamedTuple):
    """An agreement of a unit, by its place in the list of resident units."""

    unit: int
    organization_id: UUID
    title: str
    valid_from: date
    valid_to: date


class Problem(NamedTuple):
    """A problem of a unit, by its place in the list of 两新 units."""

    unit: int
    content: str
    reported_on: date
    solution: str | None = None
    solved_on: date | None = None
    confirmed_on: date | None = None


def _random(purpose: str) -> Random:
    return Random(f"2019 {purpose}")  # noqa: S311 - made-up facts, no secrets


def _workday(rng: Random, first: date, last: date) -> date:
    """Draw a working day from `first` on, and not after `last`."""
    day = first + timedelta(days=rng.randint(0, max(0, (last - first).days)))
    while day.weekday() >= _SATURDAY and day > first:
        day -= timedelta(days=1)
    return day


# ── 两新 units

_BRANDS = (
    "兴达 正源 福临 凯悦 中盛 利民 同心 广源 三江 富民 长青 万邦 天成 和谐 百姓 银河 顺发 祥云"
)
_TRADES = {
    UnitKind.PRIVATE_ENTERPRISE: "超市 酒店 装饰公司 汽修厂 药房 电子公司 服装店 印刷厂 旅行社",
    UnitKind.SOCIAL_ORGANIZATION: "托育园 书画社 棋牌协会 助老服务社 舞蹈学校 钓鱼协会",
}


def _fresh_names() -> Iterator[tuple[str, UnitKind]]:
    rng = _random("names")
    names = [
        (f"西安区{brand}{trade}", kind)
        for kind, trades in _TRADES.items()
        for trade in trades.split()
        for brand in _BRANDS.split()
    ]
    rng.shuffle(names)
    yield from names


def new_sector(bodies: Sequence[Body]) -> tuple[list[Unit], list[Coverage]]:
    """Draw the 两新 units, each covered on each of its days of the year.

    Its own branch covers it, a joint one, or the community's committee. The first operate at the
    end of the year, the rest closed in it.
    """
    rng, fresh = _random("new sector"), _fresh_names()
    branches = [b for b in bodies if b.sector in {kind.value for kind in _TRADES}]
    joint = [b for b in branches if b.kind == "joint_branch"]
    communities = communities_of(bodies)
    units, coverages = list[Unit](), list[Coverage]()
    while len(units) < OPERATING + CLOSED:
        place = len(units)
        opened = _workday(rng, date(2006, 3, 1), date(2018, 6, 29))
        if OPERATING - OPENED <= place < OPERATING:
            opened = _workday(rng, date(2019, 2, 11), date(2019, 11, 29))
        closed = _workday(rng, date(2019, 3, 1), date(2019, 11, 29)) if place >= OPERATING else None
        if place < len(branches):
            home = branches[place]
            name, kind = _named(home.name), UnitKind(home.sector)
            mode = CoverageMode.JOINT if home in joint else CoverageMode.OWN
        else:
            name, kind = next(fresh)
            in_joint = rng.randrange(2) == 0
            home = rng.choice([b for b in joint if b.sector == kind] if in_joint else communities)
            mode = CoverageMode.JOINT if in_joint else CoverageMode.REGIONAL
        units.append(Unit(home.id, name, kind, opened, closed))
        coverages += _organized(rng, place, units[-1], mode, communities)
    return units, coverages


def communities_of(bodies: Sequence[Body]) -> list[Body]:
    """Name the communities' committees."""
    return [b for b in bodies if b.sector == "community" and b.kind == "party_committee"]


def _named(branch: str) -> str:
    """Name the unit in which a branch is, or the first of a joint one's."""
    return branch.removesuffix("联合党支部").removesuffix("党支部").split("等")[0]


_MOVED = 40
"""Of so many units one was looked after by its community until a branch took it over."""


def _organized(
    rng: Random, place: int, unit: Unit, mode: CoverageMode, communities: Sequence[Body]
) -> Iterator[Coverage]:
    last = unit.opened_on if unit.opened_on >= YEAR else date(2018, 12, 28)
    since = _workday(rng, unit.opened_on, last)
    if place % _MOVED == 0 and mode == CoverageMode.OWN:
        moved = _workday(rng, date(2019, 3, 1), date(2019, 10, 31))
        by = rng.choice(communities).id
        yield Coverage(place, CoverageMode.REGIONAL, by, None, since, moved)
        since = moved
    yield Coverage(place, mode, unit.organization_id, None, since, unit.closed_on)


def instructors(units: Sequence[Unit], members: Sequence[UUID]) -> list[Coverage]:
    """Draw who instructs which units; `INSTRUCTED` have one at the end, of some it changed."""
    rng = _random("instructors")
    sent = rng.sample(list(members), INSTRUCTED // 2)
    free = rng.sample(sent * _MOST_UNITS, len(sent) * _MOST_UNITS)
    made = list[Coverage]()
    for place in sorted(rng.sample(range(OPERATING), INSTRUCTED)):
        first = max(date(2019, 2, 18), units[place].opened_on)
        since = _workday(rng, first, max(first, date(2019, 4, 30)))
        member = free.pop()
        if rng.randrange(20) == 0:
            until = _workday(rng, since + timedelta(days=30), LAST_DAY)
            made.append(_instructs(place, free.pop(), since, until))
            since = until
        made.append(_instructs(place, member, since))
    return made


def _instructs(place: int, member: UUID, since: date, until: date | None = None) -> Coverage:
    return Coverage(place, CoverageMode.INSTRUCTOR, None, member, since, until)


_PROBLEMS = (
    ("缺少党员活动场地，希望协调共享", "与所在社区党群服务中心签订场地共用安排"),
    ("流动党员组织关系未转入", "组织部门协助联系原党组织，关系已转接"),
    ("招工困难，希望组织招聘", "联合人社部门举办专场招聘会"),
    ("门前道路破损影响进出货", "协调城管部门完成修补"),
    ("不熟悉发展党员工作程序", "下派指导员现场讲解并提供流程图"),
    ("办理贷款抵押手续不清楚", "对接银行客户经理上门服务"),
    ("消防通道被占用", "街道会同消防部门清理并划线"),
    ("党建活动经费不足", "按规定返还党费并给予启动经费"),
)


def problems() -> list[Problem]:
    """Draw the problems: of each who solved it and who confirmed it are two."""
    rng = _random("problems")
    made = []
    for serial in range(SOLVED + WAITING + LEFT):
        content, solution = _PROBLEMS[serial % len(_PROBLEMS)]
        unit = rng.randrange(OPERATING - OPENED)
        reported = _workday(rng, date(2019, 2, 18), date(2019, 10, 31))
        solved = _workday(rng, reported + timedelta(days=3), reported + timedelta(days=30))
        confirmed = _workday(rng, solved + timedelta(days=1), solved + timedelta(days=10))
        if serial < SOLVED:
            made.append(Problem(unit, content, reported, solution, solved, confirmed))
        elif serial < SOLVED + WAITING:
            made.append(Problem(unit, content, reported, solution, solved))
        else:
            made.append(Problem(unit, content, reported))
    return made


# ── Resident units

_PLACES = "牡丹 火炬 先锋 江滨 光华 兴隆 铁路"
_RESIDENT = {
    "小学": UnitKind.SCHOOL,
    "中学": UnitKind.SCHOOL,
    "文化馆": UnitKind.PUBLIC_INSTITUTION,
    "派出所": UnitKind.AGENCY,
    "税务所": UnitKind.AGENCY,
    "供热公司": UnitKind.STATE_ENTERPRISE,
}
_TITLES = ("党建共建协议书", "组织共建资源共享协议", "区域化党建共建协议")


def resident(bodies: Sequence[Body]) -> tuple[list[Unit], list[Agreement]]:
    """Draw the resident units; `AGREED` have an agreement in force, of `EXPIRED` it is over."""
    rng, communities = _random("resident"), communities_of(bodies)
    places = _PLACES.split()
    names = [(place + suffix, kind) for suffix, kind in _RESIDENT.items() for place in places]
    units, agreements = list[Unit](), list[Agreement]()
    for place, (name, kind) in enumerate(rng.sample(names, AGREED + EXPIRED)):
        home = communities[place % len(communities)]
        opened = _workday(rng, date(1985, 3, 1), date(2015, 12, 31))
        units.append(Unit(home.id, name, kind, opened))
        is_over = place >= AGREED
        first, last = date(2018, 3, 1), date(2019, 10, 28)
        if is_over:
            first, last = date(2017, 3, 1), date(2017, 12, 28)
        signed = _workday(rng, first, last)
        ends = signed.replace(year=signed.year + (2 if is_over else 3))
        agreements.append(Agreement(place, home.id, rng.choice(_TITLES), signed, ends))
        if not is_over and place % 8 == 0:  # with the neighbours too: the unit counts once
            beside = communities[(place + 1) % len(communities)]
            agreements.append(Agreement(place, beside.id, rng.choice(_TITLES), signed, ends))
    return units, agreements
