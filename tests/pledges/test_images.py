"""Images as evidence, over HTTP."""

import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI
from obstore.store import MemoryStore
from PIL import Image
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock, images
from app.core.db import Doors
from app.core.store import ObjectStore, StoreUnavailable
from app.pledges import service
from app.pledges.errors import TooMuchEvidence
from app.pledges.logic import MOST_EVIDENCE
from tests.access.test_scope import bearer
from tests.long import real
from tests.make.organizations import make_organization
from tests.make.pledges import make_pledge, picture


class Noted(ObjectStore):
    """A store in memory that says what it holds."""

    def __init__(self) -> None:
        super().__init__(MemoryStore)
        self.keys: set[str] = set()

    async def put(self, key: str, data: bytes) -> None:
        await super().put(key, data)
        self.keys.add(key)

    async def delete(self, key: str) -> None:
        await super().delete(key)
        self.keys.discard(key)


@pytest.fixture
def store(app: FastAPI) -> Noted:
    made = Noted()
    app.state.store = made
    return made


@pytest.fixture
async def pledge(session: AsyncSession, root: UUID) -> UUID:
    clock.pin(date(2019, 12, 31))
    branch = await make_organization(session, root)
    return await make_pledge(session, "published", organization_id=branch)


def file(data: bytes, name: str = "a.png") -> dict[str, Any]:
    return {"file": (name, data, "application/octet-stream")}


@pytest.mark.parametrize(("kind", "media_type"), images.FORMATS.items())
async def test_an_image_comes_back_without_what_tells_of_people(
    client: httpx.AsyncClient, store: Noted, pledge: UUID, kind: str, media_type: str
) -> None:
    exif = Image.Exif()
    exif[0x010E] = "GPS 44.58"
    sent = picture(kind, exif=exif)
    assert b"GPS 44.58" in sent
    url = f"/pledges/{pledge}/evidence"
    made = await client.post(f"{url}/images", files=file(sent, "../../名.exe"))
    assert made.status_code == 201, made.text
    body = made.json()
    assert (body["text"], body["media_type"]) == (None, media_type)
    shown = await client.get(f"{url}/{body['id']}/image")
    assert shown.status_code == 200
    assert shown.headers["content-type"] == media_type
    assert shown.headers["content-disposition"] == "inline"
    assert shown.headers.get_list("x-content-type-options") == ["nosniff"]
    assert shown.headers.get_list("cache-control") == ["no-store"]
    assert len(shown.content) == body["size"]
    assert b"GPS 44.58" not in shown.content
    with Image.open(io.BytesIO(shown.content)) as opened:
        assert (opened.format, opened.size) == (kind, (8, 4))
    assert store.keys == {f"231005/{body['id']}"}
    detail = (await client.get(f"/pledges/{pledge}")).json()
    assert [e["id"] for e in detail["evidence"]] == [body["id"]]
    assert (await client.post(f"/pledges/{pledge}/completions")).status_code == 200


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"", 422),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", 422),
        (b"GIF89a" + bytes(100), 422),
        (picture()[:45], 422),
        (picture("GIF"), 422),
        (bytes(images.MOST_BYTES), 422),
        (bytes(images.MOST_BYTES + 1), 413),
        (bytes(images.MOST_BYTES + (1 << 17)), 413),
    ],
    ids=["nothing", "svg", "no gif", "half", "gif", "largest", "larger", "body too large"],
)
async def test_what_is_no_image_is_not_kept(
    client: httpx.AsyncClient, store: Noted, pledge: UUID, data: bytes, status: int
) -> None:
    answer = await client.post(f"/pledges/{pledge}/evidence/images", files=file(data))
    assert answer.status_code == status, answer.text
    assert store.keys == set()
    assert (await client.get(f"/pledges/{pledge}")).json()["evidence"] == []


async def test_who_may_not_add_one_is_told_before_it_is_looked_at(
    client: httpx.AsyncClient,
    anonymous: httpx.AsyncClient,
    session: AsyncSession,
    root: UUID,
    store: Noted,
    pledge: UUID,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def opened(_: bytes) -> None:
        raise AssertionError("an image was opened")

    monkeypatch.setattr(service, "clean", opened)
    other = await make_organization(session, root)
    headers = bearer(await real.clerk(session, other))
    url = f"/pledges/{pledge}/evidence/images"
    assert (await anonymous.post(url, files=file(picture()))).status_code == 401
    foreign = await anonymous.post(url, files=file(picture()), headers=headers)
    assert foreign.status_code == 404
    draft = await make_pledge(session, "draft", organization_id=other)
    refused = await client.post(f"/pledges/{draft}/evidence/images", files=file(picture()))
    assert (refused.status_code, refused.json()["state"]) == (409, "draft")
    for _ in range(MOST_EVIDENCE):
        await client.post(f"/pledges/{pledge}/evidence", json={"text": "x"})
    full = await client.post(url, files=file(picture()))
    assert full.json()["type"] == "/problems/too-much-evidence"
    assert store.keys == set()


async def test_what_is_not_recorded_is_not_kept(
    client: httpx.AsyncClient, store: Noted, pledge: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(*_: Any) -> None:
        raise TooMuchEvidence

    monkeypatch.setattr(service, "_add", refuse)  # as if others had filled it meanwhile
    url = f"/pledges/{pledge}/evidence/images"
    assert (await client.post(url, files=file(picture()))).status_code == 409
    assert store.keys == set()


async def test_one_key_keeps_one_image(
    client: httpx.AsyncClient, store: Noted, pledge: UUID
) -> None:
    url, key = f"/pledges/{pledge}/evidence/images", {"idempotency-key": "one"}
    first = await client.post(url, files=file(picture()), headers=key)
    again = await client.post(url, files=file(picture()), headers=key)
    assert (first.status_code, again.json()) == (201, first.json())
    assert again.headers["idempotent-replayed"] == "true"
    assert store.keys == {f"231005/{first.json()['id']}"}


async def test_a_replay_comes_whatever_became_of_the_pledge(
    client: httpx.AsyncClient, store: Noted, pledge: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sent again after its completion the first answer comes again, and no image is opened."""
    url, key = f"/pledges/{pledge}/evidence/images", {"idempotency-key": "one"}
    sent = file(picture())
    first = await client.post(url, files=sent, headers=key)
    assert (await client.post(f"/pledges/{pledge}/completions")).status_code == 200
    assert (await client.post(url, files=sent)).json()["state"] == "completed"

    async def opened(_: bytes) -> None:
        raise AssertionError("an image was opened")

    monkeypatch.setattr(service, "clean", opened)
    again = await client.post(url, files=sent, headers=key)
    assert (again.status_code, again.content) == (201, first.content)
    assert again.headers["idempotent-replayed"] == "true"
    other = await client.post(url, files=file(picture("JPEG")), headers=key)
    assert (other.status_code, other.json()["type"]) == (422, "/problems/key-reused")
    assert store.keys == {f"231005/{first.json()['id']}"}


async def test_where_nobody_knows_whether_it_was_committed_the_image_stays(
    app: FastAPI,
    client: httpx.AsyncClient,
    store: Noted,
    pledge: UUID,
    doors: Doors,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The connection breaks at the COMMIT: the row may be there, so the file must be."""

    @asynccontextmanager
    async def broken(*given: Any) -> AsyncIterator[AsyncSession]:
        async with doors.writing(*given) as session:
            yield session
        raise ConnectionResetError

    monkeypatch.setattr(app.state, "doors", replace(doors, writing=broken))
    url = f"/pledges/{pledge}/evidence/images"
    assert (await client.post(url, files=file(picture()))).status_code == 503
    [kept] = (await client.get(f"/pledges/{pledge}")).json()["evidence"]
    assert store.keys == {f"231005/{kept['id']}"}


async def test_a_store_that_is_away(
    client: httpx.AsyncClient, store: Noted, pledge: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"/pledges/{pledge}/evidence"
    made = await client.post(f"{url}/images", files=file(picture()))
    image = f"{url}/{made.json()['id']}/image"

    async def away(*_: Any) -> None:
        raise StoreUnavailable

    for verb in ("get", "put"):
        monkeypatch.setattr(store, verb, away)
    assert (await client.get(image)).status_code == 503
    refused = await client.post(f"{url}/images", files=file(picture()))
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "5")
    assert len((await client.get(f"/pledges/{pledge}")).json()["evidence"]) == 1
    monkeypatch.undo()
    await store.delete(f"231005/{made.json()['id']}")
    assert (await client.get(image)).status_code == 404


async def test_a_text_is_no_image(client: httpx.AsyncClient, store: Noted, pledge: UUID) -> None:
    url = f"/pledges/{pledge}/evidence"
    made = await client.post(url, json={"text": "已办"})
    assert (await client.get(f"{url}/{made.json()['id']}/image")).status_code == 404
