"""Leaders' archives over HTTP."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, status

from app.core.errors import Forbidden, NotFound
from app.core.http import CallerDep, ReadDep, Route, SessionDep
from app.core.problems import declare
from app.core.schemas import Id, Page
from app.leaders import queries, service
from app.leaders.errors import (
    ArchiveClosed,
    ArchiveOverlaps,
    LeaderNotCounted,
    OutsideTheArchive,
    WasNotThere,
)
from app.leaders.schemas import (
    LeaderArchiveEnd,
    LeaderArchiveListParams,
    LeaderArchiveNew,
    LeaderArchiveOut,
    LeaderRecordListParams,
    LeaderRecordNew,
    LeaderRecordOut,
)

router = APIRouter(tags=["leaders"], route_class=Route)


@router.get("/leader-archives", response_model=Page[LeaderArchiveOut], responses=declare(NotFound))
async def list_leader_archives(
    on: ReadDep, caller: CallerDep, params: Annotated[LeaderArchiveListParams, Query()]
) -> Any:
    """List the archives that you may read, and the months that lack a record (纪实档案).

    Leaders see their own.
    """
    return await queries.find(on, caller, params)


@router.post(
    "/leader-archives",
    response_model=LeaderArchiveOut,
    status_code=status.HTTP_201_CREATED,
    responses=declare(NotFound, Forbidden, LeaderNotCounted, ArchiveOverlaps),
)
async def open_leader_archive(session: SessionDep, caller: CallerDep, new: LeaderArchiveNew) -> Any:
    """Keep records of a county-level leader from a day on (建立纪实档案)."""
    made = await service.open_archive(session, caller, new)
    return await queries.get(session, caller, made)


@router.post(
    "/leader-archives/{archive_id}/closures",
    response_model=LeaderArchiveOut,
    responses=declare(NotFound, Forbidden, ArchiveClosed),
)
async def close_leader_archive(
    session: SessionDep, caller: CallerDep, archive_id: Id, end: LeaderArchiveEnd
) -> Any:
    """Keep no records of a leader from a day on (终止纪实档案)."""
    await service.close_archive(session, caller, archive_id, end.closed_on)
    return await queries.get(session, caller, archive_id)


@router.get("/leader-records", response_model=Page[LeaderRecordOut])
async def list_leader_records(
    on: ReadDep, caller: CallerDep, params: Annotated[LeaderRecordListParams, Query()]
) -> Any:
    """List what was recorded in the archives that you may read, month by month (纪实记录)."""
    return await queries.find_records(on, caller, params)


@router.post(
    "/leader-archives/{archive_id}/records",
    response_model=LeaderRecordOut,
    status_code=status.HTTP_201_CREATED,
    responses=declare(NotFound, Forbidden, OutsideTheArchive, WasNotThere),
)
async def record_for_leader(
    session: SessionDep, caller: CallerDep, archive_id: Id, new: LeaderRecordNew
) -> Any:
    """Record what a leader took part in or studied in a month (登记纪实)."""
    made = await service.record(session, caller, archive_id, new)
    return await queries.get_record(session, caller, made)
