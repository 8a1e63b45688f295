"""Wishes changed while nobody has taken them."""

from typing import Any

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from tests.make.residents import CONTACT, make_wish, new_wish
from tests.residents.conftest import DAY, TODAY, Place, made, refused
from tests.wishes.test_api import Clients, people, statuses

__all__ = ["people"]
V1 = {"if-match": '"1"'}


async def test_a_wish_is_changed_while_it_is_open(
    session: AsyncSession, clerk: httpx.AsyncClient, place: Place
) -> None:
    answer = await clerk.post("/wishes", json=new_wish(place.community))
    url = f"/wishes/{made(answer, 201)['id']}"
    assert answer.headers["etag"] == (await clerk.get(url)).headers["etag"] == '"1"'
    changes = {"title": "一台新收音机", "content": "想听京剧"}
    refused(await clerk.patch(url, json=changes), 428)
    edited = await clerk.patch(url, json=changes, headers=V1)
    shown = made(edited)
    assert {n: shown[n] for n in changes} == changes
    assert (edited.headers["etag"], shown["version"], shown["has_contact"]) == ('"2"', 2, True)
    assert made(await clerk.get(url)) == shown
    refused(await clerk.patch(url, json=changes, headers=V1), 412)
    assert made(await clerk.post(f"{url}/unmaskings")) == {"contact": CONTACT}


async def test_its_contact_is_changed_and_shows_nowhere(
    session: AsyncSession, clerk: httpx.AsyncClient, place: Place
) -> None:
    url = f"/wishes/{await make_wish(session, place.community)}"
    other = CONTACT | {"name": "钱桂芝", "phone": "13700001234"}
    edited = await clerk.patch(url, json={"contact": other}, headers=V1)
    assert made(edited)["has_contact"] is True
    assert made(await clerk.post(f"{url}/unmaskings")) == {"contact": other}
    stored = str((await session.execute(text("SELECT wish::text FROM wish"))).all())
    told = str((await session.execute(text("SELECT a::text FROM audit_entry a"))).all())
    for value in other.values():
        assert not any(value in text for text in (stored, told, edited.text))
    gone = await clerk.patch(url, json={"contact": None}, headers={"if-match": '"2"'})
    assert made(gone)["has_contact"] is False
    assert made(await clerk.post(f"{url}/unmaskings")) == {"contact": None}


@pytest.mark.parametrize("days", [89, 90])
async def test_a_contact_is_not_renewed(
    session: AsyncSession, clerk: httpx.AsyncClient, place: Place, days: int
) -> None:
    """A new contact is kept no longer than the first; when that is over, none is taken."""
    url = f"/wishes/{await make_wish(session, place.community)}"
    clock.pin(TODAY + days * DAY)
    answer = await clerk.patch(url, json={"contact": CONTACT, "title": "收音机"}, headers=V1)
    if days == 90:
        refused(answer, 409, "wish-out-of-order")
        assert made(await clerk.patch(url, json={"title": "收音机"}, headers=V1))
        return
    made(answer)
    clock.pin(TODAY + 90 * DAY)
    assert made(await clerk.post(f"{url}/unmaskings")) == {"contact": None}


async def test_every_step_makes_a_version_and_none_but_open_ones_change(
    session: AsyncSession, clerk: httpx.AsyncClient, member: httpx.AsyncClient, place: Place
) -> None:
    url = f"/wishes/{await make_wish(session, place.community)}"
    taken = await member.post(f"{url}/takings", json={})
    assert taken.headers["etag"] == '"2"'
    refused(await clerk.patch(url, json={"title": "x"}, headers=V1), 412)
    two = {"if-match": '"2"'}
    refused(await clerk.patch(url, json={"title": "x"}, headers=two), 409, "wish-out-of-order")
    assert (await member.post(f"{url}/releases")).status_code == 204
    made(await clerk.patch(url, json={"title": "x"}, headers={"if-match": '"3"'}))
    gone = await clerk.post(f"{url}/withdrawals", json={"reason": "x"})
    assert (made(gone)["version"], gone.headers["etag"]) == (5, '"5"')
    five = {"if-match": '"5"'}
    refused(await clerk.patch(url, json={"title": "y"}, headers=five), 409, "wish-out-of-order")


async def test_who_changes_a_wish(session: AsyncSession, people: Clients, place: Place) -> None:
    url = f"/wishes/{await make_wish(session, place.community)}"
    given: dict[str, Any] = {"json": {"title": "收音机"}, "headers": V1}
    may = {"clerk": 200, "reader": 403, "secretary": 404, "member": 403, "other": 403}
    assert await statuses(people, "PATCH", url, **given) == may


@pytest.mark.parametrize(
    "wrong",
    [
        {"title": None},
        {"content": None},
        {"title": "x" * 101},
        {"content": "请打 13800001234"},
        {"contact": {"name": "赵秀兰"}},
        {"status": "withdrawn"},
    ],
)
async def test_what_a_change_does_not_take(
    session: AsyncSession, clerk: httpx.AsyncClient, place: Place, wrong: dict[str, Any]
) -> None:
    url = f"/wishes/{await make_wish(session, place.community)}"
    refused(await clerk.patch(url, json=wrong, headers=V1), 422)
