"""Tables as people type them: cells, headings, and rows that are no data. Knows no domain."""

import re
import unicodedata
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from itertools import islice
from typing import NamedTuple, TypeVar

from app.core.workbooks import Cell, Column, Sheet

T = TypeVar("T", bound=Hashable)
V = TypeVar("V")

HEADER_WITHIN = 30
"""The header is looked for in so many rows."""


class UnreadableCell(ValueError):  # noqa: N818
    """What stands in a cell cannot be meant; `code` says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


_ODD = re.compile(
    "[\\s\x00-\x1f\x7f-\xa0\xad\u061c\u180e\u200b-\u200f\u202a-\u202f\u2060-\u206f\ufeff\uff01-\uff5e\u2e9f\u2ef3\u2f00-\u2fd5]"
)
_RADICALS = re.compile("[\u2e9f\u2ef3\u2f00-\u2fd5]")
_INVISIBLE = re.compile("[\xad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]+")
_SPACES = re.compile("[\\s\x00-\x1f\x7f-\xa0\u202f]+")
_FULL_WIDTH = {0xFEE0 + ord(c): ord(c) for c in map(chr, range(0x21, 0x7F)) if c.isalnum()}


def _character(radical: re.Match[str]) -> str:
    """Give the character for a radical's sign, which is what copying from a PDF leaves."""
    return unicodedata.normalize("NFKC", radical[0])


def cell_text(cell: Cell) -> str:
    """Give a cell's text as it was meant: NFC, half-width digits and letters, plain spaces."""
    if isinstance(cell, str):
        if _ODD.search(cell) is not None:
            cell = _INVISIBLE.sub("", cell).translate(_FULL_WIDTH)
            cell = _SPACES.sub(" ", _RADICALS.sub(_character, cell)).strip(" ")
        return unicodedata.normalize("NFC", cell)
    if cell is None:
        return ""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell).upper() if isinstance(cell, bool) else str(cell)


_GAP = "[-./,_\\\\~、。·‐‑‒–—―−]"
_DATE = re.compile(
    f"([0-9]{{4}})(?:年|{_GAP})([0-9]{{1,2}})(?:月|{_GAP})([0-9]{{1,2}})(?:日|号|{_GAP})?"
)
_TIME = re.compile(r"[ T]*[0-9]{1,2}[:时][0-9]{1,2}(?:[:分](?:[0-9]{1,2}(?:\.[0-9]+)?秒?)?)?Z?$")
_INCOMPLETE = re.compile(
    f"[0-9]{{4}}(?:[0-9]{{2}})?年?|[0-9]{{4}}(?:年|{_GAP})[0-9]{{1,2}}(?:月份?)?"
    f"|[0-9]{{2}}(?:年|{_GAP})[0-9]{{1,2}}(?:(?:月|{_GAP})(?:[0-9]{{1,2}}日?)?)?"
)
_HAN_DIGITS = str.maketrans("〇○零一二三四五六七八九", "000123456789")
_TENS = re.compile("([二三]?)十([一二三四五六七八九]?)")
_DAY_ZERO = date(1899, 12, 30)
_YEARS = range(1900, 2101)
_SERIALS = range(2200, (date(_YEARS[-1], 12, 31) - _DAY_ZERO).days + 1)
"""Days that count as dates when a cell holds a bare number; below them it is a year."""


@lru_cache(maxsize=65536)
def cell_date(cell: Cell) -> date | None:
    """Read a date as people write it, or None from an empty cell; raise `UnreadableCell`.

    Its code is `date_format`, `date_incomplete` or `date_impossible`.
    """
    if isinstance(cell, datetime):
        cell = cell.date()
    if isinstance(cell, date):
        if cell.year not in _YEARS:
            raise UnreadableCell("date_impossible")
        return cell
    if isinstance(cell, int | float):
        return _date_of_number(float(cell))
    text = unicodedata.normalize("NFKC", cell_words(cell)).strip(" '’‘`")
    if not text:
        return None
    if len(text) > 40:  # noqa: PLR2004 - the longest way to write a date and a time is shorter
        raise UnreadableCell("date_format")
    text = _TIME.sub("", text) if ":" in text or "时" in text else text
    if "年" in text:
        text = _TENS.sub(_arabic, text).translate(_HAN_DIGITS)
    text = re.sub(" +", "", text) if re.search("[^0-9 ]", text) else re.sub(" +", "-", text)
    if match := _DATE.fullmatch(text):
        return _day(*match.groups())
    if re.fullmatch("[0-9]{5}(?:\\.[0-9]+)?|[0-9]{8}", text):
        return _date_of_number(float(text))
    raise UnreadableCell("date_incomplete" if _INCOMPLETE.fullmatch(text) else "date_format")


def _arabic(tens: re.Match[str]) -> str:
    """Write 十 as 10, 十一 as 11 and 二十 as 20, all but the digits."""
    return (tens[1] or "一") + (tens[2] or "零")


def _day(year: str, month: str, day: str) -> date:
    try:
        found = date(int(year), int(month), int(day))
    except ValueError as error:
        raise UnreadableCell("date_impossible") from error
    if found.year not in _YEARS:
        raise UnreadableCell("date_impossible")
    return found


def _date_of_number(number: float) -> date:
    """Read 20110701, or the days since Excel's day zero; 2011, 2011.07 and 201107 name no day."""
    whole = int(number) if abs(number) < 1e9 else 0  # noqa: PLR2004 - also keeps out infinity
    if whole in _SERIALS:
        return _DAY_ZERO + timedelta(days=whole)
    text = str(whole)
    if len(text) == 8 and whole == number:  # noqa: PLR2004
        return _day(text[:4], text[4:6], text[6:])
    raise UnreadableCell("date_incomplete" if len(text) in {4, 6} else "date_format")


_PLACEHOLDER = re.compile(
    r"[-‐‑‒–—―─_/\\|*.…~、·×?？#]+|无|暂无|没有|空|空白|不详|未知|未填|暂缺|待补|待定|n/?a|null|none|nil",
    re.IGNORECASE,
)
_SIGNS = re.compile(r"[\s()\[\]【】〔〕{}《》<>\"“”'‘’*·.,、:;※/\\-]+")
_IN_BRACKETS = re.compile(r"\([^()]*\)|\[[^\[\]]*\]|【[^【】]*】|〔[^〔〕]*〕|<[^<>]*>")


def cell_words(cell: Cell) -> str:
    """Give a cell's text, or "" where a dash or the like says that there is nothing to say."""
    text = cell_text(cell)
    return "" if len(text) < 8 and _PLACEHOLDER.fullmatch(text) else text  # noqa: PLR2004


@lru_cache(maxsize=4096)
def word_key(text: str) -> str:
    """Bring a name or a word to the form in which its spellings are equal."""
    return _SIGNS.sub("", unicodedata.normalize("NFKC", text).casefold()) or text


def choice(words: Mapping[str, T], code: str, affixes: str = "") -> Callable[[Cell], T | None]:
    """Make the reader of a column that holds one of a few words, by key; `affixes` may surround it.

    The reader raises `UnreadableCell(code)`.
    """

    @lru_cache(maxsize=1024)
    def read(cell: Cell) -> T | None:
        text = cell_words(cell)
        if not text:
            return None
        key = word_key(text) if len(text) < 60 else ""  # noqa: PLR2004
        found = words.get(key)
        if found is None and affixes:
            found = words.get(re.sub(affixes, "", re.sub(affixes, "", key)))
        if found is None:
            raise UnreadableCell(code)
        return found

    return read


class Field(NamedTuple):
    """A column: its name, its title in a template, and what people call it.

    `patterns` match whole headings, without spaces, signs and notes in brackets; a column that
    matches an earlier pattern is preferred. A table without a required column cannot be read.
    """

    name: str
    title: str
    patterns: tuple[str, ...]
    is_required: bool = True
    hint: str = ""


@dataclass(slots=True)
class Layout:
    """Where a table stands in a sheet: its header's last row, each field's column (from 0)."""

    sheet: Sheet
    what: str
    header: int
    columns: dict[str, int]
    headings: dict[int, set[str]]
    """What each of these columns is called, in either row of the header."""


def find_layout(
    sheet: Sheet, tables: Mapping[str, Sequence[Field]], telling: Mapping[str, frozenset[str]]
) -> Layout | None:
    """Find the header, of one or two rows, of one of these tables; None when there is none.

    It has at least three columns of the table, one of them `telling`.
    """
    rows = [[_heading(cell) for cell in row] for row in islice(sheet.rows, HEADER_WITHIN + 1)]
    best, found = 0, None
    for index, above in enumerate(rows):
        below = rows[index + 1] if index + 1 < len(rows) else []
        below = below + [""] * (len(above) - len(below))
        single = [{heading} for heading in above]
        double = [{b, a + b} if b else {a} for a, b in zip(above, below, strict=False)]
        for header, headings in ((index + 1, single), (index + 2, double)):
            for what, fields in tables.items():
                columns = _columns(fields, headings)
                enough = len(columns) > 2 and columns.keys() & telling[what]  # noqa: PLR2004
                score = len(columns) * 2 + len(columns.keys() & telling[what])
                if enough and score > best:
                    names = {i: {above[i], *headings[i]} - {""} for i in columns.values()}
                    best, found = score, Layout(sheet, what, header, columns, names)
    return found


def _columns(fields: Sequence[Field], headings: Sequence[set[str]]) -> dict[str, int]:
    columns = {}
    for field in fields:
        ranked = [
            (rank, index)
            for index, names in enumerate(headings)
            for name in names
            if (rank := _rank(field.patterns, name)) is not None
        ]
        if ranked:
            columns[field.name] = min(ranked)[1]
    return columns


@lru_cache(maxsize=8192)
def _rank(patterns: tuple[str, ...], heading: str) -> int | None:
    found = (i for i, p in enumerate(patterns) if heading and re.fullmatch(p, heading))
    return next(found, None)


def _heading(cell: Cell) -> str:
    """Bring a heading down to its words: no spaces, signs or notes in brackets."""
    text = unicodedata.normalize("NFKC", cell_text(cell))
    if len(text) > 60:  # noqa: PLR2004 - no heading, and not worth a regular expression
        return ""
    return _SIGNS.sub("", _IN_BRACKETS.sub("", text)) or _SIGNS.sub("", text)


_TOTAL = re.compile("合计|总计|小计|共计|累计|总人数")
_COUNT = re.compile("[0-9.]+ ?[个名人家户]?$")
_FOOTER = re.compile(
    "(?:填表|制表|填报|审核|复核|经办|负责|联系|统计|单位负责|党组织负责)(?:人|单位|日期|时间|电话|部门)"
    "(?:[(（][^)）]*[)）])?(?:[:：0-9]|$)|(?:备?注|说明|填表说明|填写说明|附注)[:：0-9一二三、.．]"
    "|第.{1,4}页|共.{1,4}页|以下(?:空白|无)|(?:示例|样例|例|例如)$"
)
_GUIDE = re.compile(
    "必填|选填|可选|可空|文本|日期|下拉|单选|格式|[如例][:：]|例如|填写|yyyy", re.IGNORECASE
)
_TITLE = re.compile(
    "花名册|名册|登记表|一览表|统计表|汇总表|信息表|明细表|情况表|名单|^[(（]?[一二三四五六七八九十]+[)）、.]"
)


def noise(
    layout: Layout,
    row: Sequence[Cell],
    *,
    proper: frozenset[str],
    trivial: frozenset[str],
    section: str = "$.",
) -> str | None:
    """Say why a row is no data, or None if it is: blank, number_only, header, title, total, footer.

    A row with more than counts in one of the `proper` fields is no total; one with nothing but
    `trivial` fields, or columns that are not read, says nothing; a lone text that ends like a
    `section`'s name heads the rows below it.
    """
    texts = [cell_words(cell) for cell in row]
    filled = [text for text in texts if text]
    if not filled:
        return "blank"
    used = {name for name, i in layout.columns.items() if i < len(texts) and texts[i]}
    label = next((text for text in filled if not text.isdecimal()), "")
    first = label.replace(" ", "")
    same = sum(_heading(row[i]) in names for i, names in layout.headings.items() if i < len(row))
    is_guide = len(filled) > 2 and all(_GUIDE.match(text) for text in filled)  # noqa: PLR2004
    is_numbering = len(filled) > 2 and all(text.isdecimal() and len(text) < 6 for text in filled)  # noqa: PLR2004
    if (same > 1 and same * 2 >= len(used)) or is_numbering or is_guide:
        return "header"
    is_title = len(filled) > 2 or _TITLE.search(first) or re.search(section, first)  # noqa: PLR2004
    if len(set(filled)) == 1 and is_title:
        return "title"
    if _FOOTER.match(first):
        return "footer"
    if _TOTAL.search(first):
        said = {n for n in used if (t := texts[layout.columns[n]]) != label and not _COUNT.match(t)}
        if not said & proper:
            return "total"
    return "number_only" if used <= trivial else None


@dataclass(frozen=True, slots=True)
class RowError:
    """One thing wrong in one row; the message says what to do about it."""

    sheet: str
    row: int
    field: str
    code: str
    message: str


def row_place(sheet: str, row: int) -> str:
    """Say where a row is."""
    return f"工作表“{sheet}”第 {row} 行"


def quoted(cell: Cell) -> str:
    """Quote what was typed, unless it is long or may be somebody's number."""
    text = cell_text(cell)
    is_safe = len(text) <= 40 and len(re.findall("[0-9]", text)) < 7  # noqa: PLR2004
    return f"“{text}”" if is_safe else "所填内容"


class Row:
    """One row of data: its fields are taken one by one, and what is wrong is added to `errors`.

    `messages` has a text for every code that a reader may raise, and for missing and formula.
    """

    __slots__ = ("cells", "errors", "is_bad", "layout", "messages", "number")

    def __init__(
        self,
        layout: Layout,
        number: int,
        cells: Sequence[Cell],
        messages: Mapping[str, str],
        errors: list[RowError],
    ) -> None:
        self.layout, self.number, self.cells = layout, number, cells
        self.messages, self.errors = messages, errors
        self.is_bad = False

    def cell(self, name: str) -> Cell:
        """Give what stands in a column, or the last result of the formula there."""
        column = self.layout.columns.get(name, -1)
        return self.cells[column] if 0 <= column < len(self.cells) else ""

    def take(
        self, field: Field, read: Callable[[Cell], V | None], *, needed: bool = False
    ) -> V | None:
        """Read one field; None when it is blank, wrong or a formula."""
        formulas = self.layout.sheet.formulas.get(self.number)
        if formulas and self.layout.columns.get(field.name) in formulas:
            self.fail(field.name, "formula", title=field.title)
            return None
        cell = self.cell(field.name)
        try:
            value = read(cell)
        except UnreadableCell as bad:
            self.fail(field.name, bad.code, title=field.title, value=quoted(cell))
            return None
        if value is None and needed:
            self.fail(field.name, "missing", title=field.title)
        return value

    def fail(self, field: str, code: str, **values: str) -> None:
        """Report an error, with the text of its code."""
        self.report(field, code, self.messages[code].format(**values))

    def report(self, field: str, code: str, message: str) -> None:
        """Report an error that brings its own text."""
        self.is_bad = True
        self.errors.append(RowError(self.layout.sheet.name, self.number, field, code, message))


def columns_of(fields: Sequence[Field], choices: Mapping[str, tuple[str, ...]]) -> list[Column]:
    """Make the columns to be written for these fields; those named `…_on` hold dates."""
    return [
        Column(
            title=field.title,
            width=max(14, 2 * len(field.title) + 4, len(field.hint)),
            kind="date" if field.name.endswith("_on") else "text",
            choices=choices.get(field.name, ()),
            hint=field.hint or "从下拉列表中选择",
            is_required=field.is_required,
        )
        for field in fields
    ]
