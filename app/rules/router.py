"""The rules over HTTP."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, status

from app.admission_rules import service as admission_rules
from app.admission_rules import types as admissions
from app.admission_rules.errors import VotesContradict
from app.admission_rules.schemas import AdmissionCheck
from app.core import clock
from app.core.errors import NotFound
from app.core.http import CallerDep, ReadDep, Route, SessionDep
from app.core.pages import Rows
from app.core.problems import declare
from app.core.schemas import Page
from app.rules import queries, service
from app.rules.errors import CountsDisagree, KindNotCovered, LimitsRefused, NoLimits
from app.rules.schemas import (
    Check,
    CheckVerdict,
    FindingListParams,
    FindingOut,
    PackDetail,
    PackDetailOut,
    PackName,
    PackOut,
    PackParams,
    SettingListParams,
    SettingNew,
    SettingOut,
)
from app.rules.types import Finding, Verdict

router = APIRouter(prefix="/rules", tags=["rules"], route_class=Route)


@router.get("/packs", response_model=Page[PackOut])
async def list_rule_packs() -> Rows[Any]:
    """List the rule packs, those of terms and elections too (规则包)."""
    return Rows([*queries.packs().values(), *queries.written().values()])


@router.get("/packs/{name}", response_model=PackDetailOut, responses=declare(NotFound))
async def get_rule_pack(
    on: ReadDep, caller: CallerDep, name: PackName, params: Annotated[PackParams, Query()]
) -> Any:
    """Show a pack: its rules, their sources, and what your districts set (规则包详情)."""
    found = PackDetail.model_validate(queries.shown(name)).model_dump()
    day = params.as_of or clock.today()
    return found | {"settings": await queries.settings_on(on, caller, name, day)}


@router.get("/packs/{name}/settings", response_model=Page[SettingOut], responses=declare(NotFound))
async def list_rule_settings(
    on: ReadDep, caller: CallerDep, name: PackName, params: Annotated[SettingListParams, Query()]
) -> Rows[Any]:
    """List what your districts set for a pack, oldest first (规则设置)."""
    return await queries.settings(on, caller, name, params)


@router.post(
    "/packs/{name}/settings",
    response_model=SettingOut,
    status_code=status.HTTP_201_CREATED,
    responses=declare(NotFound, LimitsRefused, NoLimits, KindNotCovered),
)
async def set_rule_pack(
    session: SessionDep, caller: CallerDep, name: PackName, new: SettingNew
) -> Any:
    """Set a pack for a district from a day on; the setting before it ends there (设置规则包)."""
    return await service.configure(session, caller, name, new)


@router.post(
    "/checks", response_model=CheckVerdict, responses=declare(CountsDisagree, VotesContradict)
)
async def check_rules(asked: Check) -> Verdict | admissions.Verdict:
    """Judge the organisation or the step described, without storing anything (规则试算)."""
    if isinstance(asked, AdmissionCheck):
        return admission_rules.check(asked, clock.today())
    return service.check(asked, clock.today())


@router.get("/findings", response_model=Page[FindingOut], responses=declare(NotFound))
async def list_findings(
    on: ReadDep, caller: CallerDep, params: Annotated[FindingListParams, Query()]
) -> Rows[Finding]:
    """List what the rules find in the records of a day (规则发现)."""
    return await queries.find(on, caller, params, params.as_of or clock.today())
