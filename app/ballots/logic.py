"""Pure decisions about ballots: what may be cast, how a box is sealed, who got how many."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from app.ballots.types import Position, Slip
from app.core.errors import Text
from app.core.rounding import quotient
from app.members.types import MemberCategory, MemberStatus
from app.organizations.types import OrganizationKind

FORMAT = "hangji-ballots/1"
ELECTS_NOBODY = frozenset(
    {
        OrganizationKind.DISTRICT_COMMITTEE,  # by the rules of local organisations, not by these
        OrganizationKind.WORKING_COMMITTEE,  # a 派出机关: appointed
        OrganizationKind.TEMPORARY_BRANCH,  # its officers are appointed (支部工作条例 ch. 2)
        OrganizationKind.PARTY_GROUP,  # no level of organisation
    }
)
VOTES = frozenset({MemberStatus.ACTIVE, MemberStatus.RECTIFYING})
"""Statuses of full members with a vote (基层组织选举工作条例 第五条)."""
VOTING_CATEGORY = MemberCategory.FULL


def box_fault(position: Position, seats: int, names: Sequence[str]) -> Text | None:
    """Say what is wrong with a box that is to be opened."""
    if position == Position.SECRETARY and seats != 1:
        return Text("书记只有 1 个名额", "there is one secretary")
    if len(set(names)) < len(names):
        return Text(
            "候选人姓名重复，请加以区别", "two candidates of one name: tell them apart in the list"
        )
    return None


def ballot_fault(
    candidates: Sequence[Mapping[str, str]],
    choices: Sequence[str],
    write_ins: Sequence[str],
    *,
    allows_write_ins: bool,
) -> Text | None:
    """Say what is wrong with a ballot, but for the number of its names.

    A blank one is an abstention, and valid. No name that was chosen is repeated.
    """
    known = {c["id"] for c in candidates}
    if not known.issuperset(choices):
        return Text("选票上有不在候选人名单中的编号", "an id on the ballot is no candidate's")
    if len(set(choices)) < len(choices) or len(set(write_ins)) < len(write_ins):
        return Text("同一人在选票上出现两次", "somebody is on the ballot twice")
    if write_ins and not allows_write_ins:
        return Text("本次投票不能另选他人", "this ballot takes no write-ins")
    if {c["name"] for c in candidates} & set(write_ins):
        return Text("候选人请在名单中勾选", "tick a candidate in the list, do not write the name")
    return None


def in_order(candidates: Sequence[Mapping[str, str]], choices: Iterable[str]) -> list[str]:
    """Put choices into the order of the list: the order in which they were ticked tells of who."""
    chosen = set(choices)
    return [c["id"] for c in candidates if c["id"] in chosen]


def shuffled(
    ballots: Iterable[tuple[Sequence[str], Sequence[str]]], ids: Sequence[UUID]
) -> list[Slip]:
    """Give each ballot one of the new random `ids` and put them into the order of these."""
    slips = (
        Slip(new, list(choices), list(write_ins))
        for new, (choices, write_ins) in zip(ids, ballots, strict=True)
    )
    return sorted(slips, key=lambda slip: slip.id)


FACTS = (
    "id",
    "district_code",
    "organization_id",
    "organization_name",
    "title",
    "position",
    "seats",
    "candidates",
    "allows_write_ins",
    "opened_on",
    "closed_on",
    "voters_due",
    "voters_voted",
)
"""What the seal holds of a box besides its ballots."""


def facts(box: Any) -> dict[str, Any]:
    """Write the facts of a closed box as JSON has them."""
    read = {name: getattr(box, name) for name in FACTS}
    plain = (str, int, list)
    return {name: v if isinstance(v, plain) else str(v) for name, v in read.items()}


def written(slip: Slip) -> dict[str, Any]:
    """Write a ballot as JSON has it."""
    return {"id": str(slip.id), "choices": slip.choices, "write_ins": slip.write_ins}


def _canonical(value: Any) -> bytes:
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return text.encode()


def chain(box: Mapping[str, Any], slips: Iterable[Slip]) -> list[bytes]:
    """Hash the facts of a box, then each ballot onto the hash before it; the last is the head."""
    links = [hashlib.sha256(FORMAT.encode() + b"\n" + _canonical(box)).digest()]
    for slip in slips:
        links.append(hashlib.sha256(links[-1] + _canonical(written(slip))).digest())
    return links


def sealed_text(box_id: UUID, count: int, head: bytes) -> bytes:
    """Write what is signed when a box is closed."""
    return f"{FORMAT}\n{box_id}\n{count}\n{head.hex()}".encode()


@dataclass(frozen=True, slots=True)
class Votes:
    """How many ballots name somebody."""

    name: str
    votes: int
    id: str | None = None


@dataclass(frozen=True, slots=True)
class Tally:
    """What lies in a box, counted; whether somebody is elected is for the rules of elections."""

    valid: int
    abstentions: int
    votes: list[Votes]
    write_ins: list[Votes]


def tally(candidates: Sequence[Mapping[str, str]], slips: Sequence[Slip]) -> Tally:
    """Count ballots: candidates in the order of the list, others by votes and name."""
    chosen = Counter(c for slip in slips for c in slip.choices)
    others = Counter(name for slip in slips for name in slip.write_ins)
    return Tally(
        valid=len(slips),  # what would be invalid is not taken
        abstentions=sum(1 for slip in slips if not slip.choices and not slip.write_ins),
        votes=[Votes(c["name"], chosen[c["id"]], c["id"]) for c in candidates],
        write_ins=[
            Votes(name, count)
            for name, count in sorted(others.items(), key=lambda o: (-o[1], o[0]))
        ],
    )


def rate(part: int, whole: int) -> float:
    """Divide, HALF_UP to three places; a box has voters."""
    exact = quotient(part, whole, 3)
    assert exact is not None
    return float(exact)
