"""`/readyz` refuses a database that is not set up as it must be."""

import os

from sqlalchemy.engine import make_url

from app.core.db import Doors
from tests.conftest import _at
from tests.long import real


async def test_the_owner_is_not_ready(database: str, keys: None) -> None:
    """Whoever owns the tables is held by no policy, so the service must not sign in as owner."""
    name = str(make_url(database).database)
    for url, status in ((database, 200), (_at(os.environ["HANGJI_TEST_OWNER"], name), 503)):
        doors = Doors.to(url, pool_size=1)
        async with real.connect(real.application(doors), {}) as client:
            answer = await client.get("http://test/readyz")
        await doors.close()
        assert answer.status_code == status, answer.text
    assert "owner" in answer.json()["detail"]
