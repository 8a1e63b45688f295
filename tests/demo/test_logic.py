import hashlib
from collections import Counter
from datetime import date
from time import process_time

import pytest

from app.core.clock import add_months
from app.demo.logic import AS_OF, ROOT, member_rows, organization_rows
from app.members.logic import (
    ETHNICITIES,
    MemberFacts,
    check_facts,
    id_number_fault,
    name_key,
    name_ok,
    phone_ok,
)
from app.members.types import MemberCategory, Sex

SEXES = {"男": Sex.MALE, "女": Sex.FEMALE}
CATEGORIES = {"正式党员": MemberCategory.FULL, "预备党员": MemberCategory.PROBATIONARY}
DEGREES = {"研究生", "大学本科", "大学专科", "中等专科", "高中", "初中", "小学"}
READINGS = ("shan", "qiu", "xie", "zeng", "zha", "ou", "piao", "ren", "hua")
DIGEST = "2a6c039cded04c1a70c95b547f2b99e9fb2cf7300760653be5e25eff8339d20e"
"""Of both sheets: what the documentation shows of the demo holds as long as this does."""


def sheet(rows: list[list[object]]) -> list[dict]:
    header, *records = rows
    return [dict(zip(header, record, strict=True)) for record in records]


@pytest.fixture(scope="module")
def bodies() -> list[dict]:
    return sheet(organization_rows())


@pytest.fixture(scope="module")
def people() -> list[dict]:
    return sheet(member_rows())


@pytest.fixture(scope="module")
def headcounts(bodies: list[dict], people: list[dict]) -> Counter[str]:
    """Members of each organisation and of all under it."""
    above = {b["党组织名称"]: b["上级党组织"] for b in bodies}
    counts: Counter[str] = Counter()
    for name, own in Counter(p["所在党支部"] for p in people).items():
        at: str | None = name
        while at is not None:
            counts[at] += own
            at = above.get(at)
    return counts


def test_headers_are_those_of_a_roster() -> None:
    assert organization_rows()[0] == [
        *("序号", "党组织名称", "上级党组织", "组织类别", "所在领域"),
        *("本届任期起始日期", "届满日期", "是否网格党支部"),
    ]
    assert member_rows()[0] == [
        *("序号", "姓名", "性别", "民族", "公民身份号码", "出生日期", "学历", "人员类别"),
        *("加入党组织日期", "转为正式党员日期", "所在党支部", "手机号码", "是否流动党员"),
    ]


def test_rows_are_the_same_on_every_call_and_everywhere() -> None:
    first, second = (repr((organization_rows(), member_rows())) for _ in range(2))
    assert first == second
    assert hashlib.sha256(first.encode()).hexdigest() == DIGEST


def test_callers_may_change_the_rows_they_got() -> None:
    organization_rows()[1][1] = member_rows()[1][1] = "改"
    assert organization_rows()[1][1] != "改"
    assert member_rows()[1][1] != "改"


def test_both_sheets_are_made_in_under_a_second() -> None:
    begun = process_time()
    organization_rows()
    member_rows()
    assert process_time() - begun < 1


# ── The tree


def test_474_organizations_stand_under_the_root_each_after_its_superior(bodies: list[dict]) -> None:
    known = {ROOT}
    for number, body in enumerate(bodies, start=1):
        assert body["序号"] == number
        assert body["上级党组织"] in known
        assert body["党组织名称"] not in known
        known.add(body["党组织名称"])
    assert len(bodies) == 474


def test_organizations_by_superior_kind_and_field(bodies: list[dict]) -> None:
    kinds = {b["党组织名称"]: b["组织类别"] for b in bodies} | {ROOT: "区委"}
    counts = Counter((kinds[b["上级党组织"]], b["组织类别"], b["所在领域"]) for b in bodies)
    assert counts == {
        ("区委", "党工委", "街道"): 7,
        ("党工委", "党委", "社区"): 28,
        ("党委", "党支部", "社区"): 64,
        ("区委", "党委", "乡镇"): 2,
        ("党委", "党支部", "村"): 23,
        ("区委", "党工委", "机关"): 1,
        ("党工委", "党总支", "机关"): 23,
        ("党总支", "党支部", "机关"): 70,
        ("党工委", "党总支", "国企"): 3,
        ("党总支", "党支部", "国企"): 7,
        ("党工委", "党总支", "事业单位"): 1,
        ("党总支", "党支部", "事业单位"): 2,
        ("区委", "党工委", "两新"): 1,
        ("党工委", "党支部", "非公企业"): 130,
        ("党工委", "党支部", "社会组织"): 64,
        ("党工委", "联合党支部", "非公企业"): 32,
        ("党工委", "联合党支部", "社会组织"): 16,
    }


def test_streets_and_townships_bear_their_names(bodies: list[dict]) -> None:
    names = {b["党组织名称"] for b in bodies if b["所在领域"] in {"街道", "乡镇"}}
    streets = ("先锋", "火炬", "立新", "牡丹", "江滨", "沿江", "水泥")
    assert names == {f"中共西安区{street}街道工作委员会" for street in streets} | {
        "中共温春镇委员会",
        "中共海南朝鲜族乡委员会",
    }


def test_grid_branches_are_the_64_of_the_communities(bodies: list[dict]) -> None:
    assert {b["是否网格党支部"] for b in bodies} == {"是", "否"}
    grids = [b for b in bodies if b["是否网格党支部"] == "是"]
    assert len(grids) == 64
    assert {(b["组织类别"], b["所在领域"]) for b in grids} == {("党支部", "社区")}
    assert {b["上级党组织"] for b in grids} == {
        b["党组织名称"] for b in bodies if (b["组织类别"], b["所在领域"]) == ("党委", "社区")
    }


# ── Terms


def months_of(body: dict) -> int:
    """Five years for committees and for villages and communities, three for the others."""
    return 60 if body["组织类别"] == "党委" or body["所在领域"] in {"社区", "村"} else 36


def test_every_term_has_the_length_of_its_kind(bodies: list[dict]) -> None:
    for body in bodies:
        start, due = body["本届任期起始日期"], body["届满日期"]
        if body["组织类别"] == "党工委":
            assert (start, due) == ("", "")  # appointed, not elected
        else:
            assert due == add_months(start, months_of(body))
            assert start < AS_OF


def test_23_terms_of_every_kind_are_overdue(bodies: list[dict]) -> None:
    overdue = [b for b in bodies if b["届满日期"] and b["届满日期"] < AS_OF]
    assert len(overdue) == 23
    assert {b["组织类别"] for b in overdue} == {"党委", "党总支", "党支部", "联合党支部"}
    assert min(b["届满日期"] for b in overdue) >= date(2018, 10, 1)


def test_a_term_due_on_the_day_itself_is_not_among_them(bodies: list[dict]) -> None:
    assert [b["党组织名称"] for b in bodies if b["届满日期"] == AS_OF] == ["区审计局党总支"]


# ── Head-counts


def test_7719_members_all_in_branches_and_none_empty(
    bodies: list[dict], people: list[dict]
) -> None:
    branches = {b["党组织名称"] for b in bodies if b["组织类别"] in {"党支部", "联合党支部"}}
    assert len(people) == 7719
    assert [p["序号"] for p in people] == list(range(1, 7720))
    assert {p["所在党支部"] for p in people} == branches


def test_general_branches_over_100_under_20_and_on_the_thresholds(
    bodies: list[dict], headcounts: Counter[str]
) -> None:
    sizes = {
        b["党组织名称"]: headcounts[b["党组织名称"]] for b in bodies if b["组织类别"] == "党总支"
    }
    assert {name: size for name, size in sizes.items() if size >= 100 or size <= 20} == {
        "区教育局党总支": 137,
        "区卫生健康局党总支": 118,
        "区国有资产经营公司党总支": 101,
        "区民政局党总支": 100,
        "区文化馆党总支": 20,
        "区供销联社党总支": 19,
        "区粮食储备库党总支": 17,
    }


def test_214_branches_are_under_20_and_none_over_100(people: list[dict]) -> None:
    sizes = Counter(p["所在党支部"] for p in people).values()
    assert sum(size < 20 for size in sizes) == 214
    assert sum(size == 20 for size in sizes) > 0
    assert max(sizes) <= 100


def test_every_branch_has_three_full_members(people: list[dict]) -> None:
    full = Counter(p["所在党支部"] for p in people if p["人员类别"] == "正式党员")
    assert min(full.values()) >= 3
    assert full.keys() == {p["所在党支部"] for p in people}


# ── People


def test_nothing_recorded_about_a_member_is_at_fault(people: list[dict]) -> None:
    for person in people:
        assert id_number_fault(person["公民身份号码"]) is None
        assert phone_ok(person["手机号码"])
        assert name_ok(person["姓名"])
        facts = MemberFacts(
            id_number=person["公民身份号码"],
            born_on=person["出生日期"],
            sex=SEXES[person["性别"]],
            category=CATEGORIES[person["人员类别"]],
            joined_on=person["加入党组织日期"],
            full_on=person["转为正式党员日期"] or None,
        )
        assert check_facts(facts, AS_OF) == []


def test_id_numbers_and_phones_are_each_one_persons(people: list[dict]) -> None:
    assert len({p["公民身份号码"] for p in people}) == 7719
    assert len({p["手机号码"] for p in people}) == 7719


def test_258_probationers_joined_in_2019(people: list[dict]) -> None:
    probationers = [p for p in people if p["人员类别"] == "预备党员"]
    assert len(probationers) == 258
    assert {p["加入党组织日期"].year for p in probationers} == {2019}
    assert {p["转为正式党员日期"] for p in probationers} == {""}


def test_most_converted_after_exactly_a_year_and_some_later(people: list[dict]) -> None:
    spans = Counter(
        p["转为正式党员日期"] > add_months(p["加入党组织日期"], 12)
        for p in people
        if p["人员类别"] == "正式党员"
    )
    assert 0 < spans[True] < spans[False] // 20


@pytest.mark.parametrize(
    ("ethnicity", "share"),
    [("汉族", 880), ("朝鲜族", 60), ("满族", 40), ("蒙古族", 10), ("回族", 10)],
)
def test_ethnicities_have_mudanjiangs_shares(
    people: list[dict], ethnicity: str, share: int
) -> None:
    count = sum(p["民族"] == ethnicity for p in people)
    assert ethnicity in ETHNICITIES.values()
    assert abs(count * 1000 - share * 7719) <= 7719 * 5


def test_most_members_of_the_korean_township_are_korean(people: list[dict]) -> None:
    there = [p for p in people if p["所在党支部"].startswith("海南朝鲜族乡")]
    assert sum(p["民族"] == "朝鲜族" for p in there) * 2 > len(there)


def test_about_two_in_a_hundred_are_mobile(people: list[dict]) -> None:
    assert {p["是否流动党员"] for p in people} == {"是", "否"}
    assert 120 <= sum(p["是否流动党员"] == "是" for p in people) <= 190


@pytest.mark.parametrize(
    ("surname", "reading"),
    [*zip("单仇解曾查区朴任华", READINGS, strict=True)],
)
def test_surnames_of_several_readings_occur(people: list[dict], surname: str, reading: str) -> None:
    names = [p["姓名"] for p in people if p["姓名"][0] == surname]
    assert len(names) >= 10
    assert all(name_key(name).startswith(reading + " ") for name in names)


def test_the_old_are_in_communities_and_villages(bodies: list[dict], people: list[dict]) -> None:
    fields = {b["党组织名称"]: b["所在领域"] for b in bodies}
    old, all_of = Counter[str](), Counter[str]()
    for person in people:
        field = fields[person["所在党支部"]]
        all_of[field] += 1
        old[field] += person["出生日期"] <= add_months(AS_OF, -60 * 12)
    for field in ("社区", "村"):
        assert old[field] * 3 > all_of[field]
    for field in ("机关", "非公企业", "社会组织"):
        assert old[field] * 5 < all_of[field]


def test_schooling_follows_age_and_field(bodies: list[dict], people: list[dict]) -> None:
    fields = {b["党组织名称"]: b["所在领域"] for b in bodies}
    assert {p["学历"] for p in people} == DEGREES

    def graduates(chosen: list[dict]) -> float:
        return sum(p["学历"] in {"研究生", "大学本科"} for p in chosen) / len(chosen)

    of = {f: [p for p in people if fields[p["所在党支部"]] == f] for f in ("机关", "社区", "村")}
    assert graduates(of["机关"]) > graduates(of["社区"]) > graduates(of["村"])
    young = [p for p in of["社区"] if p["出生日期"] > add_months(AS_OF, -35 * 12)]
    assert graduates(young) > graduates(of["社区"])
    assert all(
        p["出生日期"] <= add_months(AS_OF, -25 * 12) for p in people if p["学历"] == "研究生"
    )


def test_given_names_suit_the_sexes(people: list[dict]) -> None:
    men = {p["姓名"][-1] for p in people if p["性别"] == "男"}
    women = {p["姓名"][-1] for p in people if p["性别"] == "女"}
    assert {"军", "强", "伟"} <= men - women
    assert {"兰", "娜", "婷"} <= women - men
