"""Dated truth: rows that hold from `valid_from` to the day before `valid_to`."""

from datetime import date
from http import HTTPStatus
from typing import Any, TypeVar

from sqlalchemy import Table, and_, func, inspect, null, or_, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased
from sqlalchemy.sql.elements import ColumnElement

from app.core.db import Base, new_id
from app.core.errors import AppError, Text

Row = TypeVar("Row", bound=Base)
_OWN = {"id", "valid_from", "valid_to", "valid", "recorded_at"}


class NotYet(AppError):  # noqa: N818
    """A change cannot hold from a day on which something later already holds."""

    status = HTTPStatus.CONFLICT
    title = Text("该日之后已有记录", "Something later is recorded already")


def on_day(dated: Any, day: Any) -> ColumnElement[bool]:
    """Hold rows of a dated table to those that are true on `day`."""
    return and_(dated.valid_from <= day, or_(dated.valid_to.is_(None), dated.valid_to > day))


def known(model: Any, history: Table, instant: Any) -> Any:
    """Stand for `model` as it was recorded at `instant`, whatever was changed or corrected since.

    A row's first version that was not superseded by then counts: an end that was recorded later
    keeps the row's own `recorded_at`.
    """
    names = [c.key for c in model.__table__.c]
    standing = select(*model.__table__.c, null().label("superseded_at"))
    superseded = select(*history.c).where(history.c.superseded_at > instant)
    every = standing.union_all(superseded).subquery()
    first = (
        select(*(every.c[name] for name in names))
        .where(every.c.recorded_at <= instant)
        .ext(distinct_on(every.c.district_code, every.c.id))
        .order_by(every.c.district_code, every.c.id, every.c.superseded_at.asc().nulls_last())
    )
    return aliased(model, first.subquery())


async def change(session: AsyncSession, row: Row, day: date, values: dict[str, Any]) -> Row:
    """Let `values` hold from `day` on; until then, what was. Give the row that holds from then on.

    A second change on one day replaces the first, which a trigger keeps in the history. Raises
    `NotYet` when `row` began later than `day`.
    """
    dated: Any = row
    if dated.valid_from > day:
        raise NotYet
    if dated.valid_from == day:
        for name, value in values.items():
            setattr(row, name, value)
        dated.recorded_at = func.now()
        await session.flush()
        return row
    names = {c.key for c in inspect(type(row)).column_attrs} - _OWN
    after = type(row)(
        **{name: getattr(row, name) for name in names} | values, id=new_id(), valid_from=day
    )
    dated.valid_to = day
    await session.flush()  # first the end, or the two would overlap
    session.add(after)
    await session.flush()
    return after
