"""Setting the rules of a district."""

from datetime import date

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import audit
from app.core.caller import Caller, Permission, Subtree
from app.core.db import new_id
from app.core.errors import Invalid, NotFound
from app.organizations.queries import ROOT_PATH
from app.rules import logic, queries
from app.rules.errors import NoLimits
from app.rules.models import RuleSetting
from app.rules.schemas import RestructuringCheck, SettingNew
from app.rules.types import (
    ADVISORY_PACK,
    OWNER_PACK,
    Limits,
    Records,
    Setting,
    SubBranch,
    Unit,
    Verdict,
)


async def configure(
    session: AsyncSession, caller: Caller, name: str, new: SettingNew
) -> RuleSetting:
    """Set a pack for a district from a day on; what stood there before ends or gives way.

    Raises `NotFound` for a pack that does not exist or a district out of sight, `Forbidden` without
    the right at the district's root, `LimitsRefused`, `NoLimits` or `KindNotCovered`.
    """
    if name in queries.written():
        raise NoLimits
    pack = queries.pack(name)
    if all(s.district_code != new.district_code for s in caller.subtrees(Permission.RULES_READ)):
        raise NotFound("未找到该区县", "no such district")
    caller.require(Permission.RULES_CONFIGURE, at=Subtree(new.district_code, ROOT_PATH))
    kinds = None if new.applies_to is None else frozenset(new.applies_to)
    setting = Setting(
        is_enabled=new.is_enabled,
        upper=new.upper,
        lower=new.lower,
        upper_operator=new.upper_operator,
        lower_operator=new.lower_operator,
        applies_to=kinds,
    )
    logic.check_setting(pack, setting)
    if new.valid_to is not None and new.valid_to <= new.valid_from:
        raise Invalid("valid_to 须晚于 valid_from", "valid_to must be after valid_from")
    await _make_room(session, new.district_code, pack.name, new.valid_from, new.valid_to)
    row = RuleSetting(
        district_code=new.district_code,
        id=new_id(),
        pack=pack.name,
        is_enabled=setting.is_enabled,
        upper=setting.upper,
        lower=setting.lower,
        upper_operator=setting.upper_operator,
        lower_operator=setting.lower_operator,
        applies_to=None if kinds is None else sorted(kinds),
        valid_from=new.valid_from,
        valid_to=new.valid_to,
        version=1,
    )
    session.add(row)
    await session.flush()
    target = "rule_setting", row.id
    audit.record(session, new.district_code, target, after=audit.columns(row))
    return row


async def _make_room(
    session: AsyncSession, district_code: str, pack: str, start: date, end: date | None
) -> None:
    """Free the days from `start` to before `end`: what stands there ends, begins later or goes.

    A setting that reaches beyond both ends is cut in two, so it holds again afterwards.
    """
    # One change of these settings at a time, so that two cannot both find room.
    lock = func.hashtextextended(f"rule_setting {district_code} {pack}", 0)
    await session.execute(select(func.pg_advisory_xact_lock(lock)))
    overlapping = select(RuleSetting).where(
        RuleSetting.district_code == district_code,
        RuleSetting.pack == pack,
        or_(RuleSetting.valid_to.is_(None), RuleSetting.valid_to > start),
    )
    if end is not None:
        overlapping = overlapping.where(RuleSetting.valid_from < end)
    later: list[RuleSetting] = []
    for old in (await session.scalars(overlapping)).all():
        goes_on = end is not None and (old.valid_to is None or old.valid_to > end)
        if goes_on:
            later.append(_copy(old, end))
        if old.valid_from < start:
            old.valid_to = start
            old.version += 1
        else:
            await session.delete(old)
    await session.flush()
    session.add_all(later)


def _copy(old: RuleSetting, start: date | None) -> RuleSetting:
    return RuleSetting(
        district_code=old.district_code,
        id=new_id(),
        pack=old.pack,
        is_enabled=old.is_enabled,
        upper=old.upper,
        lower=old.lower,
        upper_operator=old.upper_operator,
        lower_operator=old.lower_operator,
        applies_to=old.applies_to,
        valid_from=start,
        valid_to=old.valid_to,
        version=1,
    )


def check(asked: RestructuringCheck, today: date) -> Verdict:
    """Judge the unit that is described; nothing is stored. Raises `CountsDisagree`."""
    owner, advisories = queries.pack(OWNER_PACK), queries.pack(ADVISORY_PACK)
    limits = owner.limits
    assert limits is not None
    if asked.config is not None:
        upper, lower = asked.config.upper, asked.config.lower
        limits = Limits(
            limits.upper if upper is None else upper,
            limits.lower if lower is None else lower,
            limits.upper_operator,
            limits.lower_operator,
        )
    children = None
    if asked.children is not None:
        children = [SubBranch(c.full, c.probationary) for c in asked.children]
    records = Records(**asked.records.model_dump()) if asked.records else None
    members, full = logic.count(asked.members, asked.full_members, children, records)
    unit = Unit(
        kind=asked.unit_type,
        locale=asked.locale,
        members=members,
        full_members=full,
        units_covered=asked.units_covered,
        is_approved_small=asked.small_unit_approval,
        is_dissolved=asked.unit_status == "dissolved",
    )
    return logic.check(owner, advisories, limits, unit, asked.as_of or today)
