"""A code comes here once."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from app.core import clock, crypto
from app.core.db import Doors
from app.wechat.errors import CodeRefused
from app.wechat.models import WeChatCode
from app.wechat.service import first_use, forget_codes


async def test_a_code_passes_once(doors: Doors) -> None:
    await first_use(doors, "code-1")
    await first_use(doors, "code-2")
    with pytest.raises(CodeRefused):
        await first_use(doors, "code-1")


async def test_of_ten_at_once_one_passes(two_doors: tuple[Doors, Doors]) -> None:
    copies = [first_use(two_doors[n % 2], "the-same-code") for n in range(10)]
    outcomes = await asyncio.gather(*copies, return_exceptions=True)
    assert sum(o is None for o in outcomes) == 1
    assert sum(isinstance(o, CodeRefused) for o in outcomes) == 9
    with pytest.raises(CodeRefused):
        await first_use(two_doors[1], "the-same-code")


async def test_only_a_keyed_digest_is_kept(doors: Doors) -> None:
    await first_use(doors, "code")
    kept = await doors.reading([]).scalar(select(WeChatCode.hash))
    assert kept == crypto.keys().sign(b"wechat code\0code")


@pytest.mark.parametrize(("minutes", "rows"), [(9.9, 1), (10.1, 0)])
async def test_codes_are_forgotten_after_ten_minutes(
    doors: Doors, minutes: float, rows: int
) -> None:
    await first_use(doors, "code")
    async with doors.writing() as session:
        seen = clock.now() - timedelta(minutes=minutes)
        await session.execute(update(WeChatCode).values(seen_at=seen))
    await forget_codes(doors)
    assert await doors.reading([]).scalar(select(func.count()).select_from(WeChatCode)) == rows
