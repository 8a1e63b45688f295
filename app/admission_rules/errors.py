"""Refusals by the rules; they name the rule and where it stands written."""

from http import HTTPStatus

from app.core.errors import AppError, Invalid, Text


class AdmissionRefused(AppError):  # noqa: N818
    """A regulation does not allow the step; the answer names the rule and where it stands."""

    status = HTTPStatus.CONFLICT
    title = Text("不符合发展党员工作规定", "The rules of admission do not allow this")


class VotesContradict(Invalid):
    """The counts of a vote cannot all be true."""

    title = Text("表决人数互相矛盾", "The counts of the vote contradict each other")
