"""What the database itself holds to, whoever writes."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from tests.make.organizations import make_district
from tests.make.programmes import make_document, make_programme


@pytest.mark.parametrize(
    ("change", "constraint"),
    [
        ("programme SET family = 'brand'", "ck_programme_family"),
        ("programme SET name = ' x'", "ck_programme_name"),
        ("programme SET plan_id = id", "ck_programme_plan"),
        ("programme SET ends_on = NULL", "ck_programme_plan"),
        ("programme SET family = 'plan_area'", "ck_programme_plan"),
        ("document SET kind = 'letter'", "ck_document_kind"),
        ("document SET topic = 'city'", "ck_document_topic"),
        ("document SET url = 'http://x'", "ck_document_url"),
        ("document SET number = ''", "ck_document_number"),
        ("document SET repealed_on = '2018-03-11'", "ck_document_repealed_on"),
        ("document SET programme_id = gen_random_uuid()", "fk_document_district_code_programme_id"),
    ],
)
async def test_the_database_refuses(session: AsyncSession, change: str, constraint: str) -> None:
    root = await make_district(session)
    await make_programme(session, root, family="plan")
    await make_document(session, root)
    with pytest.raises(IntegrityError, match=constraint):
        async with session.begin_nested():
            await session.execute(text(f"UPDATE {change}"))
