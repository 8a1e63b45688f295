"""JSON of reports, their templates and checks."""

from typing import Annotated, Any

from pydantic import Field, StringConstraints

from app.core.schemas import DistrictCode, Line, Schema
from app.figures.schemas import FigureId, FigureOut, FigureParams
from app.reports.types import NumberStatus, ReportFormat

Paragraph = Annotated[str, StringConstraints(min_length=1, max_length=4000, strip_whitespace=True)]


class ReportParams(FigureParams):
    """Of what, of which period, and as what."""

    district_code: DistrictCode | None = None
    """Which district, where the caller sees several; GB/T 2260."""


class AnnualParams(ReportParams):
    """The annual report."""

    format: ReportFormat = ReportFormat.JSON


class ChartSpec(Schema):
    """A chart: bars of some figures."""

    title: Line
    figures: Annotated[list[FigureId], Field(min_length=1, max_length=12)]


class SectionSpec(Schema):
    """A section of a template."""

    title: Line
    paragraphs: Annotated[list[Paragraph], Field(max_length=40)]
    """Texts in which `{org_pledge_rate}` stands for that figure's value."""
    charts: Annotated[list[ChartSpec], Field(max_length=4, default_factory=list)]


class TemplateEdit(Schema):
    """A district's own template."""

    title: Line
    """`{district}` stands for the name of the district or the organisation."""
    sections: Annotated[list[SectionSpec], Field(min_length=1, max_length=30)]


class TemplateOut(TemplateEdit):
    """The template in use."""

    district_code: str
    is_own: bool
    """The district's own; the one that is shipped otherwise."""
    version: int
    """For `If-Match`; 1 until somebody edits."""


class TemplateParams(Schema):
    """Whose template."""

    district_code: DistrictCode


class NumberOut(Schema):
    """A number in a paragraph."""

    text: str
    figure_id: str
    start: int
    """Where it begins in the paragraph, in characters."""


class ParagraphOut(Schema):
    """A paragraph, and which figure each of its numbers is."""

    text: str
    numbers: list[NumberOut]


class ChartOut(Schema):
    """A chart, and where its SVG is."""

    title: str
    url: str


class SectionOut(Schema):
    """A section of the report."""

    title: str
    paragraphs: list[ParagraphOut]
    charts: list[ChartOut]


class AnnualOut(Schema):
    """The annual report: its text, and every figure that you may read."""

    title: str
    sections: list[SectionOut]
    figures: list[FigureOut]


class DraftCheck(ReportParams):
    """A draft to be checked."""

    text: Annotated[str, StringConstraints(min_length=1, max_length=50_000)]


class CheckedNumber(Schema):
    """A number of the draft."""

    start: int
    """Where it begins in the draft, in characters."""
    end: int
    text: str
    status: NumberStatus
    figure_id: str | None
    """Which figure it means; null where no sentence was understood."""
    expected: str | None
    """What the records say."""
    rows: str | None
    """Where the records behind the figure are listed."""


class DraftCheckOut(Schema):
    """What became of the numbers of a draft, in its order."""

    matched: int
    differing: int
    unknown: int
    numbers: list[CheckedNumber]


Sections = list[dict[str, Any]]
SHIPPED = 1
"""The version of the template that is shipped."""
