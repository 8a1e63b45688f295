"""What a roster file holds once read, and the words clerks use in it."""

import re
import unicodedata
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple, TypeVar

from app.core.tables import Field, RowError, UnreadableCell, cell_words, choice, word_key
from app.core.workbooks import Cell
from app.members.logic import ETHNICITIES, clean_name, id_number_fault, name_ok, phone_ok
from app.members.types import Education, MemberCategory, Sex
from app.organizations.types import OrganizationKind as Kind
from app.organizations.types import Sector

T = TypeVar("T", bound=Hashable)


@dataclass(frozen=True, slots=True)
class KnownOrganization:
    """An organisation that stands already. With `parent_name`, cycles through it are found."""

    name: str
    kind: Kind
    parent_name: str | None = None


@dataclass(frozen=True, slots=True)
class OrganizationRow:
    """A row of the 党组织 sheet; `name` and `parent_name` are spelled as they are kept."""

    name: str
    parent_name: str
    kind: Kind
    sector: Sector | None
    term_started_on: date | None
    due_on: date | None
    is_grid: bool
    sheet: str
    row: int


@dataclass(frozen=True, slots=True)
class MemberRow:
    """A row of the 党员 sheet; `organization_name` is spelled as that organisation's name is."""

    name: str
    sex: Sex
    ethnicity: str
    """GB/T 3304."""
    id_number: str
    born_on: date
    education: Education
    category: MemberCategory
    joined_on: date
    full_on: date | None
    organization_name: str
    phone: str | None
    is_mobile: bool
    sheet: str
    row: int


@dataclass(slots=True)
class Roster:
    """All that a file says, `columns` by sheet. With any error nothing of it may be taken."""

    organizations: list[OrganizationRow] = field(default_factory=list)
    """Parents before their children."""
    members: list[MemberRow] = field(default_factory=list)
    errors: list[RowError] = field(default_factory=list)
    """By sheet and row, in the order of the file."""
    ignored: dict[str, int] = field(default_factory=dict)
    """Rows passed over, by reason: blank, number_only, header, title, total, footer, root."""
    columns: dict[str, frozenset[str]] = field(default_factory=dict)
    skipped_sheets: list[str] = field(default_factory=list)


class ExportedMember(NamedTuple):
    """A member as exported, ID number and phone masked."""

    name: str
    sex: str
    ethnicity: str
    id_number: str
    born_on: date
    education: str
    category: str
    joined_on: date
    full_on: date | None
    organization_name: str
    phone: str | None
    is_mobile: bool


_WHEN = "的?(?:日期|时间|年月日?|日)"
_FLAG = "(?:是否)?(?:为|是|属于)?"

ORGANIZATION_FIELDS = (
    Field(
        "name",
        "党组织名称",
        ("(?:基层|本级)?党组织(?:名称|全称)?", "(?:组织|党支部|支部)?(?:名称|全称)"),
        hint="填写全称，不得重复",
    ),
    Field(
        "parent_name",
        "上级党组织",
        (
            "(?:直接|所属|隶属)?上一?级(?:党组织|党委|组织|党委党组织)?(?:名称|全称)?",
            "(?:隶属|所属|所隶属)(?:的)?(?:党组织|党委|党工委|组织)(?:名称|全称)?",
        ),
        hint="直接上级党组织的全称，须是本表中的或系统中已有的",
    ),
    Field(
        "kind",
        "组织类别",
        ("党?组织(?:类别|类型|形式|种类)(?:名称)?", "类别|类型"),
    ),
    Field(
        "sector",
        "所在领域",
        ("(?:党组织)?(?:所在|所属|行业)*领域(?:类别|类型|名称)?",),
        is_required=False,
        hint="可不填",
    ),
    Field(
        "term_started_on",
        "本届任期起始日期",
        (
            f"(?:本届)?(?:班子|委员会)?(?:任期|任职)(?:起始|开始|起算|起|始)(?:{_WHEN})?",
            f"(?:本届|上次|上届|最近|最近一次)?(?:换届|选举|当选)(?:{_WHEN})",
        ),
        is_required=False,
        hint="如 2019-07-01",
    ),
    Field(
        "due_on",
        "届满日期",
        (
            f"(?:本届)?(?:班子|委员会)?(?:任期|任职)?(?:届满|到期|期满)(?:{_WHEN})?",
            f"(?:本届)?(?:任期|任职)(?:结束|截止|终止|止)(?:{_WHEN})?",
            f"(?:应|下次|下届|计划|预计|应当)换届{_WHEN}",
        ),
        is_required=False,
        hint="如 2022-07-01，须晚于任期起始日期",
    ),
    Field(
        "is_grid",
        "是否网格党支部",
        (f"{_FLAG}(?:社区)?网格(?:党支部|支部|党组织)?",),
        is_required=False,
        hint="是或否，不填视为否",
    ),
)

MEMBER_FIELDS = (
    Field("name", "姓名", ("(?:党员|人员|本人)?(?:姓名|名字)",), hint="与身份证一致"),
    Field("sex", "性别", ("性别",), is_required=False, hint="男或女"),
    Field("ethnicity", "民族", ("民族(?:名称|成份|成分)?",)),
    Field(
        "id_number",
        "公民身份号码",
        (
            "(?:中国|公民|居民|党员|本人|二代)*(?:身份证件?(?:号码?|编号)?|身份号码?)",
            "证件(?:号码?|编号)",
        ),
        hint="18 位，以文本填写，末位的 X 用大写",
    ),
    Field(
        "born_on",
        "出生日期",
        ("出生(?:日期|年月日|时间)|生日", "出生年月"),
        is_required=False,
        hint="如 1980-07-01，与公民身份号码一致",
    ),
    Field(
        "education",
        "学历",
        (
            "(?:最高|现有?|文化)?学历(?:层次|情况)?|(?:受)?教育程度|文化程度",
            "(?:全日制|在职|第一)(?:教育)?学历",
        ),
    ),
    Field(
        "category",
        "人员类别",
        ("(?:党员|人员|党籍)(?:类别|类型|身份)|身份类别|类别", "政治面貌"),
        hint="正式党员或预备党员",
    ),
    Field(
        "joined_on",
        "加入党组织日期",
        (
            f"(?:加入|参加)(?:中国共产党|中共|党)?(?:党?组织)?{_WHEN}|入党{_WHEN}",
            f"(?:接收|发展|成为|批准)(?:为)?预备党员{_WHEN}",
        ),
        hint="支部大会通过接收为预备党员的日期，如 2018-07-01",
    ),
    Field(
        "full_on",
        "转为正式党员日期",
        (f"(?:转正|转为正式(?:党员)?|成为正式党员|转正式党员){_WHEN}|转正",),
        hint="正式党员必填，如 2019-07-01；预备党员留空",
    ),
    Field(
        "organization_name",
        "所在党支部",
        (
            "(?:党员)?(?:党?组织关系)?(?:现?所在|所属|隶属|现属)(?:基层|单位)?(?:党支部|支部)(?:名称|全称)?",
            "(?:党员)?(?:党?组织关系)?(?:现?所在|所属|隶属|现属)(?:基层)?(?:党组织|组织|党小组)(?:名称|全称)?",
            "(?:党支部|支部|党组织)(?:名称|全称)?",
        ),
        hint="党支部、联合党支部或党小组的全称",
    ),
    Field(
        "phone",
        "手机号码",
        (
            "(?:本人|党员|联系)?(?:手机|移动电话)(?:电话)?(?:号码?)?|手机联系(?:电话|方式)",
            "(?:本人|党员)?(?:联系)?(?:电话|方式|号码)(?:号码)?",
        ),
        is_required=False,
        hint="11 位手机号码，以文本填写，可不填",
    ),
    Field(
        "is_mobile",
        "是否流动党员",
        (f"{_FLAG}流动(?:党员)?(?:标志|标识|情况|状态)?",),
        is_required=False,
        hint="是或否，不填视为否",
    ),
)

KINDS: dict[Kind, str] = {
    Kind.WORKING_COMMITTEE: "党工委 工委 工作委员会 党的工作委员会 街道党工委 街道工委",
    Kind.PARTY_COMMITTEE: (
        "党委 基层党委 基层委员会 党的基层委员会 党委会 委员会 社区党委 村党委 机关党委 乡镇党委"
    ),
    Kind.GENERAL_BRANCH: (
        "党总支 总支 党总支部 总支部 总支委 党总支委 总支部委员会 党总支部委员会 党的总支部 "
        "党的总支部委员会 基层党总支 社区党总支 村党总支 机关党总支"
    ),
    Kind.PARTY_BRANCH: (
        "党支部 支部 支委 支部委员会 党支部委员会 党的支部 党的支部委员会 基层党支部 "
        "独立党支部 社区党支部 网格党支部 村党支部 机关党支部 企业党支部 离退休党支部"
    ),
    Kind.JOINT_BRANCH: "联合党支部 联合支部 党支部联合 联合党支部委员会 联合支部委员会 联合",
    Kind.TEMPORARY_BRANCH: "临时党支部 临时支部 党支部临时 临时党支部委员会 临时",
    Kind.PARTY_GROUP: "党小组 小组 党的小组 楼栋党小组 党员小组",
    Kind.DISTRICT_COMMITTEE: "区委 区委员会 县委 县委员会 市委 市委员会 区委会",
}
"""What clerks write; the first word is the one in the template."""

SECTORS: dict[Sector, str] = {
    Sector.STREET: "街道 街道办事处 街办",
    Sector.COMMUNITY: "社区 城市社区 居民社区 社区居委会",
    Sector.TOWNSHIP: "乡镇 乡 镇 乡镇街道",
    Sector.VILLAGE: "村 行政村 建制村 农村 村委会 村级",
    Sector.AGENCY: "机关 党政机关 国家机关 政府机关 区直机关 县直机关 机关单位 党政机关单位",
    Sector.PUBLIC_INSTITUTION: "事业单位 事业 公立医院 学校 中小学校 中小学 高校 医院",
    Sector.STATE_ENTERPRISE: "国企 国有企业 国有 国有及国有控股企业 国有控股企业 公有制企业",
    Sector.PRIVATE_ENTERPRISE: (
        "非公企业 非公 非公有制企业 非公有制经济组织 非公经济组织 非公有制经济 民营企业 私营企业"
    ),
    Sector.SOCIAL_ORGANIZATION: (
        "社会组织 社会团体 社团 民办非企业 民办非企业单位 民非 社会服务机构 社会服务组织"
    ),
    Sector.NEW_SECTOR: "两新 两新组织 两新领域 新经济组织和新社会组织",
}
SEXES: dict[Sex, str] = {
    Sex.MALE: "男 男性 男士 男姓 m male 1",
    Sex.FEMALE: "女 女性 女士 女姓 f female 2",
}
EDUCATIONS: dict[Education, str] = {
    Education.POSTGRADUATE: "研究生 硕士研究生 博士研究生 硕士 博士 硕士生 博士生 博士后",
    Education.BACHELOR: "大学本科 本科 大学 大本 学士 本科生 双学位 大学本 大学生",
    Education.JUNIOR_COLLEGE: "大学专科 大专 专科 高职 高职高专 高等职业 大学普通班 高专",
    Education.VOCATIONAL: (
        "中等专科 中专 中等职业 中技 技校 技工学校 职高 职业高中 中师 中等师范 中等技术 职业中专 "
        "中专中技 中等专业 中等专业学校 职专"
    ),
    Education.SENIOR_HIGH: "高中 普通高中 普高 高级中学",
    Education.JUNIOR_HIGH: "初中 初级中学 普通初中",
    Education.PRIMARY: "小学 高小 初小",
    Education.OTHER: "其他 其它 文盲 半文盲 文盲或半文盲 文盲半文盲",
}
EDUCATION_AFFIXES = (
    "^(?:全日制|在职|函授|自考|自学考试|成人|成教|电大|夜大|中央党校|省委党校|党校|国家开放)|"
    "(?:毕业|肄业|结业|在读|学历|文化|程度|教育|及以[上下])+$"
)
"""What may stand around the words for an education."""

CATEGORIES: dict[MemberCategory, str] = {
    MemberCategory.FULL: (
        "正式党员 正式 中共正式党员 中共党员 党员 中国共产党党员 中共党员正式 党员正式 共产党员 "
        "中国共产党正式党员 正式中共党员 01"
    ),
    MemberCategory.PROBATIONARY: (
        "预备党员 预备 中共预备党员 中共党员预备 党员预备 中国共产党预备党员 预备期党员 02"
    ),
}
YES_OR_NO: dict[bool, str] = {
    True: "是 有 对 y yes true t 1 √ ✓ ✔ ☑ ■ ● v 流动 流动党员 流出 流出党员 网格 网格党支部 是的",
    False: "否 不是 非 没有 n no false f 0 × x ✗ ✘ ☒ ☐ □ ○ 非流动 非流动党员 非网格 不 不是的",
}
SHORT_ETHNICITIES = {"蒙族": "02", "维族": "05", "维": "05", "鲜族": "10", "朝族": "10", "壮": "08"}


def _words(table: Mapping[T, str]) -> dict[str, T]:
    return {word_key(word): value for value, words in table.items() for word in words.split()}


_ETHNICITIES = {w: code for code, n in ETHNICITIES.items() for w in (n, n.rstrip("族"), code)}
read_kind = choice(_words(KINDS), "unknown_kind")
read_sector = choice(_words(SECTORS), "unknown_sector")
read_sex = choice(_words(SEXES), "unknown_sex")
read_ethnicity = choice(_ETHNICITIES | SHORT_ETHNICITIES, "unknown_ethnicity")
read_education = choice(_words(EDUCATIONS), "unknown_education", EDUCATION_AFFIXES)
read_category = choice(_words(CATEGORIES), "unknown_category")
read_yes_or_no = choice(_words(YES_OR_NO), "unknown_yes_no")

_X_ALIKE = str.maketrans("×ХхΧχ", "XXXXX")


def read_person(cell: Cell) -> str | None:
    """Read a person's name."""
    name = clean_name(cell_words(cell))
    if name and not name_ok(name):
        raise UnreadableCell("name_characters")
    return name or None


def read_organization(cell: Cell) -> str | None:
    """Read an organisation's name as it is kept: without spaces, but between Latin words."""
    name = re.sub("(?<![!-~]) | (?![!-~])", "", cell_words(cell))
    if len(name) > 100:  # noqa: PLR2004
        raise UnreadableCell("name_too_long")
    return name or None


def read_id_number(cell: Cell) -> str | None:
    """Read an ID number that was typed as text; a number has lost its last digits."""
    if isinstance(cell, int | float) and abs(cell) >= 10**15:
        raise UnreadableCell("id_number_as_number")
    text = cell_words(cell)
    if text and id_number_fault(text):
        text = unicodedata.normalize("NFKC", text).upper().translate(_X_ALIKE)
        text = re.sub(r"[\s'‘’`\"-]|\.0+$", "", text)
        if re.fullmatch(r"[0-9](?:\.[0-9]+)?E\+?[0-9]+", text):
            raise UnreadableCell("id_number_as_number")
        if fault := id_number_fault(text):
            raise UnreadableCell(fault)
    return text or None


def read_phone(cell: Cell) -> str | None:
    """Read a mobile number, with or without +86, spaces and hyphens."""
    text = cell_words(cell)
    if text and not phone_ok(text):
        text = re.sub(r"[\s().'‘’`-]|\.0+$", "", unicodedata.normalize("NFKC", text))
        text = re.sub(r"^(?:\+?86|0086)(?=1[0-9]{10}$)", "", text)
        if not phone_ok(text):
            raise UnreadableCell("phone")
    return text or None


MESSAGES: dict[str, str] = {
    "no_roster": "没有找到花名册：表头须有“姓名、身份证号”或“党组织名称、上级党组织”等列",
    "missing_column": "缺少“{title}”列，请补上这一列（列名可参照导入模板）",
    "missing": "“{title}”不能为空，请补填",
    "formula": "“{title}”是公式，请复制后“选择性粘贴为数值”，改为数值再导入",
    "date_format": "“{title}”看不出是哪一天，请写成 2019-07-01 的样子",
    "date_incomplete": "“{title}”不完整，请补全四位年份、月和日，如 2019-07-01",
    "date_impossible": "“{title}”没有这一天，请核对年、月、日后更正",
    "name_characters": "姓名只能是汉字、字母和间隔号“·”，最多 50 字，请删去其他字符",
    "name_too_long": "党组织名称超过 100 字，请改用规范的全称",
    "duplicate_name": "党组织名称与{place}重复，请删去重复的一行，或改为各自的全称",
    "unknown_parent": "没有名为{value}的上级党组织，请核对名称，或先在“党组织”表中补上它",
    "parent_is_itself": "上级党组织不能是它自己，请改填直接上级的名称",
    "parent_cycle": "上级党组织又在它的下级之中，请改填真正的上级",
    "unknown_kind": "{value}不是组织类别，请填党委、党总支、党支部等，见模板",
    "kind_not_allowed": "{parent}之下不能设{kind}，请核对上级党组织和组织类别",
    "unknown_sector": "{value}不是所在领域，请从模板的下拉列表中选择，或留空",
    "due_before_start": "届满日期须晚于任期起始日期，请核对这两个日期",
    "grid_kind": "只有党支部（含联合党支部）可以是网格党支部，请核对组织类别，或改填“否”",
    "unknown_yes_no": "“{title}”请填“是”或“否”",
    "unknown_sex": "性别请填“男”或“女”",
    "unknown_ethnicity": "{value}不是我国 56 个民族之一，请填规范名称，如“汉族”",
    "unknown_education": "{value}不是学历，请填研究生、大学本科、大学专科、高中、初中等，见模板",
    "unknown_category": "{value}不是人员类别，请填“正式党员”或“预备党员”；不是党员的请删去这一行",
    "id_number_as_number": "身份证号被当作数字，末几位已丢失：请将单元格设为文本格式后重新填写",
    "duplicate_id_number": "公民身份号码与{place}重复，请删去重复的一行，或更正填错的号码",
    "unknown_branch": "没有名为{value}的党支部，请核对名称，或先在“党组织”表中补上它",
    "ambiguous_branch": "有几个党小组同名，无法判断是哪一个，请改填党小组所在的党支部",
    "branch_holds_no_members": "{kind}不直接编入党员，请改填党员所在的党支部、联合党支部或党小组",
    "phone": "手机号码应为 11 位、以 1 开头，只填一个，请核对；没有的可留空",
}
"""By code; the codes of `members.logic` bring their own texts."""
