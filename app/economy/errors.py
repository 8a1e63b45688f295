"""Refusals of this domain."""

from http import HTTPStatus

from app.core.errors import AppError, Text


class NotAVillage(AppError):  # noqa: N818
    """Only an organisation of a village has a collective economy."""

    status = HTTPStatus.CONFLICT
    title = Text("只有村党组织登记村集体经济", "Only organisations of villages keep these records")


class ContractKnown(AppError):  # noqa: N818
    """The village has a contract of this number."""

    status = HTTPStatus.CONFLICT
    title = Text("该村已登记此编号的合同", "The village has a contract of this number")


class ContractNotOpen(AppError):  # noqa: N818
    """Only an irregular contract that is not yet resolved can be resolved; a resolved one stays."""

    status = HTTPStatus.CONFLICT
    title = Text("该合同合规或已清理", "The contract is regular or resolved")


class ProjectDecided(AppError):  # noqa: N818
    """The application was approved or rejected."""

    status = HTTPStatus.CONFLICT
    title = Text("该项目已批复", "The project was decided on")


class OwnProject(AppError):  # noqa: N818
    """Nobody approves or rejects an application that they recorded."""

    status = HTTPStatus.CONFLICT
    title = Text("登记人不能批复自己登记的项目", "Who recorded the application cannot decide on it")


class IncomeKnown(AppError):  # noqa: N818
    """The village's income of this year is recorded; change it there."""

    status = HTTPStatus.CONFLICT
    title = Text("该村当年收入已登记", "The village's income of this year is recorded")
