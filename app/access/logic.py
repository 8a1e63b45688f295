"""Pure decisions about rights and names: the table of roles stands here."""

import unicodedata

from app.access.types import Role
from app.core.caller import Permission

_READ = frozenset({Permission.MEMBERS_READ, Permission.ORGANIZATIONS_READ, Permission.RULES_READ})
_CLERK = _READ | {
    Permission.IMPORTS_READ,
    Permission.IMPORTS_WRITE,
    Permission.MEMBERS_EXPORT,
    Permission.MEMBERS_WRITE,
    Permission.ORGANIZATIONS_WRITE,
}
ROLES: dict[Role, frozenset[Permission]] = {
    Role.SYSTEM_ADMIN: frozenset({Permission.ACCOUNTS_MANAGE}),
    Role.SECURITY_ADMIN: frozenset(),
    Role.AUDIT_ADMIN: frozenset(),
    Role.DEPARTMENT_ADMIN: _CLERK | {Permission.RULES_CONFIGURE},
    Role.ORGANIZATION_CLERK: _CLERK,
    Role.ORGANIZATION_READER: _READ,
    Role.MEMBER: frozenset(),
}
"""What each role may do in the subtree over which it is granted."""


def username_key(username: str) -> str:
    """Fold the ways to write one name into one: width, case and form do not matter."""
    return unicodedata.normalize("NFKC", username).strip().casefold()
