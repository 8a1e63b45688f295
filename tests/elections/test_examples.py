"""The worked examples: each through the schema, the service and the pure engine."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import TypeAdapter

from app.elections import service
from app.elections.schemas import Check, Verdict

DATA = Path(__file__).parent / "data"
DAY = date(2026, 11, 22)
FILES = {
    "election_tally.yaml": "election_tally",
    "further_tallies.yaml": "election_tally",
    "reelection_due.yaml": "reelection_due",
    "further_terms.yaml": "reelection_due",
}


def examples(*names: str) -> list[Any]:
    return [
        pytest.param({"engine": FILES[name], **e["input"]}, e["expected"], id=e["id"])
        for name in names
        for e in yaml.safe_load((DATA / name).read_text("utf-8"))
    ]


def answer(asked: dict[str, Any]) -> dict[str, Any]:
    check = TypeAdapter(Check).validate_python(asked)
    verdict = TypeAdapter(Verdict).validate_python(service.check(check, DAY), from_attributes=True)
    return dict(verdict.model_dump(mode="json"))


@pytest.mark.parametrize(("asked", "expected"), examples(*FILES))
def test_example(asked: dict[str, Any], expected: dict[str, Any]) -> None:
    found = answer(asked)
    assert {key: found[key] for key in expected} == expected
    assert found["reasons"]
    for reason in found["reasons"]:
        assert reason["source"].startswith(("《", "中央组织部", "本系统默认"))
