"""Pure decisions about the tree."""

import re
from datetime import date

from stdnum import numdb

from app.core.errors import Invalid
from app.organizations.errors import KindNotAllowed, TreeTooDeep, UnknownDivision
from app.organizations.types import OrganizationKind as Kind

MAX_DEPTH = 16
_UNDER_A_COMMITTEE = frozenset(
    {Kind.GENERAL_BRANCH, Kind.PARTY_BRANCH, Kind.JOINT_BRANCH, Kind.TEMPORARY_BRANCH}
)
CHILDREN: dict[Kind, frozenset[Kind]] = {
    Kind.DISTRICT_COMMITTEE: frozenset(
        {
            Kind.WORKING_COMMITTEE,
            Kind.PARTY_COMMITTEE,
            Kind.GENERAL_BRANCH,
            Kind.PARTY_BRANCH,
            Kind.JOINT_BRANCH,
        }
    ),
    Kind.WORKING_COMMITTEE: _UNDER_A_COMMITTEE | {Kind.PARTY_COMMITTEE},
    Kind.PARTY_COMMITTEE: _UNDER_A_COMMITTEE | {Kind.PARTY_COMMITTEE},
    Kind.GENERAL_BRANCH: frozenset({Kind.PARTY_BRANCH, Kind.JOINT_BRANCH, Kind.TEMPORARY_BRANCH}),
    Kind.PARTY_BRANCH: frozenset({Kind.PARTY_GROUP}),
    Kind.JOINT_BRANCH: frozenset({Kind.PARTY_GROUP}),
    Kind.TEMPORARY_BRANCH: frozenset({Kind.PARTY_GROUP}),
    Kind.PARTY_GROUP: frozenset(),
}
"""Which kinds may stand directly under which."""

HOLDS_MEMBERS = frozenset({Kind.PARTY_BRANCH, Kind.JOINT_BRANCH, Kind.PARTY_GROUP})
"""Kinds to which a member's relation (组织关系) may belong: a temporary branch takes none over."""

GRID_KINDS = frozenset({Kind.PARTY_BRANCH, Kind.JOINT_BRANCH})


def check_child(parent: Kind, child: Kind) -> None:
    """Raise `KindNotAllowed` unless `parent` may hold `child`."""
    if child not in CHILDREN[parent]:
        raise KindNotAllowed(f"{parent} 之下不能设 {child}", f"a {parent} cannot hold a {child}")


def depth(path: str) -> int:
    """Count the levels down to the node at `path`; the root's is 1."""
    return path.count(".")


def lineage(path: str) -> list[str]:
    """List the paths from the root's down to `path` itself: `1.`, `1.17.`, `1.17.204.`."""
    labels = path.split(".")[:-1]
    return [".".join(labels[:n]) + "." for n in range(1, len(labels) + 1)]


def path_above(path: str) -> str:
    """Give the path of the organisation directly above: `1.17.204.` lies under `1.17.`.

    The root has nobody above; its own path is given.
    """
    return lineage(path)[-2:][0]


def child_path(parent: str, label: int) -> str:
    """Give the path of the child with `label` under `parent`, or raise `TreeTooDeep`."""
    if depth(parent) >= MAX_DEPTH:
        raise TreeTooDeep(f"最多 {MAX_DEPTH} 级", f"at most {MAX_DEPTH} levels")
    return f"{parent}{label}."


def check_facts(
    kind: Kind,
    *,
    is_grid: bool,
    founded_on: date | None,
    term: tuple[date | None, date | None],
    today: date,
) -> None:
    """Raise `Invalid` unless the facts about an organisation agree with each other."""
    started, due = term
    if started and due and started >= due:
        raise Invalid("届满日期须晚于任期起始日期", "due_on must be after term_started_on")
    if founded_on and founded_on > today:
        raise Invalid("成立日期不能晚于今天", "founded_on lies in the future")
    if is_grid and kind not in GRID_KINDS:
        raise Invalid("只有党支部可以是网格党支部", "only a branch can be a grid branch")


def division(code: str) -> tuple[str, str]:
    """Name the county-level division `code` (GB/T 2260) and its committee, the root of its tree.

    A city's district is named with its city: 中共牡丹江市西安区委员会. Raises `UnknownDivision`.
    """
    name = _county(code) if re.fullmatch("[0-9]{6}", code) else None
    if name is None or code.endswith("00"):
        raise UnknownDivision(f"区划代码 {code} 不存在", f"{code} is not a county-level division")
    city = _county(f"{code[:4]}00")
    if city in {None, "市辖区", "县"}:  # a municipality's districts stand directly under it
        city = _province(code)
    prefix = city if name.endswith("区") and city else ""
    return name, f"中共{prefix}{name}委员会"


def root_names(name: str) -> set[str]:
    """List what a district's root is called for short: 中共西安区委员会, 西安区委, 区委."""
    district = name.removeprefix("中共").removesuffix("委员会")
    short = district.partition("市")[2] or district
    names = {
        f"{p}{d}{s}" for p in ("", "中共") for d in (district, short) for s in ("委", "委员会")
    }
    return names | {name, f"{district[-1:]}委"}


def _county(code: str) -> str | None:
    for _, facts in numdb.get("cn/loc").info(code):
        for era in str(facts.get("county", "")).split(","):
            years, _, name = era.rpartition("]")
            if name and not years.rstrip("]").partition("-")[2]:
                return name
    return None


def _province(code: str) -> str | None:
    return next((f["province"] for _, f in numdb.get("cn/loc").info(code) if "province" in f), None)
