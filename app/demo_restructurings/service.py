"""Deciding on what the rules find of the demo's general branches, through the services."""

from datetime import date
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.access.logic import ROLES
from app.access.types import Role
from app.core import clock
from app.core.caller import Caller, Grant, Subtree
from app.organizations.queries import ROOT_PATH
from app.organizations.types import OrganizationKind
from app.restructurings import service
from app.restructurings.schemas import (
    FindingNamed,
    RestructuringApprovalNew,
    RestructuringNew,
    StepOn,
)
from app.simulations import queries as simulations

PROPOSED_ON, SUBMITTED_ON = date(2019, 12, 10), date(2019, 12, 12)
DECIDED_ON, EFFECTIVE_ON = date(2019, 12, 20), date(2020, 1, 1)
_FIRST_NUMBER = 41


def _caller(account_id: UUID, role: Role, district_code: str) -> Caller:
    grant = Grant(role, Subtree(district_code, ROOT_PATH), ROLES[role])
    return Caller(account_id, "demo", (grant,), district_code)


async def fill(session: AsyncSession, district_code: str, clerk: UUID, department: UUID) -> None:
    """Decide that three general branches become committees and two become branches.

    `clerk` proposes and submits, `department` approves; they take effect on `EFFECTIVE_ON`.
    """
    below = _caller(clerk, Role.ORGANIZATION_CLERK, district_code)
    above = _caller(department, Role.DEPARTMENT_ADMIN, district_code)
    nodes = await simulations.standing(session, district_code)
    (found,) = await simulations.findings(session, district_code, [nodes], ROOT_PATH, clock.today())
    flagged = [f for f in found if f.kind == OrganizationKind.GENERAL_BRANCH]
    for number, finding in enumerate(sorted(flagged, key=lambda f: -f.headcount)):
        named = FindingNamed(organization_id=finding.organization_id, rule=finding.rule)
        new = RestructuringNew(from_finding=named, effective_on=EFFECTIVE_ON, on=PROPOSED_ON)
        made = await service.propose(session, below, new)
        await service.submit(session, below, made, StepOn(on=SUBMITTED_ON))
        document = f"西组发〔2019〕{_FIRST_NUMBER + number}号"
        decision = RestructuringApprovalNew(document=document, on=DECIDED_ON)
        await service.approve(session, above, made, decision)
