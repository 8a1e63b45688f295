"""What a figure is: the sum of its rows, or a quotient of two sums. Knows no domain.

A domain lists its own in `FIGURES` of its `queries.py`; `app.figures` puts them in one registry.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from sqlalchemy import Numeric, Select, cast, literal

from app.core.caller import Permission, Subtree
from app.core.errors import Text


class FigureUnit(StrEnum):
    """What a figure counts (单位)."""

    AREAS = "areas"  # 个方面
    BRANDS = "brands"  # 个品牌
    CHECKS_A_WEEK = "checks_a_week"  # 次/周
    CONTESTS = "contests"  # 场比赛
    CONTRACTS = "contracts"  # 份合同
    DOCUMENTS = "documents"  # 份文件
    GROUPS_A_BRANCH = "groups_a_branch"  # 个小组每支部
    ITEMS = "items"  # 件
    KINDS = "kinds"  # 类
    LEVELS = "levels"  # 级
    MEMBERS = "members"  # 名党员
    MU = "mu"  # 亩
    ORGANIZATIONS = "organizations"  # 个党组织
    PEOPLE = "people"  # 名
    PEOPLE_A_GROUP = "people_a_group"  # 名每小组
    PERSON_TIMES = "person_times"  # 人次
    PERSON_TIMES_A_POST = "person_times_a_post"  # 人次每岗位
    POSTS = "posts"  # 个岗位
    PROBLEMS = "problems"  # 个问题
    PROJECTS = "projects"  # 个项目
    RATIO = "ratio"  # 比率, as a fraction
    SESSIONS_A_YEAR = "sessions_a_year"  # 次/年
    STREETS = "streets"  # 个街道
    SYSTEMS = "systems"  # 项制度
    TIMES_A_YEAR = "times_a_year"  # 次/年
    UNITS = "units"  # 家单位
    VILLAGES = "villages"  # 个村
    WAN_YUAN = "wan_yuan"  # 万元
    WAN_YUAN_A_VILLAGE = "wan_yuan_a_village"  # 万元/村
    YEARS = "years"  # 年


class Part(StrEnum):
    """Which rows of a figure (分子, 分母, 缺口)."""

    NUMERATOR = "numerator"
    DENOMINATOR = "denominator"
    GAPS = "gaps"


@dataclass(frozen=True, slots=True)
class Window:
    """What a figure counts up to, and from: dates in Asia/Shanghai, both days included."""

    day: date
    """What was recorded up to the end of this day."""
    first: date | None = None
    last: date | None = None


Source = Callable[[Sequence[Subtree], Window], Select[*tuple[Any, ...]]]
"""Gives the rows of a figure: the columns of `told`, and no row twice."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure (数字) and where its rows come from; a sum has no denominator."""

    id: str
    name: Text
    unit: FigureUnit
    definition: Text
    permission: Permission
    """The right to read the records behind it."""
    numerator: Source
    denominator: Source | None = None
    places: int | None = None
    """Decimals of a quotient, HALF_UP; a plain sum has none."""
    is_whole: bool = False
    """It is 1 where the numerator reaches a denominator that is not 0, and 0 else."""
    gaps: Source | None = None
    """What the denominator has and the numerator lacks: which day, which unit."""


def told(
    rows: Select[*tuple[Any, ...]],
    table: Any,
    state: Any,
    label: Any,
    on: Any,
    window: Window,
    amount: Any = 1,
) -> Select[*tuple[Any, ...]]:
    """Select of `rows` what a figure tells of each, held to the period in which they happened.

    `table` is the model that is counted, `state` the organisation's state joined to it, `on` the
    day on which it happened, `amount` what it adds.
    """
    told_of = rows.with_only_columns(
        literal(table.__tablename__).label("kind"),
        table.id,
        state.organization_id,
        state.name.label("organization_name"),
        label.label("label"),
        on.label("happened_on"),
        cast(amount, Numeric).label("amount"),
    )
    if window.first is not None:
        told_of = told_of.where(on >= window.first)
    if window.last is not None:
        told_of = told_of.where(on <= window.last)
    return told_of
