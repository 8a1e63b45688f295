"""Reading the packs, the districts' settings, and the findings that the records make."""

import tomllib
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from functools import lru_cache, partial
from importlib import resources
from types import MappingProxyType
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import (
    ColumnElement,
    Date,
    Numeric,
    Row,
    Select,
    String,
    Uuid,
    and_,
    cast,
    false,
    func,
    literal,
    null,
    or_,
    select,
)

from app.core.caller import Caller, Permission, Subtree
from app.core.dated import on_day
from app.core.db import Executor, Reader
from app.core.errors import Invalid, NotFound, Text, wrong
from app.core.figures import Figure, FigureUnit, Window
from app.core.hot import Hot, param
from app.core.pages import Rows, page, seal, unseal
from app.core.schemas import ListParams
from app.members.queries import headcounts
from app.organizations import queries as organizations
from app.organizations.models import District
from app.organizations.queries import AnySelect
from app.organizations.types import OrganizationKind, Sector
from app.rules import logic
from app.rules.models import RuleSetting
from app.rules.schemas import FindingListParams, SettingListParams
from app.rules.types import (
    LOCALES,
    OWNER_PACK,
    Bound,
    Comparison,
    Finding,
    Measure,
    Operator,
    Pack,
    Setting,
    Severity,
    Unit,
    Written,
)

_PACK = TypeAdapter(Pack)
_MEASURED = {Measure.MEMBERS: "subtree", Measure.FULL_MEMBERS: "full"}
"""The head-count's column behind a measure; units covered are not recorded."""


@lru_cache
def packs() -> Mapping[str, Pack]:
    """Read the packs that are shipped, by name."""
    files = sorted(resources.files("app.rules").joinpath("packs").iterdir(), key=lambda f: f.name)
    read = (tomllib.loads(f.read_text("utf-8")) for f in files if f.name.endswith(".toml"))
    return MappingProxyType({p.name: p for p in map(_PACK.validate_python, read)})


@lru_cache
def written() -> Mapping[str, Written]:
    """Read the packs of other domains, by name; each lies in its domain's folder `packs`."""
    found: dict[str, Written] = {}
    for domain in sorted(resources.files("app").iterdir(), key=lambda d: d.name):
        folder = domain.joinpath("packs")
        if domain.name == "rules" or not folder.is_dir():
            continue
        for file in sorted(folder.iterdir(), key=lambda f: f.name):
            if file.name.endswith(".toml"):
                read = logic.written(tomllib.loads(file.read_text("utf-8")))
                found[read.name] = read
    return MappingProxyType(found)


def shown(name: str) -> Pack | Written:
    """Fetch one pack of this domain or of another, or raise `NotFound`."""
    return written().get(name) or pack(name)


def pack(name: str) -> Pack:
    """Fetch one pack, or raise `NotFound`."""
    found = packs().get(name)
    if found is None:
        raise NotFound("没有这个规则包", "no such pack")
    return found


def _districts(caller: Caller) -> list[str]:
    return sorted({s.district_code for s in caller.subtrees(Permission.RULES_READ)})


def visible(caller: Caller) -> Select[*tuple[Any, ...]]:
    """Select the settings of the districts in which the caller may read rules."""
    columns = [c for c in RuleSetting.__table__.c if c.name != "valid"]
    return select(*columns).where(RuleSetting.district_code.in_(_districts(caller)))


async def settings(
    on: Executor, caller: Caller, name: str, params: SettingListParams
) -> Rows[Row[*tuple[Any, ...]]]:
    """List what the caller's districts set for the pack `name`."""
    rows = visible(caller).where(RuleSetting.pack == shown(name).name)
    if params.district_code is not None:
        rows = rows.where(RuleSetting.district_code == params.district_code)
    if params.as_of is not None:
        rows = rows.where(on_day(RuleSetting, params.as_of))
    sorts: dict[str, ColumnElement[Any]] = {"valid_from": RuleSetting.valid_from.expression}
    return await page(
        on, rows, sorts, "valid_from", params, of=f"settings {name}", tie=RuleSetting.id.expression
    )


async def settings_on(
    on: Executor, caller: Caller, name: str, day: date
) -> Sequence[Row[*tuple[Any, ...]]]:
    """List what is in force on `day` for the pack `name`, by district."""
    rows = visible(caller).where(RuleSetting.pack == shown(name).name, on_day(RuleSetting, day))
    return (await on.execute(rows.order_by(RuleSetting.district_code))).all()


def setting_of(row: Any) -> Setting:
    """Turn a row of settings into what the rules take."""
    return Setting(
        is_enabled=row.is_enabled,
        upper=row.upper,
        lower=row.lower,
        upper_operator=row.upper_operator and Operator(row.upper_operator),
        lower_operator=row.lower_operator and Operator(row.lower_operator),
        applies_to=row.applies_to and frozenset(map(OrganizationKind, row.applies_to)),
    )


async def effective(
    on: Executor, districts: Iterable[str], day: date
) -> dict[str, list[tuple[Pack, list[Comparison]]]]:
    """Give each district's packs that are in force on `day`, with what they ask."""
    codes = sorted(set(districts))
    columns = [c for c in RuleSetting.__table__.c if c.name != "valid"]
    rows = select(*columns).where(RuleSetting.district_code.in_(codes), on_day(RuleSetting, day))
    found = {(r.district_code, r.pack): setting_of(r) for r in await on.execute(rows)}
    return {
        code: [
            (chosen, logic.comparisons(chosen, day))
            for name, shipped in packs().items()
            if (chosen := logic.effective(shipped, found.get((code, name)))) is not None
        ]
        for code in codes
    }


async def findings(on: Reader, subtrees: Sequence[Subtree], as_of: date) -> list[Finding]:
    """Compute what the rules find in `subtrees` on the day `as_of`, by district, path and rule.

    No subtree may lie in another. Head-counts come from the records, one statement a subtree.
    """
    asked = await effective(on, (s.district_code for s in subtrees), as_of)
    found: list[Finding] = []
    for subtree in subtrees:
        chosen = asked[subtree.district_code]
        near = frozenset(
            (_MEASURED[c.rule.measure], c.operator, c.threshold, c.kinds)
            for _, comparisons in chosen
            for c in comparisons
            if c.rule.measure in _MEASURED
        )
        for row in await _near(near).fetch(on, [subtree], day=as_of):
            found += findings_of(row, subtree.district_code, chosen, as_of)
    return sorted(found, key=lambda f: _key(f, "path"))


@lru_cache(maxsize=100)
def _near(comparisons: frozenset[tuple[str, Operator, int, frozenset[OrganizationKind]]]) -> Hot:
    """Leave out in SQL what cannot be flagged; the decision itself is made by `logic`."""

    def rows(places: Sequence[Any], _: Collection[str]) -> Select[Any]:
        counts = headcounts(places[0], param("day", Date())).c
        near = (
            and_(counts.kind.in_(sorted(kinds)), counts[column].bool_op(operator.value)(threshold))
            for column, operator, threshold, kinds in comparisons
        )
        names = ("organization_id", "path", "name", "kind", "sector", "full", "subtree")
        return select(*(counts[name] for name in names)).where(or_(false(), *near))

    return Hot(rows)


def findings_of(
    row: Any, district_code: str, chosen: list[tuple[Pack, list[Comparison]]], as_of: date
) -> Iterable[Finding]:
    """Give what the packs find of one organisation.

    `row` is its id, path, name, kind and sector, its full members and all of its members.
    """
    organization_id, path, name, in_words, sector, full_members, members = row
    kind = OrganizationKind(in_words)
    unit = Unit(
        kind=kind,
        locale=LOCALES.get(Sector(sector)) if sector else None,
        members=members,
        full_members=full_members,
    )
    for by, comparisons in chosen:
        for hit in logic.hits(comparisons, unit):
            yield Finding(
                district_code=district_code,
                organization_id=organization_id,
                organization_name=name,
                path=path,
                kind=kind,
                headcount=members,
                rule=hit.rule.code,
                pack=by.name,
                version=by.version,
                severity=hit.rule.severity,
                suggestion=hit.rule.suggestion,
                approval_level=logic.approval_for(by, hit.rule.suggestion, unit, as_of),
                source=str(hit.rule.source),
                as_of=as_of,
            )


def _key(finding: Finding, sort: str) -> tuple[str, ...]:
    """Give the order of `finding`; no two findings of a day share it."""
    place = (finding.district_code, finding.path, finding.pack, finding.rule)
    urgency = "0" if finding.severity is Severity.HIGH else "1"
    return (urgency, *place) if sort == "severity" else place


async def find(on: Reader, caller: Caller, params: FindingListParams, as_of: date) -> Rows[Finding]:
    """List the findings that the caller may see, a page at a time."""
    if params.pack is not None and params.pack not in packs():
        raise _unknown("pack")
    if params.rule is not None and params.rule not in rule_codes():
        raise _unknown("rule")
    subtrees = await organizations.asked(on, caller, params.within, as_of, Permission.RULES_READ)
    wanted = [f for f in await findings(on, subtrees, as_of) if _is_wanted(f, params)]
    return _page(wanted, params, params.sort)


def _unknown(field: str) -> Invalid:
    return wrong(field, "没有这个规则或规则包", "no such rule or pack", "enum", where="query")


def rule_codes() -> frozenset[str]:
    """Name every rule of every pack."""
    return frozenset(rule.code for shipped in packs().values() for rule in shipped.rules)


def _is_wanted(finding: Finding, params: FindingListParams) -> bool:
    return (
        params.kind in (None, finding.kind)
        and params.rule in (None, finding.rule)
        and params.severity in (None, finding.severity)
        and params.pack in (None, finding.pack)
    )


def _page(found: list[Finding], params: ListParams, sort: str) -> Rows[Finding]:
    """Cut a page out of findings that were all computed at once."""
    found = sorted(found, key=lambda f: _key(f, sort))
    if params.after:
        last = tuple(unseal(params.after, "findings", sort))
        found = [f for f in found if _key(f, sort) > last]
    if len(found) <= params.limit:
        return Rows(found)
    items = found[: params.limit]
    return Rows(items, seal("findings", sort, *_key(items[-1], sort)))


# ── Figures


def _limit(bound: Bound, places: Sequence[Subtree], window: Window) -> Select[*tuple[Any, ...]]:
    """Give the limit that each district of `places` has on the day: one row a district."""
    shipped = packs()[OWNER_PACK]
    assert shipped.limits is not None
    own = {Bound.UPPER: RuleSetting.upper, Bound.LOWER: RuleSetting.lower}[bound]
    made = cast(func.md5(District.code + bound.value), Uuid)
    kinds = f"{shipped.title.zh} {bound.value}"
    return (
        select(
            literal("rule_pack").label("kind"),
            func.coalesce(RuleSetting.id, made).label("id"),
            cast(null(), Uuid).label("organization_id"),
            cast(null(), String).label("organization_name"),
            literal(kinds).label("label"),
            func.coalesce(RuleSetting.valid_from, window.day).label("happened_on"),
            cast(func.coalesce(own, getattr(shipped.limits, bound.value)), Numeric).label("amount"),
        )
        .select_from(District)
        .outerjoin(
            RuleSetting,
            and_(
                RuleSetting.district_code == District.code,
                RuleSetting.pack == OWNER_PACK,
                on_day(RuleSetting, window.day),
            ),
        )
        .where(
            District.code.in_(sorted({p.district_code for p in places})),
            func.coalesce(RuleSetting.is_enabled, shipped.is_enabled_by_default),
        )
    )


def _districts_of(bound: Bound, places: Sequence[Subtree], window: Window) -> AnySelect:
    rows = _limit(bound, places, window).subquery()
    return select(*(c for c in rows.c if c.name != "amount"), cast(1, Numeric).label("amount"))


def _threshold(figure_id: str, bound: Bound, name: Text, definition: Text) -> Figure:
    limit, districts = partial(_limit, bound), partial(_districts_of, bound)
    unit, read = FigureUnit.MEMBERS, Permission.RULES_READ
    return Figure(figure_id, name, unit, definition, read, limit, districts, places=0)


FIGURES = (
    _threshold(
        "upgrade_threshold",
        Bound.UPPER,
        Text("党总支改设党委：党员人数超过", "Upgrade threshold: more members than"),
        Text(
            "当日生效的人数规则的上限；多个区县时取平均",
            "the upper limit in force on the day; the mean of several districts",
        ),
    ),
    _threshold(
        "downgrade_threshold",
        Bound.LOWER,
        Text("党总支改设党支部：党员人数不足", "Downgrade threshold: fewer members than"),
        Text(
            "当日生效的人数规则的下限；多个区县时取平均",
            "the lower limit in force on the day; the mean of several districts",
        ),
    ),
)
"""Figures of the owner's rule."""
