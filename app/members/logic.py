"""Pure decisions about members: ID numbers, facts that must agree, names and how they are found."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from itertools import pairwise
from operator import itemgetter, mul

from pypinyin import Style, lazy_pinyin, pinyin
from pypinyin.constants import PHRASES_DICT

from app.core.clock import add_months
from app.core.errors import Text
from app.members.types import NAME_LENGTH, MemberCategory, Sex

EARLIEST_BIRTH_YEAR = 1900

_ETHNICITIES = (
    "汉 蒙古 回 藏 维吾尔 苗 彝 壮 布依 朝鲜 满 侗 瑶 白 土家 哈尼 哈萨克 傣 黎 傈僳 佤 畲 高山 "
    "拉祜 水 东乡 纳西 景颇 柯尔克孜 土 达斡尔 仫佬 羌 布朗 撒拉 毛南 仡佬 锡伯 阿昌 普米 "
    "塔吉克 怒 乌孜别克 俄罗斯 鄂温克 德昂 保安 裕固 京 塔塔尔 独龙 鄂伦春 赫哲 门巴 珞巴 基诺"
)
ETHNICITIES: dict[str, str] = {
    f"{code:02}": f"{name}族" for code, name in enumerate(_ETHNICITIES.split(), start=1)
} | {"97": "其他", "98": "外国血统中国籍人士"}
"""GB/T 3304: code and name of every ethnicity (民族)."""

# ── ID numbers (公民身份号码, GB 11643)

_ID_NUMBER = re.compile(r"[0-9]{17}[0-9X]")
_ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_ID_CHECKS = "10X98765432"
_PHONE = re.compile(r"1[3-9][0-9]{9}")

ID_NUMBER_FAULTS: dict[str, Text] = {
    "id_number_15_digits": Text(
        "这是旧的 15 位身份证号码，请改填现用的 18 位公民身份号码",
        "a 15-digit number of the old kind; give the 18-character one",
    ),
    "id_number_length": Text(
        "公民身份号码应为 18 位，请核对是否多填或漏填",
        "an ID number has 18 characters; check for missing or surplus ones",
    ),
    "id_number_characters": Text(
        "公民身份号码只能是 17 位数字加一位数字或 X，请核对后更正",
        "an ID number is 17 digits and then a digit or X",
    ),
    "id_number_birth_date": Text(
        "公民身份号码中的出生日期不存在，请对照身份证更正",
        "the birth date inside the ID number does not exist; compare it with the card",
    ),
    "id_number_checksum": Text(
        "公民身份号码校验不通过，有数字填错，请对照身份证更正",
        "the ID number's check character is wrong; compare it with the card",
    ),
}


def id_number_fault(text: str) -> str | None:
    """Name what is wrong with an ID number (a key of `ID_NUMBER_FAULTS`), or None.

    The county code is not checked: counties come and go, and numbers outlive them.
    """
    if _ID_NUMBER.fullmatch(text) is None:
        if re.fullmatch(r"[0-9]{15}", text):
            return "id_number_15_digits"
        return "id_number_length" if len(text) != 18 else "id_number_characters"  # noqa: PLR2004
    if _birth_date(text[6:14]) is None:
        return "id_number_birth_date"
    check = _ID_CHECKS[sum(map(mul, map(int, text[:17]), _ID_WEIGHTS)) % 11]
    return None if check == text[17] else "id_number_checksum"


@lru_cache(maxsize=65536)
def _birth_date(digits: str) -> date | None:
    try:
        day = date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return None
    return day if day.year >= EARLIEST_BIRTH_YEAR else None


def born_on_of(number: str) -> date:
    """Read the birth date out of a valid ID number."""
    return date(int(number[6:10]), int(number[10:12]), int(number[12:14]))


def sex_of(number: str) -> Sex:
    """Read the sex out of a valid ID number: an odd seventeenth digit is male."""
    return Sex.MALE if int(number[16]) % 2 else Sex.FEMALE


def mask_id_number(number: str) -> str:
    """Show the first six and the last four characters: `231005********0032`."""
    return f"{number[:6]}********{number[-4:]}"


def mask_phone(phone: str) -> str:
    """Show the first three and the last four digits: `138****1234`."""
    return f"{phone[:3]}****{phone[-4:]}"


def phone_ok(text: str) -> bool:
    """Tell whether this is a mobile number; whether its range is allocated is not asked."""
    return _PHONE.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class MemberFacts:
    """What is recorded about a member; None is a fact not known (yet), and is not judged.

    `full_on` alone is judged when None: a full member has one.
    """

    id_number: str | None
    born_on: date | None
    sex: Sex | None
    category: MemberCategory | None
    joined_on: date | None
    full_on: date | None


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with `field`, and what to do about it, without the values themselves."""

    field: str
    code: str
    zh: str
    en: str


_BORN_ON_DIFFERS = Fault(
    "born_on",
    "born_on_differs",
    "出生日期与公民身份号码中的不一致，请对照身份证更正其中填错的一项",
    "differs from the birth date inside the ID number; correct the one that is wrong",
)
_SEX_DIFFERS = Fault(
    "sex",
    "sex_differs",
    "性别与公民身份号码（第 17 位单数为男、双数为女）不一致，请对照身份证更正其中填错的一项",
    "differs from the sex inside the ID number; correct the one that is wrong",
)
_JOINED_IN_FUTURE = Fault(
    "joined_on",
    "joined_in_future",
    "入党日期晚于今天（或名册截止日期），请更正",
    "lies after today (or the roster's date); correct it",
)
_UNDER_18 = Fault(
    "joined_on",
    "under_18",
    "入党时未满 18 周岁，请核对入党日期和出生日期",
    "the member was not yet 18 years old; check this date and the birth date",
)
_FULL_IN_FUTURE = Fault(
    "full_on",
    "full_in_future",
    "转正日期晚于今天（或名册截止日期）：尚未转正的请清空并将人员类别填为预备党员，填错的请更正",
    "lies after today (or the roster's date); correct it, or clear it for a probationary member",
)
_PROBATIONARY_WITH_FULL_ON = Fault(
    "full_on",
    "full_on_of_probationary",
    "预备党员不应有转正日期：已转正的请将人员类别改为正式党员，未转正的请清空转正日期",
    "a probationary member has none; clear it, or make the category full",
)
_FULL_ON_MISSING = Fault(
    "full_on",
    "full_on_missing",
    "正式党员须填转为正式党员的日期；尚未转正的请将人员类别改为预备党员",
    "a full member needs one; give it, or make the category probationary",
)
_FULL_ON_TOO_EARLY = Fault(
    "full_on",
    "full_on_too_early",
    "转正日期距入党日期不足一年（预备期为一年），请核对这两个日期",
    "less than the year of probation after joining; check both dates",
)

NO_PROBATION = (date(1969, 4, 1), date(1977, 8, 17))
"""First and last day of the 9th and 10th Congress constitutions, which knew no probation."""


def check_facts(facts: MemberFacts, today: date) -> list[Fault]:
    """List what cannot be true of a member on `today`.

    党章 第一条 (18 years), 第七条 (a year of probation). A period ends on the day of the same
    number, or on the month's last day where there is none (民法典 第二百零二条).
    """
    faults, number, joined_on = [], facts.id_number, facts.joined_on
    if number and id_number_fault(number) is None:
        if facts.born_on and facts.born_on != born_on_of(number):
            faults.append(_BORN_ON_DIFFERS)
        if facts.sex and facts.sex is not sex_of(number):
            faults.append(_SEX_DIFFERS)
    if joined_on and joined_on > today:
        faults.append(_JOINED_IN_FUTURE)
    elif joined_on and facts.born_on and joined_on < _anniversary(facts.born_on, 18):
        faults.append(_UNDER_18)
    if fault := _full_on_fault(facts, today):
        faults.append(fault)
    return faults


def _full_on_fault(facts: MemberFacts, today: date) -> Fault | None:
    joined_on, full_on = facts.joined_on, facts.full_on
    if full_on is None:
        return _FULL_ON_MISSING if facts.category is MemberCategory.FULL else None
    if facts.category is MemberCategory.PROBATIONARY:
        return _PROBATIONARY_WITH_FULL_ON
    if full_on > today:
        return _FULL_IN_FUTURE
    if joined_on is None or full_on >= _anniversary(joined_on, 1):
        return None
    at_once = full_on == joined_on and NO_PROBATION[0] <= joined_on <= NO_PROBATION[1]
    return None if at_once else _FULL_ON_TOO_EARLY


@lru_cache(maxsize=65536)
def _anniversary(day: date, years: int) -> date:
    return add_months(day, years * 12)


_HAN = "\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003fffd"
_HAN_LETTER = re.compile(f"[{_HAN}]")
_WORDS = re.compile(f"[{_HAN}]|[^{_HAN} ·]+")
_PLAIN_NAME = re.compile(r"[\u4e00-\u9fff]{1,50}")
_SPACES = re.compile("[ \u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]+")
_DOTS = re.compile(f" ?[·•‧∙⋅・･．᛫⸱‣●] ?|(?<=[{_HAN}]) ?\\. ?(?=[{_HAN}])")
_SPACE_BY_HAN = re.compile(f"(?<=[{_HAN}]) | (?=[{_HAN}])")
_NAME_SHAPE = re.compile(r"[^ ·]+(?:[ ·][^ ·]+)*")
_FULL_WIDTH = {0xFEE0 + ord(c): ord(c) for c in map(chr, range(0x21, 0x7F)) if c.isalnum()}
_INVISIBLE_LETTERS = frozenset("\u115f\u1160\u3164\uffa0")


def clean_name(text: str) -> str:
    """Write a person's name as it is kept: NFC, `·` in it, no spaces beside Han characters."""
    if _PLAIN_NAME.fullmatch(text):
        return text
    text = unicodedata.normalize("NFC", text).translate(_FULL_WIDTH)
    text = _DOTS.sub("·", _SPACES.sub(" ", text).strip(" "))
    return _SPACE_BY_HAN.sub("", text)


def name_ok(name: str) -> bool:
    """Tell whether a cleaned name is Han characters, letters, single `·` and spaces: 1 to 50."""
    if _PLAIN_NAME.fullmatch(name):
        return True
    return (
        len(name) <= NAME_LENGTH
        and _NAME_SHAPE.fullmatch(name) is not None
        and all(c in " ·〇" or (c.isalpha() and c not in _INVISIBLE_LETTERS) for c in name)
    )


# ── Finding people: readings, index fragments, queries

MAX_READINGS = 16
_SURNAMES = (
    "单shan 仇qiu 解xie 曾zeng 区ou 查zha 朴piao 盖ge 乐yue 翟zhai 召shao 秘bi 员yun 贠yun 繁po "
    "黑he 折she 覃qin 缪miao 牟mu 洗xian 隗wei 乜nie 佴nai 祭zhai 重chong 种chong 长chang 能nai "
    "么yao 卜bu 薄bo 镡tan 角jue 炅gui 费fei 都du 藏zang 番pan 逢pang 句gou 郇xun 适kuo 降xiang"
)
_COMPOUND_SURNAMES = """尉迟yu_chi 万俟mo_qi 长孙zhang_sun 澹台tan_tai 单于chan_yu 子车zi_ju
令狐ling_hu 乐正yue_zheng"""
_SURNAME_READINGS = {entry[0]: entry[1:] for entry in _SURNAMES.split()}
"""Single surnames that are read otherwise than the character mostly is."""
_COMPOUND_READINGS = {entry[:2]: entry[2:].split("_") for entry in _COMPOUND_SURNAMES.split()}
_GIVEN_READINGS = {"晟": "sheng", "长": "chang"}
# of other characters the readings of old books find nobody
_SEVERAL_READINGS = frozenset("乐行重长朝盛茜觉都传强会娜柏车贾颉晟宁应纪柳奇吾度拓约阿艾")
_IGNORED_IN_SEARCH = dict.fromkeys(map(ord, " '`’‘·"))
_LATIN_OR_NOT = re.compile(r"([a-z]+)|([^\W0-9_a-z〇]|〇)+|(.)", re.DOTALL)


def name_key(name: str) -> str:
    """Give the key that sorts names by their most likely pinyin, syllable by syllable."""
    syllables = [options[0] for options in _options(name)]
    return f"{' '.join(syllables)}  {name}"[:400]


def search_text(name: str) -> str:
    """Give the name, its readings and their initials between bars: `|张晓明|zhangxiaoming|zxm|`."""
    parts = {clean_query(name): None}
    for reading in _readings(name):
        parts["".join(reading)] = None
        parts["".join(s[0] for s in reading)] = None
    return f"|{'|'.join(parts)}|"


def search_tokens(district_code: str, name: str) -> list[str]:
    """List the fragments under which the index finds a name, each led by the district's code."""
    found: set[str] = set()
    for latin, run in _runs(clean_query(name)):
        _add_grams(found, run, (1, 2, 3) if latin else (1, 2))
    for reading in _readings(name):
        _add_grams(found, "".join(s[0] for s in reading), (1, 2, 3))
        _add_grams(found, "".join(reading), (3,))
        found.update(s[:2] for s in reading)
    return [district_code + gram for gram in sorted(found)]


def clean_query(q: str) -> str:
    """Bring a query, or a name, to the form in which they are compared."""
    if _PLAIN_NAME.fullmatch(q):
        return q
    text = unicodedata.normalize("NFC", q).translate(_FULL_WIDTH).casefold()
    text = _SPACES.sub("", _DOTS.sub("·", text)).translate(_IGNORED_IN_SEARCH)
    return text if text.isascii() else "".join(map(_plain_letter, text))


def query_tokens(district_code: str, q: str) -> list[str]:
    """List the tokens that a name must all have to match what a user typed.

    A sign that no name can hold becomes a token that no name has. Empty for an empty query.
    """
    found: set[str] = set()
    for latin, run in _runs(clean_query(q)):
        _add_grams(found, "?" if latin is None else run, (min(len(run), 3 if latin else 2),))
    return [district_code + gram for gram in sorted(found)]


def query_needles(q: str) -> list[str]:
    """List the runs of letters of a query, each to be found inside a name's `search_text`.

    They hold letters only, so each means the same inside LIKE.
    """
    return [run for latin, run in _runs(clean_query(q)) if latin is not None]


def _runs(text: str) -> Iterator[tuple[bool | None, str]]:
    """Cut into runs of Latin letters (True), of others (False), and signs no name holds (None)."""
    for match in _LATIN_OR_NOT.finditer(text):
        yield True if match[1] else False if match[2] else None, match[0]


def _add_grams(found: set[str], run: str, sizes: tuple[int, ...]) -> None:
    for size in sizes:
        if size == 1:
            found.update(run)
        elif size == 2:  # noqa: PLR2004
            found.update(a + b for a, b in pairwise(run))
        else:
            found.update(run[i : i + size] for i in range(len(run) - size + 1))


@lru_cache(maxsize=4096)
def _plain_letter(letter: str) -> str:
    if letter in "üǖǘǚǜ":
        return "v"
    base = unicodedata.normalize("NFD", letter)[0]
    return base if base.isascii() else letter.strip("\u0307")  # what casefold leaves of İ


@lru_cache(maxsize=1024)
def _readings(name: str) -> list[tuple[str, ...]]:
    """List the likeliest readings, as syllables; a rare surname before a rare given name."""
    beam: list[tuple[int, tuple[str, ...]]] = [(0, ())]
    for position, options in enumerate(_options(name)):
        step = 2 if position else 1
        beam = [
            (cost + rank * step, (*done, option))
            for cost, done in beam
            for rank, option in enumerate(options)
            if option.isascii()
        ] or beam
        if len(beam) > MAX_READINGS:
            beam = sorted(beam, key=itemgetter(0))[:MAX_READINGS]
    return [done for _, done in beam if done]


@lru_cache(maxsize=1024)
def _options(name: str) -> list[tuple[str, ...]]:
    """List for every syllable its readings, the likeliest first; what has none stands as it is."""
    words = list(name) if _PLAIN_NAME.fullmatch(name) else _WORDS.findall(name)
    compound = _COMPOUND_READINGS.get("".join(words[:2])) if len(words) > 2 else None  # noqa: PLR2004
    likely = compound or [_SURNAME_READINGS.get(word, "") for word in words[:1]]
    given = words[len(likely) :]
    if (phrase := "".join(given)) in PHRASES_DICT:
        likely = likely + lazy_pinyin(phrase)
    else:
        likely = likely + [_GIVEN_READINGS.get(word, "") for word in given]
    return [_syllable(word, reading) for word, reading in zip(words, likely, strict=True)]


@lru_cache(maxsize=65536)
def _syllable(word: str, likely: str) -> tuple[str, ...]:
    """List the readings of a character, or a Latin word itself; `ü` reads as `v` and as `u`."""
    if len(word) > 1 or not _HAN_LETTER.fullmatch(word):
        return (clean_query(word) or word,)
    several = word in _SEVERAL_READINGS or word in _SURNAME_READINGS
    known = [likely, *pinyin(word, style=Style.NORMAL, heteronym=several)[0]]
    plain = [clean_query(s) for s in known if s != word]
    both = (s for p in plain for s in (p, p.replace("v", "u")) if s.isascii() and s)
    return tuple(dict.fromkeys(both)) or (word,)
