"""Settings: read once from the environment (`HANGJI_…`), checked at the start."""

from datetime import date
from functools import lru_cache
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

ROOT = Path(__file__).resolve().parents[2]
"""The project's directory: `alembic.ini`, `migrations/` and `openapi/` lie here."""


def _listed(value: object) -> object:
    return [v.strip() for v in value.split(",") if v.strip()] if isinstance(value, str) else value


def _network(value: str) -> str:
    """Refuse what is no address and no network; `*` would let everybody name an address."""
    return str(ip_network(value)) if "/" in value else str(ip_network(value).network_address)


class Settings(BaseSettings):
    """What a deployment can set; `.env.example` explains each."""

    model_config = SettingsConfigDict(
        env_prefix="HANGJI_", env_file=".env", env_ignore_empty=True, extra="ignore"
    )

    database_url: str | None = None
    owner_database_url: str | None = None
    data_dir: Path = ROOT / ".hangji"
    keys: SecretStr | None = None
    keys_file: Path | None = None
    cipher: Literal["sm4-gcm", "aes-256-gcm"] = "sm4-gcm"
    today: date | None = None
    allowed_hosts: Annotated[list[str], NoDecode] = ["127.0.0.1", "localhost", "[::1]"]
    cors_origins: Annotated[list[str], NoDecode] = []
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    access_minutes: Annotated[int, Field(ge=1, le=60)] = 15
    refresh_days: Annotated[int, Field(ge=1, le=30)] = 7
    pool_size: Annotated[int, Field(ge=1, le=40)] = 8
    trusted_proxies: Annotated[list[Annotated[str, AfterValidator(_network)]], NoDecode] = []
    wechat_app_id: Annotated[str, Field(min_length=1, max_length=64)] | None = None
    wechat_app_secret: SecretStr | None = None
    wechat_base_url: Annotated[str, Field(pattern="^https?://")] = "https://api.weixin.qq.com"
    wechat_election_template: Annotated[str, Field(pattern="^[!-~]{1,64}$")] | None = None
    wechat_election_fields: Annotated[
        list[Annotated[str, Field(pattern="^[a-z_]{1,20}[0-9]{1,3}$")]],
        NoDecode,
        Field(min_length=3, max_length=3),
    ] = ["thing1", "date2", "thing3"]

    evidence_dir: Path | None = None
    s3_bucket: Annotated[str, Field(min_length=3, max_length=63)] | None = None
    s3_endpoint: Annotated[str, Field(pattern="^https?://")] | None = None
    s3_region: str = "us-east-1"
    s3_access_key: str | None = None
    s3_secret_key: SecretStr | None = None

    _lists = field_validator(
        "allowed_hosts",
        "cors_origins",
        "trusted_proxies",
        "wechat_election_fields",
        mode="before",
    )(_listed)

    @model_validator(mode="after")
    def _both_or_neither(self) -> Self:
        if (self.wechat_app_id is None) != (self.wechat_app_secret is None):
            raise ValueError("HANGJI_WECHAT_APP_ID and HANGJI_WECHAT_APP_SECRET go together")
        if (self.s3_access_key is None) != (self.s3_secret_key is None):
            raise ValueError("HANGJI_S3_ACCESS_KEY and HANGJI_S3_SECRET_KEY go together")
        if self.s3_bucket is not None and self.s3_access_key is None:
            raise ValueError("HANGJI_S3_BUCKET needs its HANGJI_S3_ACCESS_KEY and …_SECRET_KEY")
        return self

    @property
    def evidence_path(self) -> Path:
        """Where evidence lies, unless a bucket is set."""
        return self.evidence_dir or self.data_dir / "evidence"

    @property
    def keys_path(self) -> Path:
        """Where the keys lie."""
        return self.keys_file or self.data_dir / "keys.json"


@lru_cache
def settings() -> Settings:
    """Read the environment once."""
    return Settings()
