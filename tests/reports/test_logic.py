"""Numbers written into sentences, and found in drafts."""

import json
import re
from decimal import Decimal
from pathlib import Path

import cn2an
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.reports import logic, queries
from app.reports.types import Found, NumberStatus, Value

DATA = Path(__file__).parents[1] / "data"
ARTICLE = (Path(__file__).parent / "data" / "article.txt").read_text("utf-8")


def _values() -> dict[str, Value]:
    made = {}
    for name, told in json.loads((DATA / "article_figures.json").read_text()).items():
        value = None if told["value"] is None else Decimal(str(told["value"]))
        numerator, denominator = told.get("quotient", (value or 0, None))
        parts = Decimal(numerator), None if denominator is None else Decimal(denominator)
        made[name] = Value(name, value, *parts, told["is_ratio"])
    return made


VALUES = _values()
CUES, PER = queries.cues()


def check(draft: str) -> list[Found]:
    return logic.check(draft, VALUES, CUES, PER)


RIGHT = check(ARTICLE)


def test_every_figure_has_its_sentence() -> None:
    texts = [p for s in queries.shipped().sections for p in s.paragraphs]
    assert set(logic.places(texts)) == set(CUES) == set(VALUES)


def test_the_article_is_right_throughout() -> None:
    assert len(RIGHT) == 50
    assert {n.status for n in RIGHT} == {NumberStatus.MATCHED}


def _wrong(text: str) -> str:
    digits = text.replace(" ", "").replace("兩", "2")
    if digits[0].isascii():
        return re.sub("[0-9](?=[^0-9]*$)", lambda m: str((int(m[0]) + 1) % 10), digits)
    return str(cn2an.an2cn(cn2an.cn2an(digits, "smart") + 1))


@pytest.mark.parametrize("right", RIGHT, ids=[str(n.figure) for n in RIGHT])
def test_each_wrong_number_is_found_and_no_right_one(right: Found) -> None:
    draft = ARTICLE[: right.start] + _wrong(right.text) + ARTICLE[right.end :]
    differing = [n for n in check(draft) if n.status != NumberStatus.MATCHED]
    assert [(n.start, n.status) for n in differing] == [(right.start, NumberStatus.DIFFERING)]


def test_ten_planted_numbers_are_found_at_once() -> None:
    planted = RIGHT[3:43:4]
    draft = ARTICLE
    for right in reversed(planted):
        draft = draft[: right.start] + _wrong(right.text) + draft[right.end :]
    told = check(draft)
    assert sum(n.status == NumberStatus.DIFFERING for n in told) == len(planted) == 10
    assert {n.figure for n in told if n.status == NumberStatus.DIFFERING} == {
        n.figure for n in planted
    }


def test_what_the_report_writes_its_own_check_understands() -> None:
    texts = [p for s in queries.shipped().sections for p in s.paragraphs]
    draft = "\n".join(logic.fill(p, VALUES).text for p in texts)
    told = check(draft)
    assert {n.status for n in told} == {NumberStatus.MATCHED}
    valued = {name for name, v in VALUES.items() if v.value is not None}
    assert {n.figure for n in told} == valued


@pytest.mark.parametrize(
    ("draft", "status"),
    [
        ("党组织承诺297件", "matched"),
        ("党组织承诺２９７件", "matched"),
        ("黨組織承諾 297 件", "matched"),
        ("党组织承诺二百九十七件", "matched"),
        ("党组织承诺298件", "differing"),
        ("党组织承诺297件,承诺完成率为86%", "matched"),
        ("党组织承诺297件,承诺完成率为86.20%", "matched"),
        ("党组织承诺297件,承诺完成率为86.19%", "differing"),
        ("党组织承诺297件,承诺完成率为87%", "differing"),
        ("党组织承诺297件,承诺完成率为0.862", "differing"),  # a rate is written in percent
        ("村集体平均增收14.1万元", "matched"),
        ("村集体平均增收14万元", "differing"),
        ("培训了1,200人次。", "matched"),
        ("另有12项", "unknown"),
    ],
)
def test_how_a_number_may_be_written(draft: str, status: str) -> None:
    assert check(draft)[-1].status == status


def test_where_a_number_stands_is_told() -> None:
    draft = "收缴账外耕地11 722.79亩"
    (found,) = check(draft)
    assert draft[found.start : found.end] == "11 722.79"
    assert found.expected == "11722.79"


@given(st.text(max_size=200))
def test_no_draft_trips_it(draft: str) -> None:
    for found in check(draft):
        assert draft[found.start : found.end]


@given(st.text(alphabet="党组织承诺员完成率为件事项0123456789%.,。二三十零百千", max_size=80))
def test_no_sentence_trips_it(draft: str) -> None:
    told = check(draft)
    assert [n.start for n in told] == sorted(n.start for n in told)


def test_a_long_run_of_digits_is_no_number_and_costs_little() -> None:
    assert check("1" * 50_000) == []
    assert check("每个岗位服务2.3333333333333333333333333333333333人次") == []
    (last,) = check("每个岗位服务2.342857人次")
    assert last.status == "matched"  # 2132 ÷ 910, as exactly as the draft writes it
