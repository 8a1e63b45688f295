"""Rows of rules, sessions and health."""

from collections.abc import Mapping
from typing import Any

import httpx

from tests.matrix import rights
from tests.matrix.cells import Ask, Cell, Cells, each, in_order, row
from tests.matrix.rights import CALLERS, DISTRICTS, NODES, NOWHERE, Who
from tests.matrix.world import PACK, PASSWORD, USERNAME, Ids

RULES = "rules:read"


@row()
def list_rule_packs(ids: Ids, who: Who) -> Cells:
    packs = Ask("GET", "/v1/rules/packs")
    yield Cell("access", "all", packs, 200, packs, "bare")


def _settings(ids: Ids, codes: set[str]) -> list[str]:
    return sorted(ids.settings[c] for c in codes)


@row()
def get_rule_pack(ids: Ids, who: Who) -> Cells:
    seen = rights.districts(who, RULES)

    def found(answer: httpx.Response) -> list[str]:
        return sorted(s["id"] for s in answer.json()["settings"])

    for query, codes in (("", seen), ("?as_of=2019-12-30", set[str]())):
        ask = Ask("GET", f"/v1/rules/packs/{PACK}{query}")
        channel = "day" if query else "list"
        wanted = _settings(ids, codes)
        # the pack's own source, which everybody reads, is a document of a district
        yield Cell(channel, PACK, ask, 200, read=found, exactly=wanted, known=("西安区",))
    unknown = Ask("GET", "/v1/rules/packs/no_such_pack")
    yield Cell("id", "unknown", unknown, 404, unknown, "bare")


@row()
def list_rule_settings(ids: Ids, who: Who) -> Cells:
    seen = rights.districts(who, RULES)
    url = f"/v1/rules/packs/{PACK}/settings"
    order = [ids.settings[c] for c in sorted(seen, key=lambda c: ids.settings[c])]

    def asked(channel: str, target: str, query: str, wanted: Any, like: str = "") -> Cell:
        alike = Ask("GET", f"{url}?{like}") if like else None
        return Cell(
            channel, target, Ask("GET", f"{url}?{query}"), 200, alike, read=in_order, exactly=wanted
        )

    yield asked("list", "all", "limit=200", order)
    yield asked("day", "all", "as_of=2019-12-30", [])
    for code in (*DISTRICTS, NOWHERE):
        wanted = [ids.settings[code]] if code in seen else []
        like = "" if wanted else f"district_code={NOWHERE}"
        yield asked("filter", code, f"district_code={code}", wanted, like)
    page = ((order[:1]), len(order) > 1)
    yield Cell("page", "all", Ask("GET", f"{url}?limit=1"), 200, read=first_of, exactly=page)
    province = rights.districts(CALLERS["province_department"], RULES)
    mark = min(ids.settings[c] for c in province)
    behind = [i for i in order if i > mark]
    yield asked("cursor", "all", f"after={ids.cursors.get('settings')}", behind)
    unknown = Ask("GET", "/v1/rules/packs/no_such_pack/settings")
    yield Cell("id", "unknown", unknown, 404, unknown, "bare")


def first_of(answer: httpx.Response) -> Any:
    """Read a page of one row, and whether another follows."""
    return [item["id"] for item in answer.json()["items"]], answer.json()["next"] is not None


@row()
def set_rule_pack(ids: Ids, who: Who) -> Cells:
    def ask(code: str, name: str = PACK) -> Ask:
        body = {"district_code": code, "is_enabled": False, "valid_from": "2020-01-01"}
        return Ask("POST", f"/v1/rules/packs/{name}/settings", body)

    yield from each(
        "nested",
        {c: c for c in DISTRICTS},
        ask,
        sees=rights.districts(who, RULES).__contains__,
        may=rights.whole(who, "rules:configure").__contains__,
        unknown=NOWHERE,
        done=201,
    )
    for code in DISTRICTS:
        unknown = ask(code, "no_such_pack")
        yield Cell("id", code, unknown, 404, ask(NOWHERE, "no_such_pack"))


@row()
def check_rules(ids: Ids, who: Who) -> Cells:
    body = {"engine": "restructuring_rules", "unit_type": "party_branch", "members": 3}
    ask = Ask("POST", "/v1/rules/checks", body)
    yield Cell("access", "all", ask, 200, ask, "bare")


Key = tuple[str, str, str]


def _finding(item: Mapping[str, Any]) -> Key:
    return item["organization_id"], item["rule"], item["pack"]


def _findings(answer: httpx.Response) -> list[Key]:
    return [_finding(item) for item in answer.json()["items"]]


@row()
def list_findings(ids: Ids, who: Who) -> Cells:
    node_of = {ids.nodes[n]: n for n in NODES}
    seen = rights.nodes(who, RULES)
    everything = [f for f in ids.findings if node_of[f["organization_id"]] in seen]
    urgent = sorted(everything, key=lambda f: f["severity"] != "high")
    path = {"path": everything, "severity": urgent}

    def asked(channel: str, target: str, query: str, wanted: Any) -> Cell:
        ask = Ask("GET", f"/v1/rules/findings?{query}")
        found = [_finding(f) for f in wanted]
        return Cell(channel, target, ask, 200, read=_findings, exactly=found)

    yield asked("list", "all", "limit=200", everything)
    yield asked("day", "all", "as_of=2019-12-30", [])
    for kind in ("general_branch", "party_branch", "party_group"):
        wanted = [f for f in everything if f["kind"] == kind]
        yield asked("filter", kind, f"kind={kind}", wanted)
    yield asked("filter", PACK, f"pack={PACK}", everything)
    yield asked("filter", "under_lower", "rule=under_lower", everything)
    for severity in ("high", "low"):
        wanted = [f for f in everything if f["severity"] == severity]
        yield asked("filter", severity, f"severity={severity}", wanted)
    for sort, order in path.items():
        yield asked("sort", sort, f"sort={sort}", order)
    page = [_finding(f) for f in everything[:1]], len(everything) > 1
    one = Ask("GET", "/v1/rules/findings?limit=1")
    yield Cell("page", "path", one, 200, read=_page, exactly=page)
    province = rights.nodes(CALLERS["province_department"], RULES)
    mark = next((f for f in ids.findings if node_of[f["organization_id"]] in province), None)
    order = ids.findings
    behind = [f for f in everything if mark and order.index(f) > order.index(mark)]
    yield asked("cursor", "path", f"after={ids.cursors.get('findings')}", behind)
    yield from each(
        "filter",
        {n: ids.nodes[n] for n in NODES},
        lambda i: Ask("GET", f"/v1/rules/findings?within={i}"),
        sees=seen.__contains__,
        unknown=ids.unknown,
        read=_findings,
        exactly=lambda n: [
            _finding(f) for f in everything if node_of[f["organization_id"]] in rights.below(n)
        ],
    )


def _page(answer: httpx.Response) -> Any:
    return _findings(answer), answer.json()["next"] is not None


@row()
def show_me(ids: Ids, who: Who) -> Cells:
    def told(answer: httpx.Response) -> Any:
        me = answer.json()
        return me["account_id"], {g["district_code"] for g in me["grants"]} - {"230000", "231000"}

    codes = {
        code
        for hold in who.holds
        for code in DISTRICTS
        if (code.startswith(hold.prefix) if hold.prefix else NODES[str(hold.node)].district == code)
    }
    if who.person:
        codes.add(who.home)
    me = ids.accounts[who.key], codes
    yield Cell("access", "own", Ask("GET", "/v1/me"), 200, read=told, exactly=me)


@row()
def sign_out(ids: Ids, who: Who) -> Cells:
    yield Cell("access", "own", Ask("DELETE", "/v1/sessions/current"), 204)


@row(is_open=True)
def sign_in(ids: Ids, who: Who) -> Cells:
    def ask(username: str, password: str) -> Ask:
        return Ask("POST", "/v1/sessions", {"username": username, "password": password})

    unknown = ask("nobody-of-this-name", PASSWORD)
    for key in CALLERS if who.key == "none" else ("bare", "revoked"):
        yield Cell("access", key, ask(USERNAME.format(key), "wrong wrong"), 401, unknown, "none")
    yield Cell("access", "no longer", ask(USERNAME.format("disabled"), PASSWORD), 401, unknown)


@row(is_open=True)
def refresh_session(ids: Ids, who: Who) -> Cells:
    ask = Ask("POST", "/v1/sessions/refreshes", {"refresh_token": "A" * 43})
    yield Cell("access", "unknown", ask, 401, ask, "none")


@row(is_open=True)
def sign_in_with_wechat(ids: Ids, who: Who) -> Cells:
    ask = Ask("POST", "/v1/sessions/wechat", {"code": "x"})
    yield Cell("access", "not set up", ask, 503, ask, "none")


@row()
def change_password(ids: Ids, who: Who) -> Cells:
    def ask(password: str) -> Ask:
        body = {"password": password, "new_password": "another 另外 one"}
        return Ask("POST", "/v1/me/password-changes", body)

    yield Cell("access", "own", ask(PASSWORD), 204)
    yield Cell("access", "wrong", ask("wrong wrong"), 409, ask("wrong wrong"), "bare")


@row(is_open=True)
def healthz(ids: Ids, who: Who) -> Cells:
    yield Cell("access", "all", Ask("GET", "/healthz"), 200, Ask("GET", "/healthz"), "none")


@row(is_open=True)
def readyz(ids: Ids, who: Who) -> Cells:
    yield Cell("access", "all", Ask("GET", "/readyz"), 200, Ask("GET", "/readyz"), "none")
