"""Reading the rules of elections that are shipped."""

from functools import lru_cache

from app.core.packs import read_pack
from app.elections.types import ElectionPack


@lru_cache
def pack() -> ElectionPack:
    """Read the numbers of elections."""
    return read_pack(ElectionPack, "elections", "elections")
