"""Refusals: what the application raises when it will not do something. Knows no HTTP framework."""

from datetime import date
from http import HTTPStatus
from typing import Any, ClassVar, NamedTuple, Self


class Text(NamedTuple):
    """A text for users, in Chinese and in English."""

    zh: str
    en: str


class AppError(Exception):
    """A refusal the caller should understand. Subclasses set `status` and `title`.

    `more` goes into the answer as further members of the problem (a rule, rows with errors).
    """

    status: ClassVar[HTTPStatus] = HTTPStatus.BAD_REQUEST
    title: ClassVar[Text] = Text("无法处理该请求", "The request cannot be carried out")
    headers: ClassVar[dict[str, str]] = {}

    def __init__(self, zh: str = "", en: str = "", **more: Any) -> None:
        super().__init__(en or zh)
        self.detail = Text(zh or en, en or zh)
        self.more = more

    @classmethod
    def code(cls) -> str:
        """Name the error for machines: `KindNotAllowed` is `kind-not-allowed`."""
        return "".join(f"-{c.lower()}" if c.isupper() else c for c in cls.__name__).lstrip("-")


class NotFound(AppError):  # noqa: N818
    """Nothing there, or nothing the caller may know about."""

    status = HTTPStatus.NOT_FOUND
    title = Text("未找到", "Not found")


class Forbidden(AppError):  # noqa: N818
    """The caller may see the thing but not do this to it."""

    status = HTTPStatus.FORBIDDEN
    title = Text("没有权限", "Not permitted")
    place: tuple[str, str] | None = None
    """District and path where the right was missing; the refusal is recorded there."""

    def at(self, district_code: str, path: str) -> Self:
        """Say where."""
        self.place = district_code, path
        return self


class Invalid(AppError):  # noqa: N818
    """The input has the right shape but cannot be meant; `errors` names the fields."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY
    title = Text("提交的内容有误", "Invalid request")


def fault(
    field: str, message: str, code: str = "invalid", *, where: str = "body", row: int | None = None
) -> dict[str, Any]:
    """Write what is wrong with a field, as `errors` of a problem has it; `row` counts from 1."""
    told = {"field": field, "where": where, "code": code, "message": message}
    return told if row is None else {"row": row} | told


def wrong(field: str, zh: str, en: str, code: str = "invalid", *, where: str = "body") -> Invalid:
    """Make the refusal of one field."""
    return Invalid(zh, en, errors=[fault(field, zh, code, where=where)])


def check_period(first: date | None, last: date | None) -> None:
    """Raise `Invalid` for a query whose `from` lies after its `to`."""
    if first is not None and last is not None and first > last:
        raise wrong("to", "起始日期晚于截止日期", "`from` lies after `to`", "period", where="query")


class Stale(AppError):  # noqa: N818
    """Somebody else changed the thing since the caller read it."""

    status = HTTPStatus.PRECONDITION_FAILED
    title = Text("记录已被他人修改，请刷新后重试", "Changed by somebody else since you read it")
