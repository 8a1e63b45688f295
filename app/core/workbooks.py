"""Excel workbooks in and out; text that is written stays text. Knows no domain."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from io import BytesIO
from itertools import zip_longest
from typing import Any, Literal

import xlsxwriter
from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, SheetVisibleEnum
from xlsxwriter.utility import xl_col_to_name
from xlsxwriter.worksheet import Worksheet

from app.core.packages import MAX_COLUMNS, damaged, inspect

Cell = str | float | int | bool | date | datetime | time | timedelta | None


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet that was read. Row i of `rows` (from 0) is the sheet's row i + 1; a blank is ''.

    A merged cell's value stands in each of its cells, except in rows with nothing of their own.
    """

    name: str
    rows: Iterable[Sequence[Cell]]
    """May be gone through more than once."""
    is_hidden: bool = False
    formulas: Mapping[int, frozenset[int]] = field(default_factory=dict)
    """Which columns (from 0) of a row (its number) hold formulas; the rows hold their results."""


def read_workbook(data: bytes) -> list[Sheet]:
    """Read an .xlsx file; raise `UnreadableWorkbook` or `WorkbookTooLarge` when it is none."""
    parts = inspect(data)
    try:
        workbook = CalamineWorkbook.from_filelike(BytesIO(data))
        about = workbook.sheets_metadata
        sheets = [
            Sheet(
                name=about[index].name,
                rows=_Rows(workbook.get_sheet_by_index(index)),
                is_hidden=about[index].visible is not SheetVisibleEnum.Visible,
                formulas={row: frozenset(columns) for row, columns in part.formulas.items()},
            )
            for index, part in enumerate(parts)
        ]
    except (CalamineError, IndexError, ValueError, OSError) as error:
        raise damaged() from error
    except BaseException as error:
        if type(error).__name__ == "PanicException":  # how the reader reports its own bugs
            raise damaged() from error
        raise
    return sheets


class _Rows:
    """The rows of a sheet, made anew each time they are gone through, so that none is kept."""

    def __init__(self, sheet: CalamineSheet) -> None:
        self._sheet = sheet
        self._before = [""] * (sheet.start[1] if sheet.start else 0)
        self._merged: dict[int, list[tuple[int, int, int]]] = {}
        for (top, left), (bottom, right) in sheet.merged_cell_ranges or []:
            self._merged.setdefault(top, []).append((left, right, bottom))

    def __iter__(self) -> Iterator[list[Any]]:
        active: list[tuple[int, int, int, Any]] = []
        for index, used in enumerate(self._sheet.iter_rows()):
            row = [*self._before, *used]
            begun = self._merged.get(index)
            if (active or begun) and any(value != "" for value in row):
                for left, right, _, value in active:
                    for column in range(left, min(right + 1, len(row))):
                        row[column] = value if row[column] == "" else row[column]
            for left, right, bottom in begun or []:
                if left < len(row):
                    value = row[left]
                    row[left : right + 1] = [value] * len(row[left : right + 1])
                    active.append((left, right, bottom, value))
            if active:
                active = [entry for entry in active if entry[2] > index]
                if len(active) > MAX_COLUMNS:
                    raise damaged()  # merged cells never overlap
            yield row


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column to be written: its heading, and what helps whoever fills it in."""

    title: str
    width: int = 14
    kind: Literal["text", "date", "number"] = "text"
    choices: tuple[str, ...] = ()
    """Offered as a drop-down list; anything else is refused."""
    hint: str = ""
    """Shown when a cell of the column is chosen, and as a note on the heading."""
    is_required: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSheet:
    """A sheet to be written, one row at a time."""

    name: str
    columns: Sequence[Column]
    rows: Iterable[Sequence[Cell]] = ()
    blank_rows: int = 0
    """Rows below the heading, to be filled in, that are formatted and checked."""


_CHOICES = "选项"


def write_workbook(sheets: Sequence[NewSheet]) -> bytes:
    """Write an .xlsx file row by row. Text stays text, whatever sign it begins with."""
    out = BytesIO()
    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
        "default_date_format": "yyyy-mm-dd",
    }
    with xlsxwriter.Workbook(out, options) as workbook:
        formats = {
            "text": workbook.add_format({"num_format": "@"}),
            "date": workbook.add_format({"num_format": "yyyy-mm-dd"}),
            "number": workbook.add_format(),
            "head": workbook.add_format({"bold": True, "bg_color": "#DDEBF7", "border": 1}),
            "required": workbook.add_format(
                {"bold": True, "bg_color": "#DDEBF7", "border": 1, "font_color": "#C00000"}
            ),
        }
        lists: list[tuple[str, ...]] = []
        for sheet in sheets:
            _write_sheet(workbook.add_worksheet(sheet.name), sheet, formats, lists)
        if lists:
            hidden = workbook.add_worksheet(_CHOICES)
            hidden.hide()
            for row, values in enumerate(zip_longest(*lists, fillvalue="")):
                hidden.write_row(row, 0, values)
    return out.getvalue()


def _write_sheet(
    to: Worksheet, sheet: NewSheet, formats: Mapping[str, Any], lists: list[tuple[str, ...]]
) -> None:
    to.freeze_panes(1, 0)
    for index, column in enumerate(sheet.columns):
        to.set_column(index, index, column.width, formats[column.kind])
        to.write_string(
            0, index, column.title, formats["required" if column.is_required else "head"]
        )
        if column.hint:
            to.write_comment(0, index, column.hint, {"x_scale": 2})
        if sheet.blank_rows:
            to.data_validation(1, index, sheet.blank_rows, index, _validation(column, lists))
    for number, row in enumerate(sheet.rows, start=1):
        for index, (column, value) in enumerate(zip(sheet.columns, row, strict=True)):
            _write_cell(to, number, index, value, formats[column.kind])


def _validation(column: Column, lists: list[tuple[str, ...]]) -> dict[str, Any]:
    rule: dict[str, Any] = {"validate": "any", "input_message": column.hint[:255]}
    if column.choices:
        if column.choices not in lists:
            lists.append(column.choices)
        at = xl_col_to_name(lists.index(column.choices), col_abs=True)
        source = f"={_CHOICES}!{at}$1:{at}${len(column.choices)}"
        rule |= {"validate": "list", "source": source, "error_message": "请从下拉列表中选择"}
    elif column.kind == "date":
        earliest = {"criteria": ">=", "value": date(1900, 1, 1)}
        rule |= {"validate": "date", **earliest, "error_message": "请填写日期，如 2019-07-01"}
    return rule


def _write_cell(to: Worksheet, row: int, column: int, value: Cell, cell_format: Any) -> None:
    match value:
        case None:
            return
        case str():
            to.write_string(row, column, value, cell_format)
        case bool():
            to.write_boolean(row, column, value, cell_format)
        case int() | float():
            to.write_number(row, column, value, cell_format)
        case _:
            to.write_datetime(row, column, value, cell_format)
