"""Who is calling and what they may do where. Pure: no database, no HTTP."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from app.core.errors import Forbidden


class Permission(StrEnum):
    """Everything one can be allowed to do, as `<resource>:<action>`; keep alphabetical."""

    ACCOUNTS_MANAGE = "accounts:manage"
    IMPORTS_READ = "imports:read"
    IMPORTS_WRITE = "imports:write"
    MEMBERS_EXPORT = "members:export"
    MEMBERS_READ = "members:read"
    MEMBERS_WRITE = "members:write"
    ORGANIZATIONS_READ = "organizations:read"
    ORGANIZATIONS_WRITE = "organizations:write"
    RULES_CONFIGURE = "rules:configure"
    RULES_READ = "rules:read"


@dataclass(frozen=True, slots=True)
class Subtree:
    """A node and everything under it, in one district. `path` ends with a dot."""

    district_code: str
    path: str

    @property
    def end(self) -> str:
        """The first text after every path of the subtree, in the order of `COLLATE "C"`."""
        return f"{self.path[:-1]}/"

    def holds(self, other: "Subtree") -> bool:
        """Tell whether `other` is this subtree or lies in it."""
        return self.district_code == other.district_code and other.path.startswith(self.path)


@dataclass(frozen=True, slots=True)
class Grant:
    """A set of permissions over one subtree."""

    role: str
    subtree: Subtree
    permissions: frozenset[Permission]


@dataclass(frozen=True, slots=True)
class Caller:
    """The authenticated person behind a request or a job."""

    account_id: UUID
    username: str
    grants: tuple[Grant, ...]

    def subtrees(self, permission: Permission) -> list[Subtree]:
        """List the subtrees in which the caller holds `permission`, none inside another."""
        held = {g.subtree for g in self.grants if permission in g.permissions}
        return sorted(
            (s for s in held if not any(o != s and o.holds(s) for o in held)),
            key=lambda s: (s.district_code, s.path),
        )

    def may(self, permission: Permission, at: Subtree) -> bool:
        """Tell whether the caller holds `permission` over `at`."""
        return any(permission in g.permissions and g.subtree.holds(at) for g in self.grants)

    def require(self, permission: Permission, *, at: Subtree) -> None:
        """Raise `Forbidden` unless the caller holds `permission` over `at`."""
        if not self.may(permission, at):
            raise Forbidden(f"此处没有“{permission}”权限", f"{permission} is not granted here")
