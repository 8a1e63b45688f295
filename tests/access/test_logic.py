"""Names that read the same are one name; what a password may be; whose attempts are counted."""

import re
from datetime import timedelta
from uuid import UUID

import pytest

from app.access import logic
from app.core import clock
from app.core.caller import PERMISSION_NAMES, Caller, Permission, Subtree
from app.core.errors import Forbidden
from app.core.settings import Settings

SAME = {
    "case": ("admin", "ADMIN"),
    "width": ("admin1", "ａｄｍｉｎ１"),
    "outer space": ("admin", "\u3000 admin\t"),
    "inner space": ("zhang san", "zhang\u00a0 san"),
    "no space": ("zhang san", "zhangsan"),
    "zero width": ("admin", "ad\u200bm\u200d\ufeffin"),
    "direction": ("admin", "\u202eadmin\u202c"),
    "soft hyphen": ("admin", "ad\u00admin"),
    "control": ("admin", "admin\0"),
    "accent": ("jose", "José"),
    "combining": ("admin", "a\u0301d\u0308min"),
    "joiner": ("admin", "adm\u034fin"),
    "variation": ("李四", "李\ufe00四\U000e0100"),
    "tag": ("admin", "admin\U000e0061"),
    "Hangul filler": ("admin", "admin\u3164\u115f"),
    "Cyrillic": ("cape", "саре"),
    "Greek": ("olivia", "οlινια"),
    "mathematical": ("admin", "𝐚𝒅𝓶𝔦𝕟"),
    "circled": ("admin", "ⓐⓓⓜⓘⓝ"),
    "ligature": ("office", "oﬀice"),
    "dotless": ("admin", "admın"),
    "Turkish": ("admin", "ADMİN"),
    "compatible": ("金", "\uf90a"),
}


@pytest.mark.parametrize("one", SAME)
def test_names_that_read_alike_are_one(one: str) -> None:
    written, other = SAME[one]
    assert logic.username_key(other) == logic.username_key(written)
    assert logic.username_key(logic.username_key(written)) == logic.username_key(written)


def test_names_that_differ_stay_different() -> None:
    names = ["admin", "admin1", "admin-1", "admin.1", "admin_1", "李四", "李三", "བཀྲ་ཤིས", "བཀྲི་ཤིས"]
    names += ["ئابلىز", "ئابلىم", "user1", "userl", "o1", "01"]
    assert len({logic.username_key(name) for name in names}) == len(names)


def test_a_key_has_room_in_its_column() -> None:
    assert len(logic.username_key("\ufdfa" * 50)) == logic.KEY_LENGTH


@pytest.mark.parametrize(
    ("password", "is_good"),
    [
        ("abcde12", False),
        ("abcde123", True),
        ("x" * 195 + "abcde", True),
        ("x" * 196 + "abcde", False),
        ("aabbccdd", False),
        ("aabbccde", True),
        ("        ", False),
        ("党的群众路线教育", True),
        ("Zhang-San", False),
        ("zhang‐san1", True),
        ("ｚｈａｎｇ-ｓａｎ", False),
    ],
)
def test_what_a_password_may_be(password: str, is_good: bool) -> None:
    assert (logic.password_fault(password, "zhang-san") is None) == is_good


def test_the_same_network_is_one_address() -> None:
    assert logic.network_of("2001:db8::1") == logic.network_of("2001:db8::ffff:1")
    assert logic.network_of("2001:db8::1") != logic.network_of("2001:db8:0:1::1")
    assert logic.network_of("::ffff:192.0.2.1") == logic.network_of("192.0.2.1") == "192.0.2.1"
    assert logic.network_of("192.0.2.1") != logic.network_of("192.0.2.2")
    assert logic.network_of(None) == logic.network_of("testclient") == ""


def test_how_long_a_window_goes_on() -> None:
    now = clock.now()
    assert logic.seconds_left(now, now) == 900
    assert logic.seconds_left(now - timedelta(seconds=899.5), now) == 1
    assert logic.seconds_left(now - timedelta(hours=1), now) == 1


def test_who_is_trusted_to_name_an_address() -> None:
    given = "192.0.2.1, 10.0.0.0/8,::1"
    made = Settings(_env_file=None, trusted_proxies=given)
    assert made.trusted_proxies == ["192.0.2.1", "10.0.0.0/8", "::1"]
    assert Settings(_env_file=None).trusted_proxies == []
    for wrong in ("*", "proxy.example", "10.0.0.1/8", "1.2.3"):
        with pytest.raises(ValueError, match="trusted_proxies"):
            Settings(_env_file=None, trusted_proxies=wrong)


def test_wechat_is_set_up_whole_or_not_at_all() -> None:
    whole = Settings(_env_file=None, wechat_app_id="wx1", wechat_app_secret="s3cret")
    assert "s3cret" not in repr(whole)
    for part in ({"wechat_app_id": "wx1"}, {"wechat_app_secret": "s3cret"}):
        with pytest.raises(ValueError, match="go together"):
            Settings(_env_file=None, **part)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="wechat_base_url"):
        Settings(_env_file=None, wechat_base_url="ftp://x")


def test_every_permission_has_a_chinese_name_of_its_own() -> None:
    assert PERMISSION_NAMES.keys() == set(Permission)
    assert len(set(PERMISSION_NAMES.values())) == len(Permission)
    assert all(re.fullmatch("[\u4e00-\u9fff]+", name) for name in PERMISSION_NAMES.values())


def test_a_refusal_names_the_permission() -> None:
    caller = Caller(UUID(int=1), "somebody", ())
    with pytest.raises(Forbidden) as refused:
        caller.require(Permission.MEMBERS_UNMASK, at=Subtree("231005", "1."))
    assert refused.value.detail.zh == "此处没有“查看完整号码”权限"
    assert refused.value.more == {"permission": "members:unmask"}
