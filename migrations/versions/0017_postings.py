"""Postings, and the poor households of villages."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

IN_SCOPE = (
    "district_code = ANY ((SELECT string_to_array(current_setting('hangji.districts', true), ','))"
    "::text[])"
)
ALWAYS = "valid_from > '-infinity'"


def _own(*, history: bool) -> dict[str, list[sa.Column[object]]]:
    """Give the columns between the key and the dates, of each table and of its history."""
    return {
        "posting": [
            sa.Column("member_id", sa.Uuid(), nullable=False),
            sa.Column("organization_id", sa.Uuid(), nullable=False),
            sa.Column("post", sa.String(length=30), nullable=False),
            sa.Column("decision", sa.String(length=200), nullable=True),
            sa.Column("due_on", sa.Date(), nullable=True),
            sa.Column("extended_months", sa.Integer(), nullable=True),
            sa.Column("extended_on", sa.Date(), nullable=True),
            sa.Column("extension_decision", sa.String(length=200), nullable=True),
            sa.Column("end_reason", sa.String(length=200), nullable=True),
            *_dates(history=history),
        ],
        "poor_household": [
            sa.Column("organization_id", sa.Uuid(), nullable=False),
            sa.Column("number", sa.Integer(), nullable=False),
            sa.Column("posting_id", sa.Uuid(), nullable=True),
            sa.Column("paired_on", sa.Date(), nullable=True),
            *_dates(history=history),
        ],
    }


def _dates(*, history: bool) -> list[sa.Column[object]]:
    computed = [] if history else [sa.Computed("daterange(valid_from, valid_to)", persisted=True)]
    version = {} if history else {"server_default": "1"}
    now = {} if history else {"server_default": sa.text("now()")}
    return [
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("valid", postgresql.DATERANGE(), *computed, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False, **version),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False, **now),
    ]


def _key() -> list[sa.Column[object]]:
    return [
        sa.Column("district_code", sa.String(length=6), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
    ]


def _apart(name: str, *columns: str, where: str = "") -> postgresql.ExcludeConstraint:
    """Keep rows that are alike in `columns` from holding at the same time."""
    equal = ((sa.column(c), "=") for c in columns)
    return postgresql.ExcludeConstraint(
        *equal,
        (sa.column("valid"), "&&"),
        (sa.column("district_code"), "="),
        where=sa.text(ALWAYS + where),
        using="gist",
        name=name,
    )


def upgrade() -> None:
    op.create_table(
        "posting",
        *_key(),
        *_own(history=False)["posting"],
        _apart("ex_posting_once_at_a_time", "member_id", "organization_id", "post"),
        _apart(
            "ex_posting_single_post",
            "organization_id",
            "post",
            where=" AND post IN ('director', 'first_secretary', 'secretary')",
        ),
        _apart("ex_posting_one_village", "member_id", where=" AND post = 'first_secretary'"),
        sa.CheckConstraint(
            "post IN ('first_secretary', 'district_leader', 'township_leader', 'village_leader',"
            " 'secretary', 'deputy_secretary', 'committee_member', 'grid_cadre', 'director',"
            " 'deputy_director', 'residents_member')",
            name=op.f("ck_posting_post"),
        ),
        sa.CheckConstraint(ALWAYS, name=op.f("ck_posting_valid_from")),
        sa.CheckConstraint("valid_from < valid_to", name=op.f("ck_posting_valid_range")),
        sa.CheckConstraint("valid_from < due_on", name=op.f("ck_posting_due_on")),
        sa.CheckConstraint(
            "num_nonnulls(extended_months, extended_on, extension_decision) IN (0, 3)"
            " AND (extended_on IS NULL OR due_on IS NOT NULL)",
            name=op.f("ck_posting_extension"),
        ),
        sa.CheckConstraint("extended_on >= valid_from", name=op.f("ck_posting_extended_on")),
        sa.CheckConstraint(
            "extended_months BETWEEN 1 AND 60", name=op.f("ck_posting_extended_months")
        ),
        sa.CheckConstraint(
            "(end_reason IS NULL) = (valid_to IS NULL)", name=op.f("ck_posting_end_reason")
        ),
        sa.ForeignKeyConstraint(
            ["district_code", "member_id"],
            ["member.district_code", "member.id"],
            name=op.f("fk_posting_district_code_member_id"),
        ),
        sa.ForeignKeyConstraint(
            ["district_code", "organization_id"],
            ["organization.district_code", "organization.id"],
            name=op.f("fk_posting_district_code_organization_id"),
        ),
        sa.PrimaryKeyConstraint("district_code", "id", name=op.f("pk_posting")),
    )
    op.create_index(
        "ix_posting_organization",
        "posting",
        ["district_code", "organization_id", "post", "valid_from"],
    )
    op.create_index("ix_posting_member", "posting", ["district_code", "member_id", "valid_from"])
    op.create_index("ix_posting_valid_from", "posting", ["district_code", "valid_from", "id"])
    op.create_table(
        "poor_household",
        *_key(),
        *_own(history=False)["poor_household"],
        _apart("ex_poor_household_number", "organization_id", "number"),
        sa.CheckConstraint(ALWAYS, name=op.f("ck_poor_household_valid_from")),
        sa.CheckConstraint("valid_from < valid_to", name=op.f("ck_poor_household_valid_range")),
        sa.CheckConstraint("number BETWEEN 1 AND 9999", name=op.f("ck_poor_household_number")),
        sa.CheckConstraint(
            "(posting_id IS NULL) = (paired_on IS NULL)", name=op.f("ck_poor_household_paired_on")
        ),
        sa.CheckConstraint(
            "paired_on >= valid_from", name=op.f("ck_poor_household_paired_in_time")
        ),
        sa.ForeignKeyConstraint(
            ["district_code", "organization_id"],
            ["organization.district_code", "organization.id"],
            name=op.f("fk_poor_household_district_code_organization_id"),
        ),
        sa.ForeignKeyConstraint(
            ["district_code", "posting_id"],
            ["posting.district_code", "posting.id"],
            name=op.f("fk_poor_household_district_code_posting_id"),
        ),
        sa.PrimaryKeyConstraint("district_code", "id", name=op.f("pk_poor_household")),
    )
    op.create_index(
        "ix_poor_household_organization",
        "poor_household",
        ["district_code", "organization_id", "number"],
    )
    op.create_index(
        "ix_poor_household_valid_from", "poor_household", ["district_code", "valid_from", "id"]
    )
    op.create_index("ix_poor_household_posting", "poor_household", ["district_code", "posting_id"])
    role = op.get_context().config.attributes["application_role"]
    quoted = op.get_bind().dialect.identifier_preparer.quote(role)
    for table, columns in _own(history=True).items():
        superseded = sa.Column(
            "superseded_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        )
        op.create_table(f"{table}_history", *_key(), *columns, superseded)
        op.execute(
            f"CREATE TRIGGER keep_history AFTER UPDATE OR DELETE ON {table}"
            " FOR EACH ROW EXECUTE FUNCTION keep_history()"
        )
        op.execute(f"REVOKE INSERT, UPDATE, DELETE ON {table}_history FROM {quoted}")
        for walled in (table, f"{table}_history"):
            op.execute(f"ALTER TABLE {walled} ENABLE ROW LEVEL SECURITY")
            op.execute(f"CREATE POLICY of_the_district ON {walled} USING ({IN_SCOPE})")


def downgrade() -> None:
    for table in ("poor_household", "posting"):
        op.drop_table(f"{table}_history")
        op.drop_table(table)
