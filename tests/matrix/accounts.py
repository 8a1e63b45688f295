"""Rows of accounts, grants, explanations and the audit."""

from collections.abc import Callable, Iterable
from typing import Any

import httpx

from tests.matrix import rights
from tests.matrix.cells import SHOWN, Ask, Cell, Cells, each, ids_of, in_order, row
from tests.matrix.others import first_of
from tests.matrix.rights import CALLERS, DISTRICTS, NODES, NOWHERE, PEOPLE, Hold, Who
from tests.matrix.world import USERNAME, Ids

SEES = "accounts:manage", "grants:manage"
KEEPS, GRANTS = SEES
ASKED = [k for k in CALLERS if k not in {"parent_clerk", "sibling_clerk", "reader", "two_grants"}]
"""The accounts that are asked for one by one: the others differ from these in nothing here."""
OPERATORS = {"security_admin", "audit_admin"}
RESET_BY_OPERATOR = OPERATORS | {"system_admin", "department_admin"}
CODES = (*DISTRICTS, "231000", "230000", "000000")


def seen_accounts(who: Who) -> set[str]:
    """Name the accounts that `who` may see."""
    codes = rights.kept(who, *SEES)
    return {key for key, account in CALLERS.items() if account.home in codes}


def _shown(ids: Ids, who: Who) -> set[str]:
    """Collect what an account tells: its member, and the places of its grants."""
    codes = rights.kept(who, *SEES)
    marks = set(codes)
    for key in seen_accounts(who):
        account = CALLERS[key]
        marks |= {ids.accounts[key], USERNAME.format(key)}
        if account.person:
            marks.add(ids.people[account.person])
    for key, account in CALLERS.items():
        for grant, hold in zip(ids.grants[key], account.holds, strict=True):
            if rights.place_of(hold) in codes:
                marks |= {grant} | ({ids.nodes[hold.node]} if hold.node else set())
    return marks


def _accounts(ids: Ids) -> dict[str, str]:
    return {key: ids.accounts[key] for key in ASKED if key not in {"revoked", "none"}}


@row()
def get_account(ids: Ids, who: Who) -> Cells:
    codes = rights.kept(who, *SEES)

    def told(answer: httpx.Response) -> Any:
        account = answer.json()
        return account["id"], sorted(g["id"] for g in account["grants"])

    def wanted(key: str) -> Any:
        pairs = zip(ids.grants[key], CALLERS[key].holds, strict=True)
        return ids.accounts[key], sorted(i for i, h in pairs if rights.place_of(h) in codes)

    yield from each(
        "id",
        _accounts(ids),
        lambda i: Ask("GET", f"/v1/accounts/{i}"),
        sees=seen_accounts(who).__contains__,
        unknown=ids.unknown,
        read=told,
        exactly=wanted,
    )


@row()
def list_accounts(ids: Ids, who: Who) -> Cells:
    seen, codes = seen_accounts(who), rights.kept(who, *SEES)

    def asked(channel: str, target: str, query: str, wanted: set[str], like: str = "") -> Cell:
        nothing = Ask("GET", f"/v1/accounts?limit=200&{like}") if like and not wanted else None
        found = sorted(ids.accounts[key] for key in wanted)
        ask = Ask("GET", f"/v1/accounts?limit=200&{query}")
        return Cell(channel, target, ask, 200, nothing, exactly=found, read=ids_of)

    yield asked("list", "all", "sort=username", seen)
    for key in ASKED:
        found = {other for other in seen if USERNAME.format(key) in USERNAME.format(other)}
        yield asked("search", key, f"q={USERNAME.format(key)}", found, "q=nobody")
    for code in (*CODES, NOWHERE):
        here = {key for key in seen if CALLERS[key].home == code}
        yield asked("filter", code, f"district_code={code}", here, f"district_code={NOWHERE}")
    for role in rights.MAY:
        held = {
            key
            for key in seen
            if any(h.role == role and rights.place_of(h) in codes for h in CALLERS[key].holds)
        }
        yield asked("filter", role, f"role={role}", held)
    for state in ("true", "false"):
        found = {key for key in seen if (key == "disabled") == (state == "true")}
        yield asked("filter", state, f"is_disabled={state}", found)
    order = sorted(seen, key=USERNAME.format)
    for sign, run in (("", order), ("-", order[::-1])):
        ask = Ask("GET", f"/v1/accounts?sort={sign}username")
        yield Cell(
            "sort",
            f"{sign}username",
            ask,
            200,
            read=in_order,
            exactly=[ids.accounts[key] for key in run],
        )
    page = [ids.accounts[key] for key in order[:1]], len(order) > 1
    yield Cell("page", "all", Ask("GET", "/v1/accounts?limit=1"), 200, read=first_of, exactly=page)
    mark = min(map(USERNAME.format, seen_accounts(CALLERS["prefecture_security_admin"])))
    behind = [ids.accounts[key] for key in order if USERNAME.format(key) > mark]
    ask = Ask("GET", f"/v1/accounts?after={ids.cursors.get('accounts')}")
    yield Cell("cursor", "all", ask, 200, read=in_order, exactly=behind)


OWN = ("published:read",)
"""What a member may in the own branch."""


Refused = Callable[[Who, Who], bool]


def _is_operators(_: Who, account: Who) -> bool:
    return any(hold.role in OPERATORS for hold in account.holds)


def _reaches_beyond(who: Who, account: Who) -> bool:
    codes = rights.kept(who, KEEPS)
    return any(
        rights.place_of(hold) not in codes or hold.role in RESET_BY_OPERATOR
        for hold in account.holds
    )


def _kept(
    ids: Ids, who: Who, rest: str, body: Any, *, refused: Refused | None = None, done: int = 200
) -> Cells:
    keeps = rights.kept(who, KEEPS)

    def status(key: str) -> int:
        own = key == who.key
        return 409 if own or (refused is not None and refused(who, CALLERS[key])) else done

    yield from each(
        "id",
        _accounts(ids),
        lambda i: Ask("POST", f"/v1/accounts/{i}/{rest}", body),
        sees=seen_accounts(who).__contains__,
        may=lambda key: CALLERS[key].home in keeps,
        unknown=ids.unknown,
        done=status,
    )


@row()
def disable_account(ids: Ids, who: Who) -> Cells:
    yield from _kept(ids, who, "disablements", {"reason": "x"}, refused=_is_operators)


@row()
def enable_account(ids: Ids, who: Who) -> Cells:
    yield from _kept(ids, who, "enablements", {"reason": "x"}, refused=_is_operators)


@row()
def unbind_account(ids: Ids, who: Who) -> Cells:
    yield from _kept(ids, who, "unbindings", {"reason": "x"})


@row()
def reset_password(ids: Ids, who: Who) -> Cells:
    body = {"password": "another 另外 one"}
    yield from _kept(ids, who, "password-resets", body, refused=_reaches_beyond, done=204)


@row()
def create_account(ids: Ids, who: Who) -> Cells:
    keeps = rights.kept(who, KEEPS)

    def ask(code: str, username: str = "nobody-yet", member: str | None = None) -> Ask:
        body = {"username": username, "password": "another 另外 one", "home_code": code}
        return Ask("POST", "/v1/accounts", body | ({"member_id": member} if member else {}))

    yield from each(
        "nested",
        {code: code for code in CODES},
        ask,
        sees=rights.touched(who).__contains__,
        may=keeps.__contains__,
        unknown=NOWHERE,
        done=201,
    )
    taken = ask("231005", USERNAME.format("bare"))
    for code in sorted(keeps):
        for key, person in PEOPLE.items():
            member = ids.people[key]
            asked, nothing = ask(code, member=member), ask(code, member=ids.unknown)
            if NODES[person.node].district != code:
                yield Cell("nested", key, asked, 404, nothing)
            else:
                has_account = any(account.person == key for account in CALLERS.values())
                yield Cell("nested", key, asked, 409 if has_account else 201, known=(member,))
        for key in ASKED:
            asked = ask(code, USERNAME.format(key))
            yield Cell("conflict", key, asked, 409, taken, "system_admin")


@row()
def grant_role(ids: Ids, who: Who) -> Cells:
    seen, grants = seen_accounts(who), rights.kept(who, GRANTS)
    touched = rights.touched(who)

    def ask(account: str, role: str = "organization_reader", **place: str) -> Ask:
        body = {"role": role, **place}
        return Ask("POST", f"/v1/accounts/{account}/grants", body)

    home = next(iter(sorted(touched & set(DISTRICTS), reverse=True)), "231005")
    yield from each(
        "id",
        _accounts(ids),
        lambda i: ask(i, district_code=home),
        sees=lambda key: key in seen and home in touched,
        may=lambda _: home in grants,
        unknown=ids.unknown,
        done=lambda key: 409 if key == who.key else 201,
    )
    account = "bare" if "bare" in seen else "foreign_department"
    to, is_there = ids.accounts[account], account in seen
    granted = {n for n in NODES if NODES[n].district in grants}
    cells = each(
        "nested",
        {n: ids.nodes[n] for n in NODES},
        lambda i: ask(to, organization_id=i),
        sees=lambda n: is_there and n in granted | rights.nodes(who),
        may=granted.__contains__,
        unknown=ids.unknown,
        done=201,
    )
    for cell in cells:
        yield Cell(
            **vars(cell)
            | {"known": (ids.nodes.get(cell.target, ""),) if cell.status == 201 else ()}
        )
    yield from each(
        "nested",
        {code: code for code in DISTRICTS},
        lambda code: ask(to, district_code=code),
        sees=lambda code: is_there and code in touched,
        may=grants.__contains__,
        unknown=NOWHERE,
        done=201,
    )
    yield from each(
        "nested",
        {code: code for code in DISTRICTS},
        lambda code: ask(to, "audit_admin", district_code=code),
        sees=lambda code: is_there and code in touched,
        may=grants.__contains__,
        unknown=NOWHERE,
        done=409,
    )
    yield from each(
        "nested",
        {prefix: prefix for prefix in ("2310", "23", "1101", "11")},
        lambda prefix: ask(to, prefix=prefix),
        sees=lambda prefix: is_there and prefix.ljust(6, "0") in touched,
        may=lambda prefix: prefix.ljust(6, "0") in grants,
        unknown="99",
        done=201,
    )


def _holds() -> dict[str, tuple[str, Hold, int]]:
    """Name every grant of the world: whose, over what, and which of theirs it is."""
    return {
        f"{key} {i}": (key, hold, i)
        for key, account in CALLERS.items()
        for i, hold in enumerate(account.holds)
    }


@row()
def list_grants(ids: Ids, who: Who) -> Cells:
    codes, holds = rights.kept(who, *SEES), _holds()
    seen = {name for name, (_, hold, _) in holds.items() if rights.place_of(hold) in codes}
    id_of = {name: ids.grants[key][i] for name, (key, _, i) in holds.items()}

    def found(names: Iterable[str]) -> list[str]:
        return sorted(id_of[name] for name in names)

    def over(hold: Hold, node: str) -> bool:
        if hold.prefix:
            return NODES[node].district.startswith(hold.prefix)
        return hold.node is not None and node in rights.below(hold.node)

    def at(hold: Hold, node: str) -> bool:
        # a role over a root is one over its district: it is at no single organisation
        return hold.node in rights.below(node) - set(rights.ROOTS.values())

    every = Ask("GET", "/v1/grants?limit=200")
    yield Cell("list", "all", every, 200, exactly=found(seen), read=ids_of)
    for role in rights.MAY:
        left = found(name for name in seen if holds[name][1].role == role)
        yield Cell(
            "filter",
            role,
            Ask("GET", f"/v1/grants?limit=200&role={role}"),
            200,
            exactly=left,
            read=ids_of,
        )
    kept = {n for n in NODES if NODES[n].district in codes}
    for parameter, is_meant in (("organization_id", over), ("within", at)):
        yield from each(
            "filter",
            {n: ids.nodes[n] for n in ("root", "own", "child", "sibling", "near", "far")},
            lambda i, parameter=parameter: Ask("GET", f"/v1/grants?limit=200&{parameter}={i}"),  # type: ignore[misc]
            sees=(kept | rights.nodes(who)).__contains__,
            unknown=ids.unknown,
            read=ids_of,
            exactly=lambda n, is_meant=is_meant: found(  # type: ignore[misc]
                name for name in seen if is_meant(holds[name][1], n)
            ),
        )
    order = sorted(seen, key=lambda name: (USERNAME.format(holds[name][0]), id_of[name]))
    for sign, run in (("", order), ("-", order[::-1])):
        ask = Ask("GET", f"/v1/grants?limit=200&sort={sign}username")
        wanted = [id_of[name] for name in run]
        yield Cell("sort", f"{sign}username", ask, 200, exactly=wanted, read=in_order)
    page = [id_of[name] for name in order[:1]], len(order) > 1
    yield Cell("page", "all", Ask("GET", "/v1/grants?limit=1"), 200, read=first_of, exactly=page)
    kept_by_all = rights.kept(CALLERS["prefecture_security_admin"], *SEES)
    marks = ((key, i) for key, hold, i in holds.values() if rights.place_of(hold) in kept_by_all)
    mark = min((USERNAME.format(key), ids.grants[key][i]) for key, i in marks)
    behind = [id_of[n] for n in order if (USERNAME.format(holds[n][0]), id_of[n]) > mark]
    ask = Ask("GET", f"/v1/grants?after={ids.cursors.get('grants')}")
    yield Cell("cursor", "all", ask, 200, read=in_order, exactly=behind)


@row()
def revoke_grant(ids: Ids, who: Who) -> Cells:
    codes, grants = rights.kept(who, *SEES), rights.kept(who, GRANTS)
    holds = _holds()
    yield from each(
        "id",
        {name: ids.grants[key][i] for name, (key, _, i) in holds.items()},
        lambda i: Ask("DELETE", f"/v1/grants/{i}"),
        sees=lambda name: rights.place_of(holds[name][1]) in codes,
        may=lambda name: rights.place_of(holds[name][1]) in grants,
        unknown=ids.unknown,
        done=lambda name: 409 if holds[name][0] == who.key else 204,
    )


@row()
def explain_access(ids: Ids, who: Who) -> Cells:
    own = rights.below(PEOPLE[who.person].node) if who.person else set()
    for permission in ("members:write", "organizations:read", *SEES, "audit:read", *OWN):
        may = rights.nodes(who, permission) | (own if permission in OWN else set())
        seen = rights.nodes(who) | may

        def ask(node: str, permission: str = permission) -> Ask:
            query = f"permission={permission}&organization_id={node}"
            return Ask("GET", f"/v1/access/explanations?{query}")

        for node in NODES:
            is_seen = node in seen
            yield Cell(
                "filter",
                node,
                ask(ids.nodes[node]),
                200,
                None if is_seen else ask(ids.unknown),
                exactly=(node in may, is_seen),
                read=lambda answer: (
                    answer.json()["allowed"],
                    answer.json()["organization_id"] is not None,
                ),
                known=(ids.nodes[node],) if is_seen else (),
            )


def _granted(ids: Ids, who: Who) -> set[str]:
    """Collect what the grants over places that are kept tell: whose they are, and where."""
    codes = rights.kept(who, *SEES)
    marks = set(codes)
    for key, hold, i in _holds().values():
        if rights.place_of(hold) in codes:
            marks |= {ids.grants[key][i], ids.accounts[key], USERNAME.format(key)}
            marks |= {ids.nodes[hold.node], NODES[hold.node].name} if hold.node else set()
    return marks


SHOWN["list_grants"] = _granted
for _operation in (
    get_account,
    list_accounts,
    disable_account,
    enable_account,
    unbind_account,
    create_account,
    grant_role,
):
    SHOWN[_operation.__name__] = _shown


def _own(ids: Ids, who: Who) -> set[str]:
    """Collect what somebody is told of the own account."""
    return {*ids.grants[who.key], *rights.touched(who)}


SHOWN["show_me"] = SHOWN["explain_access"] = _own
