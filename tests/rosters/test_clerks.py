import random
from dataclasses import dataclass, replace
from datetime import date, timedelta

import pytest

from app.core.workbooks import Cell, Sheet
from app.members.logic import ETHNICITIES, id_number_fault
from app.members.types import Education, MemberCategory, Sex
from app.organizations.types import OrganizationKind as Kind
from app.organizations.types import Sector
from app.rosters.logic import read_roster
from app.rosters.types import (
    CATEGORIES,
    EDUCATIONS,
    KINDS,
    SECTORS,
    KnownOrganization,
    MemberRow,
    OrganizationRow,
    Roster,
)

AS_OF = date(2019, 12, 31)
ROOT = "中共牡丹江市西安区委员会"


def read(sheets: list[Sheet], known: tuple[KnownOrganization, ...] = ()) -> Roster:
    return read_roster(sheets, as_of=AS_OF, root_name=ROOT, known=known)


# ── A small district, as it is meant


def id_number(born_on: date, sex: Sex, serial: int) -> str:
    start = f"231005{born_on:%Y%m%d}{serial:02}{1 if sex is Sex.MALE else 2}"
    return next(n for c in "0123456789X" if id_number_fault(n := start + c) is None)


def district() -> tuple[list[OrganizationRow], list[MemberRow]]:
    def organization(name: str, parent: str, kind: Kind, sector: Sector) -> OrganizationRow:
        started = date(2018, 3, 5)
        is_grid = "网格" in name
        return OrganizationRow(
            name, parent, kind, sector, started, date(2021, 3, 5), is_grid, "党组织", 0
        )

    street, community = "中共西安区先锋街道工作委员会", "中共先锋第一社区委员会"
    company = "西安区Alpha科技（集团）有限公司党支部"
    organizations = [
        organization(street, ROOT, Kind.WORKING_COMMITTEE, Sector.STREET),
        organization(community, street, Kind.PARTY_COMMITTEE, Sector.COMMUNITY),
        organization(
            f"先锋第一社区第{1}网格党支部", community, Kind.PARTY_BRANCH, Sector.COMMUNITY
        ),
        organization("先锋第一社区第2网格党支部", community, Kind.PARTY_BRANCH, Sector.COMMUNITY),
        organization("区教育局党总支", ROOT, Kind.GENERAL_BRANCH, Sector.AGENCY),
        organization("区教育局第1党支部", "区教育局党总支", Kind.PARTY_BRANCH, Sector.AGENCY),
        organization(company, ROOT, Kind.PARTY_BRANCH, Sector.PRIVATE_ENTERPRISE),
        organization("第一党小组", company, Kind.PARTY_GROUP, Sector.PRIVATE_ENTERPRISE),
        organization("商贸联合党支部", street, Kind.JOINT_BRANCH, Sector.SOCIAL_ORGANIZATION),
        organization("重点项目临时党支部", street, Kind.TEMPORARY_BRANCH, Sector.STATE_ENTERPRISE),
    ]
    homes = [o.name for o in organizations if o.kind in {Kind.PARTY_BRANCH, Kind.JOINT_BRANCH}]
    names = ["张晓明", "欧阳修", "单田芳", "买买提·艾力", "吕丽", "Maria Dao", "解缙", "𠮷田雪"]
    educations, ethnicities = list(Education), ["01", "10", "11", "02", "98", "97", "56", "05"]
    members = []
    for i in range(40):
        sex = list(Sex)[i % 2]
        born_on = date(1950, 1, 1) + timedelta(days=i * 101)
        joined_on = date(1985 + i % 30, 7, 1)
        is_full = i % 7 != 3
        if not is_full:
            joined_on = date(2019, 7, 1)
        members.append(
            MemberRow(
                name=names[i % len(names)],
                sex=sex,
                ethnicity=ethnicities[i % len(ethnicities)],
                id_number=id_number(born_on, sex, i),
                born_on=born_on,
                education=educations[i % len(educations)],
                category=MemberCategory.FULL if is_full else MemberCategory.PROBATIONARY,
                joined_on=joined_on,
                full_on=joined_on.replace(year=joined_on.year + 1) if is_full else None,
                organization_name=homes[i % len(homes)],
                phone=f"138{i:08}" if i % 5 else None,
                is_mobile=i % 6 == 0,
                sheet="党员",
                row=0,
            )
        )
    return organizations, members


# ── How clerks write it


ORGANIZATION_HEADINGS = {
    "name": ["党组织名称", "党组织全称", "组织名称", "党 组 织\n名称（全称）", "*党组织名称"],
    "parent_name": ["上级党组织", "上级党组织名称", "隶属党组织", "直接上级党组织", "上级组织"],
    "kind": ["组织类别", "组织类型", "党组织类别", "党组织类型", "类别"],
    "sector": ["所在领域", "领域", "所属领域", "行业领域"],
    "term_started_on": ["本届任期起始日期", "任期开始", "任期起始时间", "换届日期", "当选时间"],
    "due_on": ["届满日期", "任期届满", "届满时间", "任期结束日期", "任期到期日期", "应换届时间"],
    "is_grid": ["是否网格党支部", "网格", "网格党支部", "是否为网格党支部"],
}
MEMBER_HEADINGS = {
    "name": ["姓名", "姓 名", "党员姓名", "姓\u3000\u3000名", "姓名*"],
    "sex": ["性别", "性 别", "性\n别"],
    "ethnicity": ["民族", "民 族"],
    "id_number": [
        "公民身份号码",
        "身份证号",
        "身份证号码",
        "居民身份证号",
        "证件号码",
        "身份证号（18位）",
    ],
    "born_on": ["出生日期", "出生年月日", "出生时间", "生日"],
    "education": ["学历", "文化程度", "最高学历", "学 历"],
    "category": ["人员类别", "党员类别", "类别", "政治面貌", "党员类型"],
    "joined_on": ["加入党组织日期", "入党时间", "入党日期", "加入中国共产党时间", "参加党组织日期"],
    "full_on": ["转为正式党员日期", "转正时间", "转正日期", "转为正式党员的时间", "转正"],
    "organization_name": [
        "所在党支部",
        "所属支部",
        "所属党支部",
        "组织关系所在党支部",
        "所在党组织",
    ],
    "phone": ["手机号码", "联系电话", "手机", "电话号码", "联系方式", "手机号"],
    "is_mobile": ["是否流动党员", "流动党员", "是否为流动党员", "是否流动"],
}
HALF = str.maketrans("0123456789X", "０１２３４５６７８９Ｘ")


@dataclass
class Clerk:
    """Writes rows with the habits of a clerk, at random but repeatably."""

    dice: random.Random

    def often(self, share: float = 0.3) -> bool:
        return self.dice.random() < share

    def around(self, text: str) -> str:
        if self.often():
            around = [" {}", "{} ", "\u3000{}\u3000", "\ufeff{}", "{}\n", "\t{}\xa0"]
            return self.dice.choice(around).format(text)
        return text

    def inside(self, text: str) -> str:
        cuts = [i for i in range(1, len(text)) if not text[i - 1 : i + 1].isascii()]
        if self.often() and cuts:
            cut = self.dice.choice(cuts)
            return text[:cut] + self.dice.choice([" ", "\u3000", "\u200b", "\n"]) + text[cut:]
        return text

    def day(self, day: date | None) -> Cell:
        if day is None:
            return self.nothing()
        y, m, d = day.year, day.month, day.day
        forms: list[Cell] = [day, f"{y}.{m:02}.{d:02}", f"{y}-{m:02}-{d:02}", f"{y}/{m}/{d}"]
        forms += [f"{y}年{m}月{d}日", f"{y}{m:02}{d:02}", float(f"{y}{m:02}{d:02}"), f"{y}.{m}.{d}"]
        forms += [float((day - date(1899, 12, 30)).days), f"{y}-{m:02}-{d:02} 00:00:00"]
        forms += [f" {y}．{m}．{d} ".translate(HALF), f"{y} 年 {m} 月 {d} 日"]
        return self.dice.choice(forms)

    def nothing(self) -> Cell:
        return self.dice.choice(["", None, "无", "—", "/", "N/A", " ", "--"])

    def word(self, words: str) -> Cell:
        return self.around(self.dice.choice([w for w in words.split() if not w.isascii()]))

    def flag(self, value: bool) -> Cell:
        yes: list[Cell] = ["是", "√", "Y", "1", 1.0, "有", True, "yes"]
        no: list[Cell] = ["否", "", "×", "N", "0", 0.0, "无", False]
        return self.dice.choice(yes if value else no)

    def organization(self, row: OrganizationRow) -> dict[str, Cell]:
        return {
            "name": self.around(self.inside(row.name)),
            "parent_name": self.around(self.inside(self.spelled(row.parent_name))),
            "kind": self.word(KINDS[row.kind]),
            "sector": self.word(SECTORS[row.sector]) if row.sector else self.nothing(),
            "term_started_on": self.day(row.term_started_on),
            "due_on": self.day(row.due_on),
            "is_grid": self.flag(row.is_grid),
        }

    def spelled(self, name: str) -> str:
        if self.often():
            name = name.replace("（", "(").replace("）", ")")
        return name.translate(HALF) if self.often() else name

    def member(self, row: MemberRow) -> dict[str, Cell]:
        people = ETHNICITIES[row.ethnicity]
        number, phone = row.id_number, row.phone
        name = row.name.replace("·", self.dice.choice("·•．・"))
        return {
            "name": self.around(name if name.isascii() else self.inside(name)),
            "sex": self.word("男 男性" if row.sex is Sex.MALE else "女 女性"),
            "ethnicity": self.word(f"{people} {people.removesuffix('族')}"),
            "id_number": self.around(
                self.dice.choice([number, number.lower(), number.translate(HALF), f"'{number}"])
            ),
            "born_on": self.day(row.born_on),
            "education": self.word(EDUCATIONS[row.education]),
            "category": self.word(CATEGORIES[row.category]),
            "joined_on": self.day(row.joined_on),
            "full_on": self.day(row.full_on),
            "organization_name": self.around(self.inside(self.spelled(row.organization_name))),
            "phone": self.phone(phone) if phone else self.nothing(),
            "is_mobile": self.flag(row.is_mobile),
        }

    def phone(self, phone: str) -> Cell:
        split = f"{phone[:3]}-{phone[3:7]}-{phone[7:]}"
        forms: list[Cell] = [phone, float(phone), int(phone), split, split.replace("-", " ")]
        return self.dice.choice([*forms, f"+86 {phone}", f"86{phone}", phone.translate(HALF)])

    def sheet(
        self, name: str, headings: dict[str, list[str]], rows: list[dict[str, Cell]]
    ) -> tuple[Sheet, list[int]]:
        """Lay rows out; give the sheet and the number each row got."""
        columns = [*headings, "extra", "extra"]
        self.dice.shuffle(columns)
        columns = ["#", *columns] if self.often(0.8) else columns
        blank: list[Cell] = [""] * (len(columns) - 1)
        names = headings | {"#": ["序号"], "extra": ["备注", "籍贯", "", "党内职务", "书记姓名"]}
        header: list[Cell] = [self.dice.choice(names[column]) for column in columns]
        titles = ("西安区情况登记表", "填报单位：区委组织部  截止日期：2019年12月31日")
        out = [[title, *(self.dice.choice([blank, [title] * len(blank)]))] for title in titles]
        out = [*out[: self.dice.randrange(3)], *self.dice.choice([[], [["", *blank]]]), header]
        numbers = []
        for i, row in enumerate(rows, start=1):
            if self.often(0.1):
                out.append(self.dice.choice([["", *blank], [None] * len(header), [*header]]))
                out.append(["小 计", *blank[1:], f"{i}人"])
            if self.often(0.05) and columns[0] == "#":
                out.append([float(i), *blank])
            out.append([float(i) if c == "#" else row.get(c, "说明文字") for c in columns])
            numbers.append(len(out))
        if self.often(0.7):
            out.append([self.dice.choice(["合计", "总 计", "共计："]), *["7"] * len(blank)])
            out.append(["填表人：张三", "审核人：李四", *blank[1:]])
            out.append(["注：1.本表一式两份，由党支部填写。", *blank])
        return Sheet(name, out), numbers


def without_rows(roster: Roster) -> tuple[list[OrganizationRow], list[MemberRow]]:
    organizations = [replace(each, row=0, sheet="党组织") for each in roster.organizations]
    return (
        sorted(organizations, key=lambda each: each.name),
        [replace(each, row=0, sheet="党员") for each in roster.members],
    )


def write(
    clerk: Clerk, organizations: list[dict[str, Cell]], members: list[dict[str, Cell]]
) -> tuple[list[Sheet], list[int], list[int]]:
    first, organization_rows = clerk.sheet("党组织", ORGANIZATION_HEADINGS, organizations)
    second, member_rows = clerk.sheet("党员", MEMBER_HEADINGS, members)
    sheets = [first, second]
    if clerk.often(0.5):
        sheets.reverse()
    if clerk.often(0.5):
        sheets.append(Sheet("说明", [["填写说明"], ["1. 请勿改动表头"]]))
        sheets.append(Sheet("旧表", list(second.rows), is_hidden=True))
    return sheets, organization_rows, member_rows


@pytest.mark.parametrize("seed", range(60))
def test_whatever_a_clerk_writes_is_read_as_it_was_meant(seed: int) -> None:
    clerk = Clerk(random.Random(seed))  # noqa: S311 - a test's dice
    organizations, members = district()
    clerk.dice.shuffle(organizations)
    sheets, *_ = write(
        clerk,
        [clerk.organization(each) for each in organizations],
        [clerk.member(each) for each in members],
    )
    roster = read(sheets)
    assert roster.errors == []
    organizations.sort(key=lambda each: each.name)
    assert without_rows(roster) == (organizations, members)


ORGANIZATION_FAULTS: dict[str, dict[str, Cell]] = {
    "missing": {"name": ""},
    "unknown_parent": {"parent_name": "中共不存在委员会"},
    "unknown_kind": {"kind": "党小队"},
    "unknown_sector": {"sector": "火星"},
    "due_before_start": {"term_started_on": "2018.03.05", "due_on": "2018.03.05"},
    "date_impossible": {"due_on": "2021-02-30"},
    "date_incomplete": {"due_on": "2021年2月"},
    "date_format": {"due_on": "待换届"},
    "unknown_yes_no": {"is_grid": "也许"},
    "duplicate_name": {"name": "区教育局第１党 支部"},
}
MEMBER_FAULTS: dict[str, dict[str, Cell]] = {
    "missing": {"name": "—"},
    "name_characters": {"name": "张三(大)"},
    "id_number_length": {"id_number": "2310051990030700"},
    "id_number_15_digits": {"id_number": "231005900307001"},
    "id_number_checksum": {"id_number": "231005200002290033"},
    "id_number_birth_date": {"id_number": "231005199902290032"},
    "id_number_characters": {"id_number": "23100519900307OO1X"},
    "id_number_as_number": {"id_number": 2.310051997040821e17},
    "unknown_branch": {"organization_name": "不存在的党支部"},
    "branch_holds_no_members": {"organization_name": "区教育局党总支"},
    "phone": {"phone": "12345"},
    "unknown_category": {"category": "共青团员"},
    "unknown_sex": {"sex": "未说明"},
    "unknown_ethnicity": {"ethnicity": "火星族"},
    "unknown_education": {"education": "幼儿园"},
    "joined_in_future": {"joined_on": "2031.1.1", "full_on": "", "category": "预备"},
    "under_18": {"joined_on": "1968-01-01", "full_on": "1969-01-01", "category": "正式"},
    "full_on_missing": {"category": "正式党员", "full_on": "无"},
    "full_on_of_probationary": {"category": "预备党员", "full_on": "2019.7.1"},
    "full_on_too_early": {"joined_on": "2018.7.1", "full_on": "2019.6.30", "category": "正式"},
    "born_on_differs": {"born_on": "1949-12-31"},
    "date_impossible": {"joined_on": "2011-02-30"},
    "date_incomplete": {"full_on": "2011.7"},
}


@pytest.mark.parametrize("seed", range(40))
def test_planted_faults_are_all_reported_and_nothing_else(seed: int) -> None:
    clerk = Clerk(random.Random(1_000 + seed))  # noqa: S311 - a test's dice
    organizations, members = district()
    organization_cells = [clerk.organization(each) for each in organizations]
    member_cells = [clerk.member(each) for each in members]
    bad: list[tuple[str, int, str]] = []
    for code in clerk.dice.sample(sorted(ORGANIZATION_FAULTS), 3):
        organization_cells.append(
            clerk.organization(replace(organizations[2], name=f"测试{code}党支部", is_grid=False))
            | ORGANIZATION_FAULTS[code]
        )
        bad.append(("党组织", len(organization_cells) - 1, code))
    for code in clerk.dice.sample(sorted(MEMBER_FAULTS), 8):
        extra = replace(members[4], id_number=id_number(date(1951, 1, 1), members[4].sex, len(bad)))
        cells = clerk.member(replace(extra, born_on=date(1951, 1, 1)))
        member_cells.append(cells | MEMBER_FAULTS[code])
        bad.append(("党员", len(member_cells) - 1, code))
    member_cells.append(clerk.member(members[7]))
    bad.append(("党员", len(member_cells) - 1, "duplicate_id_number"))
    sheets, organization_rows, member_rows = write(clerk, organization_cells, member_cells)
    at = {"党组织": organization_rows, "党员": member_rows}
    found = {(error.sheet, error.row, error.code) for error in read(sheets).errors}
    assert found == {(sheet, at[sheet][index], code) for sheet, index, code in bad}
