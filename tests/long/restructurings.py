"""Race restructurings: eight clients change one tree, and it stays a tree.

    python -m tests.long.restructurings [--quick] [--self-test] [--move]

Each client, on connections of its own to one database that really commits, proposes, approves and
applies moves, mergers, splits, conversions, foundings and dissolutions, takes some back, and
records members and edits in between; days go by. Every hundred operations SQL asks: no orphan, no
wrong path (so no cycle), no forbidden child, one state at a time, and every member where a member
can be, none lost. At the end it asks so of every day. Prints one line of JSON and fails on any
violation, a deadlock among them. `--self-test` plants faults that must be found; `--move` times
the move of 500 organisations in a district of 2,000. The whole takes some minutes, `--quick` one.
"""

import argparse
import asyncio
import json
import random
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import timedelta
from itertools import count
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock, log
from app.core.caller import Caller
from app.core.db import Doors
from app.core.errors import AppError
from app.imports.jobs import analyze
from app.members import service as members
from app.organizations import service as tree
from app.organizations.logic import CHILDREN, HOLDS_MEMBERS
from app.organizations.schemas import OrganizationEdit
from app.restructurings import service
from app.restructurings.schemas import (
    ApplicationNew,
    RestructuringApprovalNew,
    RestructuringReversalNew,
)
from tests import conftest
from tests.long import real
from tests.make.members import id_number, make_member
from tests.make.organizations import everything, make_organization
from tests.make.restructurings import convert, found, make_members, make_restructuring, merge, move

CLIENTS, EVERY = 8, 100
_n = count()
_PAIRS = ", ".join(
    f"('{parent}', '{child}')" for parent, all_ in CHILDREN.items() for child in all_
)
_HOLDERS = ", ".join(f"'{kind}'" for kind in sorted(HOLDS_MEMBERS))
_ON = "valid_from <= :day AND (valid_to IS NULL OR valid_to > :day)"
CHECKS = {
    "orphan": f"""WITH s AS (SELECT * FROM organization_state WHERE {_ON})
        SELECT count(*) FROM s LEFT JOIN s p ON p.organization_id = s.parent_id
        WHERE s.parent_id IS NOT NULL AND p.id IS NULL""",
    "path": f"""WITH s AS (SELECT * FROM organization_state WHERE {_ON})
        SELECT count(*) FROM s JOIN organization o ON o.id = s.organization_id
        LEFT JOIN s p ON p.organization_id = s.parent_id
        WHERE s.path <> coalesce(p.path, '') || o.label || '.'""",
    "root": f"SELECT abs(1 - count(*)) FROM organization_state WHERE {_ON} AND parent_id IS NULL",
    "child": f"""WITH s AS (SELECT * FROM organization_state WHERE {_ON})
        SELECT count(*) FROM s JOIN s p ON p.organization_id = s.parent_id
        WHERE (p.kind, s.kind) NOT IN ({_PAIRS})""",
    "state": """SELECT count(*) FROM organization_state a JOIN organization_state b
        ON a.organization_id = b.organization_id AND a.id < b.id AND a.valid && b.valid
        WHERE cast(:day AS date) IS NOT NULL""",
    "place": f"""WITH s AS (SELECT * FROM organization_state WHERE {_ON})
        SELECT count(*) FROM membership m LEFT JOIN s ON s.organization_id = m.organization_id
        WHERE m.valid_from <= :day AND (m.valid_to IS NULL OR m.valid_to > :day)
        AND (s.id IS NULL OR s.kind NOT IN ({_HOLDERS}))""",
    "lost": """SELECT count(*) FROM member p WHERE cast(:day AS date) IS NOT NULL AND 1 <>
        (SELECT count(*) FROM membership m WHERE m.member_id = p.id AND m.valid_to IS NULL)""",
}


async def violations(doors: Doors, *, every_day: bool = False) -> list[str]:
    """Ask SQL what is wrong with the tree, today or on every day on which anything began."""
    async with doors.writing(real.DISTRICTS) as session:
        days = [clock.today()]
        if every_day:
            began = text(
                "SELECT DISTINCT valid_from FROM organization_state WHERE parent_id IS NOT NULL"
            )
            days = list((await session.execute(began)).scalars())
        wrong = []
        for day in days:
            for name, sql in CHECKS.items():
                if found_ := await session.scalar(text(sql), {"day": day}):
                    wrong.append(f"{name} on {day}: {found_}")
        return wrong


class Client:
    """One of those who race, with connections of its own."""

    def __init__(self, doors: Doors, seed: int) -> None:
        self.doors, self.dice = doors, random.Random(seed)  # noqa: S311 - a test's dice
        self.side, self.above = everything(), everything()
        self.applied: list[UUID] = []
        self.outcomes = Counter[str]()

    async def nodes(self) -> list[Any]:
        """Read the tree as it stands; another may change it at once."""
        rows = text(
            "SELECT organization_id, kind, parent_id FROM organization_state WHERE valid_to IS NULL"
            " ORDER BY path"
        )
        return list((await self.doors.reading(real.DISTRICTS).execute(rows)).all())

    async def operate(self) -> None:
        """Do one thing, and count how it came out."""
        acts: list[tuple[int, Callable[[list[Any]], Awaitable[str]]]] = [
            (60, self.restructure),
            (12, self.reverse),
            (16, self.record),
            (6, self.found),
            (6, self.edit),
        ]
        act = self.dice.choices([a for _, a in acts], [w for w, _ in acts])[0]
        try:
            done = await act(await self.nodes())
        except AppError as refused:
            done = refused.code()
        except DBAPIError as error:
            state = getattr(error.orig, "sqlstate", "?")
            done = f"fault {state}"
        self.outcomes[done] += 1

    async def restructure(self, nodes: list[Any]) -> str:
        """Propose, approve and apply something; often it cannot be."""
        dice = self.dice
        one, other = dice.choice(nodes), dice.choice(nodes)
        branches = [n for n in nodes if n.kind in HOLDS_MEMBERS]
        kind = dice.choice(("move", "move", "merge", "merge", "split", "convert", "found", "end"))
        name = f"新设{next(_n)}"
        if kind == "move":
            action = move(one[0], other[0])
        elif kind == "merge" and len(branches) > 1:
            same = [n for n in nodes if n.kind == one.kind and n[0] != one[0]]
            action = merge(one[0], dice.choice(same or branches)[0])
        elif kind == "split" and branches:
            one = dice.choice(branches)
            part = {"name": name, "kind": one.kind, "member_ids": await self.some_members(one[0])}
            action = {"action": "split", "organization_id": one[0], "parts": [part]}
        elif kind == "convert":
            to = ("party_committee", "general_branch", "party_branch", "joint_branch")
            action = convert(one[0], dice.choice(to))
        elif kind == "end":
            action = {"action": "dissolve", "organization_id": one[0]}
        else:
            action = found(one[0], name, dice.choice(("party_branch", "general_branch")))
        async with self.doors.writing(real.DISTRICTS) as session:
            made = await make_restructuring(session, "submitted", action)
        async with self.doors.writing(real.DISTRICTS) as session:
            decision = RestructuringApprovalNew(document="批")
            await service.approve(session, self.above, made, decision)
        async with self.doors.writing(real.DISTRICTS) as session:
            await service.apply(session, self.side, made, ApplicationNew())
        self.applied.append(made)
        return "applied"

    async def some_members(self, place: UUID) -> list[UUID]:
        """Choose some of an organisation's members."""
        rows = text(
            "SELECT member_id FROM membership WHERE organization_id = :id AND valid_to IS NULL"
        )
        on = self.doors.reading(real.DISTRICTS)
        found_ = list((await on.execute(rows.bindparams(id=place))).scalars())
        return self.dice.sample(found_, len(found_) // 2)

    async def reverse(self, _: list[Any]) -> str:
        """Take back something of one's own."""
        if not self.applied:
            return "nothing"
        made = self.applied.pop(self.dice.randrange(len(self.applied)))
        new = RestructuringReversalNew(document="撤", reason="撤")
        async with self.doors.writing(real.DISTRICTS) as session:
            await service.reverse(session, self.above, made, new)
        return "reversed"

    async def record(self, nodes: list[Any]) -> str:
        """Record a member."""
        async with self.doors.writing(real.DISTRICTS) as session:
            day, serial = divmod(next(_n), 400)
            born = real.TODAY.replace(year=1960) + timedelta(days=day)
            await make_member(
                session,
                self.dice.choice(nodes)[0],
                id_number=id_number(born.strftime("%Y%m%d"), serial),
                born_on=str(born),
            )
        return "recorded"

    async def found(self, nodes: list[Any]) -> str:
        """Found an organisation the ordinary way."""
        async with self.doors.writing(real.DISTRICTS) as session:
            place = self.dice.choice(nodes)[0]
            await make_organization(session, place, name=f"成立{next(_n)}")
        return "founded"

    async def edit(self, nodes: list[Any]) -> str:
        """Rename an organisation, or dissolve one, the ordinary way."""
        place = self.dice.choice(nodes)[0]
        async with self.doors.writing(real.DISTRICTS) as session:
            row = text("SELECT version FROM organization WHERE id = :id").bindparams(id=place)
            version = await session.scalar(row)
            if self.dice.random() < 0.5:
                await members.dissolve_organization(session, self.side, place, version, None)
                return "dissolved"
            changes = OrganizationEdit(name=f"更名{next(_n)}")
            await tree.edit(session, self.side, place, version, changes)
        return "edited"


async def planted(url: str, root: UUID) -> None:
    """Make a tree with members to begin with."""
    doors = Doors.to(url, pool_size=1)
    async with doors.writing(real.DISTRICTS) as session:
        for street in range(3):
            top = await make_organization(
                session, root, name=f"街道{street}", kind="working_committee", sector="street"
            )
            for body in range(3):
                committee = await make_organization(
                    session, top, name=f"社区{street}{body}", kind="party_committee"
                )
                general = await make_organization(
                    session, committee, name=f"总支{street}{body}", kind="general_branch"
                )
                for place in (committee, general):
                    branch = await make_organization(session, place, name=f"支部{next(_n)}")
                    await make_members(session, branch, 5, clock.today())
                    await make_organization(session, branch, name="第一党小组", kind="party_group")
    await doors.close()


async def race(url: str, operations: int, *, days: int = 5) -> tuple[Counter[str], list[str]]:
    """Have eight clients operate; give how it came out, and what was wrong."""
    asker = Doors.to(url, pool_size=1)
    all_doors = [Doors.to(url, pool_size=1) for _ in range(CLIENTS)]
    clients = [Client(doors, seed) for seed, doors in enumerate(all_doors)]
    wrong: list[str] = []
    left = iter(range(operations))
    is_asking = asyncio.Lock()

    async def some(client: Client) -> None:
        for n in left:
            await client.operate()
            if n % EVERY == EVERY - 1:
                async with is_asking:
                    wrong.extend(await violations(asker))
            if n and n % (operations // days) == 0:
                clock.pin(clock.today() + timedelta(days=1))

    await asyncio.gather(*map(some, clients))
    wrong += await violations(asker, every_day=True)
    outcomes = sum((c.outcomes for c in clients), Counter[str]())
    wrong += [f"{name}: {n}" for name, n in outcomes.items() if name.startswith("fault")]
    for doors in (asker, *all_doors):
        await doors.close()
    return outcomes, wrong


_ONE = "id = (SELECT id FROM organization_state WHERE kind = '{}' LIMIT 1)"
_ANYBODY = "id = (SELECT id FROM membership LIMIT 1)"
_COMMITTEE = "SELECT organization_id FROM organization_state WHERE kind = 'party_committee' LIMIT 1"
_NO_CHILD = f"UPDATE organization_state SET kind = 'working_committee' WHERE {_ONE}"
_OWN_PARENT = f"UPDATE organization_state SET parent_id = organization_id WHERE {_ONE}"
PLANTS = (
    f"UPDATE organization_state SET path = '1.999.' WHERE {_ONE.format('party_group')}",
    _OWN_PARENT.format("general_branch"),
    f"DELETE FROM organization_state WHERE {_ONE.format('working_committee')}",
    _NO_CHILD.format("party_branch"),
    f"DELETE FROM membership WHERE {_ANYBODY}",
    f"UPDATE membership SET organization_id = ({_COMMITTEE}) WHERE {_ANYBODY}",
)


async def self_test(url: str) -> int:
    """Count the plants that are found, each in a transaction that is rolled back."""
    doors, found_ = Doors.to(url, pool_size=2), 0
    for sql in PLANTS:
        async with doors.writing(real.DISTRICTS) as session, session.begin_nested() as plant_:
            await session.execute(text(sql))
            found_ += bool(await _wrong_in(session))
            await plant_.rollback()
    await doors.close()
    return found_


async def _wrong_in(session: AsyncSession) -> list[str]:
    counts = {n: await session.scalar(text(q), {"day": clock.today()}) for n, q in CHECKS.items()}
    return [name for name, n in counts.items() if n]


async def timed_move(url: str, root: UUID) -> dict[str, Any]:
    """Time the application of a move of 500 organisations in a district of 2,000."""
    doors = Doors.to(url, pool_size=2)
    side: Caller = everything()
    async with doors.writing(real.DISTRICTS) as session:
        first, second = [
            await make_organization(session, root, name=f"街道{n}", kind="working_committee")
            for n in "甲乙"
        ]
        moving = await make_organization(session, first, name="大党委", kind="party_committee")
        for n in range(1996):
            place = moving if n < 499 else second
            branch = await make_organization(session, place, name=f"支部{n}")
            await make_members(session, branch, 15, clock.today())
        await analyze(session)  # what autovacuum does elsewhere
    seconds = []
    for n, to in enumerate((second, first) * 3):
        clock.pin(real.TODAY + timedelta(days=n))
        async with doors.writing(real.DISTRICTS) as session:
            made = await make_restructuring(session, "approved", move(moving, to))
        started = time.perf_counter()
        async with doors.writing(real.DISTRICTS) as session:
            await service.apply(session, side, made, ApplicationNew())
        seconds.append(time.perf_counter() - started)
    back = time.perf_counter()
    async with doors.writing(real.DISTRICTS) as session:
        new = RestructuringReversalNew(document="撤", reason="撤")
        await service.reverse(session, everything(), made, new)
    back = time.perf_counter() - back
    wrong = await violations(doors, every_day=True)
    await doors.close()
    moved = [round(1000 * s) for s in sorted(seconds)]
    return {"move_500_of_2000_ms": moved, "taken_back_ms": round(1000 * back)} | {
        "violations": len(wrong),
        "first": wrong[:3],
    }


async def _try(url: str, root: UUID, given: argparse.Namespace) -> dict[str, Any]:
    if given.move:
        return await timed_move(url, root)
    await planted(url, root)
    if given.self_test:
        caught = await self_test(url)
        plants = len(PLANTS)
        return {"promise": "P5", "plants": f"{caught}/{plants}", "violations": plants - caught}
    started, tries = time.monotonic(), 400 if given.quick else 3000
    outcomes, wrong = await race(url, tries)
    return {
        "promise": "P5",
        "tries": tries,
        "faults": sum(n for name, n in outcomes.items() if name.startswith("fault")),
        "violations": len(wrong),
        "seconds": round(time.monotonic() - started, 1),
        "outcomes": dict(outcomes.most_common()),
        "first": wrong[:3],
    }


def main() -> int:
    """Run it on a database of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("quick", "self-test", "move"):
        parser.add_argument(f"--{name}", action="store_true")
    given = parser.parse_args()
    log.configure("warning")
    conftest.pytest_configure(SimpleNamespace())  # type: ignore[arg-type]
    try:
        with real.world("hangji_restructurings_long") as world:
            found_ = asyncio.run(_try(world.url, world.root, given))
    finally:
        conftest.pytest_unconfigure()
    print(json.dumps(found_, ensure_ascii=False))  # noqa: T201
    return int(found_["violations"] > 0)


if __name__ == "__main__":
    sys.exit(main())
