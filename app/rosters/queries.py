"""What an export takes out of the records."""

from app.core.caller import Caller, Permission
from app.core.db import Executor
from app.members import queries as members
from app.members.models import Member
from app.members.schemas import MemberFilters
from app.organizations.models import OrganizationState
from app.organizations.queries import AnyRow

EXPORT_ROWS = 200_000


async def export(on: Executor, caller: Caller, filters: MemberFilters) -> list[AnyRow]:
    """List the members that an export holds, in the order of the tree, then by name."""
    rows = await members.filtered(on, caller, filters, Permission.MEMBERS_EXPORT)
    ordered = rows.order_by(OrganizationState.path, Member.name_key).limit(EXPORT_ROWS)
    return list(await on.execute(ordered))
