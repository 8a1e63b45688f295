"""Refusals of what cannot be done to a tree."""

from http import HTTPStatus

from app.core.errors import AppError, Text


class WouldCycle(AppError):  # noqa: N818
    """An organisation cannot stand under itself."""

    status = HTTPStatus.CONFLICT
    title = Text("党组织不能隶属于自己或自己的下级", "An organisation cannot stand under itself")


class NothingChanges(AppError):  # noqa: N818
    """An action leaves everything as it is."""

    status = HTTPStatus.CONFLICT
    title = Text("该调整不改变任何内容", "The action changes nothing")


class MembersLeftOver(AppError):  # noqa: N818
    """Members would belong to an organisation that cannot hold any."""

    status = HTTPStatus.CONFLICT
    title = Text(
        "调整后该党组织不能直接管理党员，须先安排其党员",
        "Members would belong where nobody can; place them first",
    )


class NotAmongThem(AppError):  # noqa: N818
    """What is to be split off does not belong to the organisation."""

    status = HTTPStatus.CONFLICT
    title = Text("拆出的党员或下级不属于该党组织", "What is split off does not belong there")


class OutsideTheStreet(AppError):  # noqa: N818
    """Communities are drawn anew inside one street."""

    status = HTTPStatus.CONFLICT
    title = Text("街道调整社区不能涉及街道之外的党组织", "A street redraws what is its own")


class ChangedLater(AppError):  # noqa: N818
    """Something later touches what is to be changed or taken back; `later` names it."""

    status = HTTPStatus.CONFLICT
    title = Text("之后的记录涉及这些党组织或党员", "Later records touch these organisations")


class BallotRunning(AppError):  # noqa: N818
    """A ballot is open where an organisation would end or be converted: close or void it first."""

    status = HTTPStatus.CONFLICT
    title = Text("投票正在进行，请先截止或作废", "A ballot is open; close or void it first")
