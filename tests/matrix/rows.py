"""Every row of the matrix; importing a file puts its rows down."""

from tests.matrix import (
    accounts,
    audits,
    ballots,
    cycles,
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
    cycles,
    ballots,
    reports,
)

__all__ = ["FILES", "ROWS"]
