"""The second wall: PostgreSQL shows a transaction the rows of its districts, whatever is asked."""

from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.core import migrations
from tests.matrix.rights import DISTRICTS, FAR, HOME, NEAR
from tests.matrix.world import World

TABLES = sorted(t.name for t in migrations.metadata().sorted_tables)
OF_A_DISTRICT = sorted(
    t.name for t in migrations.metadata().sorted_tables if "district_code" in t.columns
)
OF_THE_DEPLOYMENT = {"account_grant", "calendar_feed"}
"""Grants and feeds say where: they are read before it is known who may see which district."""
WALLED = [t for t in OF_A_DISTRICT if t not in OF_THE_DEPLOYMENT]
FULL = {"organization", "organization_state", "member", "membership", "rule_setting"}
FULL |= {"roster_import", "audit_entry", "audit_head"}
FULL |= {"pledge", "pledge_evidence", "pledge_event"}
FULL |= {"service_post", "service_claim", "service_record", "wish"}
FULL |= {"election_cycle", "criticism_notice", "election_practice"}
FULL |= {"restructuring", "restructuring_event", "restructuring_subject"}
FULL |= {"ballot_box", "ballot_voter", "ballot"}
FULL |= {"message", "wechat_notice", "election_reminder"}
FULL |= {"admission", "admission_step"}
FULL |= {"transfer"}
FULL |= {"figure_closing"}
FULL |= {"membership_history"}
FULL |= {"activity", "activity_attendance", "leader_archive", "leader_record"}
FULL |= {"contest", "contest_entry", "contest_juror", "contest_score"}
FULL |= {"partner_unit", "co_building_agreement", "unit_coverage", "unit_problem"}
FULL |= {"village_contract", "village_entry", "village_project", "village_income"}
FULL |= {"programme", "document"}
FULL |= {"posting", "poor_household"}
FULL |= {"household_count", "household_visit", "spot_check", "spot_check_person", "duty_shift"}
FULL |= {"talk", "appraisal_cycle", "appraisal_score"}
FULL |= {"rectification_case", "case_guarantor", "case_measure", "measure_progress", "burden_item"}


@pytest.mark.parametrize("table", WALLED)
async def test_a_query_that_forgets_its_predicate_stays_in_its_district(
    world: World, table: str
) -> None:
    rows = text(f"SELECT district_code, count(*) FROM {table} GROUP BY 1")
    wanted: dict[str, int] = {}
    for code in DISTRICTS:
        read = {r[0]: r[1] for r in await world.doors.reading([code]).execute(rows)}
        async with world.doors.writing([code]) as session:
            written = {r[0]: r[1] for r in await session.execute(rows)}
        assert set(read) <= {code}
        assert written == read
        assert bool(read) == (table in FULL)
        wanted |= read
    both = await world.doors.reading([HOME, NEAR]).execute(rows)
    assert {r[0]: r[1] for r in both} == {c: n for c, n in wanted.items() if c != FAR}
    for scope in ([], ["231000"], ["23100"], ["2310055"], ["231005 "], ["{231005}"], ["%"]):
        shown = (await world.doors.reading(scope).execute(rows)).all()
        assert shown == [], scope


@pytest.mark.parametrize("table", sorted(FULL))
async def test_a_write_that_forgets_its_predicate_stays_in_its_district(
    world: World, table: str
) -> None:
    count = text(f"SELECT count(*) FROM {table}")
    here = await world.doors.reading([NEAR]).scalar(count)
    change = text(f"UPDATE {table} SET district_code = district_code")
    if table == "audit_entry":
        change = text("SELECT number FROM audit_entry FOR SHARE")
    async with world.doors.writing([NEAR]) as session:
        try:
            changed: Any = await session.execute(change)
        except DBAPIError as refused:
            assert getattr(refused.orig, "sqlstate", "") == "42501"  # noqa: PT017
            await session.rollback()
            return
        found = len(changed.all()) if changed.returns_rows else changed.rowcount
    assert found == here


@pytest.mark.parametrize("table", sorted(FULL - {"audit_entry"}))
async def test_a_foreign_row_is_neither_written_nor_moved(world: World, table: str) -> None:
    """A policy without WITH CHECK holds new rows to what it shows."""
    columns = await world.doors.reading([]).execute(
        text(
            "SELECT attname FROM pg_attribute WHERE attrelid = cast(:name AS regclass)"
            " AND attnum > 0 AND attgenerated = ''"
        ).bindparams(name=table)
    )
    names = [f'"{r[0]}"' for r in columns]
    taken = ", ".join(f"'{FAR}'" if n == '"district_code"' else n for n in names)
    copy = f"INSERT INTO {table} ({', '.join(names)}) SELECT {taken} FROM {table} LIMIT 1"
    move = f"UPDATE {table} SET district_code = '{FAR}'"
    for statement in (copy, move):
        with pytest.raises(DBAPIError) as refused:
            async with world.doors.writing([HOME]) as session:
                await session.execute(text(statement))
        assert getattr(refused.value.orig, "sqlstate", "") == "42501", statement


async def test_every_table_of_a_district_has_its_wall(world: World) -> None:
    found = await world.doors.reading([]).execute(
        text(
            "SELECT relname, relrowsecurity, polpermissive, pg_get_expr(polqual, polrelid)"
            " FROM pg_attribute a JOIN pg_class c ON c.oid = attrelid AND c.relkind IN ('r', 'p')"
            " LEFT JOIN pg_policy p ON p.polrelid = c.oid AND p.polcmd = '*'"
            " WHERE a.attname = 'district_code' AND NOT a.attisdropped"
            " AND c.relnamespace = 'public'::regnamespace ORDER BY 1"
        )
    )
    walls = {row[0]: row[1:] for row in found}
    assert sorted(walls) == OF_A_DISTRICT
    for table in WALLED:
        is_on, is_permissive, condition = walls[table]
        assert is_on, table
        assert is_permissive, table
        assert "hangji.districts" in condition, table
    assert [t for t, (is_on, *_) in walls.items() if not is_on] == sorted(OF_THE_DEPLOYMENT)


async def test_nothing_else_opens_the_wall(world: World) -> None:
    reader = world.doors.reading([])
    policies = text("SELECT tablename, count(*) FROM pg_policies GROUP BY 1")
    assert {r[0]: r[1] for r in await reader.execute(policies)} == dict.fromkeys(WALLED, 1)
    definers = text(
        "SELECT proname FROM pg_proc WHERE prosecdef AND pronamespace = 'public'::regnamespace"
    )
    assert {r[0] for r in await reader.execute(definers)} <= {"keep_history", "members_named"}


async def test_the_application_is_held_by_the_walls(world: World) -> None:
    reader = world.doors.reading([])
    role = await reader.execute(
        text(
            "SELECT rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolreplication"
            " FROM pg_roles WHERE rolname = current_user"
        )
    )
    assert role.one() == (False,) * 5
    owned = text(
        "SELECT count(*) FROM pg_class WHERE pg_has_role(current_user, relowner, 'member')"
    )
    assert await reader.scalar(owned) == 0
    member_of = text("SELECT count(*) FROM pg_auth_members WHERE member = current_user::regrole")
    assert await reader.scalar(member_of) == 0
    for statement in (
        "ALTER TABLE member DISABLE ROW LEVEL SECURITY",
        "DROP POLICY of_the_district ON member",
        "SET ROLE hangji_owner",
        "SET SESSION AUTHORIZATION hangji_owner",
    ):
        with pytest.raises(DBAPIError) as refused:
            async with world.doors.writing([HOME]) as session:
                await session.execute(text(statement))
        assert getattr(refused.value.orig, "sqlstate", "") == "42501", statement


async def test_names_are_found_in_the_own_district_alone(world: World) -> None:
    """`members_named` runs as its owner, whom no policy holds: it asks for the district itself."""
    tokens = "SELECT search_tokens FROM member WHERE district_code = '231005' LIMIT 1"
    found = await world.doors.reading([HOME]).scalar(text(tokens))
    named = text("SELECT count(*) FROM members_named(:tokens)").bindparams(tokens=found[:1])
    assert await world.doors.reading([HOME]).scalar(named) >= 1
    assert await world.doors.reading([NEAR]).scalar(named) == 0
    assert await world.doors.reading([]).scalar(named) == 0
