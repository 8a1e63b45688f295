"""Pure decisions."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.caller import Subtree
from app.programmes import logic


@given(st.lists(st.integers(1, 999), min_size=1, max_size=16))
def test_paths_above_hold_the_place_and_are_not_it(labels: list[int]) -> None:
    place = Subtree("231005", "".join(f"{label}." for label in labels))
    above = logic.paths_above(place)
    assert len(above) == len(labels) - 1
    assert all(Subtree("231005", path).holds(place) for path in above)
    assert place.path not in above


@pytest.mark.parametrize(
    ("path", "above"), [("1.", []), ("1.2.", ["1."]), ("1.2.30.", ["1.", "1.2."])]
)
def test_paths_above(path: str, above: list[str]) -> None:
    assert logic.paths_above(Subtree("231005", path)) == above
