"""Refusals of this domain."""

from app.core.errors import Invalid, Text


class LimitsRefused(Invalid):
    """The upper limit must exceed the lower, and neither may be negative."""

    title = Text("上限必须大于下限，且均不得为负", "The upper limit must exceed the lower")


class KindNotCovered(Invalid):
    """The pack never flags this kind, whatever a district sets."""

    title = Text("该规则包不适用于此类党组织", "The pack does not cover this kind")


class NoLimits(Invalid):
    """The pack's numbers stand in regulations; a district cannot set them."""

    title = Text(
        "该规则包的人数由法规规定，不能调整", "The numbers of this pack are not for setting"
    )


class CountsDisagree(Invalid):
    """The counts of a check contradict each other."""

    title = Text("提交的人数互相矛盾", "The counts contradict each other")
