"""Vocabulary of residents' wishes."""

from datetime import timedelta
from enum import StrEnum


class WishStatus(StrEnum):
    """心愿状态."""

    OPEN = "open"  # 待认领
    TAKEN = "taken"  # 已认领
    DONE = "done"  # 已完成，待评价
    RATED = "rated"  # 已评价
    WITHDRAWN = "withdrawn"  # 已撤回


HAS_TAKER = frozenset({WishStatus.TAKEN, WishStatus.DONE, WishStatus.RATED})

KEPT = timedelta(days=90)
"""How long a resident's contact is kept after the wish last moved: so long it may be needed."""

KEPT_AT_MOST = timedelta(days=180)
"""How long after the posting, whatever moved since: taking and releasing does not keep it."""
