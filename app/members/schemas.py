"""JSON of members."""

import re
import unicodedata
from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError

from app.core.schemas import Count, Day, Flag, Id, Instant, Line, ListParams, Schema
from app.members import logic
from app.members.types import Education, MemberCategory, MemberStatus, Sex

_APART = re.compile(r"[\s.·-]")
_ID_INSIDE = re.compile(r"(?=([0-9]{17}[0-9X]))")  # every place at which one might begin
_PHONE_INSIDE = re.compile(r"(?<![0-9])(?:86)?1[3-9][0-9]{9}(?![0-9])")
_CODES = {name: code for code, name in logic.ETHNICITIES.items()}


def _name(text: str) -> str:
    cleaned = logic.clean_name(text)
    if not cleaned:
        raise PydanticCustomError("blank", "must not be blank")
    if not logic.name_ok(cleaned):
        raise PydanticCustomError("text", "not a name")
    return cleaned


def _id_number(text: str) -> str:
    if fault := logic.id_number_fault(text):
        raise PydanticCustomError("id_number", "not a valid ID number", {"fault": fault})
    return text


def _phone(text: str) -> str:
    if not logic.phone_ok(text):
        raise PydanticCustomError("phone", "not a mobile phone number")
    return text


def numberless(text: str) -> str:
    """Refuse a text, kept in plain, that holds an ID number or a mobile phone."""
    bare = _APART.sub("", unicodedata.normalize("NFKC", text)).upper()
    ids = (found[1] for found in _ID_INSIDE.finditer(bare))
    if _PHONE_INSIDE.search(bare) or not all(map(logic.id_number_fault, ids)):
        raise PydanticCustomError("holds_number", "holds an ID number or a phone number")
    return text


def _ethnicity(value: Any) -> Any:
    code = _CODES.get(value, value) if isinstance(value, str) else value
    if not isinstance(code, str) or code not in logic.ETHNICITIES:
        raise PydanticCustomError("ethnicity", "not a code of GB/T 3304")
    return code


Name = Annotated[str, StringConstraints(max_length=100), AfterValidator(_name)]
IdNumber = Annotated[str, StringConstraints(max_length=18), AfterValidator(_id_number)]
"""公民身份号码 (GB 11643): 18 signs, the last may be X."""
Phone = Annotated[str, StringConstraints(max_length=11), AfterValidator(_phone)]
Reason = Annotated[Line, AfterValidator(numberless)]
"""A reason in words. It is kept in plain, so it holds neither an ID number nor a mobile phone."""
SealedField = Literal["id_number", "phone"]
Ethnicity = Annotated[str, BeforeValidator(_ethnicity)]
"""GB/T 3304, `01` to `56`, `97`, `98`; 汉族 and the like are taken too."""


class MemberOut(Schema):
    """A member as of the day that was asked about."""

    id: UUID
    district_code: str
    organization_id: UUID
    organization_name: str
    name: str
    sex: Sex
    ethnicity: str
    id_number: str
    """Masked: 231005********0032."""
    born_on: date
    education: Education
    category: MemberCategory
    status: MemberStatus
    joined_on: date
    """加入党组织日期."""
    full_on: date | None
    """转为正式党员日期."""
    phone: str | None
    """Masked: 138****1234."""
    is_mobile: bool
    """流动党员."""
    version: int


class MemberNew(Schema):
    """A member to record in an organisation, from today on."""

    organization_id: Id
    name: Name
    sex: Sex
    ethnicity: Ethnicity
    id_number: IdNumber
    born_on: Day
    education: Education
    category: MemberCategory
    joined_on: Day
    full_on: Day | None = None
    phone: Phone | None = None
    is_mobile: Flag = False


class MemberEdit(Schema):
    """What is corrected; a field that is left out stays. Category and status have routes."""

    name: Name | None = None
    sex: Sex | None = None
    ethnicity: Ethnicity | None = None
    id_number: IdNumber | None = None
    born_on: Day | None = None
    education: Education | None = None
    joined_on: Day | None = None
    full_on: Day | None = None
    phone: Phone | None = None
    is_mobile: Flag | None = None


class UnmaskingNew(Schema):
    """Which whole numbers are to be shown, and why: the audit keeps both."""

    reason: Reason
    fields: Annotated[list[SealedField], Field(min_length=1, max_length=2)] = ["id_number", "phone"]  # noqa: RUF012 - copied


class UnmaskingOut(Schema):
    """The numbers that were asked for, whole; a phone that is not recorded is null."""

    id_number: str | None = None
    phone: str | None = None


class ConversionNew(Schema):
    """A probationary member becomes a full one (转正)."""

    full_on: Day


class StatusChangeNew(Schema):
    """A member's status changes from a day on."""

    status: MemberStatus
    on: Day | None = None
    """Today when left out."""
    reason: Reason


class MemberFilters(Schema):
    """Filters of the list and of the export."""

    organization_id: Id | None = None
    within: Id | None = None
    """Only members of this organisation and of what is under it."""
    category: MemberCategory | None = None
    status: MemberStatus | None = None
    """Without it, everybody whose membership has not ended."""
    q: Annotated[Line, StringConstraints(max_length=50)] | None = None
    """A part of the name, its pinyin or its initials: `晓明`, `zhangxiaoming`, `zxm`."""
    as_of: Day | None = None


class MemberListParams(ListParams, MemberFilters):
    """Filters of the list of members."""

    sort: Literal["name", "-name"] = "name"


class TreeParams(Schema):
    """How deep and as of when."""

    depth: Annotated[Count, Field(ge=0, le=16)] | None = None
    """Levels below the organisation; all when left out."""
    as_of: Day | None = None
    known_at: Instant | None = None
    """As it was recorded at this instant, whatever was corrected since: what was told then."""


class Headcount(Schema):
    """Members of an organisation (党员人数: full and probationary)."""

    own: int
    """Those who belong to it directly."""
    subtree: int
    """Those who belong to it and to what is under it."""
    full: int
    """Full members of the subtree."""
    probationary: int
    """Probationary members of the subtree."""


class TreeOrganization(Schema):
    """An organisation in a tree."""

    id: UUID
    parent_id: UUID | None
    path: str
    name: str
    kind: str
    sector: str | None
    is_grid: bool
    due_on: date | None


class TreeOut(Schema):
    """An organisation, its head-count and what is under it."""

    organization: TreeOrganization
    headcount: Headcount
    children: list["TreeOut"]
