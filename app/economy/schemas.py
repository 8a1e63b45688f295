"""JSON of villages' collective economy; amounts are strings with two decimals at most."""

import re
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BeforeValidator, Field, StringConstraints, WithJsonSchema
from pydantic_core import PydanticCustomError

from app.core.schemas import Count, Day, Id, Line, ListParams, Schema
from app.economy.models import NUMBER_LENGTH
from app.economy.types import ContractFinding, VillageEntryKind, VillageProjectStatus

_AMOUNT = r"(0|[1-9][0-9]{0,11})(\.[0-9]{1,2})?"


def _amount(value: Any) -> Any:
    if isinstance(value, Decimal):
        return value
    if not (isinstance(value, str) and re.fullmatch(_AMOUNT, value)):
        raise PydanticCustomError("amount", 'not an amount written like "1200.50"')
    return Decimal(value)


Income = Annotated[
    Decimal,
    BeforeValidator(_amount),
    WithJsonSchema({"type": "string", "pattern": f"^{_AMOUNT}$", "maxLength": 15}),
]
"""Yuan, as a string: "1200.50"; a float would lose fen."""
Amount = Annotated[Income, Field(gt=0)]
"""Yuan or mu, more than 0, as a string: "1200.50"."""
Number = Annotated[Line, StringConstraints(max_length=NUMBER_LENGTH)]
Year = Annotated[Count, Field(ge=1949, le=2199)]


class _Out(Schema):
    """What every record shows."""

    id: UUID
    district_code: str
    organization_id: UUID
    organization_name: str
    version: int


class _ListParams(ListParams):
    """Filters that every list has."""

    organization_id: Id | None = None
    within: Id | None = None
    """Only villages of this organisation and of what is under it."""


class VillageContractOut(_Out):
    """A contract, as it was reviewed."""

    number: str
    finding: ContractFinding
    reviewed_on: date
    resolved_on: date | None
    resolution: str | None


class VillageContractNew(Schema):
    """A contract that was reviewed."""

    organization_id: Id
    """An organisation of a village."""
    number: Number
    """Unique in the village."""
    finding: ContractFinding
    reviewed_on: Day


class VillageContractEdit(Schema):
    """What is changed; a field that is left out stays."""

    number: Number | None = None
    finding: ContractFinding | None = None
    reviewed_on: Day | None = None


class ContractResolutionNew(Schema):
    """How an irregular contract was put right."""

    resolved_on: Day
    resolution: Line


class VillageContractListParams(_ListParams):
    """Filters of the list of contracts."""

    finding: ContractFinding | None = None
    sort: Literal["reviewed_on", "-reviewed_on"] = "-reviewed_on"


class VillageEntryOut(_Out):
    """Land or money got back, or debt settled."""

    kind: VillageEntryKind
    amount: Decimal
    happened_on: date
    document: str


class VillageEntryNew(Schema):
    """Land or money got back, or debt settled."""

    organization_id: Id
    """An organisation of a village."""
    kind: VillageEntryKind
    amount: Amount
    """Mu of land, yuan of the others."""
    happened_on: Day
    document: Line
    """The agreement or voucher that says so."""


class VillageEntryEdit(Schema):
    """What is changed; a field that is left out stays."""

    kind: VillageEntryKind | None = None
    amount: Amount | None = None
    happened_on: Day | None = None
    document: Line | None = None


class VillageEntryListParams(_ListParams):
    """Filters of the list of entries."""

    kind: VillageEntryKind | None = None
    sort: Literal["happened_on", "-happened_on"] = "-happened_on"


class VillageProjectOut(_Out):
    """An application for supporting funds."""

    title: str
    amount: Decimal
    applied_on: date
    status: VillageProjectStatus
    decided_on: date | None
    reason: str | None


class VillageProjectNew(Schema):
    """An application for supporting funds."""

    organization_id: Id
    """An organisation of a village."""
    title: Line
    amount: Amount
    """Yuan."""
    applied_on: Day


class VillageProjectEdit(Schema):
    """What is changed; a field that is left out stays."""

    title: Line | None = None
    amount: Amount | None = None
    applied_on: Day | None = None


class ProjectApprovalNew(Schema):
    """When the funds were granted."""

    decided_on: Day


class ProjectRejectionNew(ProjectApprovalNew):
    """When and why they were not."""

    reason: Line


class VillageProjectListParams(_ListParams):
    """Filters of the list of projects."""

    status: VillageProjectStatus | None = None
    sort: Literal["applied_on", "-applied_on"] = "-applied_on"


class VillageIncomeOut(_Out):
    """A village's income of a year."""

    year: int
    income: Decimal


class VillageIncomeNew(Schema):
    """A village's income of a year that has ended."""

    organization_id: Id
    """An organisation of a village."""
    year: Year
    income: Income


class VillageIncomeEdit(Schema):
    """The income, corrected."""

    income: Income


class VillageIncomeListParams(_ListParams):
    """Filters of the list of incomes."""

    year: Year | None = None
    sort: Literal["year", "-year"] = "-year"
