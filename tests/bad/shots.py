"""Requests that should be refused, and the world in which they are sent."""

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import httpx
import yaml
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.organizations.logic import MAX_DEPTH
from tests.long import real
from tests.make.members import id_number, make_member, new_member
from tests.make.organizations import make_account, make_district, make_organization

ENTRIES: dict[str, dict[str, Any]] = {
    entry["id"]: entry
    for entry in yaml.safe_load((Path(__file__).parents[1] / "data/bad_inputs.yaml").read_text())
}


class Shot(NamedTuple):
    """One request; `field` is what the 422 must blame, `check` looks at the answer."""

    method: str
    url: str
    more: dict[str, Any] = {}  # noqa: RUF012 - never changed where it is the default
    field: str | None = None
    check: Callable[[httpx.Response], object] = lambda _: None
    seconds: float = 2


@dataclass
class World:
    """A district with two branches, a member in each and a clerk of the first."""

    client: httpx.AsyncClient
    anonymous: httpx.AsyncClient
    session: AsyncSession
    root: UUID
    mine: UUID
    foreign: UUID
    member: UUID
    foreign_member: UUID
    clerk: dict[str, str]
    entry: dict[str, Any]
    numbers: list[str] = field(default_factory=list)

    def number(self) -> str:
        """Make an ID number that no answer and no log line may show."""
        self.numbers.append(id_number())
        return self.numbers[-1]

    def body(self, **values: Any) -> dict[str, Any]:
        return new_member(self.mine, id_number=self.number()) | values

    def post(self, of: str | None = None, **values: Any) -> Shot:
        """Record a member with one thing wrong."""
        return post_json("/members", self.body(**values), of)

    def check(self, of: str, **values: Any) -> Shot:
        """Ask the rules, which take numbers."""
        return post_json("/rules/checks", {"engine": "restructuring_rules"} | values, of)

    def organization(self, of: str | None = None, **values: Any) -> Shot:
        new = {"parent_id": str(self.root), "name": "新设党支部", "kind": "party_branch"}
        return post_json("/organizations", new | values, of)

    def patch(self, url: str, of: str | None = None, version: int = 1, **values: Any) -> Shot:
        headers = {"if-match": f'"{version}"', "content-type": "application/json"}
        return Shot("PATCH", url, {"content": json.dumps(values), "headers": headers}, of)

    def raw(self, content: bytes, kind: str = "application/json") -> Shot:
        return Shot("POST", "/members", {"content": content, "headers": {"content-type": kind}})

    def generated(self) -> Any:
        return eval(self.entry["input"]["gen"])  # noqa: S307 - written in our own file


def post_json(url: str, body: object, of: str | None = None) -> Shot:
    headers = {"content-type": "application/json"}
    return Shot("POST", url, {"content": json.dumps(body), "headers": headers}, of)


def get(url: str, of: str | None = None, **more: Any) -> Shot:
    return Shot("GET", url, more, of)


def nothing_found(answer: httpx.Response) -> None:
    assert answer.json()["items"] == []


def fields(*names: str) -> Callable[[httpx.Response], None]:
    def check(answer: httpx.Response) -> None:
        assert {e["field"] for e in answer.json()["errors"]} == set(names)

    return check


async def nfd_twice(w: World) -> list[Shot]:
    composed, decomposed = w.generated()
    first = w.organization(name=composed)
    assert (await w.client.request(first.method, first.url, **first.more)).status_code == 201
    return [w.organization(name=decomposed)]


async def tampered(w: World) -> list[Shot]:
    cursor = (await w.client.get("/members", params={"limit": 1})).json()["next"]
    places = [0, 5, len(cursor) // 2, len(cursor) - 2, len(cursor) - 1]
    bad = [cursor[:i] + chr(ord(cursor[i]) ^ 1) + cursor[i + 1 :] for i in places]
    return [get("/members", params={"limit": 1, "after": c}) for c in bad]


async def too_deep(w: World) -> list[Shot]:
    parent = w.root
    for n in range(MAX_DEPTH - 1):
        parent = await make_organization(
            w.session, parent, kind="party_committee", name=f"第{n}层党委"
        )
    return [w.organization(parent_id=str(parent))]


async def not_empty(w: World) -> list[Shot]:
    holder = await make_organization(w.session, w.root, kind="general_branch", name="有下级")
    await make_organization(w.session, holder)
    version = {"headers": {"if-match": '"1"'}}
    return [Shot("DELETE", f"/organizations/{i}", version) for i in (holder, w.mine)]


async def path_prefix(w: World) -> list[Shot]:
    """Found `1.2x` beside the clerk's `1.2`: text that begins alike, but another branch."""
    await w.session.execute(text("UPDATE district SET last_label = 19"))
    other = await make_organization(w.session, w.root, name="路径为1.20的支部")
    member = await make_member(w.session, other)
    urls = f"/organizations/{other}", f"/organizations/{other}/tree", f"/members/{member}"
    return [get(url, headers=w.clerk) for url in urls]


async def cycle(w: World) -> list[Shot]:
    top = await make_organization(w.session, w.root, kind="general_branch", name="上级")
    below = await make_organization(w.session, top)
    deepest = await make_organization(w.session, below, kind="party_group", name="一组")
    return [w.patch(f"/organizations/{top}", "parent_id", parent_id=str(deepest))]


async def foreign_member(w: World) -> list[Shot]:
    unknown = (await w.client.get(f"/members/{uuid4()}", headers=w.clerk)).content

    def same(answer: httpx.Response) -> None:
        assert answer.content == unknown

    return [get(f"/members/{w.foreign_member}", headers=w.clerk)._replace(check=same)]


async def foreign_import(w: World) -> list[Shot]:
    await make_district(w.session, "231004")
    made = uuid4()
    await w.session.execute(
        text(
            "INSERT INTO roster_import (district_code, id, as_of, digest, counts)"
            " VALUES ('231004', :id, '2019-12-31', '', '{}')"
        ),
        {"id": made},
    )
    return [get(f"/imports/{made}")]


async def overridden(w: World) -> list[Shot]:
    plain = (await w.client.get("/members")).content
    headers = {
        "x-http-method-override": "DELETE",
        "x-original-url": "/admin",
        "x-user-id": "1",
        "x-forwarded-for": "127.0.0.1",
    }

    def same(answer: httpx.Response) -> None:
        assert answer.content == plain

    return [get("/members", headers=headers)._replace(check=same)]


def jwt(header: object, claims: object) -> str:
    parts = (base64.urlsafe_b64encode(json.dumps(p).encode()).decode() for p in (header, claims))
    return ".".join(part.rstrip("=") for part in (*parts, "c2ln"))


async def stale(w: World) -> list[Shot]:
    fresh = w.patch(f"/members/{w.member}", name="李四")
    assert (await w.client.request(fresh.method, fresh.url, **fresh.more)).status_code == 200
    tags = ['"1"', '"3"', "*", 'W/"2"', '"2", "1"', "2", "", '"02"', '"２"'.encode()]
    headers = [{"if-match": t, "content-type": "application/json"} for t in tags]
    return [
        Shot("PATCH", f"/members/{w.member}", {"content": '{"name":"王五"}', "headers": h})
        for h in headers
    ]


async def other_body(w: World) -> list[Shot]:
    shot = w.organization()
    shot.more["headers"]["idempotency-key"] = "k1"
    assert (await w.client.request(shot.method, shot.url, **shot.more)).status_code == 201
    other = w.organization(name="另一个支部")
    other.more["headers"]["idempotency-key"] = "k1"
    return [other]


def bad_keys(w: World) -> list[Shot]:
    shots = [w.organization() for _ in range(6)]
    keys = b"", b"k" * 300, b"a\0b", b"a\r\nb", "🙂".encode(), b"a b"
    for shot, key in zip(shots, keys, strict=True):
        shot.more["headers"] = {"content-type": "application/json", b"idempotency-key": key}
    return shots


async def replay_after_sign_out(w: World) -> list[Shot]:
    token = await real.token_of(w.session, await make_account(w.session))
    shot = w.organization()
    shot.more["headers"] |= {"authorization": f"Bearer {token}", "idempotency-key": "k1"}
    assert (await w.client.request(shot.method, shot.url, **shot.more)).status_code == 201
    out = await w.anonymous.delete(
        "/sessions/current", headers={"authorization": f"Bearer {token}"}
    )
    assert out.status_code == 204
    return [shot]
