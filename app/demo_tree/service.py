"""Writing the building groups under the grid branches of the demo district."""

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import audit
from app.core.db import new_id
from app.demo_tree import logic
from app.organizations import service as tree
from app.organizations.models import Organization, OrganizationState
from app.organizations.types import OrganizationKind

State = OrganizationState


async def fill(session: AsyncSession, district_code: str) -> None:
    """Found the groups, from the day on from which their branches are recorded."""
    grids = (
        select(State.organization_id, State.path, State.name, State.sector, State.valid_from)
        .where(State.district_code == district_code, State.is_grid, State.valid_to.is_(None))
        .order_by(State.path)
    )
    branches = (await session.execute(grids)).all()
    drawn = list(logic.groups(branch.name for branch in branches))
    label = await tree.take_labels(session, district_code, len(drawn))
    made, states = [], []
    for serial, (place, name) in enumerate(drawn, label):
        branch, group = branches[place], new_id()
        made.append({"district_code": district_code, "id": group, "label": serial})
        states.append(
            {
                "district_code": district_code,
                "id": new_id(),
                "organization_id": group,
                "parent_id": branch.organization_id,
                "path": f"{branch.path}{serial}.",
                "name": name,
                "kind": OrganizationKind.PARTY_GROUP,
                "sector": branch.sector,
                "founded_on": logic.FOUNDED_ON,
                "valid_from": branch.valid_from,
            }
        )
    await session.execute(insert(Organization), made)
    await session.execute(insert(State), states)
    audit.record(session, district_code, groups=len(made))
