import re
import struct
import zipfile
from collections.abc import Callable
from contextlib import suppress
from datetime import date
from io import BytesIO

import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook

from app.core import packages
from app.core.errors import AppError
from app.core.packages import UnreadableWorkbook, WorkbookTooLarge
from app.core.workbooks import Column, NewSheet, Sheet, read_workbook, write_workbook


def saved(book: Workbook) -> bytes:
    out = BytesIO()
    book.save(out)
    return out.getvalue()


def small() -> bytes:
    book = Workbook()
    book.active.append(["姓名", "日期"])
    book.active.append(["张三", date(2011, 7, 1)])
    return saved(book)


SMALL = small()


def rezipped(data: bytes, change: Callable[[str, bytes], bytes | None], **more: bytes) -> bytes:
    """Write a package again, every part changed or, for None, left out, and with more parts."""
    out = BytesIO()
    with (
        zipfile.ZipFile(BytesIO(data)) as old,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            part = change(name, old.read(name))
            if part is not None:
                new.writestr(name, part)
        for name, part in more.items():
            new.writestr(name, part)
    return out.getvalue()


def with_sheet(xml: bytes) -> bytes:
    """Give a workbook whose first sheet holds these rows."""
    body = (
        b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
    )
    body += xml + b"</sheetData></worksheet>"
    return rezipped(small(), lambda name, old: body if name.endswith("sheet1.xml") else old)


def rows(sheet: Sheet) -> list[list[object]]:
    return [list(row) for row in sheet.rows]


def test_cells_come_with_their_types_and_true_row_numbers() -> None:
    book = Workbook()
    sheet = book.active
    sheet.title = "党员"
    sheet["C3"], sheet["D3"], sheet["C5"] = "张三", 5, date(2011, 7, 1)
    sheet["D5"], sheet["E5"] = True, "231005200002290032"
    book.create_sheet("空")
    book.create_sheet("旧").sheet_state = "hidden"
    read = read_workbook(saved(book))
    assert [(s.name, s.is_hidden) for s in read] == [("党员", False), ("空", False), ("旧", True)]
    found = rows(read[0])
    assert found[2][2:4] == ["张三", 5.0]
    assert found[4][2:] == [date(2011, 7, 1), True, "231005200002290032"]
    assert all(cell == "" for row in (*found[:2], found[3]) for cell in row)
    assert rows(read[0]) == found, "rows may be gone through twice"
    assert rows(read[1]) == []


def test_merged_cells_hold_their_value_everywhere() -> None:
    book = Workbook()
    sheet = book.active
    for row in (
        ["花名册", "", ""],
        ["委员会", "一", "x"],
        ["", "二", "y"],
        ["", "", ""],
        ["", "三"],
    ):
        sheet.append(row)
    sheet.merge_cells("A1:C1")
    sheet.merge_cells("A2:A4")
    assert rows(read_workbook(saved(book))[0]) == [
        ["花名册", "花名册", "花名册"],
        ["委员会", "一", "x"],
        ["委员会", "二", "y"],
        ["", "", ""],
        ["", "三", ""],
    ]


def test_formulas_are_located() -> None:
    book = Workbook()
    book.active["A1"], book.active["B1"] = "x", "=1+1"
    book.active["AA7"] = "=SUM(A1:B1)"
    assert read_workbook(saved(book))[0].formulas == {1: frozenset({1}), 7: frozenset({26})}


def test_a_sheet_written_in_an_unusual_way_is_measured_too() -> None:
    data = with_sheet(
        b"<row><c t='str'><v>a</v></c><c t='n'><f>1+1</f><v>2</v></c></row>"
        b"<row r='4'><c t='str' r='B4'><v>b</v></c></row>"
    )
    (sheet, *_) = read_workbook(data)
    assert sheet.formulas == {1: frozenset({1})}
    assert rows(sheet)[3] == ["", "b"]


def read_all(data: bytes) -> None:
    for sheet in read_workbook(data):
        list(sheet.rows)


def refused(data: bytes) -> AppError:
    with pytest.raises((UnreadableWorkbook, WorkbookTooLarge)) as caught:
        read_all(data)
    assert caught.value.detail.zh
    assert caught.value.detail.en
    return caught.value


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "不是 .xlsx"),
        ("姓名,性别\n张三,男\n".encode("gbk"), "CSV"),
        (b"<html><table></table></html>", "CSV"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), ".xls "),
        (b"\xd0\xcf\x11\xe0" + bytes(600) + "EncryptedPackage".encode("utf-16-le"), "密码"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "不是 .xlsx"),
        (b"PK\x03\x04" + bytes(100), "损坏"),
        (small()[:-30], "损坏"),
        (rezipped(small(), lambda name, old: None if "Content" in name else old), "不是 .xlsx"),
        (rezipped(small(), lambda name, old: None if "workbook" in name else old), "不是 .xlsx"),
    ],
)
def test_other_files_are_refused_by_name(data: bytes, says: str) -> None:
    error = refused(data)
    assert (error.code(), error.status) == ("unreadable-workbook", 422)
    assert says in error.detail.zh


def test_macros_are_refused() -> None:
    data = rezipped(small(), lambda _, old: old, **{"xl/vbaProject.bin": b"x"})
    assert "宏" in refused(data).detail.zh


@pytest.mark.parametrize(
    "part", ["xl/workbook.xml", "xl/worksheets/sheet1.xml", "docProps/app.xml"]
)
@pytest.mark.parametrize(
    "sign", [b'<!DOCTYPE x [<!ENTITY a "b">]>', b"<!ENTITY a 'b'>", b"\x00"], ids=repr
)
def test_entities_and_other_encodings_are_refused(part: str, sign: bytes) -> None:
    data = rezipped(small(), lambda name, old: sign + old if name == part else old)
    assert refused(data).code() == "unreadable-workbook"


@pytest.mark.parametrize("part", ["xl/workbook.xml", "xl/_rels/workbook.xml.rels"])
def test_broken_xml_is_refused(part: str) -> None:
    refused(rezipped(small(), lambda name, old: old[:-20] if name == part else old))
    refused(rezipped(small(), lambda name, old: b"<x/>" if name == part else old))


def test_size_limits_hold_on_either_side(monkeypatch: pytest.MonkeyPatch) -> None:
    data = small()
    monkeypatch.setattr(packages, "MAX_BYTES", len(data))
    read_workbook(data)
    monkeypatch.setattr(packages, "MAX_BYTES", len(data) - 1)
    error = refused(data)
    assert (error.code(), error.status) == ("workbook-too-large", 413)


def bomb() -> bytes:
    return with_sheet(b"<row>" + b" " * 100_000_000 + b"</row>")


def test_a_bomb_is_refused_by_what_it_unpacks_to() -> None:
    data = bomb()
    assert len(data) < 200_000
    assert refused(data).code() == "workbook-too-large"


def test_a_bomb_that_lies_about_its_size_is_refused() -> None:
    data = bytearray(bomb())
    name = data.rindex(b"xl/worksheets/sheet1.xml")
    entry = data.rindex(b"PK\x01\x02", 0, name)
    data[entry + 24 : entry + 28] = struct.pack("<I", 100)
    assert refused(bytes(data)).code() == "workbook-too-large"


@pytest.mark.parametrize(
    ("cell", "fine"),
    [
        ("GR1", True),
        ("GS1", False),
        ("A200000", True),
        ("A200001", False),
        ("XFD1048576", False),
        ("A00200001", None),
        ("a1", None),
        ("ZZZZ1", None),
        ("A99999999999999999999", None),
    ],
)
@pytest.mark.parametrize("form", ['<c r="{}"><v>1</v></c>', "<c  r='{}'><v>1</v></c>"])
def test_far_off_cells_are_refused_before_they_are_allocated(
    cell: str, fine: bool | None, form: str
) -> None:
    data = with_sheet(f"<row>{form.format(cell)}</row>".encode())
    if fine:
        read_workbook(data)
    else:
        expected = "workbook-too-large" if fine is False else "unreadable-workbook"
        assert refused(data).code() == expected


def test_the_rectangle_of_cells_is_bounded() -> None:
    corners = b'<row><c r="A1"><v>1</v></c></row><row><c r="GR150000"><v>1</v></c></row>'
    assert refused(with_sheet(corners)).code() == "workbook-too-large"


def test_long_texts_that_many_cells_share_are_refused() -> None:
    cells = "".join(f'<c r="A{i}" t="s"><v>0</v></c>' for i in range(1, 2_000)).encode()

    def change(name: str, old: bytes) -> bytes:
        if name == "xl/sharedStrings.xml":
            return re.sub(b"<si>.*</si>", b"<si><t>" + b"x" * 500_000 + b"</t></si>", old)
        return re.sub(
            b"<sheetData>.*</sheetData>", b"<sheetData><row>%b</row></sheetData>" % cells, old
        )

    out = BytesIO()
    with xlsxwriter.Workbook(out) as book:
        book.add_worksheet().write(0, 0, "x")
    assert refused(rezipped(out.getvalue(), change)).code() == "workbook-too-large"


def test_too_many_sheets_and_parts_are_refused() -> None:
    book = Workbook()
    for _ in range(packages.MAX_SHEETS - 1):
        book.create_sheet()
    read_workbook(saved(book))
    book.create_sheet()
    assert refused(saved(book)).code() == "workbook-too-large"
    parts = {f"x/{i}": b"" for i in range(packages.MAX_PARTS)}
    assert "部件" in refused(rezipped(small(), lambda _, old: old, **parts)).detail.zh


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_damaged_file_is_read_or_refused(data: st.DataObject) -> None:
    whole = bytearray(SMALL)
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    with suppress(UnreadableWorkbook, WorkbookTooLarge):
        read_all(bytes(whole))


DANGEROUS = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\tx",
    "\rx",
    "＝1+1",
    "＋1",
    "－1",
    "＠x",
    "http://a.b",
]


def test_text_stays_text_whatever_it_begins_with() -> None:
    sheet = NewSheet(name="党员", columns=[Column(title="姓名")], rows=[[t] for t in DANGEROUS])
    data = write_workbook([sheet])
    (read,) = read_workbook(data)
    assert read.formulas == {}
    assert [row[0] for row in rows(read)[1:]] == DANGEROUS
    cells = list(load_workbook(BytesIO(data)).active["A"])[1:]
    assert all(cell.data_type == "s" and cell.hyperlink is None for cell in cells)


def test_a_sheet_is_written_with_types_formats_lists_and_notes() -> None:
    columns = [
        Column(title="姓名", hint="全名", is_required=True),
        Column(title="日期", kind="date"),
        Column(title="是否", choices=("是", "否")),
        Column(title="数", kind="number"),
    ]
    day = date(2011, 7, 1)
    filled = NewSheet(
        name="甲", columns=columns, rows=[["张三", day, "是", 5], ["", None, True, 1.5]]
    )
    data = write_workbook([filled, NewSheet(name="乙", columns=columns, blank_rows=10)])
    first, second, lists = read_workbook(data)
    assert rows(first) == [
        ["姓名", "日期", "是否", "数"],
        ["张三", day, "是", 5.0],
        ["", "", True, 1.5],
    ]
    assert rows(second) == [["姓名", "日期", "是否", "数"]]
    assert lists.is_hidden
    assert rows(lists) == [["是"], ["否"]]
    sheet = load_workbook(BytesIO(data))["乙"]
    assert sheet.freeze_panes == "A2"
    assert sheet["A1"].comment.text == "全名"
    rules = {str(r.sqref): r for r in sheet.data_validations.dataValidation}
    assert rules["C2:C11"].formula1 == "选项!$A$1:$A$2"
    assert rules["B2:B11"].type == "date"
    assert rules["A2:A11"].prompt == "全名"
    assert sheet.column_dimensions["A"].width > 10


def test_nothing_is_written_beyond_excels_own_forms() -> None:
    long = "长" * 40_000
    data = write_workbook([NewSheet(name="甲", columns=[Column(title="列")], rows=[[long]])])
    assert len(str(rows(read_workbook(data)[0])[1][0])) <= 32_767


def test_a_large_sheet_reads_and_writes_within_bounds() -> None:
    columns = [Column(title=str(i)) for i in range(5)]
    sheet = NewSheet(name="大", columns=columns, rows=(["张三"] * 5 for _ in range(20_000)))
    (read,) = read_workbook(write_workbook([sheet]))
    assert sum(1 for _ in read.rows) == 20_001


def test_xlsxwriter_alone_would_make_formulas_and_we_see_them() -> None:
    out = BytesIO()
    with xlsxwriter.Workbook(out) as book:
        book.add_worksheet().write(0, 0, "=1+1")
    assert read_workbook(out.getvalue())[0].formulas == {1: frozenset({0})}
