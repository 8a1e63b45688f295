"""What differs between two days."""

from datetime import date
from typing import Any
from uuid import UUID

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.ext.asyncio import AsyncSession

from app.changes import logic
from app.changes.types import Pair
from app.core import clock
from tests.changes.conftest import ClerkOf
from tests.make.changes import move, restate, transfer
from tests.make.members import make_member
from tests.make.organizations import make_organization

SPRING, AUTUMN, WINTER = date(2019, 3, 1), date(2019, 9, 1), date(2019, 12, 31)
KEYS = ("founded", "dissolved", "moved", "renamed", "converted", "headcounts")


async def told(client: httpx.AsyncClient, of: UUID, query: str = "from=2019-03-01") -> Any:
    answer = await client.get(f"/organizations/{of}/tree/diff?{query}")
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_three_general_branches_became_committees_and_two_became_branches(
    client: httpx.AsyncClient, session: AsyncSession, root: UUID
) -> None:
    clock.pin(SPRING)
    general = [
        await make_organization(session, root, kind="general_branch", name=f"第{n}党总支")
        for n in range(6)
    ]
    clock.pin(WINTER)
    for n, kind in enumerate(("party_committee",) * 3 + ("party_branch",) * 2):
        decided = f"西组〔2019〕{n}号"
        await restate(session, general[n], AUTUMN, kind=kind, decision=decided)
    found = await told(client, root)
    assert [(c["from_kind"], c["to_kind"]) for c in found["converted"]] == [
        *[("general_branch", "party_committee")] * 3,
        *[("general_branch", "party_branch")] * 2,
    ]
    assert {c["on"] for c in found["converted"]} == {"2019-09-01"}
    assert [c["decision"] for c in found["converted"]] == [f"西组〔2019〕{n}号" for n in range(5)]
    assert all(found[key] == [] for key in KEYS if key != "converted")
    assert (found["from"], found["to"]) == ("2019-03-01", "2019-12-31")
    for period in ("from=2019-09-01", "from=2019-03-01&to=2019-08-31"):
        assert (await told(client, root, period))["converted"] == []


@pytest.fixture
async def changed(session: AsyncSession, client: httpx.AsyncClient, root: UUID) -> dict[str, UUID]:
    """A district in which one of everything happened between spring and winter."""
    clock.pin(SPRING)
    made = {"root": root}
    for name in ("one", "other"):
        made[name] = await make_organization(session, root, kind="general_branch", name=name)
    for name, above in (("a", "one"), ("b", "one"), ("c", "other"), ("gone", "other")):
        made[name] = await make_organization(session, made[above], name=name)
    for name in ("stays", "leaves", "wanders", "rides"):
        place = "b" if name == "rides" else "a"
        made[name] = await make_member(session, made[place])
    clock.pin(AUTUMN)
    decided = "西组〔2019〕9号"
    made["new"] = await make_organization(session, made["one"], name="new", decision=decided)
    made["joins"] = await make_member(session, made["new"])
    await restate(session, made["a"], AUTUMN, name="甲", decision="西组〔2019〕8号")
    await transfer(session, made["leaves"], AUTUMN, status="deceased")
    await transfer(session, made["wanders"], AUTUMN, organization_id=made["c"])
    await move(session, made["b"], made["other"], AUTUMN, "西组〔2019〕7号")
    url = f"/organizations/{made['gone']}?decision=西组〔2019〕6号"
    assert (await client.delete(url, headers={"if-match": '"1"'})).status_code == 204
    clock.pin(WINTER)
    return made


async def test_each_change_is_told_with_its_day_document_and_reason(
    client: httpx.AsyncClient, changed: dict[str, UUID]
) -> None:
    found = await told(client, changed["root"])
    names = {str(i): name for name, i in changed.items()}

    def listed(key: str, *fields: str) -> list[tuple[Any, ...]]:
        return [
            (names[i["organization_id"]], i["on"], i["decision"], *(i[f] for f in fields))
            for i in found[key]
        ]

    def party(name: str) -> dict[str, str]:
        return {"id": str(changed[name]), "name": name}

    day = "2019-09-01"
    assert listed("founded", "parent") == [("new", day, "西组〔2019〕9号", party("one"))]
    assert listed("dissolved", "parent") == [("gone", day, "西组〔2019〕6号", party("other"))]
    assert listed("renamed", "from_name", "to_name") == [("a", day, "西组〔2019〕8号", "a", "甲")]
    moved = ("b", day, "西组〔2019〕7号", party("one"), party("other"))
    assert listed("moved", "from_parent", "to_parent") == [moved]
    flows = {
        names[h["organization_id"]]: tuple(tuple(h[k].values()) for k in ("own", "subtree"))
        for h in found["headcounts"]
    }
    # before, after, delta, joined, left, moved in, moved out
    nothing = (0, 0, 0, 0, 0, 0, 0)
    assert flows == {
        "root": (nothing, (4, 4, 0, 1, 1, 0, 0)),
        "one": (nothing, (4, 2, -2, 1, 1, 0, 2)),
        "a": ((3, 1, -2, 0, 1, 0, 1),) * 2,
        "new": ((0, 1, 1, 1, 0, 0, 0),) * 2,
        "other": (nothing, (0, 2, 2, 0, 0, 2, 0)),
        "c": ((0, 1, 1, 0, 0, 1, 0),) * 2,
    }


async def test_a_subtree_tells_what_came_and_went_and_not_where(
    clerk_of: ClerkOf, changed: dict[str, UUID]
) -> None:
    one, other = await clerk_of(changed["one"]), await clerk_of(changed["other"])
    lost, got = await told(one, changed["one"]), await told(other, changed["other"])
    [went], [came] = lost["moved"], got["moved"]
    assert went["organization_id"] == came["organization_id"] == str(changed["b"])
    assert (went["from_parent"]["name"], went["to_parent"]) == ("one", None)
    assert (came["from_parent"], came["to_parent"]["name"]) == (None, "other")
    assert lost["dissolved"] == got["founded"] == []
    # who asks about what left their subtree learns that it left
    for clerk, count in ((one, "moved_out"), (other, "moved_in")):
        found = await told(clerk, changed["b"])
        assert len(found["moved"]) == 1
        [heads] = found["headcounts"]
        assert heads["subtree"][count] == heads["subtree"]["delta"] ** 2 == 1


async def test_periods_that_cannot_be_are_refused(client: httpx.AsyncClient, root: UUID) -> None:
    clock.pin(WINTER)
    url = f"/organizations/{root}/tree/diff"
    for query in ("", "from=2020-01-01", "from=2019-02-30", "from=2019-03-01&to=2019-02-28"):
        assert (await client.get(f"{url}?{query}")).status_code == 422, query
    same = await told(client, root, "from=2019-12-31&to=2019-12-31")
    assert all(same[key] == [] for key in KEYS)
    nobody = await client.get(f"/organizations/{UUID(int=1)}/tree/diff?from=2019-03-01")
    assert nobody.status_code == 404


# ── The arithmetic

PATHS = ("1.", "1.2.", "1.2.3.", "1.2.4.", "1.5.", "1.5.6.")
IDS = [UUID(int=n) for n in (1, 2, 3, 4, 5, 6)]
place = st.one_of(st.none(), st.sampled_from(IDS))


@given(
    st.lists(st.tuples(place, place, st.integers(1, 5)), max_size=20),
    st.sets(st.sampled_from(IDS)),
    st.sets(st.sampled_from(IDS)),
)
def test_flows_add_up_to_what_is_counted(
    drawn: list[tuple[UUID | None, UUID | None, int]], was: set[UUID], now: set[UUID]
) -> None:
    """The model counts person by person."""
    paths = dict(zip(IDS, PATHS, strict=True))
    before, after = ({i: paths[i] for i in side} for side in (was, now))
    pairs = [Pair(*one) for one in drawn if one[0] or one[1]]
    own, under = logic.flows(before, after, pairs)
    for top, path in paths.items():

        def inside(side: dict[UUID, str], at: UUID | None, path: str = path) -> bool:
            return at in side and side[at].startswith(path)

        flow = under[logic.label_of(path)]
        assert flow.before == sum(p.members for p in pairs if inside(before, p.before))
        assert flow.after == sum(p.members for p in pairs if inside(after, p.after))
        assert flow.delta == flow.joined - flow.left + flow.moved_in - flow.moved_out
        mine = own[top]
        assert mine.before == sum(p.members for p in pairs if p.before == top and top in was)
        assert mine.delta == mine.joined - mine.left + mine.moved_in - mine.moved_out
        new = [p for p in pairs if p.before is None and inside(after, p.after)]
        assert flow.joined == sum(p.members for p in new)
