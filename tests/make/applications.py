"""The application of a test process."""

from copy import copy
from functools import cache

from fastapi import FastAPI
from starlette.datastructures import State

from app.access.router import Callers
from app.core.db import Doors
from app.core.settings import Settings
from app.main import create_app
from app.reminders.router import Reads

HOSTS = ["127.0.0.1", "test"]


@cache
def _built() -> FastAPI:
    nowhere = Doors.to("postgresql://nowhere/none")
    return create_app(nowhere, Settings(_env_file=None, allowed_hosts=HOSTS))


def application(doors: Doors) -> FastAPI:
    """Give the application as it is served, behind `doors`.

    Each route prepares itself when it is first asked, which takes long: the routes are shared, the
    state is not.
    """
    made = copy(_built())
    made.middleware_stack = None
    made.state = State(dict(made.state._state))
    made.state.doors, made.state.callers = doors, Callers()
    made.state.feed_reads = Reads()
    return made
