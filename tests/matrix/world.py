"""The world that the matrix asks about: made once, kept as it is whatever is asked."""

import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, MutableMapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import unquote
from uuid import UUID, uuid4, uuid5

import httpx
from fastapi import FastAPI
from obstore.store import MemoryStore
from sqlalchemy import select, text, update
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.access import service as access
from app.access.models import Account, AccountGrant, SignIn, Token
from app.core import clock
from app.core.audit import AuditEntry
from app.core.caller import Subtree
from app.core.db import Doors, create_engine, new_id, transaction
from app.core.store import ObjectStore
from app.imports.jobs import analyze
from app.imports.models import RosterImport
from app.members.logic import _ID_CHECKS, _ID_WEIGHTS
from app.organizations.models import OrganizationState
from app.organizations.queries import ROOT_PATH
from app.rules import queries as rules
from app.rules import service as rules_service
from app.rules.schemas import FindingOut, SettingNew
from tests.long import real
from tests.make.members import make_member
from tests.make.organizations import everything, make_district, make_organization
from tests.matrix.rights import CALLERS, DISTRICTS, LABELS, NODES, PEOPLE, ROOTS

SCOPE = ["000000", "230000", "231000", *DISTRICTS]
COUNTS = {"rows": 1, "new": 1, "changed": 0, "unchanged": 0}
PACK = "owner_headcount"
USERNAME = "matrix-{}"
PASSWORD = "夯基 matrix 夯基"


def number(code: str, serial: int) -> str:
    """Make a valid ID number of a man born on 7 March 1990."""
    body = f"{code}19900307{serial:03}"
    total = sum(int(d) * w for d, w in zip(body, _ID_WEIGHTS, strict=True))
    return body + _ID_CHECKS[total % 11]


def number_of(person: str) -> str:
    """Give the ID number of a member of the world."""
    who = PEOPLE[person]
    return number(NODES[who.node].district, who.serial)


@dataclass
class Ids:
    """The ids of everything, by the names of the model."""

    nodes: dict[str, str] = field(default_factory=dict)
    paths: dict[str, str] = field(default_factory=dict)
    people: dict[str, str] = field(default_factory=dict)
    imports: dict[str, str] = field(default_factory=dict)
    settings: dict[str, str] = field(default_factory=dict)
    accounts: dict[str, str] = field(default_factory=dict)
    grants: dict[str, list[str]] = field(default_factory=dict)
    findings: list[dict[str, Any]] = field(default_factory=list)
    entries: list[dict[str, Any]] = field(default_factory=list)
    cursors: dict[str, str] = field(default_factory=dict)
    things: dict[str, str] = field(default_factory=dict)
    """What the domains above add, by the names of their own files here."""
    unknown: str = field(default_factory=lambda: str(uuid4()))


STORE = ObjectStore(MemoryStore)
"""Where the world's files lie."""

Fill = Callable[[AsyncSession, Ids], Awaitable[None]]
FILLS: list[Fill] = []
"""What a file of rows adds to the world, in the transaction that makes it."""
NAMED: list[str] = []
"""The names of what they add to `Ids.things`."""


def imagined() -> Ids:
    """Give ids to everything without a database, to count what would be asked."""
    space = UUID(int=0)
    made = {name: str(uuid5(space, name)) for name in (*NODES, *PEOPLE, *DISTRICTS, *CALLERS)}
    grants = {
        who.key: [str(uuid5(space, f"grant {who}"))] * len(who.holds) for who in CALLERS.values()
    }
    ids = Ids(made, dict.fromkeys(made, "1."), made, made, made, made, grants)
    ids.things = {name: str(uuid5(space, name)) for name in NAMED}
    return ids


@dataclass
class World:
    """What is asked, and by whom."""

    ids: Ids
    app: FastAPI
    doors: Doors
    tokens: dict[str, str]

    async def send(self, who: str, request: httpx.Request) -> httpx.Response:
        """Ask as `who`, straight at the application: a client costs more than the answer."""
        body = request.read()
        headers = [(k.lower(), v) for k, v in request.headers.raw]
        if who in self.tokens:
            headers.append((b"authorization", f"Bearer {self.tokens[who]}".encode()))
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": request.method,
            "scheme": "http",
            "path": unquote(request.url.raw_path.split(b"?")[0].decode()),
            "raw_path": request.url.raw_path.split(b"?")[0],
            "query_string": request.url.query,
            "root_path": "",
            "headers": headers,
            "client": ("127.0.0.1", 1234),
            "server": ("test", 80),
        }
        sent: list[MutableMapping[str, Any]] = []
        given = iter([{"type": "http.request", "body": body, "more_body": False}])

        async def receive() -> MutableMapping[str, Any]:
            return next(given, None) or {"type": "http.disconnect"}

        async def send(message: MutableMapping[str, Any]) -> None:
            sent.append(message)

        with suppress(Exception):  # what it raises, it has answered
            await self.app(scope, receive, send)
        content = b"".join(m.get("body", b"") for m in sent[1:])
        return httpx.Response(sent[0]["status"], headers=sent[0]["headers"], content=content)


@asynccontextmanager
async def world(url: str) -> AsyncIterator[World]:
    """Fill the database at `url`, and serve it through doors whose writes are undone."""
    doors = Doors.to(url, pool_size=2)
    async with doors.writing(SCOPE) as session:
        ids = await _tree(session)
        await _people(session, ids)
        await _rest(session, ids)
        tokens = await _accounts(session, ids)
        for fill in FILLS:
            await fill(session, ids)
        await analyze(session)
    for code in sorted(DISTRICTS):
        places = [Subtree(code, ROOT_PATH)]
        found = await rules.findings(doors.reading([code]), places, real.TODAY)
        ids.findings += (FindingOut.model_validate(f).model_dump(mode="json") for f in found)
    entries = select(AuditEntry.__table__).order_by(AuditEntry.district_code, AuditEntry.number)
    ids.entries = [dict(r) for r in (await doors.reading(SCOPE).execute(entries)).mappings()]
    engine = create_engine(url, pool_size=2)

    @asynccontextmanager
    async def undone(districts: Iterable[str] = (), by: Any = None) -> AsyncIterator[AsyncSession]:
        async with engine.connect() as connection:
            outer = await connection.begin()
            sessions = async_sessionmaker(
                connection, expire_on_commit=False, join_transaction_mode="create_savepoint"
            )
            async with transaction(sessions, districts, by) as session:
                yield session
            await outer.rollback()

    served = replace(doors, writing=undone)
    app = real.application(served)
    app.state.store = STORE
    made = World(ids, app, served, tokens)
    await _cursors(made)
    yield made
    await engine.dispose()
    await doors.close()


async def _tree(session: AsyncSession) -> Ids:
    ids = Ids()
    for code, key in ROOTS.items():
        ids.nodes[key] = str(await make_district(session, code))
    for key, node in NODES.items():
        if node.parent is not None:
            if key in LABELS:
                last = {"label": LABELS[key] - 1}
                await session.execute(
                    text("UPDATE district SET last_label = :label WHERE code = '231005'"), last
                )
            ids.nodes[key] = str(
                await make_organization(
                    session,
                    UUID(ids.nodes[node.parent]),
                    name=node.name,
                    kind=node.kind,
                    district_code=node.district,
                )
            )
    state = OrganizationState
    paths = {
        str(r[0]): r[1] for r in await session.execute(select(state.organization_id, state.path))
    }
    ids.paths = {key: paths[id_] for key, id_ in ids.nodes.items()}
    return ids


async def _people(session: AsyncSession, ids: Ids) -> None:
    for key, person in PEOPLE.items():
        more: dict[str, Any] = {"joined_on": "2018-06-01", "full_on": "2019-06-01"}
        if person.category == "probationary":
            more["full_on"] = None
        made = await make_member(
            session,
            UUID(ids.nodes[person.node]),
            name=person.name,
            category=person.category,
            id_number=number_of(key),
            district_code=NODES[person.node].district,
            **more,
        )
        ids.people[key] = str(made)


async def _rest(session: AsyncSession, ids: Ids) -> None:
    for code in DISTRICTS:
        setting = SettingNew.model_validate(
            {"district_code": code, "is_enabled": True, "lower": 19, "valid_from": real.TODAY}
        )
        row = await rules_service.configure(session, everything(code), PACK, setting)
        ids.settings[code] = str(row.id)
        taken = RosterImport(
            district_code=code,
            id=new_id(),
            as_of=real.TODAY,
            digest=hashlib.sha256(code.encode()).digest(),
            counts={"organizations": COUNTS, "members": COUNTS, "ignored_rows": 0},
        )
        session.add(taken)
        ids.imports[code] = str(taken.id)
    await session.flush()


async def _accounts(session: AsyncSession, ids: Ids) -> dict[str, str]:
    tokens = {}
    hashed = await access.hash_password(PASSWORD)
    for key, who in CALLERS.items():
        account = Account(
            id=new_id(),
            username=USERNAME.format(key),
            username_key=USERNAME.format(key),
            password_hash=hashed,
            home_code=who.home,
            member_id=UUID(ids.people[who.person]) if who.person else None,
        )
        session.add(account)
        await session.flush()
        ids.accounts[key], ids.grants[key] = str(account.id), []
        for hold in who.holds:
            grant = AccountGrant(
                id=new_id(), account_id=account.id, role=hold.role, prefix=hold.prefix
            )
            if hold.node is not None:
                grant.district_code = NODES[hold.node].district
                is_root = NODES[hold.node].parent is None
                grant.organization_id = None if is_root else UUID(ids.nodes[hold.node])
            session.add(grant)
            ids.grants[key].append(str(grant.id))
        await session.flush()
        if key != "none":
            tokens[key] = await real.token_of(session, USERNAME.format(key))
    digest = access.token_hash(tokens["revoked"])
    revoked = select(Token.sign_in_id).where(Token.hash == digest).scalar_subquery()
    await session.execute(update(SignIn).where(SignIn.id == revoked).values(revoked_at=clock.now()))
    gone = update(Account).where(Account.id == UUID(ids.accounts["disabled"]))
    await session.execute(gone.values(is_disabled=True))
    return tokens


CURSORS = {
    "organizations": ("province_department", "/v1/organizations?"),
    "organizations by name": ("province_department", "/v1/organizations?sort=name&"),
    "members": ("province_department", "/v1/members?"),
    "findings": ("province_department", "/v1/rules/findings?"),
    "grants": ("prefecture_security_admin", "/v1/grants?"),
    "calendar": ("province_department", "/v1/elections/calendar?"),
    "settings": ("province_department", f"/v1/rules/packs/{PACK}/settings?"),
    "accounts": ("prefecture_security_admin", "/v1/accounts?"),
    "ballot boxes": ("province_department", "/v1/ballot-boxes?"),
    "entries": ("audit_admin", "/v1/audit/entries?"),
}
"""The lists of which somebody else's cursors are tried, and whose."""


async def _cursors(made: World) -> None:
    """Keep the cursor behind the first row of each list."""
    for name, (who, url) in CURSORS.items():
        page = await made.send(who, httpx.Request("GET", f"http://test{url}limit=1"))
        made.ids.cursors[name] = page.json()["next"]
