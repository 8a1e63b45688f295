"""What happens at once, on two servers and a database that really commits."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
from sqlalchemy import delete, func, select, text, update

from app.access import queries
from app.access import service as access
from app.access.models import Account, Attempts, SignIn
from app.core import clock, crypto
from app.core.db import Doors
from app.fake_wechat.router import create_fake
from app.wechat import service as wechats
from tests.access.test_wechat import APP, OPENID, PHONE, SECRET
from tests.long import real, sign_in
from tests.long.sign_in import PASSWORD, Workers
from tests.make.members import make_member
from tests.make.organizations import make_organization


@pytest.fixture(scope="module")
def served(worker_id: str) -> Iterator[tuple[real.World, tuple[int, int]]]:
    with (
        real.world(f"hangji_sign_in_{worker_id}") as made,
        real.serving(made.url) as here,
        real.serving(made.url) as there,
    ):
        yield made, (here, there)


@pytest.fixture
async def workers(served: tuple[real.World, tuple[int, int]], keys: None) -> AsyncIterator[Workers]:
    real.same_keys()
    world, ports = served
    async with sign_in.clients(world.url, ports) as made:
        async with made.doors.writing() as session:
            await session.execute(delete(Attempts))
        yield made


@pytest.mark.parametrize("turn", range(5))
async def test_of_ten_copies_of_a_refresh_token_one_wins(workers: Workers, turn: int) -> None:
    assert await sign_in.race(workers, await sign_in.account(workers)) is None


async def test_a_spent_refresh_token_ends_its_family_however_soon(workers: Workers) -> None:
    assert await sign_in.reuse(workers, await sign_in.account(workers)) is None


@pytest.mark.parametrize("kind", sign_in.REVOKED)
async def test_what_is_revoked_is_refused_by_both_within_a_second(
    workers: Workers, kind: str
) -> None:
    assert await sign_in.revocation(workers, kind) < sign_in.WITHIN


async def test_tries_at_once_are_all_counted(workers: Workers) -> None:
    name = await sign_in.account(workers)

    async def attempt(client: httpx.AsyncClient, spelling: str) -> int:
        given = {"username": spelling, "password": "wrong"}
        return (await client.post("/sessions", json=given)).status_code

    spellings = [name, name.upper(), f" {name}", f"{name}\u200b"]
    tries = [(c, s) for c in (workers.here, workers.there) for s in spellings * 3]
    statuses = Counter(await asyncio.gather(*(attempt(*one) for one in tries)))
    assert statuses == {401: 10, 429: 14}


async def test_counting_never_waits_for_itself(workers: Workers) -> None:
    """Names and addresses cross in every way; a deadlock would be an error after a second."""

    async def count(n: int) -> None:
        keys = f"address {n % 3}".encode(), f"name {n % 4}".encode()
        async with workers.doors.writing() as session:
            await session.execute(queries.attempt(*keys, clock.now()))

    await asyncio.wait_for(asyncio.gather(*(count(n) for n in range(120))), 20)
    async with workers.doors.writing() as session:
        names = Attempts.key.in_([f"name {n}".encode() for n in range(4)])
        assert await session.scalar(select(func.sum(Attempts.count)).where(names)) == 120


async def test_a_sign_in_does_not_outlive_the_password_that_it_was_made_with(
    workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The password is changed while the old one is being checked."""
    name = await sign_in.account(workers)
    token = (await sign_in.begin(workers, name)).access_token
    is_password = access._is_password
    checked, is_changed = asyncio.Event(), asyncio.Event()

    async def slowly(found: object, password: str) -> bool:
        answer = await is_password(found, password)
        if not checked.is_set():
            checked.set()
            await is_changed.wait()
        return answer

    monkeypatch.setattr(access, "_is_password", slowly)
    app = real.application(workers.doors)
    async with real.connect(app, {}) as client:
        given = {"username": name, "password": PASSWORD}
        entering = asyncio.create_task(client.post("/sessions", json=given))
        await checked.wait()
        change = {"password": PASSWORD, "new_password": "a newer horse battery"}
        changed = await client.post(
            "/me/password-changes", json=change, headers=sign_in.bearer(token)
        )
        is_changed.set()
        assert (changed.status_code, (await entering).status_code) == (204, 401)
    async with workers.doors.writing() as session:
        open_ones = select(func.count()).select_from(SignIn).join(Account)
        mine = open_ones.where(Account.username_key == name, SignIn.revoked_at.is_(None))
        assert await session.scalar(mine) == 1


async def test_of_two_changes_of_one_password_one_holds(workers: Workers) -> None:
    name = await sign_in.account(workers)
    tokens = [(await sign_in.begin(workers, name)).access_token for _ in range(2)]

    async def change(client: httpx.AsyncClient, token: str, new: str) -> int:
        given = {"password": PASSWORD, "new_password": new}
        headers = sign_in.bearer(token)
        answer = await client.post("/me/password-changes", json=given, headers=headers)
        return answer.status_code

    each = zip((workers.here, workers.there), tokens, ("first horse", "second horse"), strict=True)
    statuses = sorted(await asyncio.gather(*(change(*one) for one in each)))
    assert statuses in ([204, 401], [204, 409])


# ── WeChat


@pytest.fixture
async def wechat() -> AsyncIterator[tuple[wechats.WeChat, httpx.AsyncClient]]:
    transport = httpx.ASGITransport(create_fake(APP, SECRET))
    made = wechats.connect(APP, SECRET, "http://wechat.test", transport)
    async with httpx.AsyncClient(transport=transport, base_url="http://wechat.test") as fake:
        yield made, fake
    await wechats.close(made)


async def _enter(
    doors: Doors, wechat: wechats.WeChat, codes: list[dict[str, str]]
) -> list[httpx.Response]:
    """Sign in with all `codes` at once."""
    app = real.application(doors)
    app.state.wechat = wechat
    async with real.connect(app, {}) as client:
        sent = (client.post("/sessions/wechat", json=each) for each in codes)
        return list(await asyncio.gather(*sent))


async def _codes(fake: httpx.AsyncClient, openid: str, phone: str) -> dict[str, str]:
    answer = await fake.post("/fake/codes", json={"openid": openid, "phone": phone})
    made: dict[str, str] = answer.json()
    return made


async def test_two_first_uses_at_once_make_one_account(
    workers: Workers,
    served: tuple[real.World, tuple[int, int]],
    wechat: tuple[wechats.WeChat, httpx.AsyncClient],
) -> None:
    made, fake = wechat
    async with workers.doors.writing(real.DISTRICTS) as session:
        branch = await make_organization(session, served[0].root)
        member = await make_member(session, branch, phone=PHONE)
    codes = [await _codes(fake, OPENID, PHONE) for _ in range(4)]
    answers = await _enter(workers.doors, made, codes)
    assert [a.status_code for a in answers] == [200] * 4, [a.text for a in answers]
    rows = select(Account.wechat_index).where(Account.member_id == member)
    async with workers.doors.writing(real.DISTRICTS) as session:
        assert (await session.scalars(rows)).all() == [
            crypto.keys().blind_index(f"openid:{OPENID}")
        ]
        bound = "SELECT count(*) FROM audit_entry WHERE action = 'bind_wechat'"
        assert await session.scalar(text(bound)) == 1
        # of two WeChat users who hold the member's phone one becomes the member
        mine = update(Account).where(Account.member_id == member)
        await session.execute(mine.values(wechat_index=None, wechat_cipher=None))
    codes = [await _codes(fake, f"oOther{n}", PHONE) for n in range(4)]
    answers = await _enter(workers.doors, made, codes)
    assert sorted(a.status_code for a in answers) == [200, 401, 401, 401]
    # and one WeChat user who holds two members' phones becomes one of them
    async with workers.doors.writing(real.DISTRICTS) as session:
        for phone in ("13700000001", "13700000002"):
            await make_member(session, branch, phone=phone)
    codes = [await _codes(fake, "oTwo", f"1370000000{n}") for n in (1, 2)]
    answers = await _enter(workers.doors, made, codes)
    assert {a.status_code for a in answers} <= {200, 401}
    assert 200 in {a.status_code for a in answers}
    async with workers.doors.writing(real.DISTRICTS) as session:
        two = Account.wechat_index == crypto.keys().blind_index("openid:oTwo")
        assert await session.scalar(select(func.count()).select_from(Account).where(two)) == 1


async def test_ten_copies_of_a_code_are_one_sign_in(
    workers: Workers,
    served: tuple[real.World, tuple[int, int]],
    wechat: tuple[wechats.WeChat, httpx.AsyncClient],
) -> None:
    made, fake = wechat
    async with workers.doors.writing(real.DISTRICTS) as session:
        branch = await make_organization(session, served[0].root)
        await make_member(session, branch, phone="13700000010")
    codes = await _codes(fake, "oTen", "13700000010")
    answers = await _enter(workers.doors, made, [codes] * 10)
    assert Counter(a.status_code for a in answers) == {200: 1, 401: 9}
    refused = {a.json()["type"] for a in answers if a.status_code == 401}
    assert refused == {"/problems/code-refused"}
    assert (await fake.get("/fake/calls")).json()["/sns/jscode2session"] == 1


async def test_no_connection_is_held_while_wechat_is_asked(
    served: tuple[real.World, tuple[int, int]],
    workers: Workers,
    wechat: tuple[wechats.WeChat, httpx.AsyncClient],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made, fake = wechat
    monkeypatch.setattr(access, "WECHAT_SECONDS", 2)
    codes = [await _codes(fake, f"oHang{n}", PHONE) for n in range(20)]
    await fake.post("/fake/mode", json={"mode": "hang"})
    narrow = Doors.to(served[0].url, pool_size=1)  # five connections at the most
    waiting = asyncio.create_task(_enter(narrow, made, codes))
    while (await fake.get("/fake/calls")).json().get("/sns/jscode2session", 0) < 20:
        assert not waiting.done()
        await asyncio.sleep(0.01)
    async with asyncio.timeout(1), narrow.writing() as session:
        await session.scalar(select(1))
    answers = await waiting
    assert {a.json()["type"] for a in answers} == {"/problems/wechat-unavailable"}
    await narrow.close()
