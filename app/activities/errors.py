"""Refusals of this domain."""

from http import HTTPStatus

from app.core.errors import AppError, Text


class NotHeldHere(AppError):  # noqa: N818
    """An organisation of this kind holds no such activity."""

    status = HTTPStatus.CONFLICT
    title = Text("该类党组织不开展此类活动", "An organisation of this kind holds no such activity")


class ActivityOutOfOrder(AppError):  # noqa: N818
    """What is asked for does not follow the activity's present state."""

    status = HTTPStatus.CONFLICT
    title = Text("活动当前的状态不允许此操作", "The activity's present state does not allow this")


class NotHeldYet(AppError):  # noqa: N818
    """Nobody was at an activity whose day has not come."""

    status = HTTPStatus.CONFLICT
    title = Text("活动日期未到", "The activity's day has not come")


class AttendanceRefused(AppError):  # noqa: N818
    """Rows of an attendance list are wrong: none was written; `errors` names rows and fields."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY
    title = Text("有行未通过检查，未登记任何出勤", "Some rows are wrong; nothing was recorded")


class AttendanceFull(AppError):  # noqa: N818
    """An attendance list holds no more rows."""

    status = HTTPStatus.CONFLICT
    title = Text("出勤名单已满", "The attendance list holds no more")


class CheckInCodeInvalid(AppError):  # noqa: N818
    """The code was not made by this service for the member's district."""

    status = HTTPStatus.CONFLICT
    title = Text("签到码无效", "This is no check-in code")


class CheckInCodeExpired(AppError):  # noqa: N818
    """The code was shown too long ago; the screen shows a newer one."""

    status = HTTPStatus.CONFLICT
    title = Text("签到码已过期，请重新扫码", "The check-in code has expired; scan again")


class CheckInClosed(AppError):  # noqa: N818
    """One checks in on the day of the activity, and not once it was cancelled."""

    status = HTTPStatus.CONFLICT
    title = Text("只能在活动当天签到", "One checks in on the activity's day only")


class NotAMember(AppError):  # noqa: N818
    """Members alone check in, by their own account."""

    status = HTTPStatus.CONFLICT
    title = Text("只有党员本人的账号可以签到", "Only a member's own account checks in")
