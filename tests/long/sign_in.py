"""Sign-in at length: how long refusals take, races for one refresh token, revocation everywhere.

Two servers stand for two workers, on one database that really commits, with the real cost of
Argon2. Prints one line of JSON for each promise; exit code 0 when nothing is violated.

    python -m tests.long.sign_in [--quick] [--self-test]
"""
# ruff: noqa: T201 (the answer is printed)

import argparse
import asyncio
import json
import logging
import statistics
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, NamedTuple, cast

import httpx
import pytest
import structlog
from sqlalchemy import delete, select, update

from app.access import logic, router
from app.access import service as access
from app.access.models import Account, AccountGrant, Attempts
from app.access.schemas import SessionOut
from app.core.db import Doors
from tests import conftest
from tests.long import real
from tests.make.organizations import make_account

PASSWORD = "correct horse battery"
COPIES = 10
WITHIN = 1.0


class Workers(NamedTuple):
    """Clients of two servers, and the doors to the database behind both."""

    here: httpx.AsyncClient
    there: httpx.AsyncClient
    doors: Doors


@asynccontextmanager
async def clients(url: str, ports: tuple[int, int]) -> AsyncIterator[Workers]:
    """Open a client to each server."""
    doors = Doors.to(url, pool_size=4)
    first, second = (
        httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{port}/v1",
            timeout=30,
            limits=httpx.Limits(max_keepalive_connections=COPIES),
        )
        for port in ports
    )
    async with first, second:
        yield Workers(first, second, doors)
    await doors.close()


async def account(workers: Workers) -> str:
    """Make an account that nothing has touched yet."""
    async with workers.doors.writing(real.DISTRICTS) as session:
        return await make_account(session, password=PASSWORD)


async def begin(workers: Workers, username: str) -> SessionOut:
    """Begin a sign-in without a password."""
    async with workers.doors.writing(real.DISTRICTS) as session:
        row = select(Account.id).where(Account.username_key == username)
        return await access.begin(session, (await session.scalars(row)).one())


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


async def status(client: httpx.AsyncClient, token: str) -> int:
    return (await client.get("/me", headers=bearer(token))).status_code


async def _refresh(client: httpx.AsyncClient, token: str) -> httpx.Response:
    return await client.post("/sessions/refreshes", json={"refresh_token": token})


async def race(workers: Workers, username: str) -> str | None:
    """Send one refresh token ten times at once, to both; say what went wrong."""
    token = (await begin(workers, username)).refresh_token
    each = (workers.here, workers.there) * (COPIES // 2)
    answers = await asyncio.gather(*(_refresh(client, token) for client in each))
    if Counter(a.status_code for a in answers) != {200: 1, 401: COPIES - 1}:
        return f"answers {sorted(a.status_code for a in answers)}"
    made = next(a.json() for a in answers if a.is_success)
    if (stands := await status(workers.there, made["access_token"])) != 200:
        return f"the winner's token gives {stands}"
    if not (again := await _refresh(workers.here, made["refresh_token"])).is_success:
        return f"the winner's refresh gives {again.status_code}"
    return None


async def reuse(workers: Workers, username: str) -> str | None:
    """Send a spent token again as soon as its answer is here; say what went wrong."""
    spent = (await begin(workers, username)).refresh_token
    made = (await _refresh(workers.here, spent)).json()
    if (again := await _refresh(workers.there, spent)).status_code != 401:
        return f"the spent token gives {again.status_code}"
    if (late := await _refresh(workers.here, made["refresh_token"])).status_code != 401:
        return f"the family gives {late.status_code}"
    return None


# ── Revocation

Act = Callable[[Workers, str, str], Awaitable[object]]


async def _sign_out(workers: Workers, _: str, token: str) -> None:
    answer = await workers.here.delete("/sessions/current", headers=bearer(token))
    assert answer.status_code == 204


async def _disable(workers: Workers, username: str, _: str) -> None:
    async with workers.doors.writing() as session:
        row = update(Account).where(Account.username_key == username)
        await session.execute(row.values(is_disabled=True))


async def _change_password(workers: Workers, username: str, _: str) -> None:
    other = (await begin(workers, username)).access_token
    given = {"password": PASSWORD, "new_password": f"{PASSWORD} 2"}
    answer = await workers.here.post("/me/password-changes", json=given, headers=bearer(other))
    assert answer.status_code == 204, answer.text


async def _take_grant(workers: Workers, username: str, _: str) -> None:
    async with workers.doors.writing() as session:
        mine = select(Account.id).where(Account.username_key == username)
        await session.execute(delete(AccountGrant).where(AccountGrant.account_id.in_(mine)))


REVOKED: dict[str, Act] = {
    "sign-out": _sign_out,
    "disable": _disable,
    "password": _change_password,
    "grant": _take_grant,
}


async def revocation(workers: Workers, kind: str) -> float:
    """Take a right away and measure how long either worker still honours it; seconds.

    Both are asked all the while, so that both remember the caller at the moment it happens.
    """
    username = await account(workers)
    token = (await begin(workers, username)).access_token

    async def is_honoured(client: httpx.AsyncClient) -> bool:
        answer = await client.get("/me", headers=bearer(token))
        return answer.is_success and bool(answer.json()["grants"])

    async def refused_at(client: httpx.AsyncClient) -> float:
        until = time.monotonic() + 10
        while await is_honoured(client):
            assert time.monotonic() < until, f"{kind}: honoured for ever"
            await asyncio.sleep(0.01)
        return time.monotonic()

    both = workers.here, workers.there
    assert all([await is_honoured(client) for client in both])
    asked = [asyncio.create_task(refused_at(client)) for client in both]
    await asyncio.sleep(0.05)
    await REVOKED[kind](workers, username, token)
    done = time.monotonic()
    return max(await asyncio.gather(*asked)) - done


# ── How long a refusal takes


async def timing(workers: Workers, tries: int) -> dict[str, Any]:
    """Time wrong passwords against unknown names, in turns."""
    took: dict[str, list[float]] = {"known": [], "unknown": []}
    bodies = set()
    known = await account(workers)
    for turn in range(tries + 5):
        for kind, name in (("known", known), ("unknown", f"nobody{turn}"))[:: 1 - 2 * (turn % 2)]:
            async with workers.doors.writing() as session:
                await session.execute(delete(Attempts))
            started = time.perf_counter()
            answer = await workers.here.post(
                "/sessions", json={"username": name, "password": "wrong"}
            )
            if turn >= 5:  # the first ones warm up
                took[kind].append(time.perf_counter() - started)
            bodies.add((answer.status_code, answer.content))
    known_s, unknown_s = (statistics.median(took[k]) for k in ("known", "unknown"))
    return {
        "tries": 2 * tries,
        "ratio": round(unknown_s / known_s, 3),
        "median_ms": round(known_s * 1000, 1),
        "violations": int(not 0.9 <= unknown_s / known_s <= 1.1) + len(bodies) - 1,
    }


# ── All of it


async def _counted(
    once: Callable[[Workers, str], Awaitable[str | None]], workers: Workers, times: int
) -> dict[str, Any]:
    username = await account(workers)
    made = [await once(workers, username) for _ in range(times)]
    wrong = [w for w in made if w is not None]
    return {"tries": times, "violations": len(wrong), "seen": wrong[:3]}


async def check(workers: Workers, *, is_quick: bool) -> list[dict[str, Any]]:
    """Try every promise, and give a line for each."""
    lines = []
    times = 20 if is_quick else 100

    async def line(promise: str, figures: Awaitable[dict[str, Any]]) -> None:
        started = time.monotonic()
        answer = {"promise": promise, **await figures}
        lines.append(answer | {"seconds": round(time.monotonic() - started, 1)})
        print(json.dumps(lines[-1], ensure_ascii=False), flush=True)

    promise = "sign-in: of ten copies of a refresh token one wins and stays"
    await line(promise, _counted(race, workers, times))
    promise = "sign-in: a spent refresh token ends its family"
    await line(promise, _counted(reuse, workers, times))
    for kind in REVOKED:

        async def revoked(kind: str = kind) -> dict[str, Any]:
            took = [await revocation(workers, kind) for _ in range(5 if is_quick else 20)]
            late = sum(t > WITHIN for t in took)
            return {"tries": len(took), "violations": late, "slowest": round(max(took), 3)}

        await line(f"sign-in: {kind} is honoured by both workers within a second", revoked())
    tries = 50 if is_quick else 200
    await line("sign-in: an unknown name takes as long as a known one", timing(workers, tries))
    return lines


def _planted(patch: pytest.MonkeyPatch) -> None:
    """Break each promise."""
    patch.setattr(logic, "SENT_AT_ONCE", -logic.WINDOW)
    patch.setattr(router, "REMEMBERED_SECONDS", 3)
    patch.setattr(access, "_decoy", lambda: "no hash")


def main() -> int:
    """Run it; the exit code is 0 when every promise held, or every planted fault was found."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="a fifth of it")
    parser.add_argument("--self-test", action="store_true", help="plant faults; find them all?")
    given = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    conftest.pytest_configure(cast("pytest.Config", object()))
    patch = pytest.MonkeyPatch()
    try:
        if given.self_test:
            _planted(patch)
        with (
            real.world("hangji_sign_in") as world,
            real.serving(world.url) as here,
            real.serving(world.url) as there,
        ):

            async def run() -> list[dict[str, Any]]:
                async with clients(world.url, (here, there)) as workers:
                    return await check(workers, is_quick=given.quick or given.self_test)

            lines = asyncio.run(run())
    finally:
        patch.undo()
        conftest.pytest_unconfigure()
    violated = [bool(line["violations"]) for line in lines]
    if given.self_test:  # a spent token is found all the same
        violated = [not found for found in violated[:1] + violated[2:]]
    return int(any(violated))


if __name__ == "__main__":
    sys.exit(main())
