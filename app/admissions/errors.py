"""Refusals of this domain; where a regulation refuses, they name the rule and its source."""

from http import HTTPStatus

from app.core.errors import AppError, Text


class AdmissionOutOfOrder(AppError):  # noqa: N818
    """The step is not the one that comes next."""

    status = HTTPStatus.CONFLICT
    title = Text("环节顺序不符", "This step does not come next")


class AdmissionClosed(AppError):  # noqa: N818
    """The admission was completed or terminated."""

    status = HTTPStatus.CONFLICT
    title = Text("该发展档案已办结或终止", "The admission was completed or terminated")


class AdmissionPaperMissing(AppError):  # noqa: N818
    """A paper that goes with the step was not handed in."""

    status = HTTPStatus.CONFLICT
    title = Text("材料不齐", "Papers are missing")


class OwnAdmissionStep(AppError):  # noqa: N818
    """Whoever recorded a step does not decide on it, and nobody on their own admission."""

    status = HTTPStatus.CONFLICT
    title = Text("不能审批本人登记的环节", "Nobody decides on what they recorded themselves")


class CannotAdmit(AppError):  # noqa: N818
    """An organisation of this kind takes no applications."""

    status = HTTPStatus.CONFLICT
    title = Text("该党组织不能发展党员", "This organisation cannot admit members")
