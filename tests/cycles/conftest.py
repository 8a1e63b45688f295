"""A branch whose term ends on the last day of 2019, seen half a year later."""

from collections.abc import AsyncIterator
from datetime import date
from uuid import UUID

import pytest
from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.db import Doors
from tests.make.cycles import Bench
from tests.make.cycles import bench as made


@pytest.fixture
async def bench(
    app: FastAPI, doors: Doors, session: AsyncSession, root: UUID
) -> AsyncIterator[Bench]:
    clock.pin(date(2019, 6, 1))
    async with made(app, doors, session, root) as bench:
        clock.pin(date(2020, 6, 30))
        yield bench
