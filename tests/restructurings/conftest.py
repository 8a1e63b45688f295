"""Two accounts of the department, signed in on the world's day."""

from collections.abc import AsyncIterator
from datetime import date
from uuid import UUID

import pytest
from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.db import Doors
from tests.make.restructurings import Desk, desk_of

TODAY = date(2019, 12, 31)


@pytest.fixture
async def desk(
    app: FastAPI, doors: Doors, session: AsyncSession, root: UUID
) -> AsyncIterator[Desk]:
    clock.pin(TODAY)
    async with desk_of(app, doors, session, root) as made:
        yield made
