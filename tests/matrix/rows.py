"""Every row of the matrix; importing a file puts its rows down."""

from tests.matrix import (
    accounts,
    audits,
    ballots,
    elections,
    members,
    organizations,
    others,
    pledges,
    reports,
    residents,
)
from tests.matrix.cells import ROWS

FILES = (
    organizations,
    members,
    others,
    accounts,
    audits,
    pledges,
    residents,
    elections,
    ballots,
    reports,
)

__all__ = ["FILES", "ROWS"]
