"""Every row of the matrix; importing a file puts its rows down."""

from tests.matrix import accounts, audits, members, organizations, others
from tests.matrix.cells import ROWS

FILES = (organizations, members, others, accounts, audits)

__all__ = ["FILES", "ROWS"]
