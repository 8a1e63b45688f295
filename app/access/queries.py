"""Who is behind a token, a name or a WeChat user, and how often somebody tried."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Executable,
    Row,
    Select,
    and_,
    case,
    func,
    literal,
    or_,
    select,
    tuple_,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.sql.dml import ReturningInsert

from app.access.logic import ADDRESS_TRIES, ROLES, WINDOW, codes_above
from app.access.models import Account, AccountGrant, Attempts, SignIn, Token
from app.access.types import Role, TokenKind
from app.core.caller import Caller, Grant, Subtree
from app.core.dated import on_day
from app.core.db import Doors, Executor
from app.members.models import Member, Membership
from app.members.types import COUNTED, FINAL
from app.organizations.models import District, OrganizationState
from app.organizations.queries import ROOT_PATH

State = OrganizationState
AnyRow = Row[*tuple[Any, ...]]


_CALLER = (
    Account.id.label("account_id"),
    Account.username,
    Account.home_code,
    Account.member_id,
    AccountGrant.id,
    AccountGrant.role,
    AccountGrant.district_code,
    AccountGrant.organization_id,
    AccountGrant.prefix,
)


async def load_caller(doors: Doors, token_hash: bytes, today: date) -> Caller | None:
    """Resolve the hash of an access token to a caller, if token, sign-in and account stand."""
    rows = (
        select(*_CALLER, SignIn.is_confined)
        .select_from(Token)
        .join(SignIn, SignIn.id == Token.sign_in_id)
        .join(Account, Account.id == SignIn.account_id)
        .outerjoin(AccountGrant, AccountGrant.account_id == Account.id)
        .where(
            Token.hash == token_hash,
            Token.kind == TokenKind.ACCESS,
            Token.expires_at > func.now(),
            SignIn.revoked_at.is_(None),
            SignIn.expires_at > func.now(),
            Account.is_disabled.is_(False),
        )
    )
    return await _caller(doors, rows, today)


async def load_holder(doors: Doors, account_id: UUID, today: date) -> Caller | None:
    """Resolve an account to a caller with the rights that it has today, unless it is disabled."""
    rows = (
        select(*_CALLER, literal(value=False).label("is_confined"))
        .select_from(Account)
        .outerjoin(AccountGrant, AccountGrant.account_id == Account.id)
        .where(Account.id == account_id, Account.is_disabled.is_(False))
    )
    return await _caller(doors, rows, today)


async def _caller(doors: Doors, rows: Select[*tuple[Any, ...]], today: date) -> Caller | None:
    found = (await doors.reading([]).execute(rows)).all()
    if not found:
        return None
    first = found[0]
    places = await _places(doors, [row for row in found if row.id is not None], today)
    grants = [
        Grant(row.role, subtree, ROLES[Role(row.role)], row.id)
        for row in found
        for subtree in places.get(row.id, ())
    ]
    branch = None
    if first.member_id is not None:
        branch = await _branch(doors, first.home_code, first.member_id, today)
    if branch is not None:
        grants.append(Grant(Role.MEMBER, branch, ROLES[Role.MEMBER]))
    return Caller(
        first.account_id,
        first.username,
        tuple(grants),
        first.home_code,
        first.member_id if branch is not None else None,
        first.is_confined,
        person_id=first.member_id,
    )


async def _places(doors: Doors, grants: Sequence[AnyRow], today: date) -> dict[UUID, list[Subtree]]:
    """Find the subtrees that each grant opens today; none for an organisation that is gone."""
    made: dict[UUID, list[Subtree]] = {}
    narrow = [g for g in grants if g.organization_id is not None]
    paths: dict[UUID, str] = {}
    if narrow:
        places = [(g.district_code, g.organization_id) for g in narrow]
        rows = select(State.organization_id, State.path).where(
            tuple_(State.district_code, State.organization_id).in_(places), on_day(State, today)
        )
        scope = doors.reading({g.district_code for g in narrow})
        paths = {row.organization_id: row.path for row in await scope.execute(rows)}
    prefixes = {g.prefix for g in grants if g.prefix is not None}
    codes: list[str] = []
    if prefixes:
        begins = (District.code.startswith(prefix) for prefix in sorted(prefixes))
        below = select(District.code).where(or_(*begins))
        codes = [row.code for row in await doors.reading([]).execute(below)]
    for grant in grants:
        if grant.prefix is not None:
            here = {c for c in codes if c.startswith(grant.prefix)}
            here |= codes_above(here, grant.prefix)
            made[grant.id] = [Subtree(code, ROOT_PATH) for code in sorted(here)]
        elif grant.organization_id is None:
            made[grant.id] = [Subtree(grant.district_code, ROOT_PATH)]
        elif grant.organization_id in paths:
            made[grant.id] = [Subtree(grant.district_code, paths[grant.organization_id])]
    return made


async def _branch(doors: Doors, district_code: str, member_id: UUID, today: date) -> Subtree | None:
    """Find where a member belongs today; nowhere once the membership has ended."""
    rows = (
        select(State.path)
        .join(Membership, Membership.organization_id == State.organization_id)
        .where(
            State.district_code == district_code,
            on_day(State, today),
            Membership.district_code == district_code,
            Membership.member_id == member_id,
            Membership.status.not_in(sorted(FINAL)),
            on_day(Membership, today),
        )
    )
    path = await doors.reading([district_code]).scalar(rows)
    return None if path is None else Subtree(district_code, path)


PLACE: ColumnElement[str] = func.coalesce(
    AccountGrant.district_code, func.rpad(AccountGrant.prefix, 6, "0")
)
"""The GB/T 2260 code of a grant's place."""


async def roles(doors: Doors, account: AnyRow, today: date) -> tuple[Grant, ...]:
    """Name the roles at an account's own place, as grants without a right.

    They are for the audit of its sign-in, which stands in the chain of `home_code`: what is held
    elsewhere is out of sight there.
    """
    home = Subtree(account.home_code, ROOT_PATH)
    rows = select(AccountGrant.role).distinct()
    rows = rows.where(AccountGrant.account_id == account.id, account.home_code == PLACE)
    names = [row.role for row in await doors.reading([]).execute(rows)]
    if account.member_id is not None and await is_standing(doors, account, today):
        names.append(Role.MEMBER)
    return tuple(Grant(name, home, frozenset()) for name in names)


async def credentials(on: Executor, username_key: str) -> AnyRow | None:
    """Fetch who signs in by this name with a password, if the account is not disabled."""
    rows = select(
        Account.id,
        Account.username,
        Account.home_code,
        Account.member_id,
        Account.password_hash,
        Account.is_password_given,
    ).where(
        Account.username_key == username_key,
        Account.is_disabled.is_(False),
        Account.password_hash.is_not(None),
    )
    return (await on.execute(rows)).first()


ACCOUNTS = select(
    Account.id,
    Account.username,
    Account.home_code,
    Account.member_id,
    Account.wechat_index,
    Account.wechat_cipher,
    Account.is_disabled,
)


async def bound(on: Executor, wechat_index: bytes) -> AnyRow | None:
    """Fetch the account that is bound to a WeChat user, disabled or not."""
    return (await on.execute(ACCOUNTS.where(Account.wechat_index == wechat_index))).first()


async def is_standing(doors: Doors, account: AnyRow, today: date) -> bool:
    """Tell whether the membership goes on of the member whose account this is, if it is one's."""
    if account.member_id is None:
        return True
    return await _branch(doors, account.home_code, account.member_id, today) is not None


async def members_of_phone(
    doors: Doors, phone_index: bytes, today: date
) -> Sequence[Row[tuple[str, UUID]]]:
    """List the members who count today and have this phone, in the whole deployment; two at most.

    Nobody is signed in yet, so nothing but this question may be asked of every district.
    """
    codes = (await doors.reading([]).execute(select(District.code))).scalars()
    rows = (
        select(Member.district_code, Member.id)
        .join(
            Membership,
            and_(
                Membership.district_code == Member.district_code,
                Membership.member_id == Member.id,
                on_day(Membership, today),
            ),
        )
        .where(Member.phone_index == phone_index, Membership.status.in_(sorted(COUNTED)))
        .limit(2)
    )
    return (await doors.reading(codes).execute(rows)).all()


MOST = 1_000_000


def attempt(address: bytes, name: bytes | None, now: datetime) -> Executable:
    """Count an attempt, of an address and then of a name: one statement, a row for each.

    From an address that has none left no name is counted: it could lock out everybody. The
    address always comes first, so no two wait for each other.
    """
    first = _counted(select(literal(address), literal(1), literal(now))).cte("address")
    rows = select(first.c.count, first.c.began_at)
    if name is None:
        return rows
    has_left = first.c.count <= ADDRESS_TRIES
    named = select(literal(name), literal(1), literal(now)).select_from(first).where(has_left)
    second = _counted(named).cte("name")
    return rows.union_all(select(second.c.count, second.c.began_at))


def _counted(rows: Select[bytes, int, datetime]) -> ReturningInsert[int, datetime]:
    made = insert(Attempts).from_select([Attempts.key, Attempts.count, Attempts.began_at], rows)
    goes_on = Attempts.began_at > made.excluded.began_at - WINDOW
    values = {
        "count": case((goes_on, func.least(Attempts.count, MOST) + 1), else_=1),
        "began_at": case((goes_on, Attempts.began_at), else_=made.excluded.began_at),
    }
    counted = made.on_conflict_do_update(index_elements=[Attempts.key], set_=values)
    return counted.returning(Attempts.count, Attempts.began_at)
