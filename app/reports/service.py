"""Changing templates."""

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import audit
from app.core.caller import Caller, Permission, Subtree
from app.core.errors import NotFound, Stale
from app.figures.queries import REGISTRY
from app.organizations.queries import ROOT_PATH
from app.reports import logic
from app.reports.errors import NoOwnTemplate, NoSuchFigure
from app.reports.models import ReportTemplate
from app.reports.schemas import SHIPPED, Sections, TemplateEdit

RIGHT = Permission.REPORTS_CONFIGURE


def _allowed(caller: Caller, district_code: str) -> None:
    seen = {s.district_code for s in caller.subtrees(Permission.ORGANIZATIONS_READ)}
    if district_code not in seen:
        raise NotFound
    caller.require(RIGHT, at=Subtree(district_code, ROOT_PATH))


async def edit(
    session: AsyncSession, caller: Caller, district_code: str, version: int, new: TemplateEdit
) -> None:
    """Put a district's own template in place of the one in use.

    Raises `NotFound`, `Forbidden`, `Stale`, or `NoSuchFigure` for a name that is no figure.
    """
    _allowed(caller, district_code)
    texts = [p for section in new.sections for p in section.paragraphs]
    named = logic.places(texts) + [f for s in new.sections for c in s.charts for f in c.figures]
    if unknown := sorted({name for name in named if name not in REGISTRY}):
        raise NoSuchFigure("、".join(unknown[:20]), ", ".join(unknown[:20]))
    sections = new.model_dump(mode="json")["sections"]
    await _write(session, caller, district_code, version, new.title, sections)
    after = {"title": new.title, "sections": len(new.sections)}
    audit.record(session, district_code, ("report_template", district_code), after=after)


async def _write(
    session: AsyncSession,
    caller: Caller,
    district_code: str,
    version: int,
    title: str | None,
    sections: Sections | None,
) -> None:
    """Write the row of a district on top of `version`, or raise `Stale`."""
    values = {"title": title, "sections": sections, "edited_by": caller.account_id}
    row = {"district_code": district_code, "version": version + 1, **values}
    made = insert(ReportTemplate).values(row)
    if version == SHIPPED:
        made = made.on_conflict_do_nothing()
    else:
        made = made.on_conflict_do_update(
            index_elements=[ReportTemplate.district_code],
            set_={**values, "version": version + 1, "edited_at": func.now()},
            where=ReportTemplate.version == version,
        )
        known = select(ReportTemplate.version).where(ReportTemplate.district_code == district_code)
        if await session.scalar(known) is None:
            raise Stale
    if await session.scalar(made.returning(ReportTemplate.version)) is None:
        raise Stale


async def remove(session: AsyncSession, caller: Caller, district_code: str, version: int) -> None:
    """Return to the template that is shipped; raises `NoOwnTemplate` where it is in use already."""
    _allowed(caller, district_code)
    rows = select(ReportTemplate.version, ReportTemplate.title)
    rows = rows.where(ReportTemplate.district_code == district_code)
    found = (await session.execute(rows)).first()
    if version != (SHIPPED if found is None else found.version):
        raise Stale
    if found is None or found.title is None:
        raise NoOwnTemplate
    await _write(session, caller, district_code, version, None, None)
    audit.record(session, district_code, ("report_template", district_code))
