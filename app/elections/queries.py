"""Reading the rules of elections that are shipped."""

import tomllib
from functools import lru_cache
from importlib import resources

from pydantic import TypeAdapter

from app.elections.types import ElectionPack


@lru_cache
def pack() -> ElectionPack:
    """Read the numbers of elections."""
    file = resources.files("app.elections").joinpath("packs", "elections.toml")
    return TypeAdapter(ElectionPack).validate_python(tomllib.loads(file.read_text("utf-8")))
