"""Drawing the year's appraisals from a seed: the same on every call."""

import hashlib
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from random import Random

LAST_DAY = date(2019, 12, 31)
WEEKS = 52
"""ISO weeks of 2019: those whose Thursday lies in it."""
PICKED = 6
"""Cadres drawn a week."""
OF_A_COMMUNITY = 9
"""Cadres of a community, at most."""
_FIRST_MONDAY = date(2018, 12, 31)
ITEMS = (
    ("党员教育管理", 30),
    ("“三会一课”落实", 25),
    ("双承诺完成情况", 25),
    ("联系服务群众", 20),
)
QUARTERS = (
    (1, date(2019, 3, 18), date(2019, 4, 3)),
    (2, date(2019, 6, 17), date(2019, 7, 3)),
    (3, date(2019, 9, 16), date(2019, 10, 9)),
    (4, date(2019, 12, 9), date(2019, 12, 27)),
)
"""Quarter, opened, published."""
TALKS = (
    (date(2019, 4, 23), "村党组织书记", "坐班日无人在岗，群众办事扑空", True),
    (date(2019, 7, 11), "村委会主任", "坐班制落实不到位，连续两次缺岗", True),
    (date(2019, 10, 16), "村党组织副书记", "村务公开不及时", False),
)
"""Held on, who, why, and whether a failed check of duty led to it."""
CASES = (
    (
        date(2019, 3, 5),
        ("secretary_vacant", "no_organization_life"),
        "书记空缺，组织生活不正常",
        100,
        date(2019, 11, 20),
    ),
    (
        date(2019, 3, 5),
        ("affairs_not_public",),
        "村务财务公开不规范，群众意见较大",
        100,
        date(2019, 12, 12),
    ),
    (date(2019, 3, 12), ("team_disunited",), "班子成员不团结，议事决策不顺畅", 70, None),
    (date(2019, 5, 14), ("satisfaction_low",), "群众满意度测评偏低", 60, None),
    (date(2019, 6, 18), ("many_petitions",), "土地承包信访矛盾较多", 40, None),
)
"""Opened on, criteria, why, how far (per cent), closed on."""
MEASURES = (
    "选派第一书记驻村指导，配齐配强班子",
    "规范组织生活和村务公开",
    "逐户走访并解决群众反映问题",
)
_SOURCES = ("区民政局", "区卫生健康局", "区住建局", "区司法局", "区应急局", "区商务局", "区统计局")
_ACTS = ("台账报送", "入户调查登记", "责任状签订", "宣传栏制作", "月度考核迎检", "数据系统录入")
_MATTERS = (
    "流动人口",
    "房屋租赁",
    "犬只管理",
    "商户安全",
    "燃气用户",
    "企业统计",
    "就业失业",
    "家庭医生签约",
    "垃圾清运",
    "消防设施",
)
CANCELLED = 57


def rng(purpose: str) -> Random:
    """Give a source of chance of its own to each purpose."""
    return Random(f"2019 appraisals {purpose}")  # noqa: S311 - made-up facts, no secrets


def weeks() -> Iterator[tuple[str, date]]:
    """Give the seed and the day of each week's check, from Tuesday to Friday."""
    days = rng("weeks")
    for number in range(WEEKS):
        day = _FIRST_MONDAY + timedelta(weeks=number, days=days.randint(2, 4))
        yield hashlib.sha256(f"demo {day}".encode()).hexdigest(), day


def answers(chance: Random) -> tuple[bool, int, int]:
    """Draw whether a cadre was at work, and how many of ten questions were answered right."""
    return chance.random() < 0.95, 10, min(10, chance.choice((7, 8, 9, 9, 10, 10)))  # noqa: PLR2004


def scores(chance: Random) -> list[Decimal]:
    """Draw the scores of one organisation."""
    return [Decimal(chance.randint(7200, 9900)) / 100 for _ in ITEMS]


def tasks() -> list[tuple[str, str, date]]:
    """List the cancelled tasks: title, department, since when on the list."""
    titles = [f"{matter}{act}" for act in _ACTS for matter in _MATTERS][:CANCELLED]
    return [
        (title, _SOURCES[n % len(_SOURCES)], date(2018, 1, 2) + timedelta(days=n))
        for n, title in enumerate(titles)
    ]
