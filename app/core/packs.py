"""Reading the rules that are shipped: TOML in a domain's own folder, with versions and sources."""

import tomllib
from importlib import resources
from typing import TypeVar

from pydantic import TypeAdapter

T = TypeVar("T")


def read_pack(kind: type[T], domain: str, name: str, *, folder: str = "packs") -> T:
    """Read `app/<domain>/<folder>/<name>.toml` as a `kind`; whoever asks keeps it."""
    file = resources.files(f"app.{domain}").joinpath(folder, f"{name}.toml")
    return TypeAdapter(kind).validate_python(tomllib.loads(file.read_text("utf-8")))
