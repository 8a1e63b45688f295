"""Refusals of this domain."""

from http import HTTPStatus

from app.core.errors import AppError, Text


class HoldsNoElection(AppError):  # noqa: N818
    """An organisation of this kind is appointed or lapses; it elects nobody."""

    status = HTTPStatus.CONFLICT
    title = Text("该类党组织不进行换届选举", "This kind of organisation holds no election")


class CycleOpen(AppError):  # noqa: N818
    """The organisation has a cycle that has not ended."""

    status = HTTPStatus.CONFLICT
    title = Text("该党组织已有进行中的换届", "The organisation has an open election cycle")


class OutOfOrder(AppError):  # noqa: N818
    """Another step comes first, or the cycle has ended."""

    status = HTTPStatus.CONFLICT
    title = Text("换届步骤顺序不符", "The steps of the election are out of order")


class SameAccount(AppError):  # noqa: N818
    """Whoever requested does not approve."""

    status = HTTPStatus.CONFLICT
    title = Text("请示人不能办理上级审批", "Whoever requested cannot approve")


class SeatsNotAllowed(AppError):  # noqa: N818
    """A committee of this size cannot be elected there."""

    status = HTTPStatus.CONFLICT
    title = Text("委员名额不符合规定", "A committee of this size cannot be elected there")


class CongressNotAllowed(AppError):  # noqa: N818
    """A delegates' congress needs a committee of 500 members, or scattered ones."""

    status = HTTPStatus.CONFLICT
    title = Text("不符合召开党员代表大会的条件", "A congress of delegates is not allowed there")


class DelegatesNotAllowed(AppError):  # noqa: N818
    """A congress of delegates has as many as the rules let it have."""

    status = HTTPStatus.CONFLICT
    title = Text("代表名额不符合规定", "A congress cannot have so many delegates")


class TooFewCandidates(AppError):  # noqa: N818
    """Candidates must exceed the seats by a fifth; officers are as many as their seats."""

    status = HTTPStatus.CONFLICT
    title = Text("候选人数不符合差额或等额规定", "The number of candidates does not fit the seats")


class CandidateNotEligible(AppError):  # noqa: N818
    """Candidates are full members in good standing of the organisation."""

    status = HTTPStatus.CONFLICT
    title = Text("候选人不具备资格", "A candidate is not eligible")


class TooEarly(AppError):  # noqa: N818
    """Before its day an election needs approval, and is at most one year early."""

    status = HTTPStatus.CONFLICT
    title = Text("提前换届未经批准或超过一年", "An early election needs approval, one year at most")


class PublishedTooShortly(AppError):  # noqa: N818
    """The candidates have not been published as long as local practice asks."""

    status = HTTPStatus.CONFLICT
    title = Text("候选人公示时间不足", "The candidates were published too shortly")


class ExtensionTooLong(AppError):  # noqa: N818
    """An extension ends at most one year after the term."""

    status = HTTPStatus.CONFLICT
    title = Text("延期不得超过一年", "An extension is one year at most")


class AlreadyExtended(AppError):  # noqa: N818
    """A term is extended once."""

    status = HTTPStatus.CONFLICT
    title = Text("本届已延期", "This term was extended already")


class NotOverdue(AppError):  # noqa: N818
    """Only an organisation past its due date is criticised."""

    status = HTTPStatus.CONFLICT
    title = Text("该党组织未逾期", "The organisation is not overdue")


class NoticeOpen(AppError):  # noqa: N818
    """A notice of this term stands."""

    status = HTTPStatus.CONFLICT
    title = Text("本届已有未销号的通报批评", "A notice of this term stands already")
