"""Pure decisions about rights and names: the table of roles stands here."""

import math
import re
import unicodedata
from collections.abc import Iterable
from datetime import datetime, timedelta
from ipaddress import IPv4Address, IPv6Network, ip_address

from app.access.types import Role
from app.core.caller import Permission
from app.core.errors import Text

_READ = frozenset(
    {
        Permission.ACTIVITIES_READ,
        Permission.ADMISSIONS_READ,
        Permission.APPRAISALS_READ,
        Permission.ECONOMY_READ,
        Permission.ELECTIONS_READ,
        Permission.MEMBERS_READ,
        Permission.ORGANIZATIONS_READ,
        Permission.PARTNERS_READ,
        Permission.PLEDGES_READ,
        Permission.POSTINGS_READ,
        Permission.PROGRAMMES_READ,
        Permission.PUBLISHED_READ,
        Permission.RECTIFICATIONS_READ,
        Permission.RESTRUCTURINGS_READ,
        Permission.RULES_READ,
        Permission.SERVICE_READ,
    }
)
_CLERK = _READ | {
    Permission.ACTIVITIES_WRITE,
    Permission.ADMISSIONS_APPROVE,
    Permission.ADMISSIONS_WRITE,
    Permission.APPRAISALS_WRITE,
    Permission.ECONOMY_WRITE,
    Permission.ELECTIONS_APPROVE,
    Permission.ELECTIONS_WRITE,
    Permission.IMPORTS_READ,
    Permission.IMPORTS_WRITE,
    Permission.MEMBERS_EXPORT,
    Permission.MEMBERS_WRITE,
    Permission.ORGANIZATIONS_WRITE,
    Permission.PARTNERS_WRITE,
    Permission.PLEDGES_CONFIRM,
    Permission.PLEDGES_EXPORT,
    Permission.PLEDGES_WRITE,
    Permission.POSTINGS_WRITE,
    Permission.PROGRAMMES_WRITE,
    Permission.RECTIFICATIONS_WRITE,
    Permission.RESTRUCTURINGS_APPROVE,
    Permission.RESTRUCTURINGS_WRITE,
    Permission.SERVICE_CONFIRM,
    Permission.SERVICE_WRITE,
}
ROLES: dict[Role, frozenset[Permission]] = {
    Role.SYSTEM_ADMIN: frozenset({Permission.ACCOUNTS_MANAGE}),
    Role.SECURITY_ADMIN: frozenset({Permission.GRANTS_MANAGE, Permission.ORGANIZATIONS_READ}),
    Role.AUDIT_ADMIN: frozenset({Permission.AUDIT_READ}),
    Role.DEPARTMENT_ADMIN: _CLERK
    | {Permission.MEMBERS_UNMASK, Permission.REPORTS_CONFIGURE, Permission.RULES_CONFIGURE},
    Role.ORGANIZATION_CLERK: _CLERK,
    Role.ORGANIZATION_READER: _READ,
    Role.MEMBER: frozenset({Permission.PUBLISHED_READ}),
}
"""What each role may do in the subtree over which it is granted."""


ADMINISTRATORS = frozenset({Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN, Role.AUDIT_ADMIN})
"""Three that nobody may combine (三员分立); each is granted over whole districts."""


def padded(prefix: str) -> str:
    """Write the GB/T 2260 code of a prefecture or province: `2310` is `231000`."""
    return prefix.ljust(6, "0")


def codes_above(districts: Iterable[str], prefix: str) -> set[str]:
    """Name what is no district but lies under `prefix`: itself, and the prefectures below it."""
    return {padded(prefix), *(padded(code[:4]) for code in districts)}


_LOOK_ALIKES = str.maketrans("аеорсухіјѕһԁԛԝϲοανρικυχɑɡıℓ∣ßſ", "aeopcyxijshdqwcoavpikuxagil|ss")
"""Letters of Cyrillic, Greek and others that read as Latin ones."""
_MARKS = ("\u0300-\u036f", "\u1ab0-\u1aff", "\u1dc0-\u1dff", "\u20d0-\u20ff", "\ufe20-\ufe2f")
_UNSEEN = re.compile(
    # accents of any script, then what is drawn as nothing; the vowel signs of Tibetan, Uyghur
    # or Mongolian names are letters and stay
    f"[{''.join(_MARKS)}\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0"
    "\U000e0000-\U000e0fff]"
)
_NO_SIGN = frozenset({"Cc", "Cf", "Cs", "Zs", "Zl", "Zp"})
KEY_LENGTH = 100


def username_key(username: str) -> str:
    """Fold the ways to write one name into one.

    Neither width, case, accents, spaces, letters that look alike nor what cannot be seen matter.
    """
    text = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", username).casefold())
    text = _UNSEEN.sub("", text.translate(_LOOK_ALIKES))
    seen = (c for c in text if unicodedata.category(c) not in _NO_SIGN)
    return unicodedata.normalize("NFC", "".join(seen))[:KEY_LENGTH]


PASSWORD_LENGTH = range(8, 201)
DIFFERENT = 5


def password_fault(password: str, username: str) -> Text | None:
    """Say why `password` cannot be the password of `username`; nothing is wrong with a good one."""
    if len(password) not in PASSWORD_LENGTH:
        return Text("密码须为 8 至 200 个字符", "A password has 8 to 200 characters")
    if len(set(password)) < DIFFERENT:
        return Text("密码至少含 5 个不同字符", "A password has at least 5 different characters")
    if username_key(password) == username_key(username):
        return Text("密码不能与用户名相同", "A password is not the user name")
    return None


WINDOW = timedelta(minutes=15)
"""Attempts are counted together from the first one on."""
NAME_TRIES, ADDRESS_TRIES = 10, 100
SENT_AT_ONCE = timedelta(milliseconds=250)
"""Copies of a refresh that arrive within it are of one client; what comes later is theft."""


def network_of(address: str | None) -> str:
    """Name what counts as one address: of IPv6 the 64 bits that are one customer's."""
    try:
        found = ip_address(address or "")
    except ValueError:  # a Unix socket, or the proxy says what is no address
        return ""
    if isinstance(found, IPv4Address):
        return str(found)
    return str(found.ipv4_mapped or IPv6Network((int(found), 64), strict=False))


def seconds_left(began_at: datetime, now: datetime) -> int:
    """Count the seconds, at least one, until a window that began at `began_at` is over."""
    return max(1, math.ceil((began_at + WINDOW - now).total_seconds()))
