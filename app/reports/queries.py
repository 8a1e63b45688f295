"""Reading templates and computing reports."""

import asyncio
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from importlib import resources
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import select

from app.core.caller import Caller, Permission, Subtree
from app.core.db import Executor, Reader
from app.core.errors import NotFound
from app.core.figures import FigureUnit
from app.figures import queries as figures
from app.figures.schemas import FigureParams
from app.organizations.models import District, OrganizationState
from app.organizations.queries import stood_as
from app.reports import logic
from app.reports.errors import OneDistrict
from app.reports.models import ReportTemplate
from app.reports.schemas import (
    SHIPPED,
    AnnualOut,
    ChartOut,
    DraftCheck,
    DraftCheckOut,
    NumberOut,
    ParagraphOut,
    ReportParams,
    SectionOut,
    TemplateEdit,
    TemplateOut,
)
from app.reports.types import NumberStatus, Value, Written

State = OrganizationState


def _shipped(name: str) -> dict[str, Any]:
    file = resources.files("app.reports").joinpath("templates", f"{name}.toml")
    return tomllib.loads(file.read_text("utf-8"))


@lru_cache
def shipped() -> TemplateEdit:
    """Read the template that is shipped."""
    return TemplateEdit.model_validate(_shipped("annual"))


@lru_cache
def cues() -> tuple[Mapping[str, Sequence[str]], Mapping[str, int]]:
    """Read how sentences tell which figure a number means."""
    read = _shipped("cues")
    return read["cues"], read["per"]


@dataclass(frozen=True, slots=True)
class Computed:
    """The figures of a report, and how its district writes it."""

    district_code: str
    name: str
    template: TemplateEdit
    figures: list[dict[str, Any]]
    values: dict[str, Value]


async def template(on: Executor, caller: Caller, district_code: str) -> TemplateOut:
    """Fetch the template in use in a district, or raise `NotFound`."""
    if district_code not in {s.district_code for s in sight(caller)}:
        raise NotFound
    rows = select(ReportTemplate.title, ReportTemplate.sections, ReportTemplate.version)
    found = (await on.execute(rows.where(ReportTemplate.district_code == district_code))).first()
    told: dict[str, Any] = shipped().model_dump() | {"version": SHIPPED}
    is_own = found is not None and found.sections is not None
    if found is not None:
        told |= found._asdict() if is_own else {"version": found.version}
    return TemplateOut.model_validate({**told, "district_code": district_code, "is_own": is_own})


def sight(caller: Caller) -> list[Subtree]:
    """Give where the caller sees organisations."""
    return caller.subtrees(Permission.ORGANIZATIONS_READ)


async def computed(on: Reader, caller: Caller, params: ReportParams) -> Computed:
    """Compute what a report tells, in three statements.

    Raises `NotFound`, `Forbidden`, `Invalid`, or `OneDistrict` where several are in sight.
    """
    asked = FigureParams.model_validate(
        params.model_dump(include=set(FigureParams.model_fields), by_alias=True)
    )
    codes = {s.district_code for s in sight(caller)}
    if params.district_code is not None:
        if params.district_code not in codes:
            raise NotFound
        codes = {params.district_code}
    if params.within is None and len(codes) > 1:
        raise OneDistrict
    rows = select(District.code, District.name, ReportTemplate.title, ReportTemplate.sections)
    rows = rows.outerjoin(ReportTemplate, ReportTemplate.district_code == District.code)
    if params.within is None:
        rows = rows.where(District.code.in_(sorted(codes)))
    else:
        there = stood_as(District.code, params.within, figures.window_of(asked).day)
        rows = rows.join(State, there).add_columns(State.name.label("unit"))
        rows = rows.where(District.code.in_(sorted(codes)))
    told = await figures.compute(on, caller, asked, district_code=params.district_code)
    found = (await on.execute(rows)).first()
    if found is None:
        raise NotFound
    chosen = shipped()
    if found.sections is not None:
        made = {"title": found.title, "sections": found.sections}
        chosen = TemplateEdit.model_validate(made)
    name = found.name if params.within is None else found.unit
    values = {f["id"]: _value(f) for f in told}
    return Computed(found.code, name, chosen, told, values)


def _value(told: Mapping[str, Any]) -> Value:
    is_ratio = told["unit"] == FigureUnit.RATIO
    return Value(told["id"], told["value"], told["numerator"], told["denominator"], is_ratio)


def report(made: Computed, params: ReportParams) -> AnnualOut:
    """Write the report out of its figures."""
    kept = params.model_dump(mode="json", by_alias=True, exclude_none=True)
    query = urlencode({k: v for k, v in kept.items() if k != "format"})
    sections = []
    number = 0
    for section in made.template.sections:
        charts = []
        for chart in section.charts:
            url = f"/v1/reports/annual/charts/{number}?{query}"
            charts.append(ChartOut(title=chart.title, url=url.removesuffix("?")))
            number += 1
        paragraphs = [_paragraph(logic.fill(p, made.values)) for p in section.paragraphs]
        sections.append(SectionOut(title=section.title, paragraphs=paragraphs, charts=charts))
    title = made.template.title.replace("{district}", made.name)
    return AnnualOut.model_validate({"title": title, "sections": sections, "figures": made.figures})


def _paragraph(written: Written) -> ParagraphOut:
    numbers = []
    at = 0
    for piece in written.pieces:
        if piece.figure is not None:
            numbers.append(NumberOut(text=piece.text, figure_id=piece.figure, start=at))
        at += len(piece.text)
    return ParagraphOut(text=written.text, numbers=numbers)


def chart(made: Computed, number: int) -> tuple[str, list[tuple[str, Decimal]]]:
    """Give the title and the bars of a chart of the template, or raise `NotFound`."""
    charts = [c for section in made.template.sections for c in section.charts]
    if number >= len(charts):
        raise NotFound
    names = {f["id"]: f["name"]["zh"] for f in made.figures}
    bars = [
        (names[figure], value)
        for figure in charts[number].figures
        if figure in made.values and (value := made.values[figure].value) is not None
    ]
    return charts[number].title, bars


async def check(on: Reader, caller: Caller, draft: DraftCheck) -> DraftCheckOut:
    """Match the numbers of a draft to figures."""
    made = await computed(on, caller, draft)
    sentences, per = cues()
    rows = {f["id"]: f["rows"] for f in made.figures}
    numbers = await asyncio.to_thread(logic.check, draft.text, made.values, sentences, per)
    counts = {s: sum(n.status == s for n in numbers) for s in NumberStatus}
    told = [
        {
            "start": n.start,
            "end": n.end,
            "text": n.text,
            "status": n.status,
            "figure_id": n.figure,
            "expected": n.expected,
            "rows": None if n.figure is None else rows[n.figure],
        }
        for n in numbers
    ]
    return DraftCheckOut.model_validate({**counts, "numbers": told})


def markdown(report: AnnualOut) -> str:
    """Write the report as Markdown; each number has a note that says where it comes from."""
    lines = [f"# {report.title}"]
    used: dict[str, None] = {}
    for section in report.sections:
        lines += ["", f"## {section.title}"]
        for paragraph in section.paragraphs:
            text = paragraph.text
            for number in reversed(paragraph.numbers):
                end = number.start + len(number.text)
                text = f"{text[:end]}[^{number.figure_id}]{text[end:]}"
            used |= dict.fromkeys(n.figure_id for n in paragraph.numbers)
            lines += ["", text]
        for chart in section.charts:
            lines += ["", f"![{chart.title}]({chart.url})"]
    told = {f.id: f for f in report.figures}
    lines.append("")
    for name in used:
        if name in told:
            figure = told[name]
            lines.append(f"[^{name}]: {figure.name.zh}：{figure.definition.zh}。{figure.rows}")
        else:
            lines.append(f"[^{name}]: 无权查看或没有该数字 / not yours to read, or no such figure")
    return "\n".join([*lines, ""])


def sources(report: AnnualOut) -> list[list[str]]:
    """Give the table that says where each number comes from; the first row is its head."""
    rows = [["编号", "名称", "数值", "分子 / 分母", "口径", "明细"]]
    for f in report.figures:
        is_ratio = f.unit == FigureUnit.RATIO
        value = logic.written(Value(f.id, f.value, f.numerator, f.denominator, is_ratio))
        parts = (
            f"{f.numerator:f}" if f.denominator is None else f"{f.numerator:f} / {f.denominator:f}"
        )
        rows.append([f.id, f.name.zh, value, parts, f.definition.zh, f.rows])
    return rows
