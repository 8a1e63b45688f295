from contextlib import suppress
from datetime import date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.tables import (
    Field,
    UnreadableCell,
    cell_date,
    cell_text,
    choice,
    find_layout,
    noise,
    quoted,
    word_key,
)
from app.core.workbooks import Cell, Sheet

JULY = date(2011, 7, 1)
MORNING = datetime(2011, 7, 1, 9)  # noqa: DTZ001 - a cell knows no zone


@pytest.mark.parametrize(
    "cell",
    [
        *("2011.07.01", "2011-07-01", "2011/7/1", "2011年7月1日", "20110701", "2011年07月01号"),
        *(JULY, MORNING, 20110701.0, 40725.0, 40725.75, "40725"),
        *("2011.7.1 00:00:00", "2011-07-01T00:00:00", "2011/7/1 0:00", "2011.7.1 0时0分0秒"),
        *(
            " ２０１１．７．１　",
            "2011 7 1",
            "2011年 7月 1日",
            "2011。7。1",
            "2011、7、1",
            "2011.7.1.",
        ),
        *("二〇一一年七月一日", "二○一一年 七月 一日", "2011年七月1日"),
        *("'2011-7-1", "2011\n.7.1", "\ufeff2011\u200b-7-1", "2011—7—1", "2011\\7\\1"),
    ],
)
def test_a_date_is_read_however_it_is_written(cell: Cell) -> None:
    assert cell_date(cell) == JULY


@pytest.mark.parametrize("cell", ["", None, " ", "\u3000", "无", "—", "--", "/", "N/A", "暂无"])
def test_a_dash_is_no_date(cell: Cell) -> None:
    assert cell_date(cell) is None


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("2011年7月", "date_incomplete"),
        ("2011.7", "date_incomplete"),
        (2011.07, "date_incomplete"),
        (201107.0, "date_incomplete"),
        ("201107", "date_incomplete"),
        ("2011", "date_incomplete"),
        (2011.0, "date_incomplete"),
        ("2011年", "date_incomplete"),
        ("11.07.01", "date_incomplete"),
        ("92年7月", "date_incomplete"),
        ("2011-02-30", "date_impossible"),
        (20110230.0, "date_impossible"),
        ("2011-13-01", "date_impossible"),
        ("0211-07-01", "date_impossible"),
        ("1899-12-31", "date_impossible"),
        ("2101-01-01", "date_impossible"),
        (date(1899, 12, 31), "date_impossible"),
        ("7/1/2011", "date_format"),
        ("入党时", "date_format"),
        ("2011-07-01（补）", "date_format"),
        ("T" * 30_000 + ":", "date_format"),
        (True, "date_format"),
        (float("nan"), "date_format"),
        (float("inf"), "date_format"),
        (-1e300, "date_format"),
        (timedelta(days=40725), "date_format"),
    ],
)
def test_what_is_no_day_is_refused(cell: Cell, code: str) -> None:
    with pytest.raises(UnreadableCell) as refused:
        cell_date(cell)
    assert refused.value.code == code


@settings(deadline=None)
@given(st.dates(date(1900, 1, 1), date(2100, 12, 31)))
def test_every_day_survives_every_form(day: date) -> None:
    for form in ("%Y-%m-%d", "%Y.%m.%d", "%Y/%m/%d", "%Y年%m月%d日", "%Y%m%d", "%Y-%m-%d 00:00:00"):
        assert cell_date(day.strftime(form)) == day


@settings(deadline=None)
@given(st.text(max_size=60) | st.floats() | st.integers() | st.booleans())
def test_any_cell_is_a_date_or_is_refused(cell: Cell) -> None:
    with suppress(UnreadableCell):
        day = cell_date(cell)
        assert day is None or date(1900, 1, 1) <= day <= date(2100, 12, 31)


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ("\ufeff 顾\u200b明\u3000", "顾明"),
        ("第１\n党\t支部", "第1 党 支部"),
        ("\u202d13800000000\u202c", "13800000000"),
        ("e\u0301", "\u00e9"),
        ("\u2f45伟", "方伟"),
        ("a\xa0\x0bb\x00", "a b"),
        (5.0, "5"),
        (5.5, "5.5"),
        (None, ""),
        (True, "TRUE"),
    ],
)
def test_a_cell_is_read_as_it_was_meant(cell: Cell, text: str) -> None:
    assert cell_text(cell) == text


def test_spellings_of_a_word_have_one_key() -> None:
    spellings = ["党支部(联合)", "党支部（联合）", " 党支部 联合 ", "【党支部】联合", "党支部·联合"]
    assert {word_key(word) for word in spellings} == {"党支部联合"}
    assert word_key("第１Ａ") == word_key("第1a")
    assert word_key("√") == "√"


def test_a_choice_knows_its_words_and_affixes() -> None:
    read = choice({"本科": 1, "高中": 2}, "unknown", "^全日制|毕业$")
    assert [read(c) for c in ("本科", " 全日制本科 ", "高中毕业", "", "无")] == [
        1,
        1,
        2,
        None,
        None,
    ]
    with pytest.raises(UnreadableCell, match="unknown"):
        read("本科高中")
    with pytest.raises(UnreadableCell):
        read("科" * 100_000)


@pytest.mark.parametrize(
    ("cell", "shown"), [("党小队", "“党小队”"), ("第123456支", "“第123456支”")]
)
def test_a_short_word_is_quoted(cell: Cell, shown: str) -> None:
    assert quoted(cell) == shown


@pytest.mark.parametrize(
    "cell", ["1380000", "231005200002290032", 2.31e17, "2-3-1-0-0-5-2", "长" * 41]
)
def test_what_may_be_a_number_of_somebody_is_not_quoted(cell: Cell) -> None:
    assert quoted(cell) == "所填内容"


FIELDS = (
    Field("name", "姓名", ("姓名",)),
    Field("phone", "手机", ("手机", "电话")),
    Field("start", "起", ("任期起始?日?期?",)),
    Field("end", "止", ("任期止",)),
)
TABLES, TELLING = {"人": FIELDS}, {"人": frozenset({"name"})}


def layout_of(*rows: list[Cell]):
    return find_layout(Sheet(name="表", rows=rows), TABLES, TELLING)


def test_a_header_is_found_below_titles_in_any_order() -> None:
    found = layout_of(["名单"], [], ["电话", "* 姓\n名：", "手机（必填）", "任期 起", "其他"])
    assert found
    assert found.header == 3
    assert found.columns == {"name": 1, "phone": 2, "start": 3}


def test_a_header_of_two_rows_is_joined() -> None:
    found = layout_of(["姓名", "任期", "任期"], ["姓名", "起", "止"], ["张三", "2011", "2012"])
    assert found
    assert (found.header, found.columns) == (2, {"name": 0, "start": 1, "end": 2})
    unmerged = layout_of(["姓名", "任期", "任期", "电话"], ["", "起", "止"])
    assert unmerged
    assert unmerged.columns == {"name": 0, "start": 1, "end": 2, "phone": 3}


def test_another_table_is_not_taken_for_one() -> None:
    assert layout_of(["电话", "任期起", "任期止"]) is None
    assert layout_of(["姓名", "手机"]) is None
    assert layout_of() is None
    assert layout_of(*[["填"]] * 40, ["姓名", "手机", "任期起"]) is None


@pytest.mark.parametrize(
    ("row", "why"),
    [
        (["", "", "", ""], "blank"),
        ([None, " ", "\u3000", "—"], "blank"),
        (["", "", "", "7"], "number_only"),
        (["姓 名", "手机（必填）", "任期起", ""], "header"),
        ([1.0, 2.0, 3.0, 4.0], "header"),
        (["花名册", "花名册", "花名册", "花名册"], "title"),
        (["二、先锋街道", "", "", ""], "title"),
        (["", "合 计", "", "7人"], "total"),
        ([" 合计：", 7.0, "", ""], "total"),
        (["填表人：张三", "审核人：李四", "", ""], "footer"),
        (["注：1.本表一式两份", "", "", ""], "footer"),
        (["第 3 页", "", "", ""], "footer"),
        (["以下空白", "", "", ""], "footer"),
        (["必填", "选填", "格式：2011-07-01", ""], "header"),
        (["", "13800000000", "231005200002290032", "5"], None),
        (["张三", "", "", ""], None),
        (["张三", "13800000000", "2011.7.1", "1"], None),
        (["", "13800000000", "2011.7.1", "1"], None),
    ],
)
def test_rows_that_are_no_data_are_told_apart(row: list[Cell], why: str | None) -> None:
    found = layout_of(["姓名", "手机", "任期起", "序号"])
    assert found
    assert noise(found, row, proper=frozenset(), trivial=frozenset()) == why


@settings(deadline=None)
@given(st.dates(date(1900, 1, 1), date(2100, 12, 31)))
def test_every_day_is_read_in_chinese_numerals(day: date) -> None:
    digits = "〇一二三四五六七八九"

    def small(number: int) -> str:
        tens, ones = divmod(number, 10)
        above = "" if tens < 2 else digits[tens]
        return f"{above}十{digits[ones] if ones else ''}" if tens else digits[ones]

    year = "".join(digits[int(c)] for c in str(day.year))
    assert cell_date(f"{year}年{small(day.month)}月{small(day.day)}日") == day
