"""The matrix is itself tried: a leak is planted in each channel, and its own judgement finds it."""

from collections.abc import Callable, Iterable, MutableMapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, true

from app.access import queries as access
from app.access import router as access_router
from app.accounts import queries as accounts
from app.core.caller import Caller, Grant, Permission, Subtree
from app.core.db import set_scope
from app.core.errors import Forbidden, NotFound, Stale
from app.core.hot import Hot
from app.imports import queries as imports
from app.imports.models import RosterImport
from app.members import queries as members
from app.members import service as members_service
from app.members.errors import MemberExists
from app.members.models import Member
from app.organizations import queries as organizations
from app.organizations import service as organizations_service
from app.organizations.errors import NameTaken
from app.organizations.models import OrganizationState
from app.rules import queries as rules
from app.rules.models import RuleSetting
from tests.matrix.cells import faults_of
from tests.matrix.rights import CALLERS, DISTRICTS
from tests.matrix.test_matrix import OPERATIONS, unmatched
from tests.matrix.world import World

Patch = pytest.MonkeyPatch
HOME = Subtree("231005", "1.")


def _everywhere(*_: Any) -> Any:
    return true()


def _blind(patch: Patch, module: Any, hot: str, only: str = "") -> None:
    """Have a hot read forget its subtrees, in requests of one shape."""
    read: Hot = getattr(module, hot)
    build, right = read._build, module.in_subtrees

    def forgetful(places: Sequence[Any], shape: Any) -> Any:
        module.in_subtrees = _everywhere if not only or only in shape else right
        try:
            return build(places, shape)
        finally:
            module.in_subtrees = right

    patch.setattr(module, hot, Hot(forgetful, by_key=read._by_key))


def _no_walls(patch: Patch, world: World) -> None:
    """Show every request the rows of all districts."""
    reading, writing = world.doors.reading, world.doors.writing

    def read(_: Iterable[str]) -> Any:
        return reading([*DISTRICTS, "000000"])

    def write(_: Iterable[str] = (), by: Any = None) -> Any:
        return writing([*DISTRICTS, "000000", "230000", "231000"], by)

    patch.setitem(
        world.app.state._state, "doors", replace(world.doors, reading=read, writing=write)
    )


def _get_as(patch: Patch, module: Any, refusal: type[Exception] | None = None) -> None:
    """Have `get` find what is out of sight, or tell of it by another refusal."""
    right = module.get

    async def get(on: Any, caller: Caller, id_: UUID, *day: Any) -> Any:
        try:
            return await right(on, caller, id_, *day)
        except NotFound:
            everything = Grant("", HOME, frozenset(Permission))
            found = await right(on, replace(caller, grants=(everything,)), id_, *day)
            if refusal is not None:
                raise refusal from None
            return found

    patch.setattr(module, "get", get)


def _path_id(patch: Patch, _: World) -> None:
    _blind(patch, organizations, "_one_hot")


def _member_id(patch: Patch, _: World) -> None:
    _blind(patch, members, "_one_hot")


def _list(patch: Patch, _: World) -> None:
    _blind(patch, organizations, "_list_hot")


def _foreign_list(patch: Patch, world: World) -> None:
    _blind(patch, members, "_list_hot")
    _no_walls(patch, world)


def _filter(patch: Patch, _: World) -> None:
    _blind(patch, organizations, "_list_hot", "parent_id")


def _filter_of_members(patch: Patch, _: World) -> None:
    _blind(patch, members, "_list_hot", "organization_id")


def _within(patch: Patch, _: World) -> None:
    _blind(patch, organizations, "_place_hot")


def _search(patch: Patch, _: World) -> None:
    _blind(patch, members, "_list_hot", "q")


def _sort(patch: Patch, _: World) -> None:
    _blind(patch, organizations, "_list_hot", "down")


def _cursor(patch: Patch, _: World) -> None:
    _blind(patch, organizations, "_list_hot", "after")


def _export(patch: Patch, _: World) -> None:
    _blind(patch, members, "_export_hot")


def _count(patch: Patch, _: World) -> None:
    right = members._tree_hot

    class Whole:
        async def fetch(self, on: Any, places: Any, shape: Any, **values: Any) -> Any:
            whole = await right.fetch(on, [HOME], ["day"], day=values["day"])
            counts = '"headcount":' + whole[0][0].split('"headcount":')[1]
            rows = await right.fetch(on, places, shape, **values)
            return [(row[0].split('"headcount":')[0] + counts, row[1]) for row in rows]

    patch.setattr(members, "_tree_hot", Whole())


def _nested(patch: Patch, _: World) -> None:
    _get_as(patch, organizations)


def _forbidden(patch: Patch, _: World) -> None:
    _get_as(patch, organizations, Forbidden)


def _stale_first(patch: Patch, _: World) -> None:
    _get_as(patch, members, Stale)


def _names_the_other(patch: Patch, _: World) -> None:
    right = organizations_service._refuse_taken

    async def refuse(session: Any, code: str, name: str, *rest: Any) -> None:
        try:
            await right(session, code, name, *rest)
        except NameTaken:
            state = OrganizationState
            other = select(state.organization_id).where(state.name == name)
            raise NameTaken(str(await session.scalar(other))) from None

    patch.setattr(organizations_service, "_refuse_taken", refuse)


def _conflict_abroad(patch: Patch, _: World) -> None:
    async def refuse(session: Any, _: str, index: bytes) -> None:
        await set_scope(session, DISTRICTS)
        if await session.scalar(select(Member.id).where(Member.id_number_index == index)):
            raise MemberExists

    patch.setattr(members_service, "_refuse_known", refuse)


def _bulk(patch: Patch, _: World) -> None:
    right = imports.require_district

    async def require(on: Any, caller: Caller, code: str) -> None:
        if code != HOME.district_code:
            await right(on, caller, code)

    patch.setattr(imports, "require_district", require)


def _import_id(patch: Patch, world: World) -> None:
    async def get(on: Any, _: Caller, import_id: UUID) -> Any:
        rows = select(RosterImport.id, RosterImport.counts).where(RosterImport.id == import_id)
        if row := (await on.execute(rows)).first():
            return row
        raise NotFound

    patch.setattr(imports, "get_import", get)
    _no_walls(patch, world)


def _settings(patch: Patch, world: World) -> None:
    columns = [c for c in RuleSetting.__table__.c if c.name != "valid"]
    patch.setattr(rules, "visible", lambda _: select(*columns))
    _no_walls(patch, world)


def _districts(patch: Patch, _: World) -> None:
    right = organizations.districts

    async def all_of_them(on: Any, caller: Caller, code: str | None = None) -> Any:
        places = (Subtree(c, "1.") for c in DISTRICTS)
        grants = tuple(Grant("", place, frozenset(Permission)) for place in places)
        return await right(on, replace(caller, grants=grants), code)

    patch.setattr(organizations, "districts", all_of_them)


def _findings(patch: Patch, _: World) -> None:
    right = rules.findings
    patch.setattr(rules, "findings", lambda on, __, day: right(on, [HOME], day))


def _own_record(patch: Patch, world: World) -> None:
    other = {"own_district": "231005", "own": UUID(world.ids.people["mine"])}
    patch.setattr(members, "_own", lambda _: other)


def _etag(patch: Patch, world: World) -> None:
    """Send the version of what is out of sight along with the 404."""
    right = world.app

    async def app(scope: Any, receive: Any, send: Any) -> None:
        is_known = any(i in scope["path"] for i in world.ids.nodes.values())

        async def tagged(message: MutableMapping[str, Any]) -> None:
            if message.get("status") == 404 and is_known:
                message["headers"] = [*message["headers"], (b"etag", b'"1"')]
            await send(message)

        await right(scope, receive, tagged)

    patch.setattr(world, "app", app)


def _revoked(patch: Patch, world: World) -> None:
    right = access.load_caller
    department = access_router.service.token_hash(world.tokens["department"])
    gone = access_router.service.token_hash(world.tokens["revoked"])

    async def remember(doors: Any, token: bytes, today: Any) -> Any:
        return await right(doors, department if token == gone else token, today)

    patch.setattr(access, "load_caller", remember)


def _accounts(patch: Patch, _: World) -> None:
    patch.setattr(accounts, "codes", lambda *_: {"231005", "231000", "231004"})


def _explained(patch: Patch, _: World) -> None:
    right = accounts.subtree

    async def subtree(on: Any, caller: Caller, id_: UUID, permission: Any) -> Any:
        everything = Grant("", HOME, frozenset(Permission))
        return await right(on, replace(caller, grants=(everything,)), id_, permission)

    patch.setattr(accounts, "subtree", subtree)


@dataclass(frozen=True)
class Leak:
    """What is planted, who asks what, and the channel in which it shows."""

    plant: Callable[[Patch, World], None]
    who: str
    operation: str
    channel: str


LEAKS = (
    Leak(_path_id, "clerk", "get_organization", "id"),
    Leak(_member_id, "clerk", "get_member", "id"),
    Leak(_list, "clerk", "list_organizations", "list"),
    Leak(_foreign_list, "department", "list_members", "list"),
    Leak(_filter, "clerk", "list_organizations", "filter"),
    Leak(_filter_of_members, "clerk", "list_members", "filter"),
    Leak(_within, "clerk", "list_members", "filter"),
    Leak(_search, "clerk", "list_members", "search"),
    Leak(_sort, "clerk", "list_organizations", "sort"),
    Leak(_cursor, "clerk", "list_organizations", "cursor"),
    Leak(_export, "clerk", "export_members", "export"),
    Leak(_count, "clerk", "get_tree", "count"),
    Leak(_nested, "clerk", "found_organization", "nested"),
    Leak(_nested, "clerk", "record_member", "nested"),
    Leak(_forbidden, "clerk", "edit_organization", "id"),
    Leak(_forbidden, "clerk", "list_history", "id"),
    Leak(_stale_first, "clerk", "edit_member", "version"),
    Leak(_names_the_other, "clerk", "edit_organization", "conflict"),
    Leak(_conflict_abroad, "department", "edit_member", "conflict"),
    Leak(_bulk, "clerk", "import_roster", "bulk"),
    Leak(_import_id, "foreign_department", "get_import", "id"),
    Leak(_settings, "foreign_department", "list_rule_settings", "filter"),
    Leak(_districts, "clerk", "get_district", "id"),
    Leak(_findings, "clerk", "list_findings", "list"),
    Leak(_own_record, "member", "list_members", "list"),
    Leak(_etag, "clerk", "get_organization", "id"),
    Leak(_revoked, "revoked", "get_member", "id"),
    Leak(_accounts, "department", "list_accounts", "search"),
    Leak(_explained, "clerk", "explain_access", "filter"),
)


@pytest.mark.parametrize(
    "leak", LEAKS, ids=[f"{x.plant.__name__[1:]}-{x.operation}" for x in LEAKS]
)
async def test_a_leak_is_found(world: World, monkeypatch: Patch, leak: Leak) -> None:
    world.app.state.callers = access_router.Callers()
    with monkeypatch.context() as patch:
        leak.plant(patch, world)
        _, faults = await faults_of(world, CALLERS[leak.who], leak.operation)
    assert "doors" in world.app.state._state
    world.app.state.callers = access_router.Callers()
    where = f"{leak.operation}: {leak.who} {leak.channel} "
    assert [f for f in faults if f.startswith(where)], faults
    assert [f for f in faults if "500, not" in f] == []
    _, clean = await faults_of(world, CALLERS[leak.who], leak.operation)
    assert clean == []


def test_an_operation_without_a_row_is_found() -> None:
    assert unmatched([*OPERATIONS, "new_operation"]) == {"new_operation"}
