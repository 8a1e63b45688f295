"""Bringing the database to the newest revision, and telling whether it is there."""

import importlib
import pkgutil
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import MetaData, text
from sqlalchemy.engine import make_url

import app
from app.core.db import Base, Executor
from app.core.settings import ROOT


def metadata() -> MetaData:
    """Import every domain's tables and give them all."""
    for module in ("audit", "idempotency"):
        importlib.import_module(f"app.core.{module}")
    for package in pkgutil.iter_modules(app.__path__):
        if package.ispkg and (Path(app.__path__[0]) / package.name / "models.py").exists():
            importlib.import_module(f"app.{package.name}.models")
    return Base.metadata


def ours(_: Any, name: str | None, kind: str, *__: Any) -> bool:
    """Leave the job queue's own tables out of comparisons."""
    return not (kind == "table" and (name or "").startswith("procrastinate_"))


def config(url: str, application_role: str) -> Config:
    """Point Alembic at `url`, which signs in as the owner."""
    made = Config(ROOT / "alembic.ini")
    made.attributes.update(url=url, application_role=application_role)
    return made


def upgrade(owner_url: str, application_url: str, to: str = "head") -> None:
    """Migrate as the owner; the role of `application_url` is granted what it needs."""
    role = make_url(application_url).username or "hangji_application"
    command.upgrade(config(owner_url, role), to)


def newest() -> str:
    """Name the newest revision that the code knows."""
    head = ScriptDirectory.from_config(Config(ROOT / "alembic.ini")).get_current_head()
    assert head is not None
    return head


async def current(on: Executor) -> str | None:
    """Name the revision at which the database stands; None for an empty one."""
    known = await on.scalar(text("SELECT to_regclass('alembic_version') IS NOT NULL"))
    if not known:
        return None
    revision: str | None = await on.scalar(text("SELECT version_num FROM alembic_version"))
    return revision
