"""Numbers encrypted anew: all of them, under whatever they lay, and nothing else changes."""

from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import crypto
from app.core.audit import AuditEntry
from app.core.crypto import Keyring
from app.core.db import Doors
from app.members import jobs
from app.members.models import Member
from tests.make.members import make_member
from tests.make.organizations import make_district, make_organization

COUNT = 7


@pytest.fixture(autouse=True)
def ring(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Keyring:
    """Keys in a file; and nobody to wait for."""
    monkeypatch.setattr(crypto, "LOOK_SECONDS", -0.5)
    monkeypatch.setattr(jobs, "BATCH", 3)
    made = crypto.load_keys(tmp_path / "keys.json", "sm4-gcm", make=True)
    crypto.use(made)
    return made


@pytest.fixture
async def members(session: AsyncSession, root: UUID) -> list[UUID]:
    other = await make_organization(
        session, await make_district(session, "231083"), district_code="231083"
    )
    branch = await make_organization(session, root)
    made = [await make_member(session, branch) for _ in range(COUNT - 1)]
    made.append(await make_member(session, branch, phone=None))
    return [*made, await make_member(session, other, district_code="231083")]


async def rows(session: AsyncSession) -> dict[UUID, Any]:
    session.expire_all()
    found = await session.scalars(select(Member).order_by(Member.id))
    return {m.id: {c.key: getattr(m, c.key) for c in Member.__table__.c} for m in found}


async def entries(session: AsyncSession) -> list[AuditEntry]:
    found = select(AuditEntry).where(AuditEntry.action == "cli.keys_rotate")
    return list(await session.scalars(found.order_by(AuditEntry.at, AuditEntry.district_code)))


async def rotate(doors: Doors) -> jobs.Rotation:
    return await jobs.encrypt_anew(doors, lambda *_: None)


def opened(ring: Keyring, row: dict[str, Any]) -> tuple[str, str | None]:
    phone = row["phone_cipher"]
    return (
        ring.decrypt(row["id_number_cipher"], f"member.id_number:{row['id']}"),
        phone and ring.decrypt(phone, f"member.phone:{row['id']}"),
    )


async def test_everything_lies_under_the_new_key_and_nothing_else_changed(
    doors: Doors, session: AsyncSession, ring: Keyring, members: list[UUID]
) -> None:
    before = await rows(session)
    newer = crypto.add_master(ring)
    crypto.use(newer)
    assert await jobs.count_old(doors) == COUNT + 1
    done = await rotate(doors)
    assert (done.rows, done.left, done.unreadable) == (COUNT + 1, 0, set())
    after = await rows(session)
    assert await jobs.heads(doors) == {
        "member.id_number": {newer.head: COUNT + 1},
        "member.phone": {newer.head: COUNT},
    }
    for member_id, row in after.items():
        assert opened(newer, row) == opened(ring, before[member_id])
        kept = {k: v for k, v in row.items() if not k.endswith("_cipher")}
        assert kept.items() <= before[member_id].items()
    told = [
        (e.district_code, e.target_id, (e.detail or {})["rows"]) for e in await entries(session)
    ]
    assert told == [("231005", "2", COUNT), ("231083", "2", 1)]
    assert (await rotate(doors)).rows == 0
    assert len(await entries(session)) == 2


async def test_what_was_interrupted_goes_on(
    doors: Doors,
    session: AsyncSession,
    ring: Keyring,
    members: list[UUID],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    crypto.use(crypto.add_master(ring))

    def stop(_: str, done: int) -> None:
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await jobs.encrypt_anew(doors, stop)
    assert await jobs.count_old(doors) == COUNT - 2
    assert (await rotate(doors)).rows == COUNT - 2
    assert [(e.detail or {})["rows"] for e in await entries(session)] == [COUNT, COUNT - 3, 1]


async def test_another_cipher_counts_as_old(
    doors: Doors, session: AsyncSession, ring: Keyring, members: list[UUID]
) -> None:
    path = ring.source.path if ring.source else Path()
    other = crypto.load_keys(path, "aes-256-gcm", make=False)
    crypto.use(other)
    assert (await rotate(doors)).rows == COUNT + 1
    assert {crypto.cipher_of(h) for h in (await jobs.heads(doors))["member.phone"]} == {
        ("aes-256-gcm", 1)
    }


async def test_what_cannot_be_opened_stays_and_is_named(
    doors: Doors, session: AsyncSession, ring: Keyring, members: list[UUID]
) -> None:
    spoilt = b"\x01\x01" + bytes(40)
    row = update(Member).where(Member.id == members[2])
    await session.execute(row.values(phone_cipher=spoilt))
    await session.flush()
    crypto.use(crypto.add_master(ring))
    done = await rotate(doors)
    assert (done.rows, done.left, done.unreadable) == (COUNT, 1, {members[2]})
    assert (await rows(session))[members[2]]["phone_cipher"] == spoilt
    assert await jobs.count_old(doors) == 1


async def test_nobodys_copy_grows_stale(
    client: httpx.AsyncClient, doors: Doors, ring: Keyring, members: list[UUID]
) -> None:
    tag = (await client.get(f"/members/{members[0]}")).headers["etag"]
    crypto.use(crypto.add_master(ring))
    await rotate(doors)
    path = f"/members/{members[0]}"
    changed = await client.patch(path, json={"phone": "13911112222"}, headers={"if-match": tag})
    assert changed.status_code == 200
    shown = await client.post(f"{path}/unmaskings", json={"reason": "核对", "fields": ["phone"]})
    assert shown.json() == {"phone": "13911112222"}
