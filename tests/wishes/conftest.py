"""The people of a community and of a branch are those of the posts' tests."""

from tests.residents.conftest import (
    as_user,
    chief,
    clerk,
    member,
    other,
    place,
    reader,
    secretary,
)

__all__ = ["as_user", "chief", "clerk", "member", "other", "place", "reader", "secretary"]
