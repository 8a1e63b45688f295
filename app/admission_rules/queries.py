"""Reading the rules of admissions."""

from functools import lru_cache

from app.admission_rules.types import AdmissionPack
from app.core.packs import read_pack


@lru_cache
def pack() -> AdmissionPack:
    """Read the rules of admissions that are shipped."""
    return read_pack(AdmissionPack, "admission_rules", "admissions")
