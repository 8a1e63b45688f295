"""Vocabulary of villages' collective economy."""

from enum import StrEnum


class ContractFinding(StrEnum):
    """What the review of a contract found (合同清查结论)."""

    REGULAR = "regular"  # 合规
    IRREGULAR = "irregular"  # 违规发包


class VillageEntryKind(StrEnum):
    """What a village got back or paid off (清收事项); land in mu, the others in yuan."""

    LAND_RECOVERED = "land_recovered"  # 收缴账外耕地
    DEBT_RESOLVED = "debt_resolved"  # 化解债务
    CLAIM_RECOVERED = "claim_recovered"  # 回收债权


class VillageProjectStatus(StrEnum):
    """How far an application for support has come (项目状态)."""

    APPLIED = "applied"  # 已申报
    APPROVED = "approved"  # 已批准
    REJECTED = "rejected"  # 未获批
