"""Reading the rules of admissions."""

import tomllib
from functools import lru_cache
from importlib import resources

from pydantic import TypeAdapter

from app.admission_rules.types import AdmissionPack


@lru_cache
def pack() -> AdmissionPack:
    """Read the rules of admissions that are shipped."""
    file = resources.files("app.admission_rules").joinpath("packs", "admissions.toml")
    return TypeAdapter(AdmissionPack).validate_python(tomllib.loads(file.read_text("utf-8")))
