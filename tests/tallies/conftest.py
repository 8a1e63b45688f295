"""The branch of the cycles' tests."""

from tests.cycles.conftest import bench

__all__ = ["bench"]
