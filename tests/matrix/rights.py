"""A model of rights of the matrix's own: it shares names with the service, and no code."""

from collections.abc import Iterator
from dataclasses import dataclass

HOME, NEAR, FAR, NOWHERE = "231005", "231004", "110101", "999999"
DISTRICTS = {HOME: "西安区", NEAR: "爱民区", FAR: "东城区"}

READ = frozenset(
    {
        "activities:read",
        "admissions:read",
        "appraisals:read",
        "economy:read",
        "elections:read",
        "members:read",
        "organizations:read",
        "partners:read",
        "pledges:read",
        "postings:read",
        "programmes:read",
        "published:read",
        "rectifications:read",
        "restructurings:read",
        "rules:read",
        "service:read",
    }
)
CLERK = READ | {
    "activities:write",
    "admissions:approve",
    "admissions:write",
    "appraisals:write",
    "economy:write",
    "elections:approve",
    "elections:write",
    "imports:read",
    "imports:write",
    "members:export",
    "members:write",
    "organizations:write",
    "partners:write",
    "pledges:confirm",
    "pledges:export",
    "pledges:write",
    "postings:write",
    "programmes:write",
    "rectifications:write",
    "restructurings:approve",
    "restructurings:write",
    "service:confirm",
    "service:write",
}
MAY = {
    "department_admin": CLERK | {"members:unmask", "reports:configure", "rules:configure"},
    "organization_clerk": CLERK,
    "organization_reader": READ,
    "system_admin": frozenset({"accounts:manage"}),
    "security_admin": frozenset({"grants:manage", "organizations:read"}),
    "audit_admin": frozenset({"audit:read"}),
}


@dataclass(frozen=True)
class Node:
    """An organisation of the world."""

    district: str
    kind: str
    name: str
    parent: str | None = None


NODES = {
    "root": Node(HOME, "district_committee", "中共牡丹江市西安区委员会"),
    "parent": Node(HOME, "general_branch", "丙辰党总支", "root"),
    "own": Node(HOME, "party_branch", "甲子党支部", "parent"),
    "child": Node(HOME, "party_group", "乙丑党小组", "own"),
    "leaf": Node(HOME, "party_group", "庚辰党小组", "own"),
    "aunt": Node(HOME, "party_branch", "壬戌党支部", "root"),
    "sibling": Node(HOME, "party_branch", "丁卯党支部", "parent"),
    "nephew": Node(HOME, "party_group", "戊午党小组", "sibling"),
    "near_root": Node(NEAR, "district_committee", "中共牡丹江市爱民区委员会"),
    "near": Node(NEAR, "party_branch", "己巳党支部", "near_root"),
    "far_root": Node(FAR, "district_committee", "中共北京市东城区委员会"),
    "far": Node(FAR, "party_branch", "辛未党支部", "far_root"),
}
LABELS = {"parent": 2, "own": 3, "child": 4, "leaf": 5, "aunt": 20, "sibling": 30, "nephew": 31}
"""The last part of each path. But for the dot, `1.2.30.` begins like `1.2.3.`."""
ROOTS = {HOME: "root", NEAR: "near_root", FAR: "far_root"}


@dataclass(frozen=True)
class Person:
    """A member of the world."""

    node: str
    name: str
    pinyin: str
    serial: int
    category: str = "full"


PEOPLE = {
    "mine": Person("own", "欧阳朔方", "ouyangshuofang", 11),
    "new": Person("own", "司徒北望", "situbeiwang", 13, "probationary"),
    "below": Person("child", "诸葛青原", "zhugeqingyuan", 15),
    "beside": Person("sibling", "慕容海川", "muronghaichuan", 17),
    "beside_below": Person("nephew", "皇甫云起", "huangfuyunqi", 19),
    "elsewhere": Person("aunt", "令狐长空", "linghuchangkong", 21),
    "near": Person("near", "东方既白", "dongfangjibai", 23),
    "far": Person("far", "南宫问天", "nangongwentian", 25),
}


@dataclass(frozen=True)
class Hold:
    """A role over a node and what is under it, or over every district of a prefix."""

    role: str
    node: str | None = None
    prefix: str | None = None


@dataclass(frozen=True)
class Who:
    """Somebody who asks."""

    key: str
    home: str = HOME
    holds: tuple[Hold, ...] = ()
    person: str | None = None
    is_out: bool = False
    """Not signed in, or no longer."""

    def __str__(self) -> str:
        return self.key


_department = (Hold("department_admin", "root"),)
CALLERS = {
    who.key: who
    for who in (
        Who("department", holds=_department),
        Who("clerk", holds=(Hold("organization_clerk", "own"),)),
        Who("parent_clerk", holds=(Hold("organization_clerk", "parent"),)),
        Who("sibling_clerk", holds=(Hold("organization_clerk", "sibling"),)),
        Who("reader", holds=(Hold("organization_reader", "own"),)),
        Who(
            "two_grants",
            holds=(Hold("organization_reader", "own"), Hold("organization_clerk", "sibling")),
        ),
        Who("foreign_department", NEAR, (Hold("department_admin", "near_root"),)),
        Who("prefecture_reader", "231000", (Hold("organization_reader", prefix="2310"),)),
        Who("province_department", "230000", (Hold("department_admin", prefix="23"),)),
        Who("member", person="below"),
        Who("system_admin", holds=(Hold("system_admin", "root"),)),
        Who("security_admin", holds=(Hold("security_admin", "root"),)),
        Who("audit_admin", holds=(Hold("audit_admin", "root"),)),
        Who("near_system_admin", NEAR, (Hold("system_admin", "near_root"),)),
        Who("prefecture_security_admin", "231000", (Hold("security_admin", prefix="2310"),)),
        Who("bare"),
        Who("revoked", holds=_department, is_out=True),
        Who("disabled", holds=_department, is_out=True),
        Who("none", is_out=True),
    )
}


def upwards(node: str) -> Iterator[str]:
    """Go from a node to its root."""
    at: str | None = node
    while at is not None:
        yield at
        at = NODES[at].parent


def below(node: str) -> set[str]:
    """Name a node and everything under it."""
    return {n for n in NODES if node in upwards(n)}


def may(who: Who, permission: str, node: str) -> bool:
    """Tell whether `who` holds `permission` at `node`."""
    return any(
        permission in MAY[hold.role]
        and (
            hold.node in upwards(node)
            if hold.prefix is None
            else NODES[node].district.startswith(hold.prefix)
        )
        for hold in who.holds
    )


def nodes(who: Who, permission: str = "organizations:read") -> set[str]:
    """Name the organisations over which `who` holds `permission`."""
    return {n for n in NODES if may(who, permission, n)}


def sees_person(who: Who, person: str) -> bool:
    """Tell whether `who` may see a member: by a grant, or since it is their own record."""
    return person == who.person or may(who, "members:read", PEOPLE[person].node)


def people(who: Who, permission: str = "members:read") -> set[str]:
    """Name the members over whom `who` holds `permission`; everybody reads the own record."""
    return {
        p
        for p, person in PEOPLE.items()
        if may(who, permission, person.node) or (permission == "members:read" and p == who.person)
    }


def districts(who: Who, permission: str = "organizations:read") -> set[str]:
    """Name the districts in which `who` holds `permission` somewhere."""
    return {NODES[n].district for n in nodes(who, permission)}


def codes_of(hold: Hold) -> set[str]:
    """Name the districts that a grant touches, and the prefectures and provinces it holds."""
    if hold.node is not None:
        return {NODES[hold.node].district}
    prefix = str(hold.prefix)
    under = {code for code in DISTRICTS if code.startswith(prefix)}
    return under | {prefix.ljust(6, "0")} | {f"{code[:4]}00" for code in under}


def touched(who: Who) -> set[str]:
    """Name every code in which `who` has anything to do."""
    return {who.home}.union(*map(codes_of, who.holds))


def kept(who: Who, *permissions: str) -> set[str]:
    """Name the codes over the whole of which `who` holds one of `permissions`."""
    return {
        code
        for hold in who.holds
        if hold.node is None or NODES[hold.node].parent is None
        if MAY[hold.role] & set(permissions)
        for code in codes_of(hold)
    }


def place_of(hold: Hold) -> str:
    """Give the code under which a grant is kept."""
    return NODES[hold.node].district if hold.node else str(hold.prefix).ljust(6, "0")


def whole(who: Who, permission: str) -> set[str]:
    """Name the districts over the whole of which `who` holds `permission`."""
    return {code for code, root in ROOTS.items() if may(who, permission, root)}
