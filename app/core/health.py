"""`/healthz`: the process answers. `/readyz`: the database is there and as the code expects it."""

from http import HTTPStatus

from fastapi import APIRouter, Request, status
from pydantic import BaseModel
from sqlalchemy import text

from app.core import migrations
from app.core.errors import AppError, Text
from app.core.http import OpenRoute, doors
from app.core.problems import declare

router = APIRouter(tags=["health"], route_class=OpenRoute)


class NotReady(AppError):  # noqa: N818
    """The database is not as the code expects it."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    title = Text("服务尚未就绪", "Not ready")
    headers = {"Retry-After": "5"}  # noqa: RUF012 - the parent's ClassVar


class Health(BaseModel):
    """All is well."""

    status: str = "ok"


_CHECK = text("""
SELECT current_setting('server_version_num')::int >= 180000 AS version,
       EXISTS (SELECT FROM pg_extension WHERE extname = 'btree_gist') AS extension,
       NOT (SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user) AS role,
       NOT EXISTS (SELECT FROM pg_class WHERE relowner = current_user::regrole
                   AND relnamespace = 'public'::regnamespace) AS owner, -- whom no policy holds
       current_setting('server_encoding') = 'UTF8' AS encoding
""")


@router.get("/healthz", status_code=status.HTTP_200_OK)
async def healthz() -> Health:
    """Tell that the process answers (存活)."""
    return Health()


@router.get("/readyz", responses=declare(NotReady))
async def readyz(request: Request) -> Health:
    """Tell that the database answers, is migrated and set up as it must be (就绪)."""
    revision = await migrations.current(doors(request).reading([]))
    if revision != migrations.newest():
        raise NotReady("数据库尚未迁移到当前版本", f"the database stands at {revision}")
    checks = (await doors(request).reading([]).execute(_CHECK)).mappings().one()
    if failed := [name for name, fine in checks.items() if not fine]:
        names = ", ".join(failed)
        raise NotReady(f"数据库设置不符：{names}", f"the database differs in {names}")
    return Health()
