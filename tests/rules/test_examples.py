"""The worked examples: each through the schema, the service and the pure engine."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from app.rules import service
from app.rules.schemas import RestructuringCheck, VerdictOut

DATA = Path(__file__).parent / "data"
DAY = date(2019, 12, 31)


def examples(name: str) -> list[Any]:
    return [
        pytest.param(e["input"], e["expected"], id=e["id"])
        for e in yaml.safe_load((DATA / name).read_text("utf-8"))
    ]


def answer(asked: dict[str, Any]) -> dict[str, Any]:
    check = RestructuringCheck.model_validate({"engine": "restructuring_rules", **asked})
    return VerdictOut.model_validate(service.check(check, DAY)).model_dump(mode="json")


@pytest.mark.parametrize(
    ("asked", "expected"),
    [*examples("restructuring_rules.yaml"), *examples("further_examples.yaml")],
)
def test_example(asked: dict[str, Any], expected: dict[str, Any]) -> None:
    found = answer(asked)
    assert {key: found[key] for key in expected} == expected
