"""Rows of the audit."""

from collections.abc import Mapping
from typing import Any

import httpx

from tests.matrix import rights
from tests.matrix.cells import SHOWN, Ask, Cell, Cells, each, row
from tests.matrix.rights import CALLERS, DISTRICTS, NODES, NOWHERE, PEOPLE, Who
from tests.matrix.world import USERNAME, Ids

DEPLOYMENT = "000000"
CODES = (*DISTRICTS, DEPLOYMENT)
Key = tuple[str, int]


def chains(who: Who) -> set[str]:
    """Name the chains that `who` may read: the deployment's comes with any other."""
    own = rights.kept(who, "audit:read")
    return own | {DEPLOYMENT} if own else own


def _shown(ids: Ids, who: Who) -> set[str]:
    """Collect what the chains of a district tell: everything of it."""
    own = chains(who)
    marks = {*own, *(DISTRICTS[c] for c in own if c in DISTRICTS)}
    for key, node in NODES.items():
        if node.district in own:
            marks |= {ids.nodes[key], node.name}
    for key, person in PEOPLE.items():
        if NODES[person.node].district in own:
            marks |= {ids.people[key], person.name}
    for key, account in CALLERS.items():
        if account.home in own:
            marks |= {ids.accounts[key], USERNAME.format(key), *ids.grants[key]}
    for code in own & set(DISTRICTS):
        marks |= {ids.settings[code], ids.imports[code]}
    return marks


def _entries(ids: Ids, who: Who) -> list[Mapping[str, Any]]:
    """List what `who` may read: of the deployment's chain not that another's was begun."""
    own = chains(who)
    return [
        e
        for e in ids.entries
        if e["district_code"] in own and (e["action"] != "audit.begun" or e["target_id"] in own)
    ]


def _key(entry: Mapping[str, Any]) -> Key:
    return entry["district_code"], entry["number"]


def _keys(answer: httpx.Response) -> list[Key]:
    return [_key(item) for item in answer.json()["items"]]


@row()
def list_audit_entries(ids: Ids, who: Who) -> Cells:
    own, entries = chains(who), _entries(ids, who)

    def asked(channel: str, target: str, query: str, wanted: Any) -> Cell:
        ask = Ask("GET", f"/v1/audit/entries?sort=number&limit=200&{query}")
        return Cell(channel, target, ask, 200, read=_keys, exactly=[_key(e) for e in wanted])

    yield asked("list", "all", "from=1900-01-01", entries)
    yield asked("filter", "before", "to=1900-01-01", [])
    yield from each(
        "filter",
        {c: c for c in CODES},
        lambda c: Ask("GET", f"/v1/audit/entries?sort=number&limit=200&district_code={c}"),
        sees=own.__contains__,
        unknown=NOWHERE,
        read=_keys,
        exactly=lambda c: [_key(e) for e in entries if e["district_code"] == c],
    )
    targets = [*((n, ids.nodes[n]) for n in NODES), *((p, ids.people[p]) for p in PEOPLE)]
    for name, target in (*targets, *((c, c) for c in DISTRICTS)):
        wanted = [e for e in entries if e["target_id"] == target]
        yield asked("filter", name, f"target_id={target}", wanted)
    for kind in ("organization", "member", "district"):
        wanted = [e for e in entries if e["target_kind"] == kind]
        yield asked("filter", kind, f"target_kind={kind}", wanted)
    for outcome in ("done", "refused"):
        wanted = [e for e in entries if e["outcome"] == outcome]
        yield asked("filter", outcome, f"outcome={outcome}", wanted)
    yield asked("filter", "account", f"account_id={ids.accounts['department']}", [])
    wanted = [e for e in entries if e["username"] == "命令行 command line"]
    yield asked("filter", "username", "username=命令行 command line", wanted)
    for key in ("department", "bare"):
        yield asked("filter", key, f"username={USERNAME.format(key)}", [])
    wanted = [e for e in entries if e["action"] == "cli"]
    yield asked("filter", "action", "action=cli", wanted)
    for sign, run in (("", entries), ("-", entries[::-1])):
        ask = Ask("GET", f"/v1/audit/entries?sort={sign}number&limit=200")
        found = [_key(e) for e in run]
        yield Cell("sort", f"{sign}number", ask, 200, read=_keys, exactly=found)
    one = Ask("GET", "/v1/audit/entries?limit=1")
    page = [_key(e) for e in entries[-1:]], len(entries) > 1
    yield Cell("page", "all", one, 200, read=_page, exactly=page)
    theirs = _entries(ids, CALLERS["audit_admin"])
    behind = [_key(e) for e in entries[::-1] if theirs and _key(e) < _key(theirs[-1])]
    ask = Ask("GET", f"/v1/audit/entries?limit=200&after={ids.cursors.get('entries')}")
    yield Cell("cursor", "all", ask, 200, read=_keys, exactly=behind)


def _page(answer: httpx.Response) -> Any:
    return _keys(answer), answer.json()["next"] is not None


@row()
def get_audit_entry(ids: Ids, who: Who) -> Cells:
    seen = {f"{code}/{number}" for code, number in map(_key, _entries(ids, who))}
    firsts = [f"{c}/1" for c in CODES]
    yield from each(
        "id",
        dict(zip(firsts, firsts, strict=True)),
        lambda entry: Ask("GET", f"/v1/audit/entries/{entry}"),
        sees=seen.__contains__,
        unknown=f"{NOWHERE}/1",
        read=lambda answer: "{}/{}".format(*_key(answer.json())),
        exactly=lambda entry: entry,
    )
    for code in CODES:  # no such number is as no such chain
        ask = Ask("GET", f"/v1/audit/entries/{code}/999999")
        yield Cell("id", f"{code} 999999", ask, 404, Ask("GET", f"/v1/audit/entries/{NOWHERE}/1"))


@row()
def list_audit_heads(ids: Ids, who: Who) -> Cells:
    yield Cell(
        "list",
        "all",
        Ask("GET", "/v1/audit/heads"),
        200,
        read=lambda answer: [h["district_code"] for h in answer.json()["items"]],
        exactly=sorted(chains(who) & set(CODES)),
    )


for _operation in (list_audit_entries, get_audit_entry, list_audit_heads):
    SHOWN[_operation.__name__] = _shown
