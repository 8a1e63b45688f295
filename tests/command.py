"""The command line in processes of its own, forked from one that has imported it already.

An import of everything takes two seconds, and each command of a test would pay for it again.
"""

import multiprocessing
import os
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

_forks = multiprocessing.get_context("forkserver")
_forks.set_forkserver_preload(["app.cli"])
CLEAN = {k: v for k, v in os.environ.items() if not k.startswith("HANGJI_")}
"""The environment without settings of ours, as it was before the suite set any."""


def _run(arguments: tuple[str, ...], environment: Mapping[str, str], directory: str) -> None:
    os.environ.clear()
    os.environ.update(environment)
    for number, name in enumerate(("in", "out", "err")):
        flags = os.O_RDONLY if name == "in" else os.O_WRONLY | os.O_CREAT
        os.dup2(os.open(f"{directory}/{name}", flags, 0o600), number)
    sys.stdin = os.fdopen(0)  # the parent's library put nothing in its place
    sys.argv = ["hangji", *arguments]
    from app import cli  # noqa: PLC0415 - imported by the server that forks

    cli.run()


def hangji(
    *arguments: str, environment: Mapping[str, str], given: str = "", seconds: float = 55
) -> tuple[int, str, str]:
    """Run `hangji …`; give its exit code, what it printed and what it complained of."""
    with tempfile.TemporaryDirectory(prefix="hangji-command-") as directory:
        (Path(directory) / "in").write_text(given)
        process = _forks.Process(target=_run, args=(arguments, dict(environment), directory))
        process.start()
        process.join(seconds)
        if process.is_alive():
            process.kill()
            process.join()
        assert process.exitcode is not None
        out, err = ((Path(directory) / name).read_text() for name in ("out", "err"))
        return process.exitcode, out, err
