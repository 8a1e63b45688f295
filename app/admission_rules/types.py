"""Vocabulary of admissions: stages, steps, papers, and what the pack of rules holds."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, ClassVar

from app.core.errors import Text
from app.core.packs import STRICT, Bilingual, Source


class AdmissionStage(StrEnum):
    """How far somebody has come (发展阶段)."""

    APPLICANT = "applicant"  # 入党申请人
    ACTIVIST = "activist"  # 入党积极分子
    DEVELOPMENT_TARGET = "development_target"  # 发展对象
    ADMISSION = "admission"  # 接收预备党员
    PROBATION = "probation"  # 预备党员
    CONVERTED = "converted"  # 已转正


class Paper(StrEnum):
    """What lies in the file (材料)."""

    ADMISSION_FORM = "admission_form"  # 入党志愿书
    APPLICATION = "application"  # 入党申请书
    APPROVAL_REQUEST = "approval_request"  # 审批请示
    AUTOBIOGRAPHY = "autobiography"  # 自传
    CONVERSION_APPLICATION = "conversion_application"  # 转正申请书
    FILE = "file"  # 归档材料目录
    FILING_REPORT = "filing_report"  # 备案报告
    MEETING_RESOLUTION = "meeting_resolution"  # 支部大会决议
    OBSERVATION_FORM = "observation_form"  # 培养考察登记表
    OPINIONS = "opinions"  # 党小组、培养联系人、党员和群众意见
    POLITICAL_REVIEW = "political_review"  # 政治审查材料
    PRECHECK_REPORT = "precheck_report"  # 预审请示
    RECOMMENDATION = "recommendation"  # 推荐、推优材料
    TALK_RECORD = "talk_record"  # 谈话记录
    TRAINING_CERTIFICATE = "training_certificate"  # 培训结业证


PAPERS: dict[Paper, Text] = {
    Paper.ADMISSION_FORM: Text("入党志愿书", "admission form"),
    Paper.APPLICATION: Text("入党申请书", "application"),
    Paper.APPROVAL_REQUEST: Text("审批请示", "request for approval"),
    Paper.AUTOBIOGRAPHY: Text("自传", "autobiography"),
    Paper.CONVERSION_APPLICATION: Text("转正申请书", "application for conversion"),
    Paper.FILE: Text("归档材料目录", "list of the file"),
    Paper.FILING_REPORT: Text("备案报告", "filing report"),
    Paper.MEETING_RESOLUTION: Text("支部大会决议", "resolution of the meeting"),
    Paper.OBSERVATION_FORM: Text("培养考察登记表", "observation form"),
    Paper.OPINIONS: Text("党员和群众意见", "opinions heard"),
    Paper.POLITICAL_REVIEW: Text("政治审查材料", "political review"),
    Paper.PRECHECK_REPORT: Text("预审请示", "request for the pre-check"),
    Paper.RECOMMENDATION: Text("推荐、推优材料", "recommendation"),
    Paper.TALK_RECORD: Text("谈话记录", "record of the talk"),
    Paper.TRAINING_CERTIFICATE: Text("培训结业证", "training certificate"),
}


class Decider(StrEnum):
    """Who decides on a step (决定机关)."""

    BRANCH = "branch"  # 党支部
    FILING_COMMITTEE = "filing_committee"  # 备案党委
    COMMITTEE = "committee"  # 有审批权限的党委
    DEPARTMENT = "department"  # 再上一级党委组织部门


class AdmissionEvent(StrEnum):
    """What a check asks about."""

    APPLY = "apply"
    TALK = "talk"
    BECOME_TARGET = "become_target"
    TRAINING = "training"
    INTRODUCERS = "introducers"
    ADMISSION_START = "admission_start"
    ADMISSION_VOTE = "admission_vote"
    COMMITTEE_APPROVAL = "committee_approval"
    EXTEND_PROBATION = "extend_probation"
    CONVERT = "convert"


class AdmissionReason(StrEnum):
    """Why something is not accepted."""

    UNDER_18 = "under_18"
    EXPELLED_WITHIN_5_YEARS = "expelled_within_5_years"
    ACTIVIST_UNDER_1_YEAR = "activist_under_1_year"
    TRAINING_TOO_SHORT = "training_too_short"
    INTRODUCER_INELIGIBLE = "introducer_ineligible"
    LEAVING_WITHIN_3_MONTHS = "leaving_within_3_months"
    PROBATION_NOT_FINISHED = "probation_not_finished"
    ALREADY_EXTENDED = "already_extended"
    EXTENSION_OUT_OF_RANGE = "extension_out_of_range"


class DecisionResult(StrEnum):
    """How timely a committee decides."""

    ON_TIME = "on_time"
    LATE_NEEDS_SPECIAL_REASON = "late_needs_special_reason"
    VOID_REDO = "void_redo"


@dataclass(frozen=True, slots=True)
class Number:
    """A number that a regulation sets, from `valid_from` until another of its name holds."""

    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT

    name: str
    value: int
    source: str
    valid_from: date | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One of the 25 steps; `stage` is where it leads."""

    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT

    number: int
    stage: AdmissionStage
    title: Bilingual
    decided_by: Decider
    papers: tuple[Paper, ...]
    source: str
    valid_from: date | None = None


@dataclass(frozen=True, slots=True)
class Clause:
    """What a verdict says, and the name of the source where that stands written."""

    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT

    message: Bilingual
    source: str


@dataclass(frozen=True, slots=True)
class AdmissionPack:
    """The rules of admissions."""

    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT

    name: str
    version: str
    title: Bilingual
    numbers: tuple[Number, ...]
    steps: tuple[Step, ...]
    sources: dict[str, Source]
    clauses: dict[str, Clause]


@dataclass(frozen=True, slots=True)
class Finding:
    """A sentence of a verdict, with its source."""

    rule: str
    pack: str
    version: str
    message: Bilingual
    source: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer of a check; `None` is what was not asked or cannot be said."""

    accepted: bool | None = None
    earliest: date | None = None
    deadline: date | None = None
    passed: bool | None = None
    meeting_valid: bool | None = None
    votes_needed: int | None = None
    probation_ends: date | None = None
    party_standing_from: date | None = None
    warning: str | None = None
    result: DecisionResult | None = None
    reason: AdmissionReason | None = None
    reasons: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class Introducer:
    """A member who is to introduce."""

    is_full: bool
    is_barred: bool
    """Under Party probation, or expelled."""


@dataclass(frozen=True, slots=True)
class Votes:
    """A meeting's vote: who was due, present, in favour there and in writing."""

    due: int
    present: int
    yes_present: int
    yes_written: int = 0
