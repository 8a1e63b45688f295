"""What a chain of entries must look like: pure checks, fed entry by entry."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from app.core.caller import DEPLOYMENT
from app.core.errors import Text

PREFECTURE, PROVINCE = 4, 2


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that does not fit: in which chain, at which entry, and what."""

    district_code: str
    number: int | None
    what: Text

    def as_json(self) -> dict[str, Any]:
        """Give what the command line prints."""
        return {"district_code": self.district_code, "number": self.number, **self.what._asdict()}


@dataclass(frozen=True, slots=True)
class Head:
    """How many entries a chain had and the hash of the newest, as it was signed."""

    district_code: str
    number: int
    hash: bytes
    signature: bytes


class Walk:
    """Goes along one chain. `chained` hashes an entry onto the hash before it.

    A break is told once, where it is: what follows is judged by the hash that stands there.
    """

    def __init__(
        self,
        district_code: str,
        chained: Callable[[bytes, Any], bytes | None],
        kept: Mapping[int, bytes],
    ) -> None:
        self.district_code, self.number, self.hash = district_code, 0, b""
        self.entries = 0
        self.faults: list[Fault] = []
        self._chained, self._kept = chained, kept

    def _found(self, number: int | None, zh: str, en: str) -> None:
        self.faults.append(Fault(self.district_code, number, Text(zh, en)))

    def step(self, number: int, stored: bytes, entry: Any) -> None:
        """Take the next entry, in the order of the numbers."""
        self.entries += 1
        if number < 1:
            self._found(number, "编号小于 1，不是本系统写入", "numbered below 1")
            return
        first = self.number + 1
        if number != first:
            gap = str(first) if first == number - 1 else f"{first}–{number - 1}"
            self._found(first, f"缺少第 {gap} 条", f"missing: {gap}")
        elif self._chained(self.hash, entry) != stored:
            self._found(number, "内容或哈希被改动", "the entry or its hash was changed")
        if self._kept.get(number, stored) != stored:
            self._found(number, "与别处留存的哈希不符", "not the hash that was kept elsewhere")
        self.number, self.hash = number, stored

    def resealed(self, number: int, reason: object) -> None:
        """Tell that the operator signed a head over a break here."""
        self._found(number, f"曾由运维重新签章：{reason}", f"the head was signed anew: {reason}")

    def end(self, head: Any, *, is_sealed: bool) -> None:
        """Compare the end of the chain with its head, and with the heads kept elsewhere."""
        if head is None:
            if self.number:
                self._found(None, "链头记录缺失", "the head is missing")
        elif not is_sealed:
            self._found(None, "链头签名不符", "the head was not signed by this service")
        elif head.number != self.number or head.number < 1:
            self._found(
                min(head.number, self.number) + 1,
                f"链头记 {head.number} 条，实有至第 {self.number} 条",
                f"the head counts {head.number}, the last entry is {self.number}",
            )
        elif head.hash != self.hash:
            self._found(head.number, "链头哈希与末条不符", "the head does not fit the last entry")
        for number in sorted(n for n in self._kept if n > self.number):
            self._found(
                number,
                f"别处留存的链头有 {number} 条，实有至第 {self.number} 条",
                f"the head kept elsewhere counts {number}, the last entry is {self.number}",
            )


def check_begun(
    standing: Collection[str], begun: Mapping[str, int], districts: Collection[str]
) -> list[Fault]:
    """Compare the chains that stand with those of which the deployment's chain tells."""
    found: list[Fault] = []
    for code in sorted({*standing, *begun, *districts} - {DEPLOYMENT}):
        times = begun.get(code, 0)
        if code not in standing and times:
            what = Text("整条审计链不见了", "the whole chain is gone")
        elif code not in standing:
            what = Text("该区县没有审计记录", "this district has no audit")
        elif not times:
            what = Text(
                "部署链中没有该链的开始", "the deployment's chain does not know its beginning"
            )
        elif times > 1:
            what = Text(f"该链开始过 {times} 次", f"the chain was begun {times} times")
        else:
            continue
        found.append(Fault(code, None, what))
    return found


def above(districts: Collection[str]) -> set[str]:
    """Name the prefectures and provinces of districts, whose accounts have chains too."""
    return {code[:length].ljust(6, "0") for code in districts for length in (PREFECTURE, PROVINCE)}
