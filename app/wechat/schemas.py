"""What WeChat answers, as far as it is used; whatever else it sends is not kept."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Errcode = Annotated[int, Field(ge=-(2**31), lt=2**31)]
"""0, or missing, when all went well."""


class Reply(BaseModel):
    """Parent of every reply; may carry a token or a number, so its repr and errors hold no value.

    `session_key` is named nowhere: it is gone once the reply is read.
    """

    model_config = ConfigDict(extra="ignore", strict=True, hide_input_in_errors=True)

    errcode: Errcode = 0


class SessionReply(Reply):
    """Of `/sns/jscode2session` (小程序登录)."""

    openid: Annotated[str | None, Field(pattern="^[!-~]{1,128}$", repr=False)] = None


class TokenReply(Reply):
    """Of `/cgi-bin/stable_token` (获取稳定版接口调用凭据)."""

    access_token: Annotated[str | None, Field(pattern="^[!-~]{1,2000}$", repr=False)] = None
    expires_in: Annotated[int, Field(ge=1, le=86400)] | None = None
    """Seconds."""


class PhoneInfo(BaseModel):
    """A phone number that WeChat knows to be the user's."""

    model_config = Reply.model_config

    pure_phone_number: Annotated[
        str, Field(alias="purePhoneNumber", pattern="^[0-9]{1,20}$", repr=False)
    ]
    """Without the country's code."""
    country_code: Annotated[str | int, Field(alias="countryCode")]


class PhoneReply(Reply):
    """Of `/wxa/business/getuserphonenumber` (获取手机号)."""

    phone_info: PhoneInfo | None = None
