"""Drawing what 23 villages cleared in 2019: the same on every call, in fen and hundredths of mu."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from decimal import Decimal
from random import Random
from typing import Any

LAST_DAY = date(2019, 12, 31)
CLEARED = 85
LAND, DEBTS, CLAIMS = 1_172_279, 163_300_000, 103_500_000
"""Hundredths of mu, fen, fen."""
GAIN = 14_070_000
"""Fen, of a village on average."""
YEAR = 2019
_OPEN, _REGULAR = 6, 207
_REVIEWED = date(2019, 3, 4), date(2019, 5, 31)
_SETTLED = date(2019, 4, 8), date(2019, 12, 20)
_HOLIDAYS = {date(2019, 5, n) for n in range(1, 5)} | {date(2019, 10, n) for n in range(1, 8)}
_HOLIDAYS |= {date(2019, 4, 5), date(2019, 6, 7), date(2019, 9, 13)}
_RESOLUTIONS = (
    "发包价格过低，已重新议价并补签合同",
    "发包期限过长，已协商缩短",
    "未经民主程序，已补开村民代表会议表决",
    "合同面积与实测不符，已按实测更正",
    "承包费逾期，合同解除，土地收回",
)
_DEBTS = ("债务减免协议", "还款凭证", "债权债务抵顶协议")
_CLAIMS = ("承包费补缴凭证", "欠款还款协议及收据", "法院调解书及收款凭证")
_PROJECTS = (
    ("{village}村食用菌大棚建设", 50_000_000, date(2019, 3, 18), "approved", date(2019, 6, 12)),
    ("{village}村稻米加工厂房改造", 50_000_000, date(2019, 3, 20), "approved", date(2019, 6, 12)),
    ("{village}村蔬菜冷藏库建设", 45_000_000, date(2019, 3, 22), "approved", date(2019, 6, 14)),
    ("{village}村农机合作社购机", 38_000_000, date(2019, 3, 25), "rejected", date(2019, 6, 14)),
    ("{village}村光伏发电站建设", 60_000_000, date(2019, 11, 18), "applied", None),
)
_REJECTED = "申报材料未达到当年扶持标准"
Row = dict[str, Any]


def _random(purpose: str) -> Random:
    return Random(f"{YEAR} {purpose}")  # noqa: S311 - made-up facts, no secrets


def _working_day(rng: Random, first: date, last: date) -> date:
    """Draw a day on which offices work."""
    while True:
        day = first + timedelta(days=rng.randint(0, (last - first).days))
        if day.isoweekday() <= 5 and day not in _HOLIDAYS:  # noqa: PLR2004
            return day


def shares(rng: Random, total: int, parts: int) -> list[int]:
    """Split `total` into `parts` of like size; the last takes the rest."""
    weights = [rng.uniform(0.4, 1.6) for _ in range(parts)]
    drawn = [int(total * weight / sum(weights)) for weight in weights[:-1]]
    return [*drawn, total - sum(drawn)]


def hundredths(count: int) -> Decimal:
    """Write a count of fen as yuan, of hundredths of mu as mu."""
    return Decimal(count).scaleb(-2)


def village_of(name: str) -> str:
    """Give the village of an organisation's name: 温春镇前屯村党支部 is of 前屯."""
    return name.partition("村党")[0].rpartition("镇")[2].rpartition("乡")[2]


def contracts(villages: int) -> list[Row]:
    """Draw the reviewed contracts; `village` is a place in the list of villages."""
    rng = _random("contracts")
    kinds = ["cleared"] * CLEARED + ["open"] * _OPEN + ["regular"] * _REGULAR
    rng.shuffle(kinds)
    made: list[Row] = []
    for number, kind in enumerate(kinds):
        village, order = number % villages, number // villages + 1
        reviewed = _working_day(rng, *_REVIEWED)
        row: Row = {
            "village": village,
            "number": f"{rng.randint(2003, 2017)}-{order:03}",
            "finding": "regular" if kind == "regular" else "irregular",
            "reviewed_on": reviewed,
            "resolved_on": None,
            "resolution": None,
        }
        if kind == "cleared":
            first = reviewed + timedelta(days=14)
            row["resolved_on"] = _working_day(rng, first, date(2019, 11, 29))
            row["resolution"] = rng.choice(_RESOLUTIONS)
        made.append(row)
    return made


def entries(villages: Sequence[str]) -> list[Row]:
    """Draw land recovered in every village, and what a part of them paid off and got back."""
    return [
        *_entries("land_recovered", LAND, range(len(villages)), villages, ("账外耕地收缴确认书",)),
        *_entries("debt_resolved", DEBTS, _some("debts", villages, 17), villages, _DEBTS),
        *_entries("claim_recovered", CLAIMS, _some("claims", villages, 19), villages, _CLAIMS),
    ]


def _some(purpose: str, villages: Sequence[str], count: int) -> list[int]:
    return sorted(_random(purpose).sample(range(len(villages)), count))


def _entries(
    kind: str,
    total: int,
    places: Sequence[int],
    villages: Sequence[str],
    documents: Sequence[str],
) -> Iterator[Row]:
    """Split a total among villages, and each village's part into one to three entries."""
    rng = _random(kind)
    for place, share in zip(places, shares(rng, total, len(places)), strict=True):
        parts = shares(rng, share, rng.randint(1, 3))
        days = sorted(_working_day(rng, *_SETTLED) for _ in parts)
        for number, (part, day) in enumerate(zip(parts, days, strict=True), 1):
            yield {
                "village": place,
                "kind": kind,
                "amount": hundredths(part),
                "happened_on": day,
                "document": f"{villages[place]}村{rng.choice(documents)}（2019-{number:02}）",
            }


def projects(villages: Sequence[str]) -> list[Row]:
    """Give the applications for funds: three approved, one rejected, one not decided on."""
    places = _some("projects", villages, len(_PROJECTS))
    return [
        {
            "village": place,
            "title": title.format(village=villages[place]),
            "amount": hundredths(amount),
            "applied_on": applied,
            "status": status,
            "decided_on": decided,
            "reason": _REJECTED if status == "rejected" else None,
        }
        for place, (title, amount, applied, status, decided) in zip(places, _PROJECTS, strict=True)
    ]


def incomes(villages: int) -> list[Row]:
    """Draw the income of each village before and in the year; it rises by `GAIN` on average."""
    rng = _random("incomes")
    made: list[Row] = []
    for village, gain in enumerate(shares(rng, GAIN * villages, villages)):
        before = rng.randint(6_000_000, 38_000_000)
        for year, income in ((YEAR - 1, before), (YEAR, before + gain)):
            made.append({"village": village, "year": year, "income": hundredths(income)})
    return made
