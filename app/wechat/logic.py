"""Pure decisions: which code may be sent, what an errcode means, whose phone number it is."""

import re

from app.core.errors import AppError
from app.wechat.errors import CodeRefused, WechatBusy, WechatUnavailable
from app.wechat.types import Sending

_CODE = re.compile("[!-~]{1,128}")
MAINLAND = "86"
SYSTEM_BUSY = -1
TOKEN_REFUSED = frozenset({40001, 40014, 42001})
"""The `access_token` is wrong, malformed or expired (接口调用凭据无效)."""
OF_THE_CODE = frozenset({40029, 40163, 40226, 41008, 42003})
"""Invalid, used, of a high-risk user (高风险等级用户), missing, expired."""
OF_THE_QUOTA = frozenset({45009, 45011})
"""Calls a day, calls a minute."""
USER_REFUSES = 43101


def checked(code: str) -> str:
    """Refuse what cannot be a code, so that WeChat is not asked about it."""
    if not _CODE.fullmatch(code):
        raise CodeRefused
    return code


def refusal(errcode: int) -> type[AppError] | None:
    """Name the refusal that an errcode stands for; 0 is none.

    What is not about the user is about the mini-program or WeChat itself: unavailable.
    """
    if errcode == 0:
        return None
    if errcode in OF_THE_CODE:
        return CodeRefused
    return WechatBusy if errcode in OF_THE_QUOTA else WechatUnavailable


def sending(errcode: int) -> Sending:
    """Say what became of a subscription message; what is not the user's choice is a setting's."""
    if errcode == 0:
        return Sending.SENT
    if errcode == USER_REFUSES:
        return Sending.REFUSED
    is_passing = errcode == SYSTEM_BUSY or errcode in OF_THE_QUOTA | TOKEN_REFUSED
    return Sending.LATER if is_passing else Sending.FAILED


def mainland_number(country_code: str | int, number: str) -> str:
    """Give a mainland phone number without +86, or raise `CodeRefused`."""
    if str(country_code) != MAINLAND:
        raise CodeRefused("请使用中国大陆手机号", "Use a phone number of mainland China")
    return number
