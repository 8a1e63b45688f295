"""The worker: runs jobs out of the queue in PostgreSQL. Knows every domain's jobs."""

import asyncio
from collections.abc import Awaitable, Callable

import procrastinate
import structlog

from app.access.jobs import purge
from app.admissions.jobs import remind_admissions
from app.core.db import Doors
from app.core.jobs import QUEUE
from app.imports.jobs import refresh_statistics
from app.messages.jobs import send_notices
from app.reminders.jobs import remind_of_elections
from app.restructurings.jobs import remind_restructurings
from app.transfers.jobs import remind_transfers
from app.wishes.jobs import forget_residents

_log = structlog.get_logger(__name__)
RETRY = procrastinate.RetryStrategy(max_attempts=5, exponential_wait=5)


def queue(url: str, doors: Doors) -> procrastinate.App:
    """Name every job and when it runs by itself."""
    made = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=url, max_size=4))

    def register(job: Callable[[Doors], Awaitable[None]], cron: str | None = None) -> None:
        if cron is None:

            async def run() -> None:
                await job(doors)

            made.task(name=job.__name__, queue=QUEUE, retry=RETRY)(run)
        else:

            async def run_periodically(timestamp: int = 0) -> None:  # noqa: ARG001 - the queue's
                await job(doors)

            named = made.task(name=job.__name__, queue=QUEUE, retry=RETRY)(run_periodically)
            made.periodic(cron=cron)(named)

    register(purge, cron="17 * * * *")
    register(forget_residents, cron="43 18 * * *")  # after midnight in Shanghai
    register(remind_of_elections, cron="7 16 * * *")  # after midnight in Shanghai, that is UTC+8
    register(send_notices, cron="*/10 * * * *")  # and as soon as there is something to send
    register(remind_admissions, cron="7 0 * * *")  # in the morning in Shanghai
    register(remind_transfers, cron="27 17 * * *")
    register(remind_restructurings, cron="37 16 * * *")
    register(refresh_statistics)
    return made


async def work(url: str, *, until_empty: bool = False) -> None:
    """Run jobs until the process is told to stop; `until_empty` stops when none is left."""
    doors = Doors.to(url, pool_size=2)
    try:
        async with queue(url, doors).open_async() as app:
            _log.info("worker started")
            await app.run_worker_async(
                queues=[QUEUE],
                wait=not until_empty,
                concurrency=2,
                shutdown_graceful_timeout=10,
                delete_jobs="successful",
            )
    finally:
        await doors.close()


def run(url: str) -> None:
    """Run the worker in this process."""
    asyncio.run(work(url))
