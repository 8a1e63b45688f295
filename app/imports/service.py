"""Taking a roster: all rows are checked first, then all are written, or none."""

import asyncio
import hashlib
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import date
from functools import partial
from typing import Any
from uuid import UUID

import asyncpg
from sqlalchemy import select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import audit, clock, crypto, jobs
from app.core.dated import change
from app.core.db import new_id
from app.core.errors import Invalid, Stale
from app.core.tables import RowError
from app.core.workbooks import Sheet, read_workbook
from app.imports import queries
from app.imports.errors import TreeChanged
from app.imports.logic import MEMBER_FACTS, ORGANIZATION_FACTS, count, plan_import
from app.imports.models import RosterImport
from app.imports.types import Change, Plan
from app.members.models import Member, Membership
from app.members.service import sealed, searchable
from app.members.types import MemberStatus
from app.organizations import logic as tree_logic
from app.organizations import service as tree
from app.organizations.models import OrganizationState
from app.organizations.queries import ROOT_PATH, AnyRow
from app.organizations.types import OrganizationKind
from app.probations import service as probations
from app.rosters.logic import read_roster
from app.rosters.types import KnownOrganization, MemberRow, Roster

CHUNK = 2_000
SHOWN_CHANGES = 200
Show = Callable[[str, int, int | None], None]


def _silent(_: str, __: int, ___: int | None) -> None: ...


@dataclass(frozen=True, slots=True)
class Place:
    """Where an organisation stands, and the first day of the roster on which it does."""

    id: UUID
    path: str
    stands_from: date


@dataclass(slots=True)
class Report:
    """What came of an import: `taken`, `checked` (a dry run) or `refused`."""

    id: UUID | None
    status: str
    counts: dict[str, Any]
    changes: list[Change]
    errors: list[RowError]

    def as_json(self) -> dict[str, Any]:
        """Give what the API answers."""
        return {
            "id": self.id and str(self.id),
            "status": self.status,
            "counts": self.counts,
            "changes": [asdict(c) for c in self.changes[:SHOWN_CHANGES]],
            "errors": [asdict(e) for e in self.errors],
        }

    def as_text(self) -> str:
        """Write it for a clerk: what is wrong where, or what was (or would be) taken."""
        if self.errors:
            lines = [
                f"{e.sheet} 第{e.row}行 {e.field}：{e.message} ({e.code})" for e in self.errors
            ]
            return "\n".join([*lines, f"共 {len(self.errors)} 处错误，未写入任何内容"])
        done = "已导入 taken" if self.status == "taken" else "检查通过，未写入 checked only"
        lines = [done]
        for name, kind in (("党组织 organizations", "organizations"), ("党员 members", "members")):
            tally = self.counts[kind]
            lines.append(
                f"  {name}: {tally['rows']}，新增 new {tally['new']}，变更 changed"
                f" {tally['changed']}，未变 unchanged {tally['unchanged']}"
            )
        return "\n".join(lines)


async def take(
    session: AsyncSession,
    data: bytes,
    district_code: str,
    as_of: date,
    *,
    account_id: UUID | None,
    dry_run: bool,
    show: Show = _silent,
) -> Report:
    """Read a roster and, unless it has errors or `dry_run`, write it.

    Raises what `read_workbook` raises, and `TreeChanged` when somebody else changed the records
    between the check and the writing.
    """
    await _begin(session, as_of)
    show("读取 reading", 0, None)
    sheets = await asyncio.to_thread(read_workbook, data)
    return await take_sheets(
        session,
        sheets,
        district_code,
        as_of,
        digest=hashlib.sha256(data).digest(),
        account_id=account_id,
        dry_run=dry_run,
        show=show,
    )


async def take_sheets(
    session: AsyncSession,
    sheets: list[Sheet],
    district_code: str,
    as_of: date,
    *,
    digest: bytes,
    account_id: UUID | None = None,
    dry_run: bool = False,
    show: Show = _silent,
) -> Report:
    """Take sheets that were read; `take` says the rest."""
    await _begin(session, as_of)
    show("核对 checking", 0, None)
    known = await queries.organizations(session, district_code)
    roster = await asyncio.to_thread(_read, sheets, as_of, known)
    sheets.clear()  # a large file is not held while it is written
    plan = Plan([])
    newest, is_known = await queries.imports_so_far(session, district_code, digest, as_of)
    if not is_known:  # the same file again changes nothing, whatever was changed since
        indexes = await asyncio.to_thread(_indexes, roster)
        recorded = await queries.members_by_index(session, district_code, indexes)
        compare = partial(plan_import, is_old=newest is not None and newest > as_of)
        plan = await asyncio.to_thread(compare, roster, as_of, known, recorded, indexes)
    report = Report(None, "checked", count(roster, plan), plan.changes, plan.errors)
    if plan.errors:
        report.status = "refused"
    elif not dry_run:
        report.id, report.status = new_id(), "taken"
        await _write(session, plan, district_code, as_of, known, show)
        session.add(
            RosterImport(
                district_code=district_code,
                id=report.id,
                account_id=account_id,
                as_of=as_of,
                digest=digest,
                counts=report.counts,
            )
        )
        audit.record(
            session,
            district_code,
            ("import", report.id),
            action="import_roster",
            as_of=as_of,
            counts=report.counts,
            sha256=digest,
        )
        await jobs.enqueue(session, "refresh_statistics", lock="refresh_statistics")
    return report


async def _begin(session: AsyncSession, as_of: date) -> None:
    """Refuse a day to come; let the transaction last as long as a large file needs."""
    if as_of > clock.today():
        raise Invalid("截止日期不能晚于今天", "as_of lies in the future")
    await session.execute(text("SET LOCAL statement_timeout = '120s'"))
    await session.execute(text("SET LOCAL idle_in_transaction_session_timeout = '120s'"))


def _read(sheets: list[Sheet], as_of: date, known: list[AnyRow]) -> Roster:
    [root] = [k.name for k in known if k.path == ROOT_PATH]
    parents = {k.organization_id: k.name for k in known}
    standing = [
        KnownOrganization(k.name, OrganizationKind(k.kind), parents.get(k.parent_id)) for k in known
    ]
    return read_roster(sheets, as_of=as_of, root_name=root, known=standing)


def _indexes(roster: Roster) -> list[bytes]:
    ring = crypto.keys()
    return [ring.blind_index(f"id_number:{m.id_number}") for m in roster.members]


async def _write(
    session: AsyncSession,
    plan: Plan,
    district_code: str,
    as_of: date,
    known: list[AnyRow],
    show: Show,
) -> None:
    """Write a plan. The district's tree is locked, and must be as it was when it was checked."""
    label = await tree.take_labels(session, district_code, len(plan.new_organizations))
    if await queries.organizations(session, district_code) != known:
        raise TreeChanged
    places = {
        k.name: Place(k.organization_id, k.path, max(as_of, k.stands_from))
        for k in sorted(known, key=_groups_first)
    }
    try:
        await _write_organizations(session, plan, district_code, as_of, label, places)
        await _write_members(session, plan, district_code, places, show)
    except (asyncpg.IntegrityConstraintViolationError, Stale) as error:
        raise TreeChanged from error


def _groups_first(known: AnyRow) -> bool:
    """Sort so that of equal names a branch's comes last, and stays."""
    return bool(known.kind != OrganizationKind.PARTY_GROUP)


async def _write_organizations(
    session: AsyncSession,
    plan: Plan,
    district_code: str,
    as_of: date,
    first_label: int,
    places: dict[str, Place],
) -> None:
    identities: list[dict[str, Any]] = []
    states: list[dict[str, Any]] = []
    for label, row in enumerate(plan.new_organizations, first_label):  # parents come first
        parent = places[row.parent_name]
        path = tree_logic.child_path(parent.path, label)
        organization_id = new_id()
        place = Place(organization_id, path, parent.stands_from)
        if row.kind != OrganizationKind.PARTY_GROUP:
            places[row.name] = place
        else:  # its name is unique under its branch alone; the reader refuses what is ambiguous
            places.setdefault(row.name, place)
        identities.append({"district_code": district_code, "id": organization_id, "label": label})
        states.append(
            {
                "district_code": district_code,
                "id": new_id(),
                "organization_id": organization_id,
                "parent_id": parent.id,
                "path": path,
                "name": row.name,
                "kind": row.kind,
                "valid_from": parent.stands_from,
            }
            | {f: getattr(row, f) for f in ORGANIZATION_FACTS}
        )
    await _copy(session, "organization", identities)
    await _copy(session, "organization_state", states)
    for row, old, facts in plan.changed_organizations:
        await tree.bump(session, district_code, old.organization_id, old.version)
        state = await session.scalar(
            select(OrganizationState).where(
                OrganizationState.district_code == district_code,
                OrganizationState.organization_id == old.organization_id,
                OrganizationState.valid_to.is_(None),
            )
        )
        assert state is not None  # locked, and equal to what was checked
        await change(
            session, state, as_of, {"decision": None} | {f: getattr(row, f) for f in facts}
        )


async def _copy(session: AsyncSession, table: str, rows: list[dict[str, Any]]) -> None:
    """Load rows by COPY into a table of this transaction's own, and from there.

    PostgreSQL does not COPY into a table that has policies.
    """
    if rows:
        raw = await (await session.connection()).get_raw_connection()
        driver: Any = raw.driver_connection
        records = [tuple(row.values()) for row in rows]
        names, loading = ", ".join(rows[0]), f"loading_{table}"  # our own names
        like = f"SELECT {names} FROM {table} WITH NO DATA"  # noqa: S608
        await driver.execute(f"CREATE TEMP TABLE IF NOT EXISTS {loading} ON COMMIT DROP AS {like}")
        await driver.copy_records_to_table(loading, records=records, columns=list(rows[0]))
        moved = f"INSERT INTO {table} ({names}) SELECT {names} FROM {loading}"  # noqa: S608
        await driver.execute(f"{moved}; TRUNCATE {loading}")


async def _write_members(
    session: AsyncSession,
    plan: Plan,
    district_code: str,
    places: dict[str, Place],
    show: Show,
) -> None:
    held = await probations.lock(session, district_code, [old.id for _, old in plan.moved_members])
    total = len(plan.new_members) + len(plan.changed_members) + len(plan.moved_members)
    done = 0
    for start in range(0, len(plan.new_members), CHUNK):
        part = plan.new_members[start : start + CHUNK]
        people = await asyncio.to_thread(_people, part, district_code)
        memberships = [
            _membership(district_code, person["id"], places[row.organization_name], row)
            for person, (row, _) in zip(people, part, strict=True)
        ]
        await _copy(session, "member", people)
        await _copy(session, "membership", memberships)
        done += len(part)
        show("写入 writing", done, total)
    for row, old, facts in plan.changed_members:
        values: dict[str, Any] = {f: getattr(row, f) for f in facts if f in MEMBER_FACTS}
        if "name" in values:
            values |= searchable(district_code, row.name)
        if "phone" in facts:
            secret = sealed(old.id, row.id_number, row.phone)
            values |= {k: v for k, v in secret.items() if k.startswith("phone")}
        await _update(session, district_code, old, values)
        done += 1
    show("写入 writing", done, total)
    corrected = {old.id for _, old, _ in plan.changed_members}
    for row, old in plan.moved_members:
        if old.id not in corrected:  # what was read before is stale now, whatever changed
            await _update(session, district_code, old, {})
        key = (district_code, old.membership_id)
        membership = await session.get(Membership, key, with_for_update=True)
        if membership is None or membership.valid_to is not None:
            raise TreeChanged
        place = places[row.organization_name]
        await change(
            session,
            membership,
            place.stands_from,
            {
                "organization_id": place.id,
                "category": row.category,
                "reason": "花名册导入",
            },
        )
        done += 1
    await probations.follow(session, held, None)
    show("写入 writing", done, total)


async def _update(
    session: AsyncSession, district_code: str, old: AnyRow, values: dict[str, Any]
) -> None:
    """Change a member who is as they were checked, or raise `TreeChanged`."""
    as_checked = (
        Member.district_code == district_code,
        Member.id == old.id,
        Member.version == old.version,
    )
    row = update(Member).where(*as_checked).values(**values, version=old.version + 1)
    if await session.scalar(row.returning(Member.id)) is None:
        raise TreeChanged


def _people(part: list[tuple[MemberRow, bytes]], district_code: str) -> list[dict[str, Any]]:
    people = []
    for row, _ in part:
        person: dict[str, Any] = {"district_code": district_code, "id": new_id()}
        person |= searchable(district_code, row.name)
        person |= {f: getattr(row, f) for f in MEMBER_FACTS if f != "name"}
        people.append(person | sealed(person["id"], row.id_number, row.phone))
    return people


def _membership(
    district_code: str, member_id: UUID, place: Place, row: MemberRow
) -> dict[str, Any]:
    return {
        "district_code": district_code,
        "id": new_id(),
        "member_id": member_id,
        "organization_id": place.id,
        "category": row.category,
        "status": MemberStatus.ACTIVE,
        "valid_from": place.stands_from,
    }
