"""The job queue: work for later, enqueued in the transaction that makes it needed."""

import json
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

QUEUE = "default"
_DEFER = text("""
SELECT procrastinate_defer_jobs_v1(ARRAY[
  ROW(:queue, :task, 0, CAST(:lock AS text), NULL, CAST(:arguments AS jsonb), NULL)
  ::procrastinate_job_to_defer_v1])
""")


async def enqueue(
    session: AsyncSession, task: str, *, lock: str | None = None, **arguments: Any
) -> None:
    """Have the worker run `task` once this transaction is committed; never if it is not.

    Jobs with the same `lock` run one after another.
    """
    given = {"queue": QUEUE, "task": task, "lock": lock, "arguments": json.dumps(arguments)}
    await session.execute(_DEFER, given)
