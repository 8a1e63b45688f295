"""The districts that are measured, made up from a seed, and what is asked of them."""

import asyncio
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import quote

import xlsxwriter
from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.types import Role
from app.accounts import service as accounts
from app.core.clock import add_months
from app.core.db import Doors, new_id
from app.core.workbooks import Cell, Sheet
from app.demo import logic as demo
from app.imports import service as imports
from app.members import logic as names
from app.members.models import Member, Membership
from app.organizations import service as organizations
from app.organizations.logic import division
from app.organizations.models import OrganizationState
from app.pledges.models import Pledge, PledgeEvent
from app.pledges.types import PledgeEventKind, PledgeStatus

USERNAME, PASSWORD = "bench", "bench-only-for-a-scratch-server"
DISTRICT = "231005"
AS_OF = date(2019, 12, 31)
SMALLER = [
    "230102",
    "230103",
    "230104",
    "230108",
    "230109",
    "230110",
    "230111",
    "230112",
    "230113",
    "230202",
    "230203",
    "230204",
    "230205",
    "230206",
    "230207",
    "230208",
    "231002",
    "231003",
    "231004",
]
"""Nineteen districts of the same province, for an index that is not of one district alone."""
_ORGANIZATION_HEADER = (
    "党组织名称 上级党组织 组织类别 所在领域 本届任期起始日期 届满日期 是否网格党支部"
)
_MEMBER_HEADER = (
    "姓名 性别 民族 公民身份号码 出生日期 学历 人员类别 加入党组织日期 转为正式党员日期 "
    "所在党支部 手机号码 是否流动党员"
)
_PLACES = "平文育新星迎长联光和花春景兴望临柳清渡锦北石东祥安福永泰康宁江山林泉桥湖"
_SURNAMES = (
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾"
    "丁魏薛叶阎余潘杜戴夏钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹"
    "黎易常武乔贺赖龚文单仇解查翟盖"
)
_GIVEN = (
    "晓明伟芳娜秀英敏静丽强磊军洋勇艳杰娟涛超霞平刚桂兰建国志永德玉忠福长树宝广连殿万林山海贵才发"
    "生臣春义成凤亚金雅素彦爱芝珍华芬琴荣云梅香清贤娥媛家宇浩子思天振泽鹏斌峰鑫博轩阳龙凯辉旭雪佳"
    "梦红雨诗欣婷颖玲琳丹莹慧妍涵怡蕾薇倩晨瑞嘉俊"
)
_DEGREES = ("研究生", "大学本科", "大学专科", "中等专科", "高中", "初中", "小学")
_ETHNICITIES = ("汉族",) * 18 + ("朝鲜族", "满族")
_FIRST_BIRTH, _BIRTHDAYS = date(1938, 1, 1), 21_915
_CHECKS = "10X98765432"


def sheets(district_code: str, organizations: int, members: int) -> list[Sheet]:
    """Make the roster of a district: so many organisations, the root aside, and members."""
    rng = Random(f"{district_code} {organizations} {members}")  # noqa: S311 - made-up people
    tree = list(_organizations(rng, division(district_code)[1], organizations))
    branches = [str(row[0]) for row in tree if row[2] == "党支部"]
    people = _members(rng, district_code, branches, members)
    return [
        Sheet(name="党组织", rows=[[*_ORGANIZATION_HEADER.split()], *tree]),
        Sheet(name="党员", rows=[[*_MEMBER_HEADER.split()], *people]),
    ]


def _organizations(rng: Random, root: str, count: int) -> Iterator[list[Cell]]:
    """Grow street working committees, committees, general branches and branches, 1:9:15:75."""
    names = [a + b for a in _PLACES for b in _PLACES if a != b]
    rng.shuffle(names)
    streets = [f"{names.pop()}街道" for _ in range(max(1, count // 100))]
    for street in streets:
        yield _organization(rng, f"中共{street}工作委员会", root, "党工委", "街道")
    places = [streets[i % len(streets)] + f"{names.pop()}社区" for i in range(count * 9 // 100)]
    for i, place in enumerate(places):
        over = f"中共{streets[i % len(streets)]}工作委员会"
        yield _organization(rng, f"中共{place}委员会", over, "党委", "社区")
    parents = []
    for i in range(count * 15 // 100):
        place = places[i % len(places)]
        parents.append(f"{place}第{i // len(places) + 1}党总支")
        yield _organization(rng, parents[-1], f"中共{place}委员会", "党总支", "社区")
    parents = parents * 3 + [f"中共{place}委员会" for place in places] * 2
    for i in range(count - len(streets) - len(places) - count * 15 // 100):
        over = parents[i % len(parents)]
        name = over.removeprefix("中共").removesuffix("委员会")
        name += f"第{i // len(parents) + 1}{i % len(parents)}党支部"
        yield _organization(rng, name, over, "党支部", "社区")


def _organization(rng: Random, name: str, over: str, kind: str, sector: str) -> list[Cell]:
    start = AS_OF - timedelta(days=rng.randrange(1, 1000))
    is_grid = "是" if kind == "党支部" and rng.randrange(3) == 0 else "否"
    return [name, over, kind, sector, start, add_months(start, 60), is_grid]


def _members(
    rng: Random, district_code: str, branches: list[str], count: int
) -> Iterator[list[Cell]]:
    """Fill the branches: three members at least, most of them small, a few large."""
    weights = [rng.lognormvariate(0, 0.7) for _ in branches]
    places = branches * 3 + rng.choices(branches, weights, k=count - 3 * len(branches))
    surnames = rng.choices(_SURNAMES, [1 / (rank + 8) for rank in range(len(_SURNAMES))], k=count)
    given_weights = [1 / (rank + 30) for rank in range(len(_GIVEN))]
    for index, (branch, surname) in enumerate(zip(places, surnames, strict=True)):
        given = "".join(rng.choices(_GIVEN, given_weights, k=1 if rng.randrange(6) == 0 else 2))
        yield [surname + given, *person(rng, district_code, index), branch, *_contact(rng)]


def person(rng: Random, area: str, index: int) -> list[Cell]:
    """Make the facts from 性别 to 转为正式党员日期; no two indexes share an ID number."""
    born = _FIRST_BIRTH + timedelta(days=index * 7919 % _BIRTHDAYS)
    is_male = rng.randrange(2)
    number = f"{area}{born:%Y%m%d}{index // _BIRTHDAYS * 2 + is_male:03}"
    total = sum(int(digit) * 2 ** (17 - place) for place, digit in enumerate(number))
    joined, full, category = AS_OF - timedelta(days=rng.randrange(300)), "", "预备党员"
    if rng.randrange(33):
        joined = add_months(born, 18 * 12 + rng.randrange(20))
        full, category = add_months(joined, 12), "正式党员"
    return [
        "男" if is_male else "女",
        rng.choice(_ETHNICITIES),
        number + _CHECKS[total % 11],
        born,
        rng.choice(_DEGREES),
        category,
        joined,
        full,
    ]


def _contact(rng: Random) -> list[Cell]:
    return [f"1{rng.randrange(3_000_000_000, 10_000_000_000)}", "否" if rng.randrange(50) else "是"]


def write_workbook(path: Path, made: Iterable[Sheet]) -> None:
    """Write sheets as a clerk would hand them in: real Excel dates, ID numbers as text."""
    with xlsxwriter.Workbook(path, {"constant_memory": True}) as book:
        as_date = book.add_format({"num_format": "yyyy-mm-dd"})
        for sheet in made:
            page = book.add_worksheet(sheet.name)
            for number, row in enumerate(sheet.rows):
                for column, cell in enumerate(row):
                    if isinstance(cell, date):
                        page.write_datetime(number, column, cell, as_date)
                    elif isinstance(cell, (int, float)):
                        page.write_number(number, column, cell)
                    elif cell:
                        page.write_string(number, column, str(cell))


def demo_sheets() -> list[Sheet]:
    """Give the demo district's roster: 474 organisations, 7,719 members."""
    return [
        Sheet(name="党组织", rows=demo.organization_rows()),
        Sheet(name="党员", rows=demo.member_rows()),
    ]


# ── What is asked


@dataclass(slots=True)
class Task:
    """One thing to ask, in as many variants as there are paths."""

    name: str
    paths: list[str] = field(default_factory=list)
    target: float | None = None
    """Median milliseconds of a single client."""


async def fill(url: str, districts: dict[str, tuple[int, int]]) -> None:
    """Take every district's roster through the import, and make the account that asks."""
    doors = Doors.to(url, pool_size=2)
    for code, (bodies, people) in districts.items():
        started = time.monotonic()
        made = await asyncio.to_thread(sheets, code, bodies, people)
        async with doors.writing([code]) as session:
            await organizations.ensure_district(session, code)
            report = await imports.take_sheets(session, made, code, AS_OF, digest=b"bench")
            if report.status != "taken":
                raise SystemExit(report.as_text())
        took = f"{time.monotonic() - started:.1f} s"
        print(f"{code}: {bodies:,} organisations, {people:,} members, {took}", file=sys.stderr)
    async with doors.writing([DISTRICT]) as session:
        await accounts.create_account(session, USERNAME, PASSWORD, Role.DEPARTMENT_ADMIN, DISTRICT)
        print(f"{DISTRICT}: {await pledge(session):,} pledges", file=sys.stderr)
    await doors.close()


async def pledge(session: AsyncSession) -> int:
    """Let every branch, and every tenth member, pledge: a year of it, each event with its day."""
    rng = Random(3)  # noqa: S311
    state, of = OrganizationState, Membership
    branches = select(state.organization_id).where(state.kind == "party_branch")
    members = select(of.organization_id, of.member_id)
    who = [(branch, None) for branch in await session.scalars(branches.order_by(state.path))]
    who += list(await session.execute(members.order_by(of.member_id)))[::10]
    pledges, events = [], []
    for organization_id, member_id in who:
        made = _pledge(rng, organization_id, member_id)
        pledges.append(made)
        said = {PledgeEventKind.RECORDED: made["published_on"]} | {
            kind: made[f"{kind}_on"] for kind in (PUBLISHED, COMPLETED, CONFIRMED)
        }
        events += [
            {"district_code": DISTRICT, "id": new_id(), "pledge_id": made["id"], "kind": kind}
            | {"happened_on": day, "account_id": made["recorded_by"]}
            for kind, day in said.items()
            if day is not None
        ]
    await session.execute(insert(Pledge), pledges)
    await session.execute(insert(PledgeEvent), events)
    return len(pledges)


PUBLISHED, COMPLETED, CONFIRMED = (
    PledgeStatus.PUBLISHED,
    PledgeStatus.COMPLETED,
    PledgeStatus.CONFIRMED,
)


def _pledge(rng: Random, organization_id: Any, member_id: Any) -> dict[str, Any]:
    """Draw a pledge of the year: of ten six are confirmed, two completed, two are open."""
    published = AS_OF - timedelta(days=rng.randrange(90, 365))
    status = rng.choice([PUBLISHED] * 2 + [COMPLETED] * 2 + [CONFIRMED] * 6)
    completed = None if status is PUBLISHED else published + timedelta(days=rng.randrange(60))
    confirmed = completed if status is CONFIRMED else None
    return {
        "district_code": DISTRICT,
        "id": new_id(),
        "pledger_kind": "organization" if member_id is None else "member",
        "organization_id": organization_id,
        "member_id": member_id,
        "title": rng.choice(("为群众办实事", "走访困难群众", "参加志愿服务", "整治楼道环境")),
        "category": rng.choice(("services", "livelihood", "development", "other")),
        "due_on": published + timedelta(days=rng.randrange(30, 400)),
        "status": status,
        "published_on": published,
        "completed_on": completed,
        "confirmed_on": confirmed,
        "recorded_by": _CLERK,
        "completed_by": _CLERK if completed else None,
        "confirmed_by": _DEPARTMENT if confirmed else None,
    }


_CLERK, _DEPARTMENT = new_id(), new_id()


async def choose(url: str) -> dict[str, list[Any]]:
    """Draw members and organisations of the district to ask for."""
    doors, rng = Doors.to(url, pool_size=1), Random(1)  # noqa: S311
    state = OrganizationState
    members = select(Member.id, Member.name).where(Member.district_code == DISTRICT)
    people = rng.sample((await doors.reading([DISTRICT]).execute(members)).all(), 200)
    rows = select(state.organization_id, state.kind, state.path).where(
        state.district_code == DISTRICT
    )
    nodes = (await doors.reading([DISTRICT]).execute(rows.order_by(state.path))).all()
    await doors.close()
    branches = [n.organization_id for n in nodes if n.kind == "party_branch"]
    return {
        "members": [p.id for p in people],
        "names": [p.name for p in people if len(p.name) == 3],
        "streets": [n.organization_id for n in nodes if n.kind == "working_committee"],
        "branches": rng.sample(branches, 100),
        "root": [nodes[0].organization_id],
    }


def tasks_of(chosen: dict[str, list[Any]]) -> list[Task]:
    root = chosen["root"][0]
    found = "/v1/members?q="
    # the parts of `|张晓明|zhangxiaoming|zxm|`: the name, its likeliest reading and initials
    texts = [names.search_text(name).split("|") for name in chosen["names"]]
    return [
        Task("member by id", [f"/v1/members/{m}" for m in chosen["members"]], 5),
        Task(
            "next 50 members of a subtree by name",
            [f"/v1/members?within={street}" for street in chosen["streets"]],
        ),
        Task("search by two Han characters", [f"{found}{quote(t[1][-2:])}" for t in texts], 20),
        Task("search by initials", [f"{found}{t[3]}" for t in texts], 20),
        Task("search by full pinyin", [f"{found}{t[2]}" for t in texts], 20),
        Task("tree of the district with head-counts", [f"/v1/organizations/{root}/tree"], 150),
        Task("findings of the district", [f"/v1/rules/findings?within={root}&limit=200"], 150),
        Task(
            "next 50 overdue pledges of a subtree",
            [f"/v1/pledges?overdue=true&within={street}" for street in chosen["streets"]],
        ),
        Task("figures of the district", [f"/v1/figures?within={root}"]),
        Task(
            "organisation with its ancestors",
            [f"/v1/organizations/{b}/ancestors" for b in chosen["branches"]],
        ),
    ]


def new_members(branch: Any) -> Iterator[dict[str, Any]]:
    """Make up members to record, none of them recorded before."""
    rng, index = Random(2), 0  # noqa: S311
    while True:
        facts = person(rng, "230900", index)
        index += 1
        yield {
            "organization_id": str(branch),
            "name": "曾晓明",
            "sex": "male" if facts[0] == "男" else "female",
            "ethnicity": "01",
            "id_number": facts[2],
            "born_on": str(facts[3]),
            "education": "bachelor",
            "category": "full" if facts[7] else "probationary",
            "joined_on": str(facts[6]),
            "full_on": str(facts[7]) if facts[7] else None,
            "phone": "13800000000",
        }
