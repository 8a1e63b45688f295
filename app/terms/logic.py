"""Pure decisions about terms: how long they are, when they end, and what that means on a day."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from functools import lru_cache

from app.core import clock
from app.core.packs import Bilingual
from app.organizations.types import OrganizationKind
from app.rules.types import Locale
from app.terms.types import (
    LOCALES,
    Bucket,
    Cited,
    DueSource,
    Entry,
    Extension,
    NextElection,
    Overview,
    Reason,
    Recorded,
    TermPack,
    TermReason,
    TermRule,
    TermStatus,
    TermVerdict,
)

NOT_CHECKED = frozenset({OrganizationKind.DISTRICT_COMMITTEE, OrganizationKind.PARTY_GROUP})
"""Kinds that no overview counts: the root of a district, and what is no organisation level."""


add_months = lru_cache(maxsize=20_000)(clock.add_months)
"""Kept, since the bodies of a district share few due dates."""


def cite(pack: Cited, code: str, **values: object) -> Reason:
    """Say the clause `code` of a pack, with its source."""
    clause = pack.clauses[code]
    message = Bilingual(clause.message.zh.format(**values), clause.message.en.format(**values))
    return Reason(code, pack.name, pack.version, message, str(pack.sources[clause.source]))


def rule_of(
    pack: TermPack, kind: OrganizationKind, locale: Locale | None, elected_on: date
) -> TermRule | None:
    """Find the rule for a body that was elected on a day."""
    for rule in pack.rules:
        if (
            kind in rule.kinds
            and (rule.locales is None or locale in rule.locales)
            and (rule.valid_from is None or rule.valid_from <= elected_on)
            and (rule.valid_to is None or elected_on < rule.valid_to)
        ):
            return rule
    return None


def has_term(pack: TermPack, kind: OrganizationKind) -> bool:
    """Tell whether bodies of this kind are elected for a term at all."""
    return any(rule.years is not None for rule in pack.rules if kind in rule.kinds)


def due_after(started_on: date, years: int) -> date:
    """Give the day on which a term ends: 29 February ends on 28 where the year has no 29."""
    return add_months(started_on, 12 * years)


def remind_on(pack: TermPack, due_on: date) -> date:
    """Give the day from which the superior reminds; a day the month lacks is its last."""
    return add_months(due_on, -pack.reminder_months)


def status_on(
    pack: TermPack, due_on: date, day: date, extended_until: date | None = None
) -> TermStatus:
    """Say where a body stands; `extended_until` is an extension that was accepted."""
    if day < remind_on(pack, due_on):
        return TermStatus.IN_TERM
    if day < due_on:
        return TermStatus.REMIND
    if day == due_on:
        return TermStatus.DUE
    if extended_until is not None and day <= extended_until:
        return TermStatus.EXTENDED
    return TermStatus.OVERDUE


def bucket_on(
    pack: TermPack, due_on: date, day: date, extended_until: date | None = None
) -> Bucket:
    """Say how near the end is: the due date, or the end of an extension that was accepted."""
    end = extended_until or due_on
    if end < day:
        return Bucket.OVERDUE
    if day >= remind_on(pack, end):
        return Bucket.DUE_6M
    if day >= add_months(end, -pack.horizon_months):
        return Bucket.DUE_12M
    return Bucket.IN_TERM


def extension_faults(pack: TermPack, due_on: date, extension: Extension) -> list[str]:
    """List the clauses that an extension breaks: one year to the day is accepted."""
    faults = []
    if extension.until <= due_on:
        faults.append("extension_not_later")
    if extension.until > add_months(due_on, pack.extension_months):
        faults.append("extension_over_1_year")
    if not extension.superior_approved:
        faults.append("no_superior_approval")
    return faults


def early_faults(pack: TermPack, due_on: date, election: NextElection) -> list[str]:
    """List the clauses that an election before its time breaks: one year to the day is accepted."""
    faults = []
    if election.held_on < add_months(due_on, -pack.early_months):
        faults.append("early_over_1_year")
    if not election.superior_approved:
        faults.append("no_superior_approval")
    return faults


def check(
    pack: TermPack,
    kind: OrganizationKind,
    locale: Locale | None,
    elected_on: date,
    today: date,
    *,
    old_term_years: int | None = None,
    extension: Extension | None = None,
    next_election: NextElection | None = None,
) -> TermVerdict:
    """Judge a body's term: when it ends, and whether what is asked beside it can stand."""
    rule = rule_of(pack, kind, locale, elected_on)
    if rule is None or rule.years is None:
        return no_term(pack, kind)
    years = rule.years
    reasons = []
    if rule.is_old and old_term_years is None:
        reasons.append(cite(pack, "old_term_assumed", years=years))
    elif rule.is_old and old_term_years is not None:
        years = old_term_years
    reasons.insert(0, cite(pack, rule.clause, years=years))
    due_on = due_after(elected_on, years)
    verdict = TermVerdict(
        applicable=True, term_years=years, due_on=due_on, remind_on=remind_on(pack, due_on)
    )
    verdict = _with_extension(pack, verdict, due_on, extension, reasons)
    verdict = _with_next(pack, verdict, (kind, locale), next_election, reasons)
    status = status_on(pack, due_on, today, verdict.extended_due_on)
    said = cite(
        pack,
        status,
        due_on=due_on,
        remind_on=verdict.remind_on,
        months=pack.reminder_months,
        until=verdict.extended_due_on,
    )
    return replace(verdict, status=status, reasons=(*reasons, said))


def no_term(pack: TermPack, kind: OrganizationKind) -> TermVerdict:
    """Answer for a kind that is not elected for a term."""
    clauses = (rule.clause for rule in pack.rules if kind in rule.kinds and rule.years is None)
    return TermVerdict(applicable=False, reasons=tuple(cite(pack, code) for code in clauses))


def _named(faults: Iterable[str]) -> TermReason | None:
    return next((TermReason(f) for f in faults if f in {*TermReason}), None)


def _with_extension(
    pack: TermPack,
    verdict: TermVerdict,
    due_on: date,
    extension: Extension | None,
    reasons: list[Reason],
) -> TermVerdict:
    if extension is None:
        return verdict
    latest = add_months(due_on, pack.extension_months)
    values = {"until": extension.until, "due_on": due_on, "latest": latest}
    faults = extension_faults(pack, due_on, extension)
    reasons += (cite(pack, code, **values) for code in faults or ["extension_accepted"])
    if faults:
        return replace(verdict, extension_accepted=False, reason=_named(faults))
    return replace(verdict, extension_accepted=True, extended_due_on=extension.until)


def _with_next(
    pack: TermPack,
    verdict: TermVerdict,
    body: tuple[OrganizationKind, Locale | None],
    election: NextElection | None,
    reasons: list[Reason],
) -> TermVerdict:
    if election is None or verdict.due_on is None:
        return verdict
    due_on, held_on = verdict.due_on, election.held_on
    is_early = held_on < due_on
    faults = early_faults(pack, due_on, election) if is_early else []
    values = {"held_on": held_on, "earliest": add_months(due_on, -pack.early_months)}
    said = faults or ["early_accepted" if is_early else "held"]
    reasons += (cite(pack, code, **values) for code in said)
    if faults:
        return replace(verdict, early_accepted=False, reason=verdict.reason or _named(faults))
    rule = rule_of(pack, *body, held_on)
    years = verdict.term_years if rule is None else rule.years
    assert years is not None
    accepted = True if is_early else None
    return replace(verdict, early_accepted=accepted, next_due_on=due_after(held_on, years))


def entry(pack: TermPack, body: Recorded, as_of: date, extended_until: date | None = None) -> Entry:
    """Say what follows from the recorded dates of a body; `extended_until` was accepted.

    A recorded due date wins. The one that the rules give stands beside it, and whether the two
    agree; an old term is a fact of its own, so nothing is said of it.
    """
    computed, agrees = None, None
    if body.term_started_on is not None:
        locale = LOCALES.get(body.sector) if body.sector else None
        rule = rule_of(pack, body.kind, locale, body.term_started_on)
        if rule is not None and rule.years is not None:
            computed = due_after(body.term_started_on, rule.years)
            if body.due_on is not None and not rule.is_old:
                agrees = body.due_on == computed
    due_on, source = body.due_on, DueSource.RECORDED
    if due_on is None:
        due_on, source = computed, DueSource.COMPUTED
    end = extended_until or due_on
    return Entry(
        district_code=body.district_code,
        organization_id=body.organization_id,
        organization_name=body.organization_name,
        kind=body.kind,
        sector=body.sector,
        term_started_on=body.term_started_on,
        due_on=due_on,
        source=source if due_on else None,
        computed_due_on=computed,
        agrees=agrees,
        remind_on=remind_on(pack, due_on) if due_on else None,
        status=status_on(pack, due_on, as_of, extended_until) if due_on else None,
        bucket=bucket_on(pack, due_on, as_of, extended_until) if due_on else Bucket.UNDATED,
        days=(end - as_of).days if end else None,
        as_of=as_of,
    )


def overview(entries: Iterable[Entry], without_term: int, as_of: date) -> Overview:
    """Count the bodies of a day; those without a term are checked and have nothing due."""
    counts = dict.fromkeys(Bucket, 0)
    disagreeing = 0
    for one in entries:
        counts[one.bucket] += 1
        disagreeing += one.agrees is False
    return Overview(
        checked=without_term + sum(counts.values()),
        without_term=without_term,
        undated=counts[Bucket.UNDATED],
        in_term=counts[Bucket.IN_TERM],
        due_12m=counts[Bucket.DUE_12M],
        due_6m=counts[Bucket.DUE_6M],
        overdue=counts[Bucket.OVERDUE],
        disagreeing=disagreeing,
        as_of=as_of,
    )
