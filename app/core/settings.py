"""Settings: read once from the environment (`HANGJI_…`), checked at the start."""

from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

ROOT = Path(__file__).resolve().parents[2]
"""The project's directory: `alembic.ini`, `migrations/` and `openapi/` lie here."""


def _listed(value: object) -> object:
    return [v.strip() for v in value.split(",") if v.strip()] if isinstance(value, str) else value


class Settings(BaseSettings):
    """What a deployment can set; `.env.example` explains each."""

    model_config = SettingsConfigDict(
        env_prefix="HANGJI_", env_file=".env", env_ignore_empty=True, extra="ignore"
    )

    database_url: str | None = None
    owner_database_url: str | None = None
    data_dir: Path = ROOT / ".hangji"
    keys_file: Path | None = None
    cipher: Literal["sm4-gcm", "aes-256-gcm"] = "sm4-gcm"
    today: date | None = None
    allowed_hosts: Annotated[list[str], NoDecode] = ["127.0.0.1", "localhost", "[::1]"]
    cors_origins: Annotated[list[str], NoDecode] = []
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    access_minutes: Annotated[int, Field(ge=1, le=60)] = 15
    refresh_days: Annotated[int, Field(ge=1, le=30)] = 7
    pool_size: Annotated[int, Field(ge=1, le=40)] = 8

    _lists = field_validator("allowed_hosts", "cors_origins", mode="before")(_listed)

    @property
    def keys_path(self) -> Path:
        """Where the keys lie."""
        return self.keys_file or self.data_dir / "keys.json"


@lru_cache
def settings() -> Settings:
    """Read the environment once."""
    return Settings()
