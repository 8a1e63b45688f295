"""The template that the deployment has."""

import pytest

from app.core.settings import settings
from tests.make.messages import TEMPLATE


@pytest.fixture(autouse=True)
def template(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings(), "wechat_election_template", TEMPLATE)
