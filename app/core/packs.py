"""Reading the rules that are shipped: TOML in a domain's own folder, with versions and sources."""

import tomllib
from dataclasses import dataclass
from importlib import resources
from typing import Any, ClassVar, TypeVar

from pydantic import TypeAdapter

T = TypeVar("T")
STRICT: dict[str, Any] = {"extra": "forbid"}
"""How pydantic reads a dataclass of a pack: nothing that it does not know."""


@dataclass(frozen=True, slots=True)
class Bilingual:
    """A text in Chinese and in English."""

    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT

    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Source:
    """Where a rule stands written; `text` gives what the article says, not its letter."""

    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT

    document: str
    article: str
    text: str

    def __str__(self) -> str:
        return f"{self.document}{self.article}"


def read_pack(kind: type[T], domain: str, name: str, *, folder: str = "packs") -> T:
    """Read `app/<domain>/<folder>/<name>.toml` as a `kind`; whoever asks keeps it."""
    file = resources.files(f"app.{domain}").joinpath(folder, f"{name}.toml")
    return TypeAdapter(kind).validate_python(tomllib.loads(file.read_text("utf-8")))
