"""Who is calling and what they may do where. Pure: no database, no HTTP."""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from uuid import UUID

from app.core.errors import Forbidden


class Permission(StrEnum):
    """Everything one can be allowed to do, as `<resource>:<action>`; keep alphabetical."""

    ACCOUNTS_MANAGE = "accounts:manage"
    ACTIVITIES_READ = "activities:read"
    ACTIVITIES_WRITE = "activities:write"
    ADMISSIONS_APPROVE = "admissions:approve"
    ADMISSIONS_READ = "admissions:read"
    ADMISSIONS_WRITE = "admissions:write"
    APPRAISALS_READ = "appraisals:read"
    APPRAISALS_WRITE = "appraisals:write"
    AUDIT_READ = "audit:read"
    ECONOMY_READ = "economy:read"
    ECONOMY_WRITE = "economy:write"
    ELECTIONS_APPROVE = "elections:approve"
    ELECTIONS_READ = "elections:read"
    ELECTIONS_WRITE = "elections:write"
    GRANTS_MANAGE = "grants:manage"
    IMPORTS_READ = "imports:read"
    IMPORTS_WRITE = "imports:write"
    MEMBERS_EXPORT = "members:export"
    MEMBERS_READ = "members:read"
    MEMBERS_UNMASK = "members:unmask"
    MEMBERS_WRITE = "members:write"
    ORGANIZATIONS_READ = "organizations:read"
    ORGANIZATIONS_WRITE = "organizations:write"
    PARTNERS_READ = "partners:read"
    PARTNERS_WRITE = "partners:write"
    PLEDGES_CONFIRM = "pledges:confirm"
    PLEDGES_EXPORT = "pledges:export"
    PLEDGES_READ = "pledges:read"
    PLEDGES_WRITE = "pledges:write"
    POSTINGS_READ = "postings:read"
    POSTINGS_WRITE = "postings:write"
    PROGRAMMES_READ = "programmes:read"
    PROGRAMMES_WRITE = "programmes:write"
    PUBLISHED_READ = "published:read"
    RECTIFICATIONS_READ = "rectifications:read"
    RECTIFICATIONS_WRITE = "rectifications:write"
    REPORTS_CONFIGURE = "reports:configure"
    RESTRUCTURINGS_APPROVE = "restructurings:approve"
    RESTRUCTURINGS_READ = "restructurings:read"
    RESTRUCTURINGS_WRITE = "restructurings:write"
    RULES_CONFIGURE = "rules:configure"
    RULES_READ = "rules:read"
    SERVICE_CONFIRM = "service:confirm"
    SERVICE_READ = "service:read"
    SERVICE_WRITE = "service:write"


PERMISSION_NAMES = {
    Permission.ACCOUNTS_MANAGE: "管理账号",
    Permission.ACTIVITIES_READ: "查看活动",
    Permission.ACTIVITIES_WRITE: "登记活动",
    Permission.ADMISSIONS_APPROVE: "审批发展党员",
    Permission.ADMISSIONS_READ: "查看发展党员",
    Permission.ADMISSIONS_WRITE: "登记发展党员",
    Permission.APPRAISALS_READ: "查看考核",
    Permission.APPRAISALS_WRITE: "登记考核",
    Permission.AUDIT_READ: "查看审计",
    Permission.ECONOMY_READ: "查看村集体经济",
    Permission.ECONOMY_WRITE: "登记村集体经济",
    Permission.ELECTIONS_APPROVE: "审批换届",
    Permission.ELECTIONS_READ: "查看换届",
    Permission.ELECTIONS_WRITE: "办理换届",
    Permission.GRANTS_MANAGE: "管理授权",
    Permission.IMPORTS_READ: "查看导入记录",
    Permission.IMPORTS_WRITE: "导入花名册",
    Permission.MEMBERS_EXPORT: "导出党员",
    Permission.MEMBERS_READ: "查看党员",
    Permission.MEMBERS_UNMASK: "查看完整号码",
    Permission.MEMBERS_WRITE: "维护党员",
    Permission.ORGANIZATIONS_READ: "查看党组织",
    Permission.ORGANIZATIONS_WRITE: "维护党组织",
    Permission.PARTNERS_READ: "查看共建与两新",
    Permission.PARTNERS_WRITE: "登记共建与两新",
    Permission.PLEDGES_CONFIRM: "确认承诺",
    Permission.PLEDGES_EXPORT: "导出承诺",
    Permission.PLEDGES_READ: "查看承诺",
    Permission.PLEDGES_WRITE: "登记承诺",
    Permission.POSTINGS_READ: "查看任职派驻",
    Permission.POSTINGS_WRITE: "登记任职派驻",
    Permission.PROGRAMMES_READ: "查看工作计划与文件",
    Permission.PROGRAMMES_WRITE: "登记工作计划与文件",
    Permission.PUBLISHED_READ: "查看公示",
    Permission.RECTIFICATIONS_READ: "查看整顿",
    Permission.RECTIFICATIONS_WRITE: "登记整顿",
    Permission.REPORTS_CONFIGURE: "设置报告",
    Permission.RESTRUCTURINGS_APPROVE: "审批组织调整",
    Permission.RESTRUCTURINGS_READ: "查看组织调整",
    Permission.RESTRUCTURINGS_WRITE: "登记组织调整",
    Permission.RULES_CONFIGURE: "设置规则",
    Permission.RULES_READ: "查看规则提示",
    Permission.SERVICE_CONFIRM: "确认进社区服务",
    Permission.SERVICE_READ: "查看进社区服务",
    Permission.SERVICE_WRITE: "登记进社区服务",
}
"""What each is called in Chinese (权限)."""


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


def outermost(subtrees: Collection[Subtree]) -> list[Subtree]:
    """List subtrees in order, without those that lie in another."""
    return sorted(
        (s for s in subtrees if not any(o != s and o.holds(s) for o in subtrees)),
        key=lambda s: (s.district_code, s.path),
    )


@dataclass(frozen=True, slots=True)
class Grant:
    """A set of permissions over one subtree."""

    role: str
    subtree: Subtree
    permissions: frozenset[Permission]
    id: UUID | None = None
    """The recorded grant; none where the right comes of being a member."""


DEPLOYMENT = "000000"
"""Where an account belongs that is of no district, prefecture or province."""


@dataclass(frozen=True)
class Caller:
    """The authenticated person behind a request or a job."""

    account_id: UUID
    username: str
    grants: tuple[Grant, ...]
    home_code: str = DEPLOYMENT
    """GB/T 2260: the district that keeps the account, or the prefecture or province."""
    member_id: UUID | None = None
    """The member (in the district `home_code`) whose own account this is."""
    is_confined: bool = False
    """Signed in with a password that somebody else gave: first the holder changes it."""

    person_id: UUID | None = None
    """The member whose account it is, also once the membership has ended: nobody judges the own."""

    def is_member(self, district_code: str, member_id: UUID | None) -> bool:
        """Tell whether this is the member who asks, as a member."""
        return member_id is not None and (self.home_code, self.member_id) == (
            district_code,
            member_id,
        )

    def is_person(self, district_code: str, member_id: UUID | None) -> bool:
        """Tell whether the account is that member's, also once the membership has ended."""
        return member_id is not None and (self.home_code, self.person_id) == (
            district_code,
            member_id,
        )

    @cached_property
    def districts(self) -> frozenset[str]:
        """The codes of everything that the caller may touch; PostgreSQL shows no other."""
        return frozenset({self.home_code, *(g.subtree.district_code for g in self.grants)})

    def roles_in(self, district_code: str) -> list[str]:
        """Name the roles that the caller holds in a district."""
        return sorted({g.role for g in self.grants if g.subtree.district_code == district_code})

    def subtrees(self, permission: Permission) -> list[Subtree]:
        """List the subtrees in which the caller holds `permission`, none inside another."""
        return outermost({g.subtree for g in self.grants if permission in g.permissions})

    def may(self, permission: Permission, at: Subtree) -> bool:
        """Tell whether the caller holds `permission` over `at`."""
        return any(permission in g.permissions and g.subtree.holds(at) for g in self.grants)

    def require(self, permission: Permission, *, at: Subtree) -> None:
        """Raise `Forbidden` unless the caller holds `permission` over `at`."""
        if not self.may(permission, at):
            raise Forbidden(
                f"此处没有“{PERMISSION_NAMES[permission]}”权限",
                f"{permission} is not granted here",
                permission=permission.value,
            ).at(at.district_code, at.path)
