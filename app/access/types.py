"""Vocabulary of rights."""

from enum import StrEnum


class Role(StrEnum):
    """What an account is for (角色)."""

    SYSTEM_ADMIN = "system_admin"  # 系统管理员
    SECURITY_ADMIN = "security_admin"  # 安全管理员
    AUDIT_ADMIN = "audit_admin"  # 审计管理员
    DEPARTMENT_ADMIN = "department_admin"  # 组织部管理员
    ORGANIZATION_CLERK = "organization_clerk"  # 党务干部
    ORGANIZATION_READER = "organization_reader"  # 查询人员
    MEMBER = "member"  # 党员本人


class TokenKind(StrEnum):
    """What a token opens."""

    ACCESS = "access"
    REFRESH = "refresh"
