"""Vocabulary of postings, and what their pack holds."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from app.organizations.types import OrganizationKind, Sector


class Post(StrEnum):
    """What somebody is posted as (职务)."""

    FIRST_SECRETARY = "first_secretary"  # 第一书记
    DISTRICT_LEADER = "district_leader"  # 区级包保领导
    TOWNSHIP_LEADER = "township_leader"  # 镇街包保领导
    VILLAGE_LEADER = "village_leader"  # 村级包保责任人
    SECRETARY = "secretary"  # 书记
    DEPUTY_SECRETARY = "deputy_secretary"  # 副书记
    COMMITTEE_MEMBER = "committee_member"  # 委员
    GRID_CADRE = "grid_cadre"  # 网格、楼栋党员干部
    DIRECTOR = "director"  # 居(村)委会主任
    DEPUTY_DIRECTOR = "deputy_director"  # 居(村)委会副主任
    RESIDENTS_MEMBER = "residents_member"  # 居(村)委会委员


LEADERS = frozenset({Post.DISTRICT_LEADER, Post.TOWNSHIP_LEADER, Post.VILLAGE_LEADER})
"""三级领导包保: they answer for an organisation and are not of its staff."""
OF_COMMITTEES = frozenset({Post.SECRETARY, Post.DEPUTY_SECRETARY, Post.COMMITTEE_MEMBER})
OF_RESIDENTS = frozenset({Post.DIRECTOR, Post.DEPUTY_DIRECTOR, Post.RESIDENTS_MEMBER})
TWO_COMMITTEES = OF_COMMITTEES | OF_RESIDENTS
"""“两委”职务 of a community or a village; one person may hold a post of each (一肩挑)."""
SINGLE = frozenset({Post.FIRST_SECRETARY, Post.SECRETARY, Post.DIRECTOR})
"""Posts that an organisation has once at a time."""


class Unit(StrEnum):
    """What a norm asks of (编配单位)."""

    BUILDING_GROUP = "building_group"  # 楼栋党小组
    GRID_BRANCH = "grid_branch"  # 网格党支部
    COMMUNITY = "community"  # 社区党组织
    POOR_VILLAGE = "poor_village"  # 有贫困户的村


@dataclass(frozen=True, slots=True)
class Place:
    """An organisation as far as it decides which posts it has."""

    kind: OrganizationKind
    sector: Sector | None
    is_grid: bool
    in_grid: bool
    """It stands directly under a grid branch."""


@dataclass(frozen=True, slots=True)
class Norm:
    """How many of a post each unit has, from a day on (编配标准)."""

    post: Post
    unit: Unit
    count: int
    source: str
    valid_from: date | None = None
    valid_to: date | None = None


@dataclass(frozen=True, slots=True)
class ExtensionRule:
    """By how many months a posting of a post is extended at most (延长派驻)."""

    post: Post
    months: int
    source: str


@dataclass(frozen=True, slots=True)
class Band:
    """The pay levels of some posts of a community, from a day on (薪酬档次)."""

    posts: tuple[Post, ...]
    grade: str
    """What the posts are called together."""
    first_level: int
    last_level: int
    years_a_level: int
    """After so many full years in the post the next level is reached."""
    source: str
    valid_from: date | None = None
    valid_to: date | None = None


@dataclass(frozen=True, slots=True)
class PostingPack:
    """The rules of postings that are shipped."""

    name: str
    version: str
    norms: tuple[Norm, ...]
    extensions: tuple[ExtensionRule, ...]
    bands: tuple[Band, ...]


@dataclass(frozen=True, slots=True)
class PayBand:
    """Where a posting stands in the pay levels on a day."""

    grade: str
    level: int
    years: int
    """Full years in this post."""
    pack: str
    version: str
    source: str
