"""Vocabulary of where admissions go."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from app.core.errors import Text
from app.members.types import MemberStatus
from app.organizations.types import OrganizationKind

ENDS: dict[MemberStatus, Text] = {
    MemberStatus.TRANSFERRED_OUT: Text("组织关系已转出", "transferred out"),
    MemberStatus.DECEASED: Text("去世", "deceased"),
    MemberStatus.WITHDRAWN: Text("退党", "withdrawn"),
    MemberStatus.STRUCK_OFF: Text("除名", "struck off"),
    MemberStatus.EXPELLED: Text("开除党籍", "expelled"),
    MemberStatus.PROBATION_CANCELLED: Text("取消预备党员资格", "probation cancelled"),
}
"""How a membership ended, as the reason why its admission did."""


class Branch(Protocol):
    """A branch as it stands after a restructuring."""

    @property
    def id(self) -> UUID:
        """Its id."""

    @property
    def kind(self) -> OrganizationKind:
        """Its kind."""


Heir = Callable[[UUID], Branch | None]
"""Which branch carries on what an organisation did; none when nobody does."""


@dataclass(frozen=True, slots=True)
class Led:
    """An open admission that another branch carries on, or nobody."""

    admission_id: UUID
    from_id: UUID
    to_id: UUID | None
