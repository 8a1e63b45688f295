"""Known numbers, and the search that finds them in any form in any bytes."""

import base64
import mmap
import re
from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any

from tests.make.members import id_number

BORN, DAYS = date(1970, 1, 1), 7_000


def canary(n: int) -> tuple[str, str]:
    """Make the n-th ID number and phone; nobody else's begins as they do."""
    serial, day = divmod(n, DAYS)
    born = date.fromordinal(BORN.toordinal() + day)
    return id_number(born.strftime("%Y%m%d"), serial), f"157{n * 7919 % 10**8:08}"


_DIGITS = re.compile(rb"[0-9](?:\x00?[0-9]){10,}")  # UTF-16 of either order, too
_BASE64 = re.compile(rb"(?:[MNO][DTjz][AEIMQUYcgk][w-z0-5]){3,}")  # of three digits each
Found = dict[str, set[str]]


class Search:
    """Looks for numbers; of an ID number the 17 digits before the check sign are enough."""

    def __init__(self, numbers: Iterable[str]) -> None:
        self.forms: dict[bytes, tuple[str, str]] = {}
        self.coded: dict[bytes, str] = {}
        for number in numbers:
            digits = number[:17].encode()
            self.forms[digits] = number, "plain"
            self.forms[digits[::-1]] = number, "reversed"
            for skipped in range(3):  # the whole groups that each alignment leaves
                whole = (len(digits) - skipped) // 3 * 3
                self.coded[digits[skipped : skipped + whole]] = number
        self.sizes = sorted({len(form) for form in self.forms})
        self.coded_sizes = sorted({len(form) for form in self.coded})
        self.found: dict[str, Found] = defaultdict(lambda: defaultdict(set))

    def look(self, place: str, data: Any) -> None:
        """Note which numbers `data` holds, and in which form."""
        for run in _DIGITS.finditer(data):
            text = run[0].replace(b"\0", b"")
            kind = "UTF-16 " if len(text) < len(run[0]) else ""
            self._windows(place, kind, text)
            for start in (0, 1):
                pairs = text[start : start + (len(text) - start) // 2 * 2]
                for digits in re.findall(rb"[0-9]{11,}", bytes.fromhex(pairs.decode())):
                    self._windows(place, "hex ", digits)
        for run in _BASE64.finditer(data):
            text = base64.b64decode(run[0])
            for size in self.coded_sizes:
                for start in range(0, len(text) - size + 1, 3):
                    if number := self.coded.get(text[start : start + size]):
                        self.found[place]["base64"].add(number)

    def _windows(self, place: str, kind: str, text: bytes) -> None:
        for size in self.sizes:
            for start in range(len(text) - size + 1):
                if known := self.forms.get(text[start : start + size]):
                    self.found[place][kind + known[1]].add(known[0])

    def look_in_files(self, place: str, top: Path) -> int:
        """Look through every file under `top`; give how many bytes that were."""
        looked = 0
        for path in sorted(p for p in top.rglob("*") if p.is_file() and p.stat().st_size):
            part = path.relative_to(top).parts
            name = f"{place}/{'/'.join(part[:2])}" if len(part) > 1 else f"{place}/{part[0]}"
            with path.open("rb") as file, mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ) as data:
                self.look(name, data)
                looked += len(data)
        return looked
