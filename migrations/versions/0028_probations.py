"""Admissions that went out with a member; steps that came along from another district."""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

STATUSES = "'open', 'completed', 'terminated'"
OLD = (
    "(step IN (5, 9)) = (first_member_id IS NOT NULL)"
    " AND (step <> 9 OR second_member_id IS NOT NULL)"
)
NEW = (
    "(step IN (5, 9) AND came_from IS NULL) = (first_member_id IS NOT NULL)"
    " AND (step <> 9 OR came_from IS NOT NULL OR second_member_id IS NOT NULL)"
)
FOLLOW = """
UPDATE admission a SET organization_id = p.branch_id, version = a.version + 1
FROM (
  SELECT m.district_code, m.member_id,
         CASE WHEN s.kind = 'party_group' THEN s.parent_id ELSE s.organization_id END AS branch_id
  FROM membership m JOIN organization_state s ON s.district_code = m.district_code
    AND s.organization_id = m.organization_id AND s.valid_to IS NULL
  WHERE m.valid_to IS NULL
) p
WHERE a.status = 'open' AND p.district_code = a.district_code AND p.member_id = a.member_id
  AND p.branch_id <> a.organization_id
"""
"""A probationer who went to another branch left the admission behind."""
CLOSE = """
UPDATE admission a SET closed_on = m.valid_from, closed_by = a.recorded_by, is_pending = false,
  status = CASE m.status WHEN 'transferred_out' THEN 'transferred' ELSE 'terminated' END,
  reason = CASE m.status WHEN 'transferred_out' THEN NULL ELSE left(concat_ws('：',
    CASE m.status WHEN 'deceased' THEN '去世' WHEN 'withdrawn' THEN '退党' WHEN 'struck_off' THEN '除名'
      WHEN 'expelled' THEN '开除党籍' ELSE '取消预备党员资格' END, m.reason), 200) END,
  version = a.version + 1
FROM membership m
WHERE a.status = 'open' AND m.district_code = a.district_code AND m.member_id = a.member_id
  AND m.valid_to IS NULL AND m.status IN ('transferred_out', 'deceased', 'withdrawn', 'struck_off',
    'expelled', 'probation_cancelled')
"""
"""A membership that ended left the admission open."""


def _check(table: str, name: str, condition: str) -> None:
    named = op.f(f"ck_{table}_{name}")
    op.drop_constraint(named, table, type_="check")
    op.create_check_constraint(named, table, condition)


def upgrade() -> None:
    _check("admission", "status", f"status IN ({STATUSES}, 'transferred')")
    column = sa.Column("came_from", sa.String(length=6), nullable=True)
    op.add_column("admission_step", column)
    _check("admission_step", "members", NEW)
    op.execute(CLOSE)
    op.execute(FOLLOW)


def downgrade() -> None:
    op.execute(
        "UPDATE admission SET status = 'terminated', reason = '组织关系已转出'"
        " WHERE status = 'transferred'"
    )
    op.execute("DELETE FROM admission_step WHERE came_from IS NOT NULL AND step IN (5, 9)")
    _check("admission_step", "members", OLD)
    op.drop_column("admission_step", "came_from")
    _check("admission", "status", f"status IN ({STATUSES})")
