"""Refusals of what would leave an open admission behind, or pass it by."""

from http import HTTPStatus

from app.core.errors import AppError, Text


class AdmissionOpen(AppError):  # noqa: N818
    """The probation is decided on in the admission, by two parties; `admission_id` names it."""

    status = HTTPStatus.CONFLICT
    title = Text(
        "该预备党员的发展档案正在办理，请在发展党员中办理转正或取消资格",
        "The admission is open: the conversion or cancellation is decided on there",
    )


class AdmissionsLeft(AppError):  # noqa: N818
    """Applicants would be left where nobody can admit them; `organization_ids` names the places."""

    status = HTTPStatus.CONFLICT
    title = Text(
        "该党组织尚有未办结的发展档案，须先办结或终止",
        "Admissions are open there and nobody would carry them on; close them first",
    )
