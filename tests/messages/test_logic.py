"""What a template's fields hold."""

from datetime import date, timedelta

import pytest

from app.messages.logic import MOST_TRIES, filled, pause
from app.messages.types import Notice
from app.wechat.logic import sending
from app.wechat.types import Sending

FIELDS = ["thing1", "date2", "thing3"]


@pytest.mark.parametrize(
    ("name", "shown"),
    [("甲" * 20, "甲" * 20), ("甲" * 21, "甲" * 19 + "…"), ("甲", "甲")],
)
def test_a_thing_has_twenty_characters(name: str, shown: str) -> None:
    made = filled(FIELDS, Notice(name, date(2020, 1, 5), "请换届"))
    assert made == {
        "thing1": {"value": shown},
        "date2": {"value": "2020年1月5日"},
        "thing3": {"value": "请换届"},
    }


def test_pauses_grow() -> None:
    minutes = [pause(tries) / timedelta(minutes=1) for tries in range(1, MOST_TRIES)]
    assert minutes == [1, 4, 16, 64]


@pytest.mark.parametrize(
    ("errcode", "outcome"),
    [
        (0, Sending.SENT),
        (43101, Sending.REFUSED),
        (40003, Sending.FAILED),
        (40037, Sending.FAILED),
        (47003, Sending.FAILED),
        (41030, Sending.FAILED),
        (-1, Sending.LATER),
        (40001, Sending.LATER),
        (42001, Sending.LATER),
        (45009, Sending.LATER),
    ],
)
def test_errcodes(errcode: int, outcome: Sending) -> None:
    assert sending(errcode) is outcome
