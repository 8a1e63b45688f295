"""Requests that only a socket can carry."""

import re
import socket
import time
from collections.abc import Callable
from typing import NamedTuple

from tests.long import real


class Answer(NamedTuple):
    """What came back over a socket."""

    status: int
    headers: str
    body: bytes


def talk(port: int, *parts: bytes, pause: float = 0, seconds: float = 5) -> Answer:
    """Send bytes as they are, and read one answer."""
    with socket.create_connection(("127.0.0.1", port), timeout=seconds) as line:
        try:
            for part in parts:
                line.sendall(part)
                time.sleep(pause)
        except (BrokenPipeError, ConnectionResetError):
            pass  # answered and closed before all was sent
        reply = line.makefile("rb")
        head = b"".join(iter(reply.readline, b"\r\n")).decode("latin-1")
        length = int(re.search(r"(?i)content-length: ([0-9]+)", head)[1])  # type: ignore[index]
        body = reply.read(length)
        reply.close()
    return Answer(int(head.split(" ", 2)[1]), head, body)


def head_of(w: real.World, *lines: bytes, start: bytes = b"GET /v1/members HTTP/1.1") -> bytes:
    """Write a request's head; `Host` and `Authorization` unless `lines` bring their own."""
    own = [b"Host: 127.0.0.1", f"Authorization: Bearer {w.token}".encode()]
    names = {line.partition(b":")[0].lower() for line in lines}
    kept = [line for line in own if line.partition(b":")[0].lower() not in names]
    return b"\r\n".join([start, *kept, *lines, b"", b""])


POST = b"POST /v1/members HTTP/1.1"
JSON = b"Content-Type: application/json"


def _large(w: real.World, port: int) -> list[Answer]:
    body = b'{"name":"' + b"x" * 11_000_000 + b'"}'
    declared = head_of(w, JSON, b"Content-Length: %d" % len(body), start=POST)
    chunked = head_of(w, JSON, b"Transfer-Encoding: chunked", start=POST)
    chunk = b"10000\r\n" + b"x" * 65536 + b"\r\n"
    # refused before it is read: by its declared length at once, else after the first mebibyte
    return [talk(port, declared), talk(port, chunked, *[chunk] * 40)]


def _slow(w: real.World, port: int) -> list[Answer]:
    head = head_of(w, JSON, b"Content-Length: 1000", start=POST)
    return [talk(port, head, b"{", b'"', pause=0.2)]


def _garbage(w: real.World, port: int) -> list[Answer]:
    token = f"Bearer {w.token}".encode()
    values = b"Bearer", b"Bearer  ", b"Bearer " + b"a" * 65536, b"Bearer \xff\xfe", token + b" x"
    heads = [head_of(w, b"Authorization: " + v) for v in values]
    twice = head_of(w, b"Authorization: " + token, b"Authorization: " + token)
    return [talk(port, head) for head in [*heads, twice]]


def _request_id(w: real.World, port: int) -> list[Answer]:
    given = [b"a%0d%0aSet-Cookie: x", b"a" * 65, "号".encode()]
    answers = [talk(port, head_of(w, b"X-Request-ID: " + g)) for g in given]
    for found in answers:
        assert "set-cookie" not in found.headers.lower()
        assert re.search(r"(?m)^x-request-id: [0-9a-f]{32}\r$", found.headers)
    return answers


def _hosts(w: real.World, port: int) -> list[Answer]:
    evil, ours = b"Host: evil.example", b"Host: 127.0.0.1"
    each = [(evil,), (ours, evil), (evil, ours), (b"Host:",), (b"Host: 127.0.0.1@evil.example",)]
    return [talk(port, head_of(w, *lines)) for lines in each]


def _huge(w: real.World, port: int) -> list[Answer]:
    names = b"X-Anything", b"Cookie", b"Accept-Language", b"If-Match", b"Idempotency-Key"
    return [talk(port, head_of(w, name + b": " + b"a" * 65536)) for name in names]


OVER_A_SOCKET: dict[str, Callable[[real.World, int], list[Answer]]] = {
    "size-11m": _large,
    "slow-body": _slow,
    "tok-garbage": _garbage,
    "hdr-crlf": _request_id,
    "host-poison": _hosts,
    "hdr-huge": _huge,
}
