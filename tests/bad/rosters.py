"""Rosters that should be refused: .xlsx is taken and nothing else."""

import io
import re
import zipfile
from collections.abc import Callable

import httpx
import xlsxwriter

from tests.bad.shots import Shot, World, get
from tests.make.members import id_number, make_member
from tests.make.organizations import make_organization

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
HEADINGS = ["姓名", "性别", "民族", "公民身份号码", "学历", "人员类别", "加入党组织日期"]
HEADINGS += ["转为正式党员日期", "所在党支部"]


def workbook(rows: list[list[str]]) -> bytes:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_formulas": False}) as book:
        sheet = book.add_worksheet("党员")
        for number, row in enumerate([HEADINGS, *rows]):
            sheet.write_row(number, 0, row)
    return out.getvalue()


def roster_row(number: str, **values: str) -> list[str]:
    good = dict(zip(HEADINGS, ["张晓明", "男", "汉族", number, "大学本科"], strict=False))
    good |= {"人员类别": "正式党员", "加入党组织日期": "2015-07-01"}
    good |= {"转为正式党员日期": "2016-07-01", "所在党支部": "先锋一支部"} | values
    return [good[h] for h in HEADINGS]


def _upload(data: bytes, name: str = "roster.xlsx", kind: str = XLSX) -> Shot:
    url = "/imports?district_code=231005&as_of=2019-12-31"
    return Shot("POST", url, {"files": {"file": (name, data, kind)}})


def _with_sheet(w: World, change: Callable[[bytes], bytes]) -> Shot:
    """Upload a good roster whose sheet's XML was changed by hand."""
    source = zipfile.ZipFile(io.BytesIO(workbook([roster_row(w.number())])))
    out = io.BytesIO()
    with source, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as to:
        for part in source.namelist():
            data = source.read(part)
            to.writestr(part, change(data) if part.endswith("sheet1.xml") else data)
    return _upload(out.getvalue())


def xxe(w: World) -> list[Shot]:
    external = b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>'
    laughs = b'<!DOCTYPE x [<!ENTITY a "ha">' + b"".join(
        b'<!ENTITY %c "%s">' % (b + 1, b"&%c;" % b * 10) for b in range(97, 107)
    )

    def inserted(doctype: bytes) -> Callable[[bytes], bytes]:
        return lambda xml: xml.replace(b"?>", b"?>" + doctype, 1)

    return [_with_sheet(w, inserted(d)) for d in (external, laughs + b"]>")]


def one_bad(w: World) -> list[Shot]:
    rows = [roster_row(id_number(f"19{70 + n // 500}0307", n)) for n in range(1000)]
    rows[998] = roster_row(w.number()[:-1] + "A")

    def names_it(answer: httpx.Response) -> None:
        errors = answer.json()["errors"]
        assert [(e["row"], e["field"]) for e in errors] == [(1000, "id_number")], errors

    return [_upload(workbook(rows))._replace(check=names_it)]


def csv_file(w: World) -> list[Shot]:
    line = ",".join(roster_row(w.number()))
    head = ",".join(HEADINGS)
    return [_upload(f"{head}\n{line}\n".encode("gb18030"), "roster.csv", "text/csv")]


def odd(w: World) -> list[Shot]:
    head = ",".join(HEADINGS).encode()
    texts = [head + b"\n\0", head + b'\n"x', b"x" * 2_000_000, head, head + b"\rx\r", b""]
    wide = b'<row r="1">' + b"<c><v>1</v></c>" * 20_000 + b"</row>"
    shots = [_upload(t, "roster.csv", "text/csv") for t in texts] + [_upload(t) for t in texts]
    return [*shots, _with_rows(w, wide)]


def _with_rows(w: World, rows: bytes) -> Shot:
    def change(xml: bytes) -> bytes:
        xml = re.sub(rb"<dimension[^>]*>", b"", xml)
        return re.sub(rb"<sheetData>.*</sheetData>", b"<sheetData>%s</sheetData>" % rows, xml)

    return _with_sheet(w, change)


def many_rows(w: World) -> list[Shot]:
    return [
        _with_rows(w, b"".join(b'<row r="%d"><c><v>1</v></c></row>' % n for n in range(1, 200_002)))
    ]


async def formulas(w: World) -> list[Shot]:
    names = ["=cmd|'/c calc'!A1", "+1", "-1", "@SUM(1)", "\uff1d1+1"]
    for name in names:
        made = await make_organization(w.session, w.root, name=name)
        await make_member(w.session, made)

    def stays_text(answer: httpx.Response) -> None:
        book = zipfile.ZipFile(io.BytesIO(answer.content))
        sheets = [book.read(n) for n in book.namelist() if "worksheets/sheet" in n]
        assert sheets
        assert all(b"<f>" not in s for s in sheets)
        shown = b"".join(book.read(n) for n in book.namelist() if n.endswith(".xml")).decode()
        assert all(n.replace("'", "&apos;") in shown or n in shown for n in names)

    return [get("/members/export.xlsx")._replace(check=stays_text)]
