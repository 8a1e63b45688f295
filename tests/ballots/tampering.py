"""Ways to tamper with an exported election, as somebody would who holds no key of the service."""

import copy
import json
import random
from collections.abc import Callable
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app.ballots import logic
from app.ballots.types import Slip

Export = dict[str, Any]
Do = Callable[[Export, random.Random], Any]
"""Tampers with an export in place."""


def _any(export: Export, dice: random.Random) -> Export:
    found: Export = dice.choice(export["ballots"])
    return found


def _new_id(dice: random.Random) -> str:
    return str(UUID(bytes=dice.randbytes(16), version=4))


def _candidate(export: Export, dice: random.Random) -> str:
    return str(dice.choice(export["box"]["candidates"])["id"])


def edit_a_choice(export: Export, dice: random.Random) -> None:
    ballot, other = _any(export, dice), _candidate(export, dice)
    ballot["choices"] = [] if ballot["choices"] == [other] else [other]


def take_a_choice_away(export: Export, dice: random.Random) -> None:
    dice.choice([b for b in export["ballots"] if b["choices"]])["choices"].pop()


def blank_a_ballot(export: Export, dice: random.Random) -> None:
    ballot = dice.choice([b for b in export["ballots"] if b["choices"]])
    ballot["choices"] = ballot["write_ins"] = []


def write_somebody_in(export: Export, dice: random.Random) -> None:
    _any(export, dice)["write_ins"] = ["钱七"]


def rename_a_write_in(export: Export, dice: random.Random) -> None:
    dice.choice([b for b in export["ballots"] if b["write_ins"]])["write_ins"][0] += "二"


def give_another_id(export: Export, dice: random.Random) -> None:
    _any(export, dice)["id"] = _new_id(dice)


def delete_a_ballot(export: Export, dice: random.Random) -> None:
    del export["ballots"][dice.randrange(len(export["ballots"]))]


def delete_a_ballot_and_its_link(export: Export, dice: random.Random) -> None:
    at = dice.randrange(len(export["ballots"]))
    del export["ballots"][at], export["chain"][at]


def cut_the_tail(export: Export, dice: random.Random) -> None:
    keep = dice.randrange(len(export["ballots"]))
    del export["ballots"][keep:]


def cut_the_tail_neatly(export: Export, dice: random.Random) -> None:
    """Cut ballots and links, and let head, counts and tally fit what is left."""
    keep = dice.randrange(1, len(export["ballots"]))
    del export["ballots"][keep:], export["chain"][keep:]
    export["head"], export["count"] = export["chain"][-1], keep
    _tally_anew(export)


def insert_a_ballot(export: Export, dice: random.Random) -> None:
    new = {"id": _new_id(dice), "choices": [_candidate(export, dice)], "write_ins": []}
    export["ballots"].insert(dice.randrange(len(export["ballots"]) + 1), new)


def append_a_ballot_with_its_link(export: Export, dice: random.Random) -> None:
    new = {"id": "f" * 8 + _new_id(dice)[8:], "choices": [], "write_ins": []}
    export["ballots"].append(new)
    export["chain"] = _links(export)[1:]
    export["head"] = export["chain"][-1]
    export["count"] += 1


def double_a_ballot(export: Export, dice: random.Random) -> None:
    at = dice.randrange(len(export["ballots"]))
    export["ballots"].insert(at, copy.deepcopy(export["ballots"][at]))


def put_one_in_the_place_of_another(export: Export, dice: random.Random) -> None:
    one, two = dice.sample(range(len(export["ballots"])), 2)
    export["ballots"][one] = copy.deepcopy(export["ballots"][two])


def swap_two(export: Export, dice: random.Random) -> None:
    ballots = export["ballots"]
    one, two = dice.sample(range(len(ballots)), 2)
    ballots[one], ballots[two] = ballots[two], ballots[one]


def swap_what_two_hold(export: Export, dice: random.Random) -> None:
    one = _any(export, dice)
    two = dice.choice([b for b in export["ballots"] if b["choices"] != one["choices"]])
    one["choices"], two["choices"] = two["choices"], one["choices"]


def turn_around(export: Export, _: random.Random) -> None:
    export["ballots"].reverse()


def swap_links(export: Export, dice: random.Random) -> None:
    chain = export["chain"]
    one, two = dice.sample(range(len(chain)), 2)
    chain[one], chain[two] = chain[two], chain[one]


def edit_a_link(export: Export, dice: random.Random) -> None:
    export["chain"][dice.randrange(len(export["chain"]))] = dice.randbytes(32).hex()


def empty_the_chain(export: Export, _: random.Random) -> None:
    export["chain"] = []


def edit_the_head(export: Export, dice: random.Random) -> None:
    export["head"] = dice.randbytes(32).hex()


def put_the_head_back(export: Export, dice: random.Random) -> None:
    export["head"] = dice.choice(export["chain"][:-1])


def count_otherwise(export: Export, dice: random.Random) -> None:
    export["count"] += dice.choice([-1, 1])


def rename_a_candidate(export: Export, dice: random.Random) -> None:
    dice.choice(export["box"]["candidates"])["name"] += "二"


def swap_names_of_candidates(export: Export, dice: random.Random) -> None:
    one, two = dice.sample(export["box"]["candidates"], 2)
    one["name"], two["name"] = two["name"], one["name"]


def swap_names_everywhere(export: Export, dice: random.Random) -> None:
    swap_names_of_candidates(export, dice)
    _tally_anew(export)


def reorder_candidates(export: Export, _: random.Random) -> None:
    export["box"]["candidates"].reverse()


def drop_a_candidate(export: Export, dice: random.Random) -> None:
    del export["box"]["candidates"][dice.randrange(len(export["box"]["candidates"]))]


def add_a_candidate(export: Export, dice: random.Random) -> None:
    export["box"]["candidates"].append({"id": dice.randbytes(4).hex(), "name": "周八"})


def edit_a_fact(export: Export, dice: random.Random) -> None:
    box = export["box"]
    name = dice.choice([n for n in box if n != "candidates"])
    value = box[name]
    if isinstance(value, bool):
        box[name] = not value
    else:
        box[name] = value + (1 if isinstance(value, int) else "1")


def edit_the_tally(export: Export, dice: random.Random) -> None:
    dice.choice(export["tally"]["votes"])["votes"] += 1


def edit_the_turnout(export: Export, dice: random.Random) -> None:
    export["tally"]["turnout"] = dice.choice([0.001, 1.0, 0.8571, 1])


def shift_votes_everywhere(export: Export, dice: random.Random) -> None:
    edit_a_choice(export, dice)
    _tally_anew(export)


def edit_the_signature(export: Export, dice: random.Random) -> None:
    wrong = bytearray(bytes.fromhex(export["signature"]))
    wrong[dice.randrange(64)] ^= 1 << dice.randrange(8)
    export["signature"] = wrong.hex()


def empty_the_signature(export: Export, _: random.Random) -> None:
    export["signature"] = ""


def give_another_key(export: Export, _: random.Random) -> None:
    export["key"] = Ed25519PrivateKey.generate().public_key().public_bytes_raw().hex()


def name_another_format(export: Export, _: random.Random) -> None:
    export["format"] = "hangji-ballots/2"


def add_a_field(export: Export, dice: random.Random) -> None:
    dice.choice(
        [export, export["box"], export["tally"], _any(export, dice), export["box"]["candidates"][0]]
    )["voter"] = "x"


def drop_a_field(export: Export, dice: random.Random) -> None:
    of = dice.choice([export, export["box"], export["tally"], _any(export, dice)])
    del of[dice.choice(list(of))]


def write_a_number_otherwise(export: Export, dice: random.Random) -> None:
    of, name = dice.choice([(export, "count"), (export["box"], "seats")])
    of[name] = dice.choice([float(of[name]), str(of[name]), True])


def make_the_chain_anew(export: Export, dice: random.Random) -> None:
    """Change a ballot, and make all anew that needs no key."""
    edit_a_choice(export, dice)
    _all_anew(export)


def cut_and_make_the_chain_anew(export: Export, dice: random.Random) -> None:
    cut_the_tail(export, dice)
    export["box"]["voters_voted"] = len(export["ballots"])
    _all_anew(export)


def make_all_anew_and_sign(export: Export, dice: random.Random) -> None:
    """Change a ballot, make all anew and sign with a key of one's own."""
    dice.choice([edit_a_choice, cut_and_make_the_chain_anew, rename_a_candidate])(export, dice)
    _all_anew(export)
    private = Ed25519PrivateKey.generate()
    signed = f"{logic.FORMAT}\n{export['box']['id']}\n{export['count']}\n{export['head']}"
    export["key"] = private.public_key().public_bytes_raw().hex()
    export["signature"] = private.sign(signed.encode()).hex()


def _links(export: Export) -> list[str]:
    slips = [Slip(UUID(b["id"]), b["choices"], b["write_ins"]) for b in export["ballots"]]
    return [link.hex() for link in logic.chain(export["box"], slips)]


def _tally_anew(export: Export) -> None:
    slips = [Slip(UUID(b["id"]), b["choices"], b["write_ins"]) for b in export["ballots"]]
    found = logic.tally(export["box"]["candidates"], slips)
    due, voted = export["box"]["voters_due"], export["box"]["voters_voted"]
    export["tally"] |= {
        "voters_due": due,
        "voters_voted": voted,
        "turnout": logic.rate(voted, due),
        "valid": found.valid,
        "abstentions": found.abstentions,
        "votes": [{"id": v.id, "name": v.name, "votes": v.votes} for v in found.votes],
        "write_ins": [{"name": v.name, "votes": v.votes} for v in found.write_ins],
    }


def _all_anew(export: Export) -> None:
    links = _links(export)
    export["chain"], export["head"] = links[1:], links[-1]
    export["count"] = len(export["ballots"])
    _tally_anew(export)


def edit_any_value(export: Export, dice: random.Random) -> str:
    """Change one value, wherever it lies."""
    leaves: list[tuple[Any, Any]] = []

    def walk(of: Any) -> None:
        for key, value in of.items() if isinstance(of, dict) else enumerate(of):
            if isinstance(value, (dict, list)):
                walk(value)
            else:
                leaves.append((of, key))

    walk(export)
    of, key = dice.choice(leaves)
    value = of[key]
    other = {bool: [not value, int(value) if isinstance(value, bool) else 0]}.get(
        type(value),
        [value + 1, str(value), None] if isinstance(value, (int, float)) else [f"{value}x", "", 0],
    )
    of[key] = dice.choice(other)
    return f"{key}: {value} -> {of[key]}"


WAYS: list[Do] = [
    value
    for name, value in list(globals().items())
    if callable(value) and getattr(value, "__module__", "") == __name__ and name[0] != "_"
]


def tampered(raw: bytes, way: Do, dice: random.Random) -> bytes:
    """Give an export as it is after `way`."""
    export = json.loads(raw)
    way(export, dice)
    return json.dumps(export, ensure_ascii=False).encode()
