"""Papers out: Word documents and SVG charts. Knows no domain."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from io import BytesIO

import leather
from docx import Document
from docx.oxml.ns import qn
from docx.shared import Pt

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
SVG = "image/svg+xml"
_FONT = "FangSong, 仿宋, SimSun, 'Noto Serif CJK SC', serif"
_RED, _WIDTH, _HEAD, _BAR = "#c8102e", 800, 140, 50
for _name in ("title_font_family", "tick_font_family", "axis_title_font_family"):
    setattr(leather.theme, _name, _FONT)


def word(
    title: str,
    sections: Iterable[tuple[str, Sequence[str]]],
    table: tuple[str, Sequence[Sequence[str]]],
) -> bytes:
    """Write a Word document: a title, headed paragraphs, a table whose first row is its head."""
    made = Document()
    normal = made.styles["Normal"]
    normal.font.name, normal.font.size = "FangSong", Pt(14)
    normal.element.rPr.rFonts.set(qn("w:eastAsia"), "仿宋")
    made.add_heading(title, level=0)
    for heading, paragraphs in sections:
        made.add_heading(heading, level=1)
        for text in paragraphs:
            made.add_paragraph(text)
    heading, rows = table
    made.add_heading(heading, level=1)
    grid = made.add_table(rows=0, cols=len(rows[0]), style="Table Grid")
    for row in rows:
        for cell, text in zip(grid.add_row().cells, row, strict=True):
            cell.text = text
    kept = BytesIO()
    made.save(kept)
    return kept.getvalue()


def bars(title: str, rows: Sequence[tuple[str, Decimal]]) -> bytes:
    """Draw bars, each with its number; the SVG asks for nothing from outside and runs no script."""
    shown = rows or [("无数据 / no data", Decimal(0))]
    chart = leather.Chart(title)
    chart.add_bars([(v, f"{label} {v.normalize():f}") for label, v in shown], fill_color=_RED)
    chart.set_x_scale(leather.Linear(0, max(Decimal(1), *(v for _, v in shown))))
    return str(chart.to_svg(width=_WIDTH, height=_HEAD + _BAR * len(shown))).encode()
