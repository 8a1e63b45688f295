"""What a cell of the matrix is, and how it is judged."""

import base64
import io
import json
import re
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.matrix import rights
from tests.matrix.rights import DISTRICTS, NODES, PEOPLE, Who
from tests.matrix.world import USERNAME, Ids, World, number_of

CHANNELS = {
    "access",  # signed in, or not
    "id",  # an id in the path
    "nested",  # an id or a code in the body
    "filter",
    "search",
    "sort",
    "page",  # one row a page, to the end
    "cursor",  # `after` that somebody else was given
    "count",  # head-counts
    "export",
    "bulk",
    "version",  # If-Match: right, wrong, none
    "conflict",
    "day",  # as_of
    "list",
}


@dataclass(frozen=True)
class Ask:
    """A request."""

    method: str
    url: str
    json: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    file: bytes | None = None

    def request(self) -> httpx.Request:
        """Write it as it is sent."""
        files = None if self.file is None else {"file": ("花名册.xlsx", self.file)}
        url = f"http://test{self.url}"
        return httpx.Request(
            self.method, url, headers=dict(self.headers), json=self.json, files=files
        )


Read = Callable[[httpx.Response], Any]


@dataclass(frozen=True)
class Cell:
    """One request of one caller about one target, and what the model of rights expects."""

    channel: str
    target: str
    ask: Ask
    status: int
    like: Ask | None = None
    """The answer equals this one's, byte for byte."""
    by: str | None = None
    """Who asks `like`, if not the caller."""
    exactly: Any = None
    """What `read` finds in the answer: no row less, and none more."""
    read: Read | None = None
    known: tuple[str, ...] = ()
    """What the caller said and the answer may repeat."""


Cells = Iterator[Cell]
Row = Callable[[Ids, Who], Cells]
ROWS: dict[str, Row] = {}
OPEN = {"healthz", "readyz"}
"""Operations that anybody may ask; a router adds its own by `row(is_open=True)`."""


def row(*, is_open: bool = False) -> Callable[[Row], Row]:
    """Put a function down as the row of the operation that has its name."""

    def keep(cells: Row) -> Row:
        ROWS[cells.__name__] = cells
        if is_open:
            OPEN.add(cells.__name__)
        return cells

    return keep


# ── Reading answers


def ids_of(answer: httpx.Response) -> list[str]:
    """List the ids of a page."""
    return sorted(item["id"] for item in answer.json()["items"])


def in_order(answer: httpx.Response) -> list[str]:
    """List the ids of a page as they come."""
    return [item["id"] for item in answer.json()["items"]]


def text_of(answer: httpx.Response) -> str:
    """Write all that an answer tells, unpacked: headers, body, what a cursor holds."""
    body = answer.content
    if body.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            text = "\n".join(archive.read(name).decode() for name in archive.namelist())
    else:
        text = body.decode(errors="replace")  # an image tells nothing in letters
    if found := re.search(r'"next":\s*"([A-Za-z0-9_-]+)"', text):
        raw = base64.urlsafe_b64decode(found[1] + "=" * (-len(found[1]) % 4))
        text += json.dumps(json.loads(raw[16:]), ensure_ascii=False)
    # the request's own number is drawn: its digits can happen to be a district's code
    told = (f"{k}: {v}" for k, v in answer.headers.items() if k != "x-request-id")
    return text + "\n".join(told)


def same(one: httpx.Response, other: httpx.Response) -> bool:
    """Tell whether two answers are equal but for the request's own number."""

    def told(answer: httpx.Response) -> Any:
        headers = {k: v for k, v in answer.headers.items() if k != "x-request-id"}
        return answer.status_code, headers, answer.content

    return bool(told(one) == told(other))


# ── What must not show


def hidden(ids: Ids, who: Who) -> set[str]:
    """Collect ids, names, numbers and codes of everything that `who` may not see."""
    own = {PEOPLE[who.person].node} if who.person else set()
    marks = _hidden_nodes(ids, rights.nodes(who) | own) | _hidden_districts(ids, who, own)
    for key, person in PEOPLE.items():
        marks.add(number_of(key))
        if not rights.sees_person(who, key):
            marks |= {person.name, person.pinyin, ids.people[key]}
    for key, account in ids.accounts.items():
        if key != who.key:
            marks |= {account, USERNAME.format(key), *ids.grants[key]}
    return marks - {who.home}


def _hidden_nodes(ids: Ids, seen: set[str]) -> set[str]:
    marks = {NODES[n].name for n in NODES if n not in seen}
    above = {NODES[n].parent for n in seen}  # a record says under which id it stands
    return marks | {ids.nodes[n] for n in NODES if n not in seen | above}


def _hidden_districts(ids: Ids, who: Who, own: set[str]) -> set[str]:
    marks, seen = set(), rights.districts(who)
    known = seen | {NODES[n].district for n in own}
    for code, name in DISTRICTS.items():
        marks |= set() if code in known else {code}
        marks |= set() if code in seen else {ids.settings[code], name}
        marks |= set() if code in rights.whole(who, "imports:read") else {ids.imports[code]}
    return marks


Shown = Callable[[Ids, Who], set[str]]
SHOWN: dict[str, Shown] = {}
"""What an operation may show besides, by a right of its own."""


# ── Judging


Faults = list[str]


async def faults_of(world: World, who: Who, operation: str) -> tuple[int, Faults]:
    """Ask every cell of a caller and an operation; give their count and what is wrong."""
    marks = hidden(world.ids, who) - SHOWN.get(operation, _nothing)(world.ids, who)
    alike: dict[str, httpx.Response] = {}
    faults: Faults = []
    count = 0
    for cell in judged(world.ids, who, operation):
        answer = await world.send(who.key, cell.ask.request())
        like = None
        if cell.like is not None:
            by = cell.by or who.key
            key = f"{by} {cell.like}"
            if key not in alike:
                alike[key] = await world.send(by, cell.like.request())
            like = alike[key]
        count += 1
        faults += (
            f"{operation}: {who} {cell.channel} {cell.target}: {fault}"
            for fault in faults_in(cell, answer, like, marks)
        )
    return count, faults


def _nothing(_: Ids, __: Who) -> set[str]:
    return set()


def judged(ids: Ids, who: Who, operation: str) -> Cells:
    """Give the cells of an operation; whoever is not signed in gets one and the same answer.

    The guard refuses them before anything is read, so one cell a channel says it all.
    """
    asked = set[str]()
    for cell in ROWS[operation](ids, who):
        if not who.is_out or operation in OPEN:
            yield cell
        elif cell.channel not in asked:
            asked.add(cell.channel)
            nobody = Ask("GET", "/v1/me")
            yield Cell(cell.channel, cell.target, cell.ask, 401, nobody, "none")


def faults_in(
    cell: Cell, answer: httpx.Response, like: httpx.Response | None, marks: Iterable[str]
) -> Iterator[str]:
    """Say what is wrong with the answer to a cell."""
    if answer.status_code != cell.status:
        yield f"{answer.status_code}, not {cell.status}: {answer.text[:200]}"
        return
    if like is not None and not same(answer, like):
        yield f"differs from its like: {answer.text[:200]} / {like.text[:200]}"
    if cell.read is not None and (found := cell.read(answer)) != cell.exactly:
        yield f"shows {found}, not {cell.exactly}"
    told = text_of(answer)
    for mark in marks:
        if mark in told and not any(mark in word for word in cell.known):
            yield f"tells {mark}"


# ── Making cells


Sees = Callable[[str], bool]


def each(
    channel: str,
    targets: Mapping[str, str],
    ask: Callable[[str], Ask],
    *,
    sees: Sees,
    unknown: str,
    may: Sees | None = None,
    done: int | Callable[[str], int] = 200,
    read: Read | None = None,
    exactly: Callable[[str], Any] | None = None,
) -> Cells:
    """Make a cell a target: as if it were not, not permitted, or done."""
    nothing = ask(unknown)
    for key, target in targets.items():
        if not sees(key):
            yield Cell(channel, key, ask(target), 404, nothing)
        elif may is not None and not may(key):
            yield Cell(channel, key, ask(target), 403)
        else:
            status = done if isinstance(done, int) else done(key)
            reads = read if 200 <= status < 300 else None
            found = exactly(key) if exactly is not None and reads else None
            yield Cell(channel, key, ask(target), status, exactly=found, read=reads)
    yield Cell(channel, "unknown", nothing, 404, nothing)


VERSIONS: dict[str, dict[str, str]] = {
    "right": {"if-match": '"1"'},
    "wrong": {"if-match": '"7"'},
    "none": {},
}


def versions(
    targets: Mapping[str, str],
    ask: Callable[[str, Mapping[str, str]], Ask],
    *,
    sees: Sees,
    may: Sees,
    unknown: str,
    done: int | Callable[[str], int] = 200,
) -> Cells:
    """Make three cells a target: with the version as it is, with another one, and with none."""
    for name, header in VERSIONS.items():
        if name == "none":
            for key, target in targets.items():
                yield Cell("version", key, ask(target, header), 428, ask(unknown, header))
        else:
            yield from each(
                "id" if name == "right" else "version",
                targets,
                lambda target, header=header: ask(target, header),  # type: ignore[misc]
                sees=sees,
                may=may,
                done=done if name == "right" else 412,
                unknown=unknown,
            )
