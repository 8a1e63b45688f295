"""What WeChat does, as its documents tell: codes are used once, one token stands for two hours."""

import re
import secrets

from app.fake_wechat.types import Answer, Code, Mode, State

CODE_SECONDS = 300
TOKEN_SECONDS, BOTH_SECONDS = 7200, 300
FORCED_APART, FORCED_A_DAY, DAY = 30, 20, 86400
MESSAGES = {
    -1: "system error",
    40001: "invalid credential, access_token is invalid or not latest",
    40002: "invalid grant_type",
    40003: "invalid openid",
    40013: "invalid appid",
    40029: "invalid code",
    40037: "invalid template_id",
    40125: "invalid appsecret",
    40163: "code been used",
    40226: "code blocked",
    41001: "access_token missing",
    41008: "missing code",
    42001: "access_token expired",
    43101: "user refuse to accept the msg",
    45009: "reach max api daily quota limit",
    45011: "api minute-quota reach limit must slower retry next minute",
    47001: "data format error",
    47003: "argument invalid!",
}
THING = 20
OF_MODE = {Mode.BUSY: -1, Mode.LIMITED: 45011, Mode.RISKY: 40226}


def error(errcode: int) -> Answer:
    """Write an error as WeChat does."""
    rid = "-".join(secrets.token_hex(4) for _ in range(3))
    return {"errcode": errcode, "errmsg": f"{MESSAGES[errcode]}, rid: {rid}"}


def mode_of(state: State) -> Mode:
    """Tell how this answer is given, and count it."""
    mode = state.mode
    if state.times is not None:
        state.times -= 1
        if state.times <= 0:
            state.mode, state.times = Mode.OK, None
    return mode


def new_codes(
    state: State, now: float, openid: str | None, phone: str | None
) -> dict[str, str | None]:
    """Give out what a user's phone would get from WeChat; without `openid`, a stranger's."""
    ends = now + CODE_SECONDS
    code = f"0{secrets.token_hex(15)}x"
    state.codes[code] = Code(openid or f"o{secrets.token_urlsafe(20)}", ends)
    phone_code = None
    if phone is not None:
        phone_code = secrets.token_hex(32)
        state.phone_codes[phone_code] = Code(phone, ends)
    return {"code": code, "phone_code": phone_code}


def _spent(codes: dict[str, Code], code: str, now: float) -> int:
    """Use a code up and give its errcode, 0 the first time."""
    found = codes.get(code)
    if found is None or found.ends <= now:
        return 40029
    if found.is_used:
        return 40163
    found.is_used = True
    return 0


def _application(state: State, app_id: str, secret: str) -> int:
    if app_id != state.app_id:
        return 40013
    return 0 if secret == state.secret else 40125


def session(state: State, now: float, asked: dict[str, str]) -> Answer:
    """Answer `/sns/jscode2session`."""
    code = asked.get("js_code", "")
    if errcode := _application(state, asked.get("appid", ""), asked.get("secret", "")):
        return error(errcode)
    if asked.get("grant_type") != "authorization_code":
        return error(40002)
    if errcode := _spent(state.codes, code, now) if code else 41008:
        return error(errcode)
    return {"session_key": secrets.token_urlsafe(18), "openid": state.codes[code].stands_for}


def token(state: State, now: float, asked: Answer) -> Answer:
    """Answer `/cgi-bin/stable_token`: the same token until its last minutes, unless forced."""
    app_id, secret = str(asked.get("appid", "")), str(asked.get("secret", ""))
    if errcode := _application(state, app_id, secret):
        return error(errcode)
    if asked.get("grant_type") != "client_credential":
        return error(40002)
    left = state.ends.get(state.token, 0.0) - now
    if asked.get("force_refresh") is True:
        state.forced = [at for at in state.forced if at > now - DAY]
        if len(state.forced) >= FORCED_A_DAY:
            return error(45009)
        if not state.forced or state.forced[-1] <= now - FORCED_APART:
            state.forced.append(now)
            state.refused.add(state.token)
            left = 0
    if left <= BOTH_SECONDS:
        state.token = f"{len(state.ends)}_{secrets.token_urlsafe(96)}"
        state.ends[state.token] = now + TOKEN_SECONDS
    return {"access_token": state.token, "expires_in": int(state.ends[state.token] - now)}


def age_token(state: State, now: float, seconds_left: int | None, *, is_refused: bool) -> None:
    """Let the token end sooner, or have it refused although it did not end."""
    if seconds_left is not None and state.token:
        state.ends[state.token] = now + seconds_left
    if is_refused:
        state.refused.add(state.token)


def _token_fault(state: State, now: float, access_token: str) -> int:
    if not access_token:
        return 41001
    if access_token not in state.ends or access_token in state.refused:
        return 40001
    return 42001 if state.ends[access_token] <= now else 0


def send(state: State, now: float, access_token: str, asked: Answer) -> Answer:
    """Answer `/cgi-bin/message/subscribe/send`: each consent is good for one message."""
    if errcode := _token_fault(state, now, access_token):
        return error(errcode)
    openid, template = str(asked.get("touser", "")), str(asked.get("template_id", ""))
    if not openid.startswith("o"):
        return error(40003)
    if template not in state.templates:
        return error(40037)
    if not _is_filled(asked.get("data")):
        return error(47003)
    if state.consents[openid, template] <= 0:
        return error(43101)
    state.consents[openid, template] -= 1
    state.sent.append({"touser": openid, "template_id": template, "data": asked["data"]})
    return {"errcode": 0, "errmsg": "ok"}


def _is_filled(data: object) -> bool:
    """Check the fields as WeChat does, as far as the type is in the name."""
    if not isinstance(data, dict) or not data:
        return False
    for name, given in data.items():
        value = given.get("value") if isinstance(given, dict) else None
        if not isinstance(value, str) or not value:
            return False
        if name.startswith("thing") and len(value) > THING:
            return False
        if name.startswith("date") and not re.fullmatch(
            "[0-9]{4}年[0-9]{1,2}月[0-9]{1,2}日", value
        ):
            return False
    return True


def phone(state: State, now: float, access_token: str, asked: Answer) -> Answer:
    """Answer `/wxa/business/getuserphonenumber`."""
    if errcode := _token_fault(state, now, access_token):
        return error(errcode)
    code = str(asked.get("code", ""))
    if errcode := _spent(state.phone_codes, code, now):
        return error(errcode)
    number = state.phone_codes[code].stands_for
    country, pure = ("86", number) if number[0] != "+" else (number[1:4], number[4:])
    info = {
        "phoneNumber": number,
        "purePhoneNumber": pure,
        "countryCode": country,
        "watermark": {"timestamp": int(now), "appid": state.app_id},
    }
    return {"errcode": 0, "errmsg": "ok", "phone_info": info}
