"""Drawing the activities of 2019 from a seed. Pure: bodies and people in, facts out."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from decimal import Decimal
from random import Random
from uuid import UUID

from app.activities.types import BRANCHES, ActivityKind
from app.contests.logic import ranking
from app.demo_activities.types import Body, Entered, Held, Judged, Leader, There
from app.demo_roster.types import Person
from app.organizations.types import OrganizationKind

LAST_DAY = date(2019, 12, 31)
YEAR = 2019
TRAINED, TWO_NEW_TRAINED = 1200, 352
PLACES, JURORS = 10, 7
_SEED = 2019
_OLDEST = 68
_SATURDAY = 5


def _random(purpose: str) -> Random:
    return Random(f"{_SEED} activities {purpose}")  # noqa: S311 - made-up facts, no secrets


def _weekday(day: date) -> date:
    """Give the day, or the Friday before a weekend."""
    return day - timedelta(days=max(0, day.weekday() - _SATURDAY + 1))


def _can_come(people: Sequence[Person], day: date, sectors: frozenset[str]) -> list[Person]:
    return [
        p
        for p in people
        if p.joined_on < day and day.year - p.born_on.year <= _OLDEST and p.sector in sectors
    ]


# ── Trainings and events of the district

_ORGANS = frozenset({"agency", "public_institution", "state_enterprise"})
_TWO_NEW = frozenset({"private_enterprise", "social_organization"})
_VILLAGES, _COMMUNITIES = frozenset({"village"}), frozenset({"community"})
_SCHOOL = "区委党校报告厅"
_TRAININGS = (
    ("机关党务干部集中培训班", date(2019, 3, 14), _ORGANS, 210),
    ("社区和网格党务干部集中培训班", date(2019, 4, 18), _COMMUNITIES, 220),
    ("农村党员干部集中培训班", date(2019, 5, 9), _VILLAGES, 150),
    ("“两新”组织党务干部集中培训班", date(2019, 7, 11), _TWO_NEW, 200),
    ("“不忘初心、牢记使命”专题集中培训班", date(2019, 9, 26), _ORGANS | _COMMUNITIES, 220),
    ("党的十九届四中全会精神集中轮训班", date(2019, 11, 21), _ORGANS | _TWO_NEW, 200),
)
"""Title, day, whom it is for, how many came: `TRAINED` in all."""
_LEAVE = 6
_QUARTERS = (date(2019, 3, 21), date(2019, 6, 20), date(2019, 9, 19), date(2019, 12, 12))
_EVENTS = (
    (ActivityKind.SPORTS_DAY, "“两新”党组织职工运动会", date(2019, 5, 25), "区体育场", 120),
    (ActivityKind.CHARITY_VISIT, "“两新”党组织爱心帮扶慰问", date(2019, 9, 10), "各社区", 30),
    (ActivityKind.AWARD_EVENING, "“两新”党组织表彰晚会", date(2019, 12, 27), "区文化馆剧场", 80),
)


def district_activities(
    bodies: Sequence[Body], people: Sequence[Person], lecturers: Sequence[UUID]
) -> list[Held]:
    """Draw the trainings, the trip, the two-new organisations' events and the lecture tour."""
    root = next(b for b in bodies if b.kind == OrganizationKind.DISTRICT_COMMITTEE)
    committee = next(b for b in bodies if b.sector == "new_sector")
    return [
        *_trainings(root, people),
        *_village(root, people),
        *_two_new_trainings(root, bodies),
        *_events(committee, people),
        *_tour(root, bodies, lecturers),
    ]


def _trainings(root: Body, people: Sequence[Person]) -> Iterator[Held]:
    rng = _random("trainings")
    for title, day, sectors, count in _TRAININGS:
        drawn = rng.sample(_can_come(people, day, sectors), count + _LEAVE)
        there = [There(p.id, is_present=place < count) for place, p in enumerate(drawn)]
        kind = ActivityKind.CENTRALIZED_TRAINING
        yield Held(root, kind, title, day, _SCHOOL, "8", people=tuple(there))


def _village(root: Body, people: Sequence[Person]) -> Iterator[Held]:
    rng = _random("villages")
    day, trip = date(2019, 5, 16), date(2019, 10, 17)
    cadres = tuple(There(p.id) for p in rng.sample(_can_come(people, day, _VILLAGES), 69))
    title = "村“两委”干部培训班"
    yield Held(root, ActivityKind.VILLAGE_TRAINING, title, day, _SCHOOL, "16", people=cadres)
    title = "优秀村党组织赴外省考察学习"
    kind = ActivityKind.STUDY_TRIP
    yield Held(root, kind, title, trip, "浙江省安吉县", "24", people=cadres[:12])


def _two_new_trainings(root: Body, bodies: Sequence[Body]) -> Iterator[Held]:
    """Draw a training each quarter; who heads a unit is told by the unit alone."""
    rng = _random("two new")
    names = [
        b.name.removeprefix("西安区").removesuffix("党支部").removesuffix("联合") + "负责人"
        for b in bodies
        if b.sector in _TWO_NEW
    ]
    for number, day in enumerate(_QUARTERS, 1):
        there = (There(guest=n) for n in rng.sample(names, TWO_NEW_TRAINED // len(_QUARTERS)))
        title = f"“两新”组织负责人第{number}期专题培训"
        kind = ActivityKind.TWO_NEW_TRAINING
        yield Held(root, kind, title, day, _SCHOOL, "4", people=tuple(there))


def _events(committee: Body, people: Sequence[Person]) -> Iterator[Held]:
    rng = _random("events")
    for kind, title, day, place, count in _EVENTS:
        drawn = rng.sample(_can_come(people, day, _TWO_NEW), count)
        there = tuple(There(p.id) for p in drawn)
        yield Held(committee, kind, title, day, place, people=there)


def _tour(root: Body, bodies: Sequence[Body], lecturers: Sequence[UUID]) -> Iterator[Held]:
    """Let two lecturers speak each time, in one field after another."""
    rng = _random("tour")
    hosts = rng.sample([b for b in bodies if b.kind in BRANCHES], 10)
    for number, host in enumerate(hosts):
        day = date(YEAR, 8, 6) + timedelta(days=10 * number)
        two = (lecturers[(number + step) % len(lecturers)] for step in (0, 1))
        there = tuple(There(member_id, role="speaker") for member_id in two)
        title = f"微型党课宣讲：走进{host.name}"
        kind, day = ActivityKind.LECTURE_SESSION, _weekday(day)
        yield Held(root, kind, title, day, f"{host.name}活动室", "1", people=there)


# ── Meetings of the branches in the last quarter

_SHARE = {
    ActivityKind.MEMBER_MEETING: 0.93,
    ActivityKind.THEME_DAY: 0.95,
    ActivityKind.ORGANIZATION_LIFE_MEETING: 0.88,
    ActivityKind.COMMITTEE_MEETING: 0.9,
    ActivityKind.GROUP_MEETING: 0.85,
}
"""How many of those who owe it have held it: the others are due."""
_NAMES = {
    ActivityKind.MEMBER_MEETING: "第四季度党员大会",
    ActivityKind.THEME_DAY: "12月主题党日",
    ActivityKind.ORGANIZATION_LIFE_MEETING: "2019年度组织生活会",
    ActivityKind.COMMITTEE_MEETING: "12月支委会",
    ActivityKind.GROUP_MEETING: "12月党小组会",
}
_SHOWN = frozenset({ActivityKind.MEMBER_MEETING, ActivityKind.THEME_DAY})


def meetings(bodies: Sequence[Body], leaders: Sequence[Leader]) -> list[Held]:
    """Draw what branches and groups held in December; a leader's branch has its own theme days."""
    rng = _random("meetings")
    have = {leader.person.organization_id for leader in leaders}
    made = []
    for body in bodies:
        is_group = body.kind == OrganizationKind.PARTY_GROUP
        if not is_group and body.kind not in BRANCHES:
            continue
        for kind, share in _SHARE.items():
            if is_group != (kind == ActivityKind.GROUP_MEETING) or rng.random() >= share:
                continue
            if kind == ActivityKind.THEME_DAY and body.id in have:
                continue
            day = _weekday(date(YEAR, 12, rng.randint(2, 28)))
            made.append(Held(body, kind, _NAMES[kind], day, _PLACE, is_published=kind in _SHOWN))
    return made


_PLACE = "党员活动室"

# ── Contests

_LECTURES = (
    "一面党旗的故事",
    "从一个脚印说起",
    "抗联精神代代传",
    "我的入党介绍人",
    "网格里的初心",
    "田埂上的党课",
    "一封没有寄出的信",
    "五分钟的承诺",
    "把支部建在楼栋里",
    "一枚党徽的重量",
)
_BRANDS = (
    "红色先锋",
    "暖心家园",
    "初心驿站",
    "红网格",
    "党旗映江",
    "心连心",
    "红石榴",
    "先锋田园",
    "匠心党建",
    "益路同行",
    "红色引擎",
    "民情茶室",
)
_CHANNEL = "今日西安区"
_URL = "https://mp.weixin.qq.com/s/xian-district-top-ten-brands-2019"


def micro_lectures(people: Sequence[Person]) -> Judged:
    """Draw the contest of micro-lectures; its best eight make up the lecture team."""
    rng = _random("lectures")
    day = date(2019, 6, 27)
    fields = _ORGANS | _TWO_NEW | _COMMUNITIES | _VILLAGES
    drawn = rng.sample(_can_come(people, day, fields), 2 * len(_LECTURES))
    titles = [f"{t}{n}" for n in ("", "（续）") for t in _LECTURES]
    pairs = list(zip(drawn, titles, strict=True))
    entries = _scored(rng, [(p.organization_id, p.id, t) for p, t in pairs])
    title = "“不忘初心、牢记使命”微型党课比赛"
    return Judged("micro_lecture", title, day, True, entries, lecturers=8)


def brands(bodies: Sequence[Body]) -> Judged:
    """Draw the selection of the ten best brands, and its publication."""
    rng = _random("brands")
    kinds = {OrganizationKind.PARTY_COMMITTEE, OrganizationKind.GENERAL_BRANCH} | BRANCHES
    drawn = rng.sample([b for b in bodies if b.kind in kinds], 2 * len(_BRANDS))
    titles = [f"{kind}“{t}”" for kind in ("党建品牌", "服务品牌") for t in _BRANDS]
    pairs = list(zip(drawn, titles, strict=True))
    entries = _scored(rng, [(b.id, None, t) for b, t in pairs])
    return Judged(
        "brand",
        "十佳基层党建品牌评选",
        date(2019, 10, 24),
        True,
        entries,
        channel=_CHANNEL,
        url=_URL,
        published_on=date(2019, 11, 8),
    )


def _scored(rng: Random, entered: Sequence[tuple[UUID, UUID | None, str]]) -> tuple[Entered, ...]:
    """Draw what the jury gave, until no two of the entries are alike."""
    while True:
        made = [Entered(o, m, t, _scores(rng)) for o, m, t in entered]
        by_place = {UUID(int=n): list(e.scores) for n, e in enumerate(made)}
        if not any(p.is_tied for p in ranking(by_place, drops_extremes=True)):
            return tuple(made)


def _scores(rng: Random) -> tuple[Decimal, ...]:
    level = rng.randint(820, 940)
    return tuple(Decimal(level + rng.randint(-30, 30)).scaleb(-1) for _ in range(JURORS))


# ── Leaders' records

_POSTS = (
    "区委副书记",
    "区委常委、组织部部长",
    "区委常委、宣传部部长",
    "副区长",
    "区人大常委会副主任",
    "区政协副主席",
)
_AGES = range(42, 58)


def leaders(bodies: Sequence[Body], people: Sequence[Person]) -> list[Leader]:
    """Draw six leaders of organs, each with a theme day of the own branch in every month."""
    rng = _random("leaders")
    opened = date(YEAR, 1, 1)
    can = [
        p
        for p in people
        if p.sector == "agency"
        and YEAR - p.born_on.year in _AGES
        and p.joined_on < opened - timedelta(days=3650)
    ]
    rng.shuffle(can)
    first = {p.organization_id: p for p in reversed(can)}  # nobody shares a branch
    place = {b.id: b for b in bodies}
    drawn = sorted(first.values(), key=can.index)[: len(_POSTS)]
    return [
        Leader(person, post, opened, tuple(_theme_days(rng, place[person.organization_id], person)))
        for person, post in zip(drawn, _POSTS, strict=True)
    ]


def _theme_days(rng: Random, body: Body, person: Person) -> Iterator[Held]:
    for month in range(1, 13):
        day = _weekday(date(YEAR, month, rng.randint(10, 25)))
        there = (There(person.id),)
        title = f"{month}月主题党日"
        yield Held(body, ActivityKind.THEME_DAY, title, day, _PLACE, people=there)
