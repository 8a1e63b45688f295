"""Every figure of the article, computed from the demo district's rows; each moves with them."""

import json
import time
from pathlib import Path

import pytest

from app.figures.queries import REGISTRY
from tests.demo.conftest import District

DATA = Path(__file__).parents[1] / "data" / "article_figures.json"
ARTICLE = {name: told["value"] for name, told in json.loads(DATA.read_text()).items()}
"""What the article prints, implies or lets one derive; null where it names no number."""


def _one(table: str, held: str = "true", count: int = 1) -> str:
    return f"(SELECT id FROM {table} WHERE {held} LIMIT {count})"


SET_LIMITS = (
    "INSERT INTO rule_setting (district_code, id, pack, is_enabled, upper, lower, valid_from)"
    " VALUES ('231005', gen_random_uuid(), 'owner_headcount', true, 150, 30, '2019-01-01')"
)
GROUPS = "UPDATE organization_state SET kind = 'temporary_branch' WHERE id IN " + _one(
    "organization_state", "kind = 'party_group'", 9
)
POSTING = "UPDATE posting SET valid_to = '2019-12-31' WHERE id IN "


def _unconfirmed(kind: str) -> str:
    return (
        "UPDATE pledge SET status = 'completed', confirmed_on = NULL, confirmed_by = NULL WHERE id"
        f" IN {_one('pledge', f"pledger_kind = '{kind}' AND status = 'confirmed'", 9)}"
    )


def _withdrawn(kind: str) -> str:
    held = f"pledger_kind = '{kind}' AND status = 'published'"
    return f"DELETE FROM pledge_evidence; DELETE FROM pledge_event; DELETE FROM pledge WHERE id IN {_one('pledge', held, 9)}"


MOVES: dict[str, str] = {}
"""What changes records behind a figure: another's statement, or SQL."""
