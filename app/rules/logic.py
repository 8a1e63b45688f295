"""Pure decisions: which rules a unit meets, what a check answers, how settings change a pack."""

import operator
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from app.core.packs import Bilingual, Source
from app.rules.errors import CountsDisagree, KindNotCovered, LimitsRefused, NoLimits
from app.rules.types import (
    Approval,
    ApprovalLevel,
    Bound,
    Clause,
    Comparison,
    Hit,
    Limits,
    Measure,
    Operator,
    OwnerFlag,
    Pack,
    Reason,
    Records,
    Rule,
    Setting,
    SubBranch,
    Suggestion,
    Unit,
    Verdict,
    Written,
)

_COMPARE: dict[Operator, Callable[[int, int], bool]] = {
    Operator.OVER: operator.gt,
    Operator.FROM: operator.ge,
    Operator.UNDER: operator.lt,
    Operator.UP_TO: operator.le,
}


def in_force(of: Pack | Rule | Approval, day: date) -> bool:
    """Tell whether `of` is in force on `day`; `valid_to` is the first day after it."""
    return (of.valid_from is None or of.valid_from <= day) and (
        of.valid_to is None or day < of.valid_to
    )


def limits_hold(upper: int, lower: int) -> bool:
    """Tell whether the two limits can stand: the upper exceeds the lower, neither is negative."""
    return 0 <= lower < upper


def comparisons(pack: Pack, day: date) -> list[Comparison]:
    """List the comparisons that `pack` makes on `day`, in the pack's order."""
    if not in_force(pack, day):
        return []
    found = []
    for rule in pack.rules:
        kinds = frozenset(rule.kinds)
        if pack.applies_to is not None:
            kinds &= pack.applies_to
        if kinds and in_force(rule, day):
            found.append(Comparison(rule, kinds, *_number(rule, pack.limits)))
    return found


def _number(rule: Rule, limits: Limits | None) -> tuple[Operator, int]:
    if rule.bound is Bound.UPPER and limits:
        return limits.upper_operator, limits.upper
    if rule.bound is Bound.LOWER and limits:
        return limits.lower_operator, limits.lower
    assert rule.operator is not None, rule.code
    assert rule.threshold is not None, rule.code
    return rule.operator, rule.threshold


def hits(asked: Iterable[Comparison], unit: Unit) -> Iterator[Hit]:
    """Give the comparisons that `unit` meets: none if it is dissolved, none on unknown counts."""
    if unit.is_dissolved:
        return
    for comparison in asked:
        rule = comparison.rule
        if unit.kind not in comparison.kinds:
            continue
        if rule.locales is not None and unit.locale not in rule.locales:
            continue
        if rule.is_lifted_by_approval and unit.is_approved_small:
            continue
        count = _measured(unit, rule.measure)
        if count is not None and _COMPARE[comparison.operator](count, comparison.threshold):
            yield Hit(rule, count, comparison.operator, comparison.threshold)


def _measured(unit: Unit, measure: Measure) -> int | None:
    if measure is Measure.FULL_MEMBERS:
        return unit.full_members
    return unit.units_covered if measure is Measure.UNITS_COVERED else unit.members


def approval_for(
    pack: Pack, suggestion: Suggestion | None, unit: Unit, day: date
) -> ApprovalLevel | None:
    """Name the approval that `suggestion` needs where `unit` stands, beyond the superior's."""
    return next(
        (
            approval.level
            for approval in pack.approvals
            if suggestion in approval.suggestions
            and unit.locale in approval.locales
            and in_force(approval, day)
        ),
        None,
    )


def effective(pack: Pack, setting: Setting | None) -> Pack | None:
    """Give `pack` as a district set it, or `None` where it is switched off."""
    if setting is None:
        return pack if pack.is_enabled_by_default else None
    if not setting.is_enabled:
        return None
    limits = pack.limits
    if limits is not None:
        chosen = {
            name: value
            for name in ("upper", "lower", "upper_operator", "lower_operator")
            if (value := getattr(setting, name)) is not None
        }
        limits = replace(limits, **chosen)
    return replace(pack, limits=limits, applies_to=setting.applies_to)


def check_setting(pack: Pack, setting: Setting) -> None:
    """Raise `LimitsRefused`, `NoLimits` or `KindNotCovered` unless `pack` can be set so."""
    numbers = (setting.upper, setting.lower, setting.upper_operator, setting.lower_operator)
    if pack.limits is None and any(n is not None for n in numbers):
        raise NoLimits(
            f"规则包 {pack.name} 的人数由法规规定，只能启用、停用或者限定类别",
            f"{pack.name} can be switched on or off and narrowed to kinds, nothing else",
        )
    if pack.limits is not None:
        upper = pack.limits.upper if setting.upper is None else setting.upper
        lower = pack.limits.lower if setting.lower is None else setting.lower
        if not limits_hold(upper, lower):
            raise LimitsRefused(
                f"上限 {upper} 必须大于下限 {lower}，且均不得为负",
                f"the upper limit {upper} must exceed the lower limit {lower}, neither negative",
            )
    if setting.applies_to is not None and (extra := sorted(setting.applies_to - {*pack.kinds})):
        raise KindNotCovered(
            f"规则包 {pack.name} 不适用于：{'、'.join(extra)}",
            f"{pack.name} does not cover {', '.join(extra)}",
        )


def count(
    members: int | None,
    full_members: int | None,
    children: Sequence[SubBranch] | None,
    records: Records | None,
) -> tuple[int | None, int | None]:
    """Work out the members of a subtree and the most full members there can be among them.

    Full and probationary members count whose relation is here; those who went mobile and those
    whose transfer out is pending are among them, for the old organisation answers for them until
    they are accepted elsewhere (《中国共产党党员教育管理工作条例》第二十五条). Those accepted
    elsewhere, suspended, dead or expelled do not count. Sub-branches are counted once.
    Raises `CountsDisagree` when a stated count does not agree with the others.
    """
    full = probationary = 0
    if records is not None:
        # The category of the mobile and the pending is not told, so any of them may be full.
        full += records.active_full + records.mobile_out_relation_kept
        full += records.transfer_out_pending
        probationary += records.active_probationary
    for child in children or ():
        full += child.full
        probationary += child.probationary
    if records is None and children is None:
        total = members
    else:
        total = full + probationary if members is None else members
        # Records are all there is; sub-branches may leave out members directly above them.
        _agree(total, full + probationary, exact=records is not None)
    most = None if total is None else total - probationary
    if full_members is None:
        return total, most
    if most is not None:
        _agree(most, full_members)
    return total, full_members


def _agree(total: int, part: int, *, exact: bool = False) -> None:
    if part > total or (exact and part != total):
        raise CountsDisagree(
            f"人数 {total} 与分项 {part} 不符", f"the count {total} does not agree with {part}"
        )


def check(owner: Pack, advisories: Pack, limits: Limits | None, unit: Unit, day: date) -> Verdict:
    """Judge one unit by the owner's rule, under `limits` when given, and by the regulations.

    Limits that cannot stand are refused in the verdict, and then the owner's rule flags nothing;
    the regulations do not depend on them.
    """
    reasons: list[Reason] = []
    flag: OwnerFlag | None = None
    suggested: Suggestion | None = None
    level: ApprovalLevel | None = None
    owner = replace(owner, limits=limits or owner.limits)
    assert owner.limits is not None
    accepted = limits_hold(owner.limits.upper, owner.limits.lower)
    if not accepted:
        reasons.append(_refused(owner, owner.limits))
    if unit.is_dissolved:
        reasons.append(_reason_of(owner, "dissolved", _DISSOLVED))
    for hit in hits(comparisons(owner, day) if accepted else [], unit):
        flag = OwnerFlag(hit.rule.code)
        suggested = hit.rule.suggestion
        level = approval_for(owner, suggested, unit, day)
        reasons.append(_reason(owner, hit))
    notes: dict[str, None] = {}
    for hit in hits(comparisons(advisories, day), unit):
        notes[hit.rule.code] = None
        reasons.append(_reason(advisories, hit))
    return Verdict(unit.members, flag, suggested, tuple(notes), level, accepted, tuple(reasons))


def _reason(pack: Pack, hit: Hit) -> Reason:
    values = {"count": hit.count, "threshold": hit.threshold, "operator": hit.operator.value}
    text = hit.rule.message
    message = Bilingual(text.zh.format(**values), text.en.format(**values))
    return Reason(hit.rule.code, pack.name, pack.version, message, str(hit.rule.source))


_DISSOLVED = Bilingual("已撤销的党组织不作判定", "A dissolved organisation is not judged")


def _reason_of(pack: Pack, rule: str, message: Bilingual) -> Reason:
    return Reason(rule, pack.name, pack.version, message, pack.title.zh)


def _refused(pack: Pack, limits: Limits) -> Reason:
    message = Bilingual(
        f"上限 {limits.upper} 必须大于下限 {limits.lower}，且均不得为负；未按此判定",
        f"The upper limit {limits.upper} must exceed the lower limit {limits.lower}, "
        "neither negative; nothing was judged by them",
    )
    return _reason_of(pack, "config", message)


def written(raw: Mapping[str, Any]) -> Written:
    """Read a pack of another domain as it is shown."""
    rest = dict(raw)
    name, version = rest.pop("name"), rest.pop("version")
    title = rest.pop("title", {"zh": name, "en": name})
    sources = {key: Source(**source) for key, source in rest.pop("sources", {}).items()}
    clauses = rest.pop("clauses", {}).items()
    said = (Clause(code, Bilingual(**c["message"]), sources[c["source"]]) for code, c in clauses)
    return Written(name, version, Bilingual(**title), tuple(said), rest)
