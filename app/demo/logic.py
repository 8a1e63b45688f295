"""The roster of the demo district 231005: made up from a seed, the same on every call."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Any

from app.core.clock import add_months

AS_OF = date(2019, 12, 31)
MEMBERS = 7719
PROBATIONERS = 258
ROOT = "中共牡丹江市西安区委员会"

_SEED = 231005
_ORGANIZATION_HEADER = (
    "序号 党组织名称 上级党组织 组织类别 所在领域 本届任期起始日期 届满日期 是否网格党支部"
)
_MEMBER_HEADER = (
    "序号 姓名 性别 民族 公民身份号码 出生日期 学历 人员类别 加入党组织日期 转为正式党员日期 "
    "所在党支部 手机号码 是否流动党员"
)


def organization_rows() -> list[list[Any]]:
    """List the sheet 党组织, its header first, every superior before what is under it."""
    rng, bodies = _random("terms"), _bodies()
    overdue = _overdue(rng, bodies)
    rows: list[list[Any]] = [[*_ORGANIZATION_HEADER.split()]]
    for number, body in enumerate(bodies, start=1):
        start, due = _term(rng, body, is_overdue=body.name in overdue)
        grid = "是" if body.is_grid else "否"
        rows.append([number, body.name, body.parent, body.kind, body.sector, start, due, grid])
    return rows


def member_rows() -> list[list[Any]]:
    """List the sheet 党员, its header first, branch after branch."""
    rng = _random("members")
    places = [(body, place) for body in _bodies() for place in range(body.members)]
    # a branch needs three full members (党章 第三十条), so its first three are
    later = [index for index, (_, place) in enumerate(places) if place >= _FULL_MEMBERS_NEEDED]
    probationers = frozenset(rng.sample(later, PROBATIONERS))
    phones = rng.sample(_PHONES, MEMBERS)
    taken: set[str] = set()
    rows: list[list[Any]] = [[*_MEMBER_HEADER.split()]]
    for index, (body, _) in enumerate(places):
        facts = _member_facts(rng, body, taken, is_probationer=index in probationers)
        mobile = "是" if rng.randrange(100) < _MOBILE_PERCENT else "否"
        rows.append([index + 1, *facts, body.name, f"1{phones[index]}", mobile])
    return rows


def _random(purpose: str) -> Random:
    return Random(f"{_SEED} {purpose}")  # noqa: S311 - made-up people, no secrets


# ── The tree

_STREETS = {
    "先锋": "平安 文化 育才 新荣",
    "火炬": "星火 迎春 长青 联盟",
    "立新": "新风 朝阳 光荣 和顺",
    "牡丹": "花园 春晖 景福 兴中",
    "江滨": "望江 临波 柳岸 清泉",
    "沿江": "渡口 江湾 锦绣 北堤",
    "水泥": "建材 石岭 东窑 祥和",
}
"""Every street and its communities."""
_COMMUNITIES_OF_THREE_GRIDS = 8
_VILLAGES = {
    "温春镇": "前屯 后屯 东崴子 西崴子 大荒地 柳树沟 榆林 双桥 五星 丰收 曙光 永胜 新立 保安",
    "海南朝鲜族乡": "南沟 稻香 江西 河口 民和 富裕 长胜 白石 三家",
}
_ORGANS = "中共西安区直属机关工作委员会"
_FIXED = (
    ("区教育局", "机关", 137, 4),
    ("区卫生健康局", "机关", 118, 3),
    ("区国有资产经营公司", "国企", 101, 3),
    ("区粮食储备库", "国企", 17, 2),
    ("区供销联社", "国企", 19, 2),
    ("区民政局", "机关", 100, 3),
    ("区文化馆", "事业单位", 20, 2),
)
"""General branches of a given size: name, field, members, branches."""
_OFFICES = (
    "区财政局 区发展和改革局 区工业和信息化局 区人力资源和社会保障局 区住房和城乡建设局 区信访局 "
    "区城市管理综合执法局 区农业农村局 区商务局 区文体广电和旅游局 区应急管理局 区审计局 区统计局 "
    "区市场监督管理局 区司法局 区退役军人事务局 区营商环境建设监督局 区医疗保障局 区自然资源局 "
    "区人民检察院"
)
_NEW_SECTOR = "中共西安区非公有制经济组织和社会组织工作委员会"
_UNITS = {"非公企业": (130, 32), "社会组织": (64, 16)}
"""Branches and joint branches."""
_BRANDS = (
    "宏达 恒信 昌盛 瑞丰 泰和 永固 盛源 信诚 鑫隆 华盈 金穗 北辰 东升 百汇 嘉禾 众合 晨光 雪松 "
    "林海 牡江 安泰 顺通 康宁 佳美 启明 天润 博远 德馨 沃野 冠群"
)
_TRADES = {
    "非公企业": "商贸公司 物流公司 建材公司 科技公司 餐饮公司 机械公司 食品公司 家具公司",
    "社会组织": "幼儿园 养老服务中心 志愿者协会 职业培训学校 文化艺术团 商会 体育俱乐部 读书会",
}
_CROWDS = (
    ("社区", 64, 14, (12, 19), (20, 45)),
    ("村", 23, 2, (15, 19), (20, 46)),
    ("机关", 60, 5, (17, 19), (20, 32)),
    ("两新", 242, 187, (3, 19), (20, 30)),
)
"""By field: branches, how many of them under 20, sizes (from, to) of these, of the others.

With six of `_FIXED`, 214 are under 20. The three branches of an office make 51 to 96.
"""
_NUMERALS = "一二三四"


@dataclass(frozen=True, slots=True)
class _Body:
    """An organisation as its row tells it, and how many members are its own."""

    name: str
    parent: str
    kind: str
    sector: str
    members: int = 0
    is_grid: bool = False


def _bodies() -> list[_Body]:
    rng = _random("tree")
    sizes = _sizes(rng)
    return [
        *_street_bodies(rng, sizes["社区"]),
        *_township_bodies(sizes["村"]),
        *_organ_bodies(sizes["机关"]),
        *_new_sector_bodies(rng, sizes["两新"]),
    ]


def _sizes(rng: Random) -> dict[str, Iterator[int]]:
    """Draw the size of every branch but those of `_FIXED`, so that all add up to `MEMBERS`."""
    drawn: list[tuple[str, int, int, int]] = []
    for field, count, small, few, many in _CROWDS:
        ranges = [few] * small + [many] * (count - small)
        rng.shuffle(ranges)
        drawn += [(field, rng.randint(*between), *between) for between in ranges]
    missing = MEMBERS - sum(size for _, _, size, _ in _FIXED) - sum(size for _, size, *_ in drawn)
    while missing:
        step = 1 if missing > 0 else -1
        index = rng.randrange(len(drawn))
        field, size, low, high = drawn[index]
        if low <= size + step <= high:
            drawn[index] = (field, size + step, low, high)
            missing -= step
    return {crowd[0]: iter([s for f, s, *_ in drawn if f == crowd[0]]) for crowd in _CROWDS}


def _street_bodies(rng: Random, sizes: Iterator[int]) -> Iterator[_Body]:
    names = " ".join(_STREETS.values()).split()
    of_three = rng.sample(names, _COMMUNITIES_OF_THREE_GRIDS)
    for street, communities in _STREETS.items():
        working = f"中共西安区{street}街道工作委员会"
        yield _Body(working, ROOT, "党工委", "街道")
        for name in communities.split():
            committee = f"中共{street}街道{name}社区委员会"
            yield _Body(committee, working, "党委", "社区")
            for numeral in _NUMERALS[: 3 if name in of_three else 2]:
                grid = f"{name}社区第{numeral}网格党支部"
                yield _Body(grid, committee, "党支部", "社区", next(sizes), is_grid=True)


def _township_bodies(sizes: Iterator[int]) -> Iterator[_Body]:
    for township, villages in _VILLAGES.items():
        committee = f"中共{township}委员会"
        yield _Body(committee, ROOT, "党委", "乡镇")
        for name in villages.split():
            yield _Body(f"{township}{name}村党支部", committee, "党支部", "村", next(sizes))


def _organ_bodies(sizes: Iterator[int]) -> Iterator[_Body]:
    yield _Body(_ORGANS, ROOT, "党工委", "机关")
    units = [
        (name, sector, [(total + place) // branches for place in range(branches)])
        for name, sector, total, branches in _FIXED
    ]
    units += [(name, "机关", [next(sizes) for _ in range(3)]) for name in _OFFICES.split()]
    for name, sector, parts in units:
        general = f"{name}党总支"
        yield _Body(general, _ORGANS, "党总支", sector)
        for numeral, size in zip(_NUMERALS, parts, strict=False):
            yield _Body(f"{name}第{numeral}党支部", general, "党支部", sector, size)


def _new_sector_bodies(rng: Random, sizes: Iterator[int]) -> Iterator[_Body]:
    yield _Body(_NEW_SECTOR, ROOT, "党工委", "两新")
    for sector, (branches, joint) in _UNITS.items():
        names = [brand + trade for brand in _BRANDS.split() for trade in _TRADES[sector].split()]
        kinds = ["党支部"] * branches + ["联合党支部"] * joint
        rng.shuffle(kinds)
        for name, kind in zip(rng.sample(names, len(kinds)), kinds, strict=True):
            others = f"等{sector.removeprefix('非公')}" if kind == "联合党支部" else ""
            yield _Body(f"西安区{name}{others}{kind}", _NEW_SECTOR, kind, sector, next(sizes))


# ── Terms

_OVERDUE = {
    ("党委", "社区"): 2,
    ("党支部", "社区"): 9,
    ("党支部", "村"): 2,
    ("党总支", "机关"): 2,
    ("党支部", "机关"): 3,
    ("党支部", "非公企业"): 3,
    ("联合党支部", "非公企业"): 1,
    ("联合党支部", "社会组织"): 1,
}
_DUE_ON_THE_DAY = "区审计局党总支"
_ON_TIME = frozenset({f"{name}党总支" for name, *_ in _FIXED} | {_DUE_ON_THE_DAY})
_FIRST_OVERDUE = date(2018, 10, 1)
_OPINION_ON_TERMS = date(2018, 7, 12)
_LAST_ELECTION = date(2019, 12, 20)


def _overdue(rng: Random, bodies: Sequence[_Body]) -> frozenset[str]:
    chosen: list[str] = []
    for group, count in _OVERDUE.items():
        alike = [b.name for b in bodies if (b.kind, b.sector) == group]
        chosen += rng.sample([name for name in alike if name not in _ON_TIME], count)
    return frozenset(chosen)


def _term(rng: Random, body: _Body, *, is_overdue: bool) -> tuple[object, object]:
    """Draw the first day and the due date; a working committee is appointed and has no term."""
    if body.kind == "党工委":
        return "", ""
    is_local = body.sector in {"社区", "村"}
    months = 60 if is_local or body.kind == "党委" else 36
    if is_overdue or body.name == _DUE_ON_THE_DAY:
        due = _between(rng, _FIRST_OVERDUE, AS_OF - timedelta(days=1)) if is_overdue else AS_OF
        return add_months(due, -months), due
    first = add_months(AS_OF, -months) + timedelta(days=1)
    if is_local and body.kind == "党支部":
        first = _OPINION_ON_TERMS  # it gave these branches their five years
    start = _between(rng, first, _LAST_ELECTION)
    return start, add_months(start, months)


def _between(rng: Random, first: date, last: date) -> date:
    return first + timedelta(days=rng.randint(0, (last - first).days))


# ── Members

_FULL_MEMBERS_NEEDED = 3
_MOBILE_PERCENT = 2
_PHONES = range(3_000_000_000, 10_000_000_000)
_PEOPLE = {
    "社区": (22, 89, 68, 50, "2431000 1332100 0122320 0111232"),
    "村": (22, 88, 60, 72, "0122320 0011341 0001252 0000145"),
    "机关": (23, 66, 41, 58, "2710000 1630000 0442000 0343000"),
    "事业单位": (23, 66, 40, 45, "1720000 0541000 0343000 0244000"),
    "国企": (23, 66, 46, 66, "1531000 0343100 0133210 0123220"),
    "非公企业": (22, 70, 38, 62, "0442100 0233200 0122320 0112231"),
    "社会组织": (22, 72, 40, 48, "0542000 0333100 0123220 0112231"),
}
"""By field: youngest, oldest, commonest age; men in a hundred; weights of `_DEGREES` by age."""
_PROBATIONERS_AGES = (22, 45, 28)
_AGE_BANDS = (35, 50, 65)
_DEGREES = ("研究生", "大学本科", "大学专科", "中等专科", "高中", "初中", "小学")
_POSTGRADUATE_AGE = 25
_ETHNICITIES = ("汉族", "朝鲜族", "满族", "蒙古族", "回族")
_SHARES, _KOREAN_SHARES = (893, 941, 981, 990, 1000), (380, 960, 980, 990, 1000)
"""Running sums, in a thousand: in the district, and in the villages of the Korean township."""
_SURNAMES = (
    "王李张刘陈杨赵孙于周徐马高林吴郭何宋朱胡姜韩崔郑吕梁罗谢唐冯董许曹田范姚邹石金杜魏丁苏程"
    "袁潘蔡傅卢任单曾解仇查华区沈夏钟谭陆贾闫孟白薛秦邱侯江尹史邵龙万段雷钱汤武乔贺龚文庞樊兰"
    "殷施陶洪翟安颜倪严牛温芦季俞章鲁葛韦毛焦祝齐关佟盖牟由曲初宫隋迟丛"
)
_SURNAMES_OF = {
    "朝鲜族": "金李朴崔郑姜尹张赵韩林申吴全许安黄文玄南",
    "满族": "关佟赵那富王李张金白唐傅郎何",
    "回族": "马白丁杨王李张刘米沙哈",
}
"""The commoner, the earlier."""
_GIVEN = {
    ("男", True): ("国建志永德玉忠福文长树宝广连殿万", "军明江林山海贵才发有生臣武春和义成"),
    ("男", False): ("志晓海立俊家宇浩子思天振泽一明", "伟强磊军鹏超斌峰涛鑫博轩阳杰龙凯辉旭"),
    ("女", True): ("桂淑秀玉凤春亚丽艳金雅素彦英爱", "兰芝珍华芬琴荣云梅霞香芳清贤杰娥媛"),
    ("女", False): ("晓雪佳思梦丽海红艳春雨诗欣静", "娜婷颖玲琳丹敏莹洋慧妍涵怡蕾薇倩"),
}
"""First and second characters of given names; True for those born before 1970."""
_NEW_NAMES_FROM = 1970
_ID_AREAS = (*["231005"] * 14, "231002", "231003", "231004", "231083", "231084", "231025")
_ID_SEQUENCES = range(900, 994, 2)  # the high end, which few real numbers have
_ID_CHECKS = "10X98765432"


def _member_facts(
    rng: Random, body: _Body, taken: set[str], *, is_probationer: bool
) -> list[object]:
    """Draw what stands in the columns from 姓名 to 转为正式党员日期."""
    *ages, men, schooling = _PEOPLE[body.sector]
    age = int(rng.triangular(*(_PROBATIONERS_AGES if is_probationer else ages)))
    born = add_months(AS_OF, -12 * age) - timedelta(days=rng.randrange(365))
    sex = "男" if rng.randrange(100) < men else "女"
    shares = _KOREAN_SHARES if "朝鲜族乡" in body.parent else _SHARES
    ethnicity = rng.choices(_ETHNICITIES, cum_weights=shares)[0]
    weights = schooling.split()[sum(age >= first for first in _AGE_BANDS)]
    degree = rng.choices(_DEGREES, [int(weight) for weight in weights])[0]
    degree = _DEGREES[1] if degree == _DEGREES[0] and age < _POSTGRADUATE_AGE else degree
    name, number = _name(rng, sex, ethnicity, born), _id_number(rng, born, sex, taken)
    category = "预备党员" if is_probationer else "正式党员"
    joined, full = _party_dates(rng, born, is_probationer=is_probationer)
    return [name, sex, ethnicity, number, born, degree, category, joined, full]


def _name(rng: Random, sex: str, ethnicity: str, born: date) -> str:
    surnames = _SURNAMES_OF.get(ethnicity, _SURNAMES)
    firsts, seconds = _GIVEN[sex, born.year < _NEW_NAMES_FROM]
    first = rng.choice(firsts) if rng.randrange(4) else ""
    rank = int(len(surnames) * rng.random() ** 2)
    return surnames[rank] + first + rng.choice(seconds)


def _id_number(rng: Random, born: date, sex: str, taken: set[str]) -> str:
    """Draw a number that nobody has yet (GB 11643): an odd seventeenth digit is male."""
    while True:
        digits = f"{rng.choice(_ID_AREAS)}{born:%Y%m%d}{rng.choice(_ID_SEQUENCES) + (sex == '男')}"
        if digits not in taken:
            taken.add(digits)
            total = sum(int(digit) * 2 ** (17 - place) for place, digit in enumerate(digits))
            return digits + _ID_CHECKS[total % 11]


def _party_dates(rng: Random, born: date, *, is_probationer: bool) -> tuple[date, object]:
    """Draw the days of joining, at 18 or later, and of conversion, a year (or two) after it."""
    if is_probationer:
        return _between(rng, AS_OF.replace(month=1, day=1), AS_OF), ""
    last = min(add_months(AS_OF, -12), add_months(born, 55 * 12))
    first = add_months(born, 18 * 12)
    joined = first + timedelta(days=int(rng.triangular(0, (last - first).days, 0)))
    extended = add_months(joined, 24)  # probation prolonged once, by a year
    return joined, extended if rng.randrange(50) == 0 and extended <= AS_OF else add_months(
        joined, 12
    )
