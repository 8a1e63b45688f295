"""Many at once, on a database that really commits."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from datetime import date
from typing import NamedTuple
from uuid import UUID

import httpx
import pytest

from app.core import clock
from app.core.db import Doors
from tests.long import real
from tests.make.members import make_member
from tests.make.organizations import make_organization

AT_ONCE = 6


class Scene(NamedTuple):
    """A branch whose term is over, with clerks of its own and of the district."""

    branch: str
    below: httpx.AsyncClient
    above: httpx.AsyncClient


@pytest.fixture(scope="module")
def world(worker_id: str) -> Iterator[real.World]:
    with real.world(f"hangji_cycles_{worker_id}") as made:
        yield made


@pytest.fixture
async def scene(world: real.World, keys: None) -> AsyncIterator[Scene]:
    real.same_keys()
    doors = Doors.to(world.url, pool_size=AT_ONCE)
    async with doors.writing(real.DISTRICTS) as session:
        branch = await make_organization(session, world.root, due_on="2019-12-30")
        token = await real.clerk(session, branch)
    app = real.application(doors)
    async with (
        real.connect(app, {"authorization": f"Bearer {token}"}) as below,
        real.connect(app, world.headers) as above,
    ):
        yield Scene(str(branch), below, above)
    await doors.close()


async def at_once(client: httpx.AsyncClient, url: str, body: object) -> Counter[int]:
    """Post one thing many times at once; count the answers."""
    answers = await asyncio.gather(*(client.post(url, json=body) for _ in range(AT_ONCE)))
    return Counter(answer.status_code for answer in answers)


async def test_of_many_openings_extensions_and_notices_one_stands(scene: Scene) -> None:
    new = {"organization_id": scene.branch, "seats": 0}
    opened = await at_once(scene.below, "/election-cycles", new)
    assert opened == {201: 1, 409: AT_ONCE - 1}
    page = await scene.below.get("/election-cycles?is_open=true")
    url = f"/election-cycles/{page.json()['items'][0]['id']}"
    notice = {"number": "x", "recipients": ["y"]}
    assert await at_once(scene.above, f"{url}/notices", notice) == {200: 1, 409: AT_ONCE - 1}
    extension = {"until": "2020-12-30", "document": "x"}
    extended = await at_once(scene.above, f"{url}/extensions", extension)
    assert extended == {200: 1, 409: AT_ONCE - 1}
    for client, step in ((scene.below, "requests"), (scene.above, "replies")):
        assert await at_once(client, f"{url}/{step}", {}) == {200: 1, 409: AT_ONCE - 1}
    shown = (await scene.above.get(url)).json()
    assert [s["step"] for s in shown["steps"]] == ["requested", "replied"]
    assert shown["version"] == 5


async def test_a_step_and_its_cancellation_never_both_come_last(scene: Scene) -> None:
    new = {"organization_id": scene.branch, "seats": 0}
    url = f"/election-cycles/{(await scene.below.post('/election-cycles', json=new)).json()['id']}"
    clock.pin(date(2019, 12, 31))
    await asyncio.gather(
        *(scene.below.post(f"{url}/{rest}", json={}) for rest in ("requests", "cancellations") * 3)
    )
    shown = (await scene.above.get(url)).json()
    taken = [s["step"] for s in shown["steps"]]
    assert taken[-1] == shown["status"] == "cancelled"
    assert taken in (["cancelled"], ["requested", "cancelled"])


async def test_of_boxes_and_typed_tallies_at_once_one_decides(
    world: real.World, scene: Scene
) -> None:
    doors = Doors.to(world.url, pool_size=1)
    async with doors.writing(real.DISTRICTS) as session:
        members = [str(await make_member(session, UUID(scene.branch))) for _ in range(3)]
    await doors.close()
    new = {"organization_id": scene.branch, "seats": 0}
    url = f"/election-cycles/{(await scene.below.post('/election-cycles', json=new)).json()['id']}"
    listed = {"candidates": [{"position": "secretary", "member_id": members[0]}]}
    for client, rest, body in (
        (scene.below, "requests", {}),
        (scene.above, "replies", {}),
        (scene.below, "candidates", listed),
        (scene.above, "prechecks", {}),
        (scene.below, "publications", {}),
        (scene.below, "meetings", None),
    ):
        on = {"on": "2019-12-31" if body is None else "2019-12-20"}
        taken = await client.post(f"{url}/{rest}", json=(body or {}) | on)
        assert taken.status_code == 200, taken.text
    three = dict.fromkeys(("present", "ballots_issued", "ballots_collected"), 3)
    typed = three | {"votes": [{"member_id": members[0], "votes": 3}]}
    answers = await asyncio.gather(
        *(
            scene.below.post(f"{url}/{rest}", json=body)
            for rest, body in (("ballots", {}), ("tallies", typed)) * (AT_ONCE // 2)
        )
    )
    codes = Counter(answer.status_code for answer in answers)
    assert codes[409] == AT_ONCE - 1, [answer.text for answer in answers]
    boxes = (await scene.above.get(f"/ballot-boxes?organization_id={scene.branch}")).json()
    tallies = (await scene.above.get(f"{url}/tallies")).json()
    assert len(boxes["items"]) + len(tallies["items"]) == 1
