"""Pure decisions: what differs between two days, and what the coming year may bring."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from uuid import UUID

from app.changes.types import Flow, Pair, Seen, Step


def label_of(path: str) -> str:
    """Give the last label of a path: it is an organisation's own, for good."""
    return path.split(".")[-2]


def _labels(path: str | None) -> frozenset[str]:
    return frozenset(path.split(".")[:-1]) if path else frozenset()


def flows(
    before: Mapping[UUID, str], after: Mapping[UUID, str], pairs: Iterable[Pair]
) -> tuple[dict[UUID, Flow], dict[str, Flow]]:
    """Tell how the head-count of each organisation came about, and of each label's subtree.

    `before` and `after` are the paths inside the subtree that is asked about. Whoever changes the
    branch inside an organisation's subtree neither comes to it nor leaves it.
    """
    own: dict[UUID, Flow] = defaultdict(Flow)
    under: dict[str, Flow] = defaultdict(Flow)
    for pair in pairs:
        was = {pair.before} & before.keys()
        now = {pair.after} & after.keys()
        for organization_id in was | now:
            assert organization_id is not None
            _flow(own[organization_id], pair, organization_id in was, organization_id in now)
        was_under = _labels(before.get(pair.before)) if pair.before else frozenset()
        now_under = _labels(after.get(pair.after)) if pair.after else frozenset()
        for label in was_under | now_under:
            _flow(under[label], pair, label in was_under, label in now_under)
    return own, under


def _flow(flow: Flow, pair: Pair, was: bool, now: bool) -> None:
    members = pair.members
    flow.before += members * was
    flow.after += members * now
    if now and not was:
        if pair.before is None:
            flow.joined += members
        else:
            flow.moved_in += members
    elif was and not now:
        if pair.after is None:
            flow.left += members
        else:
            flow.moved_out += members


# ── What became of an organisation between the two days


def is_founded(one: Seen) -> bool:
    """Tell whether it stands and did not stand anywhere before."""
    return one.after is not None and one.before is None and not one.stood_elsewhere


def is_dissolved(one: Seen) -> bool:
    """Tell whether it stood and stands nowhere any more."""
    return one.before is not None and one.after is None and not one.stands_elsewhere


def is_moved(one: Seen) -> bool:
    """Tell whether it stands under another organisation than before.

    One that came into or left the subtree along with what it stands under was not itself moved.
    """
    if one.before is not None and one.after is not None:
        return one.before.parent_id != one.after.parent_id
    crossed = one.stood_elsewhere if one.before is None else one.stands_elsewhere
    return crossed and any(step.is_moved for step in one.steps)


def last(steps: Sequence[Step], which: Callable[[Step], bool]) -> Step | None:
    """Give the last of `steps` that is meant."""
    return next((step for step in reversed(steps) if which(step)), None)
