"""Pure decisions: which levels lack a guarantor, what follows what, whether a task is listed."""

import unicodedata
from collections.abc import Collection, Iterable, Mapping
from difflib import SequenceMatcher
from uuid import UUID

from app.core.errors import Invalid, Text, fault
from app.organizations.types import OrganizationKind
from app.rectifications.errors import CannotRectify, CaseOutOfOrder
from app.rectifications.types import CaseStatus, GuarantorLevel, Verdict

DONE = 100
"""Per cent of a measure that is finished."""
SAME, LIKE = 0.9, 0.6
"""From which similarity on a title is that of a cancelled task, or warns of it."""
TERMS = {
    CaseStatus.OPEN: Text("整顿中", "open"),
    CaseStatus.REPORTED: Text("已报告待验收", "reported"),
    CaseStatus.ACCEPTED: Text("已验收销号", "accepted"),
}


def check_kind(kind: OrganizationKind) -> None:
    """Raise `CannotRectify` for the root, above which nobody accepts, and for a group."""
    if kind in {OrganizationKind.DISTRICT_COMMITTEE, OrganizationKind.PARTY_GROUP}:
        raise CannotRectify


def check_status(status: CaseStatus, wanted: CaseStatus) -> None:
    """Raise `CaseOutOfOrder` unless a case is in the state `wanted`."""
    if status != wanted:
        raise CaseOutOfOrder(
            f"该整顿为“{TERMS[status].zh}”，此操作只适用于“{TERMS[wanted].zh}”的整顿",
            f"the case is {TERMS[status].en}; it must be {TERMS[wanted].en}",
            state=status.value,
        )


def missing(levels: Collection[str]) -> list[GuarantorLevel]:
    """Name the levels on which nobody is responsible, the highest first."""
    return [level for level in GuarantorLevel if level not in levels]


def check_criteria(given: Iterable[str], known: Collection[str]) -> None:
    """Raise `Invalid` for a criterion that the pack does not know."""
    errors = [
        fault(f"criteria.{n}", "没有此情形", "unknown")
        for n, code in enumerate(given)
        if code not in known
    ]
    if errors:
        raise Invalid("没有此软弱涣散情形", "no such criterion", errors=errors)


# ── Burden items


def title_key(title: str) -> str:
    """Write a title as it is compared: letters and digits alone, in one form."""
    plain = unicodedata.normalize("NFKC", title).casefold()
    return "".join(c for c in plain if c.isalnum())


def likeness(one: str, other: str) -> float:
    """Tell how alike two keys are, from 0 to 1; the same either way round."""
    first, second = sorted((one, other))
    return SequenceMatcher(None, first, second, autojunk=False).ratio()


def verdict(title: str, listed: Mapping[UUID, str]) -> tuple[Verdict, list[tuple[UUID, float]]]:
    """Judge a new task by the keys of the cancelled ones; give those it is like, closest first.

    A title of which nothing is left without signs is like no other.
    """
    key = title_key(title)
    found = ((one, 1.0 if key == other else likeness(key, other)) for one, other in listed.items())
    close = sorted(((i, s) for i, s in found if s >= LIKE), key=lambda m: (-m[1], str(m[0])))
    if not close:
        return Verdict.CLEAR, []
    return Verdict.REFUSED if close[0][1] >= SAME else Verdict.SIMILAR, close
