"""Test data of transfers, made through the services."""

from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.arrivals import service as arrivals
from app.arrivals.schemas import ReceiptNew
from app.transfers import service
from app.transfers.models import Transfer
from app.transfers.schemas import RejectionNew, ReleaseNew, TransferNew
from tests.make.organizations import DISTRICT, everything

WHY = "工作单位变动"
REJECTED = {"ground": "facts_differ", "reason": "姓名与档案不符"}


def new_transfer(to: UUID | str, **values: Any) -> dict[str, Any]:
    """Make the JSON of a transfer: to an organisation by its id, or by name."""
    where = {"to_organization_id": str(to)}
    if isinstance(to, str) and len(to) != len(str(UUID(int=0))):
        where = {"to_organization_name": to}
    return where | {"reason": WHY} | values


async def make_transfer(
    session: AsyncSession, member: UUID, to: UUID | str, status: str = "requested", **values: Any
) -> UUID:
    """Request a transfer and take it, today, as far as `status`; each step by another account.

    Gives the row of the old district.
    """
    district = values.pop("district_code", DISTRICT)
    letter = {"letter_number": "介2019-1"} | values.pop("letter", {})
    here = everything(district)
    made = await service.request(session, here, member, TransferNew(**new_transfer(to, **values)))
    if status in {"released", "accepted"}:
        await service.release(session, everything(district), made, ReleaseNew(**letter))
    if status == "accepted":
        row = await session.get(Transfer, (district, made))
        assert row is not None
        if row.to_district_code is None:
            await arrivals.record_receipt(session, here, made, ReceiptNew())
        else:
            there = everything(row.to_district_code)
            await arrivals.accept(session, there, row.twin_id or made)
    if status == "rejected":
        await service.reject(session, everything(district), made, RejectionNew(**REJECTED))
    if status == "withdrawn":
        await service.withdraw(session, here, made, "情况有变")
    return made
