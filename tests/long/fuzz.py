"""Send what the OpenAPI document allows, and what it does not, to a server that really runs.

    python -m tests.long.fuzz [--quick] [--seed N]

Fails on any 5xx, on a status or a body that is not declared, on input that should have been
refused, and on any line in the server's log that speaks of an error. `--quick` takes a minute.
"""

import argparse
import os
import random
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

BIN = Path(sys.executable).parent
ROOT = Path(__file__).parents[2]
QUICK, WHOLE = 40, 1200
ALARMS = ("unhandled", "database refused", "database unavailable", "Traceback", '"status": 5')
CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,"
    "response_schema_conformance,negative_data_rejection,ignored_auth"
)
# A stale or missing version is answered before the rest of the input is looked at.
CONFIG = """
[checks.negative_data_rejection]
expected-statuses = [400, 401, 403, 404, 409, 412, 413, 415, 422, 428]
"""


@contextmanager
def serving(directory: Path) -> Iterator[tuple[str, Path]]:
    """Run `hangji serve` with the demo district; give its address and its log."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = directory / "server.log"
    settings = {
        "HANGJI_DATA_DIR": str(directory / "data"),
        "HANGJI_TODAY": "2019-12-31",
        "HANGJI_ACCESS_MINUTES": "60",
    }
    command = [sys.executable, "-m", "app.cli", "serve", "--demo", "--port", str(port)]
    with (
        log.open("wb") as to,
        subprocess.Popen(
            command, cwd=ROOT, env=os.environ | settings, stdout=to, stderr=to
        ) as server,
    ):
        try:
            yield f"http://127.0.0.1:{port}", log
        finally:
            server.terminate()
            server.wait(60)


def sign_in(address: str, directory: Path) -> str:
    """Wait until the server answers, and sign in as the demo account."""
    until = time.monotonic() + 120
    while True:
        try:
            if httpx.get(f"{address}/readyz").is_success:
                break
        except httpx.TransportError:
            if time.monotonic() > until:
                raise
        time.sleep(0.2)
    password = (directory / "data" / "demo-password").read_text().strip()
    given = {"username": "demo", "password": password}
    answer = httpx.post(f"{address}/v1/sessions", json=given)
    answer.raise_for_status()
    token: str = answer.json()["access_token"]
    return token


def main() -> int:
    """Run, and tell by the exit status whether all was well."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 30))  # noqa: S311
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="hangji-fuzz-") as name:
        directory = Path(name)
        with serving(directory) as (address, log):
            token = sign_in(address, directory)
            (directory / "schemathesis.toml").write_text(CONFIG)
            command = [
                *(str(BIN / "schemathesis"), "run", f"{address}/openapi.json", "--no-color"),
                *("--header", f"Authorization: Bearer {token}", "--checks", CHECKS),
                *("--exclude-operation-id", "sign_out", "--exclude-path", "/readyz"),
                *("--max-time", str(QUICK if chosen.quick else WHOLE), "--continue-on-failure"),
                *("--max-response-time", "2", "--seed", str(chosen.seed), "--warnings", "off"),
                *("--generation-database", "none"),
            ]
            ended = subprocess.run(command, check=False, cwd=directory)
        alarms = [line for line in log.read_text().splitlines() if any(a in line for a in ALARMS)]
    print(f"seed {chosen.seed}; {len(alarms)} alarms in the log", *alarms[:20], sep="\n")  # noqa: T201
    return ended.returncode or bool(alarms)


if __name__ == "__main__":
    sys.exit(main())
