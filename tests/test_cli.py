"""The command line as an operator uses it, on a data directory of its own."""

import json
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from python_calamine import CalamineWorkbook
from typer.testing import CliRunner

from app import attach, cli
from app.core import crypto
from app.core.settings import Settings
from tests.command import CLEAN, hangji

DATA = Path(__file__).parent / "data"


class Operator:
    """Runs commands on one data directory."""

    def __init__(self, directory: str) -> None:
        self.environment = CLEAN | {"HANGJI_DATA_DIR": directory, "HANGJI_TODAY": "2019-12-31"}

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, "-m", "app.cli", *arguments],
            env=self.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str, given: str = "") -> tuple[int, str, str]:
        return hangji(*arguments, environment=self.environment, given=given)


@pytest.fixture(scope="module")
def operator() -> Iterator[Operator]:
    with tempfile.TemporaryDirectory(prefix="hangji-cli-") as directory:
        yield Operator(directory)


@pytest.fixture(scope="module")
def taken(operator: Operator) -> dict[str, object]:
    roster = str(DATA / "roster-clean.xlsx")
    arguments = "import", roster, "--district", "231005", "--as-of", "2019-12-31", "--json"
    code, out, err = operator.run(*arguments)
    assert code == 0, err
    answer: dict[str, object] = json.loads(out)
    return answer


def test_a_dry_run_leaves_nothing(operator: Operator) -> None:
    roster = str(DATA / "roster-clean.xlsx")
    code, out, err = operator.run("import", roster, "--district", "231005", "--dry-run")
    assert code == 0, err
    assert "474" in out
    assert operator.run("findings", "--district", "231005", "--json")[1].strip() == "[]"


def test_import_and_findings(operator: Operator, taken: dict[str, object]) -> None:
    assert taken["status"] == "taken"
    code, out, _ = operator.run("findings", "--district", "231005", "--json")
    assert code == 0
    general = [f["headcount"] for f in json.loads(out) if f["kind"] == "general_branch"]
    assert sorted(general) == [17, 19, 101, 118, 137]


def test_a_bad_roster_is_refused_row_by_row(operator: Operator, taken: dict[str, object]) -> None:
    code, out, _ = operator.run("import", str(DATA / "roster-messy.xlsx"), "--district", "231005")
    assert code == 1
    assert "党员 第2272行" in out
    code, _, err = operator.run(
        "import", str(DATA / "roster-clean.truth.json"), "--district", "231005"
    )
    assert code == 1
    assert "xlsx" in err
    code, _, err = operator.run("import", str(DATA / "roster-clean.xlsx"), "--district", "999999")
    assert code == 1
    assert "区划代码" in err


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def test_serve_sign_in_and_a_second_serve(
    operator: Operator, taken: dict[str, object], tmp_path: Path
) -> None:
    code, _, err = operator.run(
        *("account", "create", "--username", "王干事", "--role", "department_admin"),
        *("--district", "231005", "--password-stdin"),
        given="correct horse battery\n",
    )
    assert code == 0, err
    port = str(free_port())
    server = operator.start("serve", "--port", port)
    try:
        base = f"http://127.0.0.1:{port}"
        with httpx.Client(base_url=base) as client:
            for _ in range(200):
                try:
                    if client.get("/readyz").status_code == 200:
                        break
                except httpx.TransportError:
                    time.sleep(0.1)
            secret = {"username": "王干事", "password": "correct horse battery"}
            signed_in = client.post("/v1/sessions", json=secret)
            assert signed_in.status_code == 200, signed_in.text
            client.headers["authorization"] = f"Bearer {signed_in.json()['access_token']}"
            found = client.get("/v1/members", params={"q": "zxm", "limit": 1})
            assert found.status_code == 200
            exported = client.get("/v1/members/export.xlsx", timeout=30)
            assert exported.status_code == 200, exported.text
            (tmp_path / "export.xlsx").write_bytes(exported.content)
            sheet = CalamineWorkbook.from_path(tmp_path / "export.xlsx").get_sheet_by_index(0)
            assert sheet.height == 7720

        code, _, err = operator.run("serve", "--port", str(free_port()))
        assert code == 1
        assert operator.environment["HANGJI_DATA_DIR"] in err
        code, out, _ = operator.run("findings", "--district", "231005", "--json")  # attaches
        assert code == 0
        assert len(json.loads(out)) == 219
    finally:
        server.send_signal(signal.SIGTERM)
        _, err = server.communicate(timeout=30)
    assert server.returncode == 0, err
    assert "Traceback" not in err


def test_a_key_file_that_is_gone_is_not_replaced(
    operator: Operator, taken: dict[str, object]
) -> None:
    keys = Path(operator.environment["HANGJI_DATA_DIR"]) / "keys.json"
    kept = keys.rename(keys.with_name("keys.json.elsewhere"))
    for arguments in (("audit", "verify"), ("findings", "--district", "231005"), ("serve",)):
        code, out, err = operator.run(*arguments)
        assert (code, out) == (1, "")
        assert "密钥文件" in err
        assert "there is data" in err
        assert "Traceback" not in err
        assert not keys.exists()
    kept.rename(keys)
    assert operator.run("audit", "verify")[0] == 0


COMMANDS = (
    *(("serve",), ("worker",), ("migrate",), ("demo",)),
    ("findings", "--district", "231005"),
    ("import", str(DATA / "roster-clean.xlsx"), "--district", "231005"),
    ("account", "create", "--username", "a", "--role", "audit_admin", "--prefix", "23"),
    *(("account", name, "--username", "a") for name in ("disable", "enable")),
    ("account", "password", "--username", "a"),
    *(("audit", name) for name in ("verify", "heads", "list")),
    ("audit", "reseal", "--district", "231005", "--reason", "x"),
    *(("keys", name) for name in ("rotate", "status", "retire")),
)


@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_a_database_that_cannot_be_reached_is_said_in_one_line(
    arguments: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In this process, since each would take two seconds to start."""
    url = f"postgresql://application:secret@127.0.0.1:{free_port()}/hangji"
    keys = crypto.load_keys(tmp_path / "keys.json", "sm4-gcm", make=True)
    chosen = Settings(
        _env_file=None,
        database_url=url,
        owner_database_url=url,
        keys_file=tmp_path / "keys.json",
        data_dir=tmp_path,
    )
    for module in (attach, cli):
        monkeypatch.setattr(module, "settings", lambda: chosen)
    monkeypatch.setattr(attach.log, "configure", lambda _: None)
    monkeypatch.setattr(cli.signal, "signal", lambda *_: None)
    given = "a good password\n" * 2
    result = CliRunner().invoke(cli.main, arguments, input=given)
    crypto.use(keys)
    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit), result.exception
    assert "无法连接数据库" in result.output
    assert "cannot reach the database" in result.output
    assert "secret" not in result.output
