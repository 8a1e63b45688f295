"""Guards for .xlsx packages: every byte is looked at before a reader gets the file."""

import re
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from io import BytesIO
from xml.etree import ElementTree as ET
from xml.parsers import expat

from app.core.errors import AppError, Text

MAX_BYTES = 20 * 1024 * 1024
MAX_UNPACKED = 256 * 1024 * 1024
MAX_RATIO = 200
MAX_PARTS = 2_000
MAX_SHEETS = 20
MAX_ROWS = 200_000
MAX_COLUMNS = 200
MAX_CELLS = 4_000_000
"""Cells of the rectangles that hold the sheets: a reader allocates them all, empty or not."""
MAX_TEXT = 512 * 1024 * 1024
_CHUNK = 1024 * 1024
_SLICE = 256 * 1024


class UnreadableWorkbook(AppError):  # noqa: N818
    """The file is not an .xlsx workbook, or not one that is read here."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY
    title = Text("无法读取该文件", "The file cannot be read")


class WorkbookTooLarge(AppError):  # noqa: N818
    """The file, or what it unpacks to, is larger than what is read here."""

    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    title = Text("文件过大", "The file is too large")


@dataclass(slots=True)
class Part:
    """What a first look at one part of the package tells."""

    size: int = 0
    cells: int = 0
    rows: int = 0
    columns: int = 0
    longest_text: int = 0
    open_text: int = 0
    is_plain: bool = True
    """Every cell begins `<c r="`, so that a look without an XML parser is a sure one."""
    formulas: dict[int, set[int]] = field(default_factory=dict)


def inspect(data: bytes) -> list[Part]:
    """Look through an .xlsx file and give its sheets, in the order of the workbook.

    Raises `UnreadableWorkbook` or `WorkbookTooLarge`.
    """
    infos = _open(data)
    parts: dict[str, Part] = {}
    for name, info in infos.items():
        parts[name] = _scan(name, _unpack(data, info))
        _require_size(sum(part.size for part in parts.values()), len(data))
    names = _sheet_names(data, infos)
    sheets = [parts[name] for name in names]
    for name, sheet in zip(names, sheets, strict=True):
        if not sheet.is_plain:
            _scan_slowly(sheet, _unpack(data, infos[name]))
    _require_dimensions(sheets)
    longest = max(part.longest_text for part in parts.values())
    if longest * sum(sheet.cells for sheet in sheets) > MAX_TEXT:
        _require_text(data, infos, names)
    return sheets


def damaged() -> UnreadableWorkbook:
    """Refuse a file that no spreadsheet would write."""
    return UnreadableWorkbook(
        "文件已损坏或不是标准的 .xlsx，请用 Excel 或 WPS 打开并另存后再上传",
        "the file is damaged or no standard .xlsx; open it in a spreadsheet and save it again",
    )


def _too_much_text() -> WorkbookTooLarge:
    return WorkbookTooLarge("单元格文字过多", "the cells hold too much text")


def _open(data: bytes) -> dict[str, zipfile.ZipInfo]:
    """List the parts of an .xlsx package by name, or refuse what is none."""
    if len(data) > MAX_BYTES:
        limit = MAX_BYTES // 1024 // 1024
        raise WorkbookTooLarge(f"文件不能超过 {limit} MiB", f"the limit is {limit} MiB")
    if not data.startswith(b"PK\x03\x04"):
        raise _not_a_package(data)
    if data.count(b"PK\x01\x02") > MAX_PARTS:
        raise UnreadableWorkbook("文件内部的部件过多", "the package has too many parts")
    try:
        with zipfile.ZipFile(BytesIO(data)) as package:
            infos = package.infolist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError, struct.error) as error:
        raise damaged() from error
    parts = {info.filename: info for info in infos}
    if len({name.lower() for name in parts}) != len(infos):
        raise damaged()
    if any(name.lower().endswith("vbaproject.bin") for name in parts):
        raise UnreadableWorkbook(
            "文件含有宏，请另存为不含宏的“Excel 工作簿 (*.xlsx)”再上传",
            "the workbook holds macros; save it as .xlsx",
        )
    if not {"[Content_Types].xml", "xl/workbook.xml"} <= parts.keys():
        raise UnreadableWorkbook(
            "这不是 .xlsx 工作簿，请用 Excel 或 WPS 另存为“Excel 工作簿 (*.xlsx)”再上传",
            "this is a package but not an .xlsx workbook",
        )
    return parts


def _not_a_package(data: bytes) -> UnreadableWorkbook:
    if data.startswith(b"\xd0\xcf\x11\xe0"):
        if "EncryptedPackage".encode("utf-16-le") in data:
            return UnreadableWorkbook(
                "文件设有打开密码，请去掉密码后再上传",
                "the workbook is encrypted; remove its password",
            )
        return UnreadableWorkbook(
            "这是旧版 .xls 文件，请另存为“Excel 工作簿 (*.xlsx)”再上传",
            "this is an old .xls file; save it as .xlsx",
        )
    if data and b"\x00" not in data[:4096]:
        return UnreadableWorkbook(
            "这是文本文件（如 CSV 或网页），请用 Excel 打开后另存为“Excel 工作簿 (*.xlsx)”再上传",
            "this is a text file (CSV, HTML); open it in a spreadsheet and save it as .xlsx",
        )
    return UnreadableWorkbook(
        "这不是 .xlsx 工作簿，请上传“Excel 工作簿 (*.xlsx)”", "this is not an .xlsx workbook"
    )


def _require_size(unpacked: int, packed: int) -> None:
    if unpacked > MAX_UNPACKED or (unpacked > MAX_BYTES and unpacked > packed * MAX_RATIO):
        raise WorkbookTooLarge("文件解压后过大", "the file unpacks to too much")


def _unpack(data: bytes, info: zipfile.ZipInfo) -> Iterator[bytes]:
    """Unpack one part in chunks, by what is there and not by the sizes that the package claims."""
    start = info.header_offset
    header = data[start : start + 30]
    if len(header) < 30 or info.flag_bits & 1 or info.compress_type not in {0, 8}:  # noqa: PLR2004
        raise damaged()
    start += 30 + sum(struct.unpack("<HH", header[26:]))
    packed = memoryview(data)[start : start + info.compress_size]
    if info.compress_type == 0:
        yield from (bytes(packed[i : i + _CHUNK]) for i in range(0, len(packed), _CHUNK))
        return
    inflate, size = zlib.decompressobj(-15), 0
    try:
        for i in range(0, len(packed) + 1, _SLICE):
            waiting: bytes | memoryview = packed[i : i + _SLICE]
            while not inflate.eof and (chunk := inflate.decompress(waiting, _CHUNK)):
                waiting = inflate.unconsumed_tail
                size += len(chunk)
                _require_size(size, len(data))
                yield chunk
    except zlib.error as error:
        raise damaged() from error
    if not inflate.eof:
        raise damaged()


_FORBIDDEN = re.compile(rb"<!(?:DOCTYPE|ENTITY)|\x00")
_ANY_CELL = re.compile(rb"<(?:[^\s<>/]*:)?c[\s/>]")
_TEXT_START = re.compile(rb"<(?:[^\s<>/]*:)?si(?=[\s/>])")
_SHARED_STRINGS = "xl/sharedstrings.xml"
_PLAIN_CELL = b'<c r="'
_CELL_COLUMN = re.compile(rb'<c r="([A-Z]{1,3})[1-9]')
_CELL_ROW = re.compile(rb'<c r="[A-Z]{1,3}([1-9][0-9]{0,6})"')
_CELL_WITH_FORMULA = re.compile(rb'<c r="([A-Z]{1,3})([1-9][0-9]{0,6})"[^>]*><f[\s/>]')
_REFERENCE = re.compile(r"([A-Z]{1,3})([1-9][0-9]{0,6})")


def _scan(name: str, chunks: Iterator[bytes]) -> Part:
    """Look through one part: refuse what no spreadsheet writes, measure it, find its formulas."""
    part = Part()
    is_xml = name.lower().endswith((".xml", ".rels", ".vml"))
    holds_texts = name.lower() == _SHARED_STRINGS
    rest = b""
    for chunk in chunks:
        part.size += len(chunk)
        if is_xml:
            text = rest + chunk
            if len(text) > 3 * _CHUNK:
                raise _too_much_text()  # no tag for longer than any cell may be
            cut = text.rfind(_PLAIN_CELL)
            if cut < 0 or (cut == 0 and len(text) > _CHUNK):
                cut = max(text.rfind(b"<"), 0)
            _scan_text(part, text[:cut], holds_texts=holds_texts)
            rest = text[cut:]
    _scan_text(part, rest, holds_texts=holds_texts)
    return part


def _scan_text(part: Part, text: bytes, *, holds_texts: bool) -> None:
    if _FORBIDDEN.search(text):
        raise damaged()
    cells = text.count(_PLAIN_CELL)
    part.cells += cells
    if len(_ANY_CELL.findall(text)) != cells:
        part.is_plain = False
    if holds_texts:
        first, *more = map(len, _TEXT_START.split(text))
        lengths = [part.open_text + first, *more]
        part.longest_text, part.open_text = max(part.longest_text, *lengths), lengths[-1]
    if not cells:
        return
    rows = _CELL_ROW.findall(text)
    if len(rows) != cells:
        part.is_plain = False
    part.rows = max(part.rows, 0, *map(int, set(rows)))
    part.columns = max(part.columns, 0, *map(_column, set(_CELL_COLUMN.findall(text))))
    if b"<f" in text:
        for column, row in _CELL_WITH_FORMULA.findall(text):
            part.formulas.setdefault(int(row), set()).add(_column(column) - 1)


def _column(letters: bytes) -> int:
    """Count columns: A is 1, AA is 27."""
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


def _scan_slowly(part: Part, chunks: Iterator[bytes]) -> None:
    """Measure a sheet that is written in an unusual way, with an XML parser."""
    part.cells = row = column = 0

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal row, column
        match tag.rpartition(":")[2]:
            case "row":
                row, column = int(attributes.get("r", row + 1)), 0
                part.rows = max(part.rows, row)
            case "c":
                column += 1
                if reference := attributes.get("r"):
                    letters, digits = _REFERENCE.fullmatch(reference).groups()  # type: ignore[union-attr]
                    row, column = int(digits), _column(letters.encode())
                part.cells += 1
                part.rows, part.columns = max(part.rows, row), max(part.columns, column)
            case "f":
                part.formulas.setdefault(row, set()).add(column - 1)

    parser = expat.ParserCreate()
    parser.StartElementHandler = start
    try:
        for chunk in chunks:
            parser.Parse(chunk, False)
        parser.Parse(b"", True)
    except (expat.ExpatError, AttributeError, ValueError) as error:
        raise damaged() from error


def _sheet_names(data: bytes, parts: Mapping[str, zipfile.ZipInfo]) -> list[str]:
    """Name the part of every sheet, in the order of the workbook."""

    def read(name: str) -> ET.Element:
        return ET.fromstring(b"".join(_unpack(data, parts[name])))  # noqa: S314 - parts with a DOCTYPE were refused

    try:
        targets = {r.get("Id"): r.get("Target", "") for r in read("xl/_rels/workbook.xml.rels")}
        sheets = [e for e in read("xl/workbook.xml").iter() if e.tag.rpartition("}")[2] == "sheet"]
        ids = [next(v for k, v in e.items() if k.endswith("}id")) for e in sheets]
        names = ["xl/" + targets[i].removeprefix("/").removeprefix("xl/") for i in ids]
    except (ET.ParseError, KeyError, StopIteration, ValueError) as error:
        raise damaged() from error
    if not names or not all(n in parts and n.endswith(".xml") for n in names):
        raise damaged()
    if len(names) > MAX_SHEETS:
        raise WorkbookTooLarge(f"工作表不能超过 {MAX_SHEETS} 个", f"at most {MAX_SHEETS} sheets")
    return names


def _require_dimensions(sheets: Sequence[Part]) -> None:
    rows, columns = max(s.rows for s in sheets), max(s.columns for s in sheets)
    if (
        rows > MAX_ROWS
        or columns > MAX_COLUMNS
        or sum(s.rows * s.columns for s in sheets) > MAX_CELLS
    ):
        raise WorkbookTooLarge(
            f"工作表最多 {MAX_ROWS} 行、{MAX_COLUMNS} 列：请删除数据以外的空行空列，或分成几个文件",
            f"at most {MAX_ROWS} rows and {MAX_COLUMNS} columns; remove what is beyond the data",
        )


def _require_text(data: bytes, parts: Mapping[str, zipfile.ZipInfo], sheets: Sequence[str]) -> None:
    """Refuse a few long texts that very many cells share: each cell gets its own copy."""
    shared = next(n for n in parts if n.lower() == _SHARED_STRINGS)
    _, *texts = _TEXT_START.split(b"".join(_unpack(data, parts[shared])))
    lengths = dict(enumerate(map(len, texts)))
    total = 0
    for sheet in sheets:
        text = b"".join(_unpack(data, parts[sheet]))
        if b"&#" in text or b"<![CDATA[" in text:
            raise damaged()
        numbers = re.findall(rb">\s*\+?0*([0-9]{1,7})\s*<", text)
        total += sum(lengths.get(int(number), 0) for number in numbers)
        if total > MAX_TEXT:
            raise _too_much_text()
