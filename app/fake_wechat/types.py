"""What the fake server remembers, and how it can be told to behave."""

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

Answer = dict[str, Any]


class Mode(StrEnum):
    """How it answers what WeChat is asked."""

    OK = "ok"
    BUSY = "busy"  # errcode -1
    LIMITED = "limited"  # 45011
    RISKY = "risky"  # 40226 高风险等级用户
    HTML = "html"
    HUGE = "huge"
    HANG = "hang"
    NO_OPENID = "no_openid"
    GARBAGE = "garbage"
    SLOW = "slow"
    ERROR500 = "error500"
    REDIRECT = "redirect"


@dataclass
class Code:
    """What WeChat gave a user's phone to send on: it stands for an openid or a phone number."""

    stands_for: str
    ends: float
    is_used: bool = False


@dataclass
class State:
    """Everything it remembers; the instants are seconds of a clock that only goes on."""

    app_id: str
    secret: str
    mode: Mode = Mode.OK
    times: int | None = None
    """How many answers more are given in this mode; None is all."""
    codes: dict[str, Code] = field(default_factory=dict)
    phone_codes: dict[str, Code] = field(default_factory=dict)
    token: str = ""
    ends: dict[str, float] = field(default_factory=dict)
    """When each token that is still known ends."""
    refused: set[str] = field(default_factory=set)
    forced: list[float] = field(default_factory=list)
    """When a token was forced."""
    calls: Counter[str] = field(default_factory=Counter)
    templates: set[str] = field(default_factory=set)
    consents: Counter[tuple[str, str]] = field(default_factory=Counter)
    """How many messages of a template a user still takes."""
    sent: list[Answer] = field(default_factory=list)
