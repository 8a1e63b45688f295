"""Drawing the building groups: as many as the article counts."""

from collections.abc import Iterable, Iterator
from datetime import date

GROUPS = 196
FOUNDED_ON = date(2019, 3, 15)
_NUMERALS = "一二三四五六七八九"


def groups(grids: Iterable[str]) -> Iterator[tuple[int, str]]:
    """Spread the groups evenly over the grid branches: each branch's place, and a group's name."""
    names = list(grids)
    least, more = divmod(GROUPS, len(names))
    for place, name in enumerate(names):
        for serial in range(least + (place < more)):
            yield place, f"{name.removesuffix('党支部')}第{_NUMERALS[serial]}楼栋党小组"
