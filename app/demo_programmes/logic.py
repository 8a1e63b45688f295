"""The plan, programmes and documents of the article; where it gives no name, the name says so."""

from dataclasses import dataclass
from datetime import date

from app.programmes.types import DocumentKind, DocumentTopic, ProgrammeFamily

DEPARTMENT = "中共牡丹江市西安区委组织部"
COMMITTEE = "中共牡丹江市西安区委员会"
PLAN = "西安区加强基层党建工作三年计划"
PLAN_STARTS_ON, PLAN_ENDS_ON = date(2017, 1, 1), date(2019, 12, 31)
ROOT = ""
"""The place of what is the whole district's; others are parts of an organisation's name."""
PILOTS = {"温春镇": date(2018, 9, 3), "水泥街道": date(2018, 9, 3)}
STREETS = ("牡丹街道", "火炬街道", "先锋街道", "江滨街道")


@dataclass(frozen=True, slots=True)
class Project:
    """A programme under the plan."""

    family: ProgrammeFamily
    name: str
    starts_on: date
    place: str = ROOT


@dataclass(frozen=True, slots=True)
class Paper:
    """A document under the plan."""

    kind: DocumentKind
    topic: DocumentTopic
    title: str
    number: str | None
    issued_on: date
    issued_by: str = DEPARTMENT
    place: str = ROOT
    repealed_on: date | None = None
    url: str | None = None


_AREAS = ("党员思想教育", "农村基层党建", "城市基层党建", "基层党建基础工作", "“两新”组织党建")
_TAGS = (
    (ProgrammeFamily.RED_PROJECT, "四红工程", 4, date(2017, 3, 1)),
    (ProgrammeFamily.NET, "四网", 4, date(2018, 3, 1)),
    (ProgrammeFamily.IZATION, "两化", 2, date(2018, 3, 1)),
    (ProgrammeFamily.LINK, "五联", 5, date(2018, 3, 1)),
)
_NUMERALS = "一二三四五六七"


def projects() -> list[Project]:
    """List the areas of the plan, the projects, the tags of the urban system and the pilots."""
    areas = [Project(ProgrammeFamily.PLAN_AREA, name, PLAN_STARTS_ON) for name in _AREAS]
    tags = [
        Project(family, f"{name}（{numeral}）（名称待定）", starts_on)
        for family, name, count, starts_on in _TAGS
        for numeral in _NUMERALS[:count]
    ]
    pilots = [
        Project(ProgrammeFamily.INTEGRATION_PILOT, "党政一体化改革试点", starts_on, place)
        for place, starts_on in PILOTS.items()
    ]
    return areas + tags + pilots


_SCHEMES = (
    date(2018, 3, 12),
    date(2018, 3, 12),
    date(2018, 5, 8),
    date(2018, 7, 16),
    date(2018, 10, 10),
    date(2019, 2, 25),
    date(2019, 4, 22),
)
_NAMED = (
    (
        DocumentKind.REGULATION,
        DocumentTopic.ORGAN,
        "机关党支部规范化建设标准",
        date(2018, 4, 16),
    ),
    (
        DocumentKind.REGULATION,
        DocumentTopic.ORGAN,
        "关于加强和改进西安区机关党的建设的意见",
        date(2018, 6, 20),
    ),
    (
        DocumentKind.REGULATION,
        DocumentTopic.ORGAN,
        "西安区机关党建工作考评办法",
        date(2019, 1, 21),
    ),
    (
        DocumentKind.HANDBOOK,
        DocumentTopic.TWO_NEW,
        "“两新”组织党组织建设规范化手册",
        date(2019, 3, 18),
    ),
    (
        DocumentKind.SCHEME,
        DocumentTopic.GRASSROOTS,
        "关于规范基层党组织换届选举方案",
        date(2019, 5, 13),
    ),
)
_OLD_SCHEME = Paper(
    DocumentKind.SCHEME,
    DocumentTopic.URBAN,
    "城市基层党建工作方案（试行）（名称待定）",
    "西组发〔2017〕9号",
    date(2017, 4, 10),
    repealed_on=_SCHEMES[0],
)
_REPLANNED_ON = date(2018, 11, 19)


def papers() -> list[Paper]:
    """List the documents, each with a number of its organ's year and, if printed, a link."""
    given = [
        (DocumentKind.SCHEME, DocumentTopic.URBAN, f"城市基层党建配套方案（{n}）（名称待定）", day)
        for n, day in zip(_NUMERALS, _SCHEMES, strict=True)
    ] + list(_NAMED)
    issued = [
        Paper(kind, topic, title, f"西组发〔{day.year}〕{10 + place}号", day, url=_link(day, place))
        for place, (kind, topic, title, day) in enumerate(sorted(given, key=lambda g: g[3]))
    ]
    decided = [
        Paper(
            DocumentKind.REPLAN_DECISION,
            DocumentTopic.URBAN,
            f"关于{street}社区调整规划的批复",
            f"西发〔{_REPLANNED_ON.year}〕{31 + place}号",
            _REPLANNED_ON,
            COMMITTEE,
            street,
        )
        for place, street in enumerate(STREETS)
    ]
    return [_OLD_SCHEME, *issued, *decided]


def _link(day: date, place: int) -> str:
    return f"https://dangjian.example/{day.year}/{10 + place}"  # a name that nobody can own
