"""Refusals of this domain."""

from http import HTTPStatus

from app.core.errors import AppError, Text


class NotACommunity(AppError):  # noqa: N818
    """Posts and wishes are a community's, a village's or a street's."""

    status = HTTPStatus.CONFLICT
    title = Text(
        "只有社区、村和街道党组织可以发布",
        "Only organisations of communities, villages and streets publish these",
    )


class PostClosed(AppError):  # noqa: N818
    """The post is closed or its time is over."""

    status = HTTPStatus.CONFLICT
    title = Text("该服务岗位已关闭或已到期", "This post is closed or over")


class PostFull(AppError):  # noqa: N818
    """Every place of the post is taken."""

    status = HTTPStatus.CONFLICT
    title = Text("该服务岗位名额已满", "Every place of this post is taken")


class CapacityTaken(AppError):  # noqa: N818
    """More places are taken than the post would have."""

    status = HTTPStatus.CONFLICT
    title = Text("名额不能少于已认领人数", "More places are taken than that")


class AlreadyClaimed(AppError):  # noqa: N818
    """The member holds a place of the post."""

    status = HTTPStatus.CONFLICT
    title = Text("该党员已认领此岗位", "This member has claimed this post")


class MemberNotCounted(AppError):  # noqa: N818
    """Only members who count may claim."""

    status = HTTPStatus.CONFLICT
    title = Text("该党员当前状态不能认领岗位", "A member of this status claims no post")


class ClaimOutOfOrder(AppError):  # noqa: N818
    """The claim's status does not allow it."""

    status = HTTPStatus.CONFLICT
    title = Text("认领的当前状态不允许此操作", "The claim's status does not allow this")


class RecordDecided(AppError):  # noqa: N818
    """The community has confirmed or rejected the record."""

    status = HTTPStatus.CONFLICT
    title = Text("该服务记录已由社区确认或退回", "The community has decided on this record")


class OwnRecord(AppError):  # noqa: N818
    """Whoever recorded a service, or gave it, does not decide on it: two parties."""

    status = HTTPStatus.CONFLICT
    title = Text(
        "登记人和服务者本人不能确认或退回该记录",
        "Who recorded or gave a service does not decide on it",
    )


class BatchRefused(AppError):  # noqa: N818
    """Rows of a batch are wrong: none of it was written; `errors` names rows and fields."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY
    title = Text("有行未通过检查，未写入任何内容", "Some rows are wrong; nothing was written")
