"""What happens at once to one unit, on a database that really commits."""

import asyncio
from collections import Counter
from collections.abc import Iterator

import pytest

from app.core.db import Doors
from tests.access.test_scope import bearer
from tests.long import real
from tests.make.organizations import make_organization
from tests.make.partners import make_unit, new_coverage

ROUNDS = 3


@pytest.fixture(scope="module")
def served(worker_id: str) -> Iterator[real.World]:
    with real.world(f"hangji_partners_{worker_id}") as made:
        yield made


async def test_of_two_same_coverages_one_is_kept(served: real.World, keys: None) -> None:
    real.same_keys()
    doors = Doors.to(served.url, pool_size=4)
    async with doors.writing(real.DISTRICTS) as session:
        headers = [bearer(await real.clerk(session, served.root)) for _ in range(2)]
        branch = await make_organization(session, served.root)
        units = [await make_unit(session, served.root, name=f"超市{n}") for n in range(ROUNDS)]
    async with (
        real.connect(real.application(doors), headers[0]) as one,
        real.connect(real.application(doors), headers[1]) as other,
    ):
        for unit in units:
            new = new_coverage(unit, covering_id=str(branch))
            answers = await asyncio.gather(
                *(client.post("/unit-coverages", json=new) for client in (one, other))
            )
            assert Counter(a.status_code for a in answers) == {201: 1, 409: 1}
    await doors.close()
