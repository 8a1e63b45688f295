"""Verify an exported election (核验导出的选举), and count it anew.

    python tools/verify_election.py EXPORT.json [--key HEX] [--head HEX] [--json]

It needs Python 3.11 and nothing else, shares no code with the service and asks it nothing. --key is
the service's public key (GET /v1/elections/keys), --head the head that was published when the box
was closed. Take them from elsewhere than the export: whoever forges the one can forge the other.
With either of them every edited, added, missing, doubled or reordered ballot is found, a cut tail
and a chain made anew included. Without both, only that the file agrees with itself is checked.

Exit code: 0 whole; 1 faults; 2 not readable; 3 in agreement with itself, but nothing is proven.

Format `hangji-ballots/1`. Canonical JSON has sorted keys, no spaces, no escapes beyond those that
JSON demands, UTF-8. The chain begins with SHA-256 of `hangji-ballots/1`, a newline and the
canonical `box`; each link is SHA-256 of the link before it (32 bytes) and of the canonical ballot.
`chain` holds the links of the ballots in hexadecimal, `head` is the last link. The signature
(Ed25519, RFC 8032) is of four lines without a last newline: `hangji-ballots/1`, the box's id, the
count, the head.
"""

import argparse
import hashlib
import json
import re
import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

FORMAT = "hangji-ballots/1"
WHOLE, FAULTY, UNREADABLE, UNPROVEN = 0, 1, 2, 3
LARGEST = 64 << 20
TOP: dict[str, type] = {
    **dict.fromkeys(("format", "head", "key", "signature"), str),
    **dict.fromkeys(("box", "tally"), dict),
    **dict.fromkeys(("ballots", "chain"), list),
    "count": int,
}
BOX: dict[str, type] = {
    **dict.fromkeys(("id", "district_code", "organization_id", "organization_name"), str),
    **dict.fromkeys(("title", "position", "opened_on", "closed_on"), str),
    **dict.fromkeys(("seats", "voters_due", "voters_voted"), int),
    "candidates": list,
    "allows_write_ins": bool,
}
BALLOT = {"id": str, "choices": list, "write_ins": list}
UUID4 = re.compile("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


class Unreadable(Exception):  # noqa: N818
    """The file is no export."""


# ── Ed25519 (RFC 8032, 5.1.7 and 6): checking alone, so nothing here need hide its timing

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
ROOT = pow(2, (P - 1) // 4, P)
Point = tuple[int, int, int, int]
NEUTRAL: Point = (0, 1, 1, 0)


def _add(one: Point, two: Point) -> Point:
    a = (one[1] - one[0]) * (two[1] - two[0]) % P
    b = (one[1] + one[0]) * (two[1] + two[0]) % P
    c, d = 2 * one[3] * two[3] * D % P, 2 * one[2] * two[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def _times(count: int, point: Point) -> Point:
    total = NEUTRAL
    while count:
        if count & 1:
            total = _add(total, point)
        point, count = _add(point, point), count >> 1
    return total


def _x(y: int, sign: int) -> int | None:
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT % P
    if (x * x - square) % P or (x == 0 and sign):
        return None
    return P - x if x & 1 != sign else x


def _decode(raw: bytes) -> Point | None:
    number = int.from_bytes(raw, "little")
    y, sign = number & (2**255 - 1), number >> 255
    x = None if y >= P else _x(y, sign)
    return None if x is None else (x, y, 1, x * y % P)


def _encode(point: Point) -> bytes:
    inverse = pow(point[2], -1, P)
    x, y = point[0] * inverse % P, point[1] * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


_Y = 4 * pow(5, -1, P) % P
_BASE = _x(_Y, 0) or 0
BASE: Point = (_BASE, _Y, 1, _BASE * _Y % P)


def is_signed(key: bytes, text: bytes, signature: bytes) -> bool:
    """Tell whether the holder of `key` signed `text`."""
    if len(key) != 32 or len(signature) != 64:  # noqa: PLR2004 - the standard's sizes
        return False
    holder, scalar = _decode(key), int.from_bytes(signature[32:], "little")
    if holder is None or scalar >= ORDER:
        return False
    digest = hashlib.sha512(signature[:32] + key + text).digest()
    challenge = int.from_bytes(digest, "little") % ORDER
    minus = (P - holder[0], holder[1], 1, P - holder[3])
    return _encode(_add(_times(scalar, BASE), _times(challenge, minus))) == signature[:32]


# ── The file


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        raise Unreadable("同一字段出现两次 / a field is given twice")
    return made


def _no_number(text: str) -> Any:
    raise Unreadable(f"数字无效 / no number of an election: {text[:20]}")


def read(raw: bytes) -> dict[str, Any]:
    """Read an export strictly, or raise `Unreadable`."""
    try:
        found = json.loads(
            raw.decode("utf-8"),
            object_pairs_hook=_once,
            parse_float=_Exact,
            parse_constant=_no_number,
        )
        _canonical(found)  # half a character has no UTF-8
    except (ValueError, RecursionError) as error:
        raise Unreadable("不是有效的 JSON / not valid JSON") from error
    if not isinstance(found, dict):
        raise Unreadable("不是选举导出文件 / not an exported election")
    return found


class _Exact(str):
    """A number with a point, as it is written."""

    __slots__ = ()


def _shape(name: str, found: Any, wanted: Mapping[str, type]) -> list[str]:
    """Compare the fields of an object, each with its one type: true is no 1."""
    if type(found) is not dict:
        return [f"{name}：不是对象 / no object"]
    faults = [f"{name}：缺少 / lacks {n}" for n in wanted if n not in found]
    faults += [f"{name}：多出 / has besides {n[:40]!r}" for n in found if n not in wanted]
    faults += [
        f"{name}.{n}：类型不符 / of another type"
        for n, kind in wanted.items()
        if n in found and type(found[n]) is not kind
    ]
    return faults


def shape_faults(export: dict[str, Any]) -> list[str]:
    """Say what keeps a file from being an export at all."""
    if faults := _shape("导出 export", export, TOP):
        return faults
    box = export["box"]
    faults = _shape("票箱 box", box, BOX)
    if not faults:
        for n, candidate in enumerate(box["candidates"], 1):
            faults += _shape(f"候选人 candidate {n}", candidate, {"id": str, "name": str})
    for n, ballot in enumerate(export["ballots"], 1):
        wrong = _shape(f"选票 ballot {n}", ballot, BALLOT)
        if not wrong and any(type(e) is not str for e in ballot["choices"] + ballot["write_ins"]):
            wrong = [f"选票 ballot {n}：类型不符 / of another type"]
        faults += wrong
    if any(type(link) is not str for link in export["chain"]):
        faults.append("链 chain：类型不符 / of another type")
    return faults


def _canonical(value: Any) -> bytes:
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return text.encode()


def links(export: dict[str, Any]) -> list[str]:
    """Make the chain anew: first the box's link, then one for each ballot."""
    hashed = hashlib.sha256(FORMAT.encode() + b"\n" + _canonical(export["box"])).digest()
    made = [hashed.hex()]
    for ballot in export["ballots"]:
        hashed = hashlib.sha256(hashed + _canonical(ballot)).digest()
        made.append(hashed.hex())
    return made


def chain_faults(export: dict[str, Any]) -> list[str]:
    """Compare the chain, the head and the count with the ballots."""
    made, faults = links(export), []
    chain, count = export["chain"], len(export["ballots"])
    if export["format"] != FORMAT:
        faults.append(f"格式不是 / the format is not {FORMAT}")
    if len(chain) != count:
        faults.append(
            f"链有 {len(chain)} 节，选票 {count} 张 / as many links are not as many ballots"
        )
    wrong = [n for n, (one, two) in enumerate(zip(chain, made[1:], strict=False), 1) if one != two]
    if wrong:
        faults.append(
            f"自第 {wrong[0]} 张选票起哈希不符 / the hashes differ from ballot {wrong[0]} on"
        )
    if export["head"] != made[-1]:
        faults.append("链首与选票不符 / the head does not fit the ballots")
    if export["count"] != count:
        faults.append(f"记 {export['count']} 张，实有 {count} 张 / counted and there")
    return faults


def _ballot_faults(box: dict[str, Any], ballot: dict[str, Any]) -> list[str]:
    order = {c["id"]: n for n, c in enumerate(box["candidates"])}
    names = {c["name"] for c in box["candidates"]}
    choices, write_ins = ballot["choices"], ballot["write_ins"]
    faults = []
    if not UUID4.fullmatch(ballot["id"]):
        faults.append("编号不是随机标识 / the id is no random one")
    if not order.keys() >= set(choices):
        faults.append("选了名单之外的编号 / chooses who is no candidate")
    elif [order[c] for c in choices] != sorted({order[c] for c in choices}):
        faults.append("所选重复或次序不符 / choices repeated or not in order")
    if write_ins != sorted(set(write_ins)):
        faults.append("另选人重复或次序不符 / write-ins repeated or not in order")
    if write_ins and not box["allows_write_ins"]:
        faults.append("不能另选他人 / takes no write-ins")
    if names & set(write_ins):
        faults.append("候选人写作另选人 / a candidate as a write-in")
    if len(choices) + len(write_ins) > box["seats"]:
        faults.append("所选多于应选名额 / more names than seats")
    return faults


def box_faults(export: dict[str, Any]) -> list[str]:
    """Hold the box and its ballots to the rules by which they were taken."""
    box, ballots = export["box"], export["ballots"]
    faults = []
    if len({c["id"] for c in box["candidates"]}) < len(box["candidates"]):
        faults.append("候选人编号重复 / two candidates of one id")
    if not 0 <= box["voters_voted"] <= box["voters_due"]:
        faults.append("投票人多于应到会 / more have voted than may")
    if box["voters_voted"] != len(ballots):
        faults.append(
            f"投票 {box['voters_voted']} 人，选票 {len(ballots)} 张 / voters and ballots differ"
        )
    ids = [ballot["id"] for ballot in ballots]
    if ids != sorted(set(ids)):
        faults.append("选票编号重复或次序不符 / ids of ballots repeated or not in order")
    for n, ballot in enumerate(ballots, 1):
        faults += [f"选票 ballot {n}：{fault}" for fault in _ballot_faults(box, ballot)]
    return faults


def tally(export: dict[str, Any]) -> dict[str, Any]:
    """Count the ballots anew, in the shape in which the service tells it."""
    box, ballots = export["box"], export["ballots"]
    chosen = Counter(c for ballot in ballots for c in ballot["choices"])
    others = Counter(name for ballot in ballots for name in ballot["write_ins"])
    due, voted = box["voters_due"], box["voters_voted"]
    thousandths = (2000 * voted + due) // (2 * due) if due > 0 else 0
    return {
        "box_id": box["id"],
        "voters_due": due,
        "voters_voted": voted,
        "turnout": f"{thousandths // 1000}.{thousandths % 1000:03}",
        "valid": len(ballots),
        "abstentions": sum(1 for b in ballots if not b["choices"] and not b["write_ins"]),
        "votes": [{**c, "votes": chosen[c["id"]]} for c in box["candidates"]],
        "write_ins": [
            {"name": n, "votes": v} for n, v in sorted(others.items(), key=lambda o: (-o[1], o[0]))
        ],
    }


def tally_faults(export: dict[str, Any]) -> list[str]:
    """Compare the tally that is told with the ballots."""
    made, told = tally(export), dict(export["tally"])
    turnout = told.pop("turnout", None)
    exact = made.pop("turnout")
    faults = []
    if type(turnout) is not _Exact or f"{turnout}00"[: len(exact)] != exact or len(turnout) > 5:  # noqa: PLR2004 - 0.000
        faults.append("投票率不符 / the turnout is another")
    if _canonical(made) != _canonical(told):
        faults.append("计票与选票不符 / the tally does not fit the ballots")
    return faults


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text) if re.fullmatch("([0-9a-f]{2})*", text) else b""


def proof_faults(export: dict[str, Any], key: str | None, head: str | None) -> list[str]:
    """Check the signature, and what the export says against what is known from elsewhere."""
    faults = []
    if key is not None and export["key"] != key:
        faults.append("公钥不是所给的 / the key is not the one that is given")
    if head is not None and export["head"] != head:
        faults.append("链首不是公布的 / the head is not the one that was published")
    signed = f"{FORMAT}\n{export['box']['id']}\n{export['count']}\n{export['head']}"
    if not is_signed(_bytes(key or export["key"]), signed.encode(), _bytes(export["signature"])):
        faults.append("签名无效 / the signature is not valid")
    return faults


def faults_of(export: dict[str, Any], key: str | None = None, head: str | None = None) -> list[str]:
    """Say all that is wrong with an export; `key` and `head` come from elsewhere."""
    if faults := shape_faults(export):
        return faults
    return [
        *chain_faults(export),
        *box_faults(export),
        *tally_faults(export),
        *proof_faults(export, key, head),
    ]


def _load(path: Path) -> bytes:
    with path.open("rb") as file:
        raw = file.read(LARGEST + 1)
    if len(raw) > LARGEST:
        raise Unreadable("文件过大 / too large")
    return raw


def _hex(text: str) -> str:
    if not re.fullmatch("[0-9a-f]{64}", text.strip().lower()):
        raise argparse.ArgumentTypeError("64 hexadecimal digits")
    return text.strip().lower()


def _report(export: dict[str, Any]) -> str:
    counted = tally(export)
    lines = [
        f"{export['box']['organization_name']}  {export['box']['title']}",
        f"应到 due {counted['voters_due']}  投票 voted {counted['voters_voted']}",
        f"弃权 blank {counted['abstentions']}",
        *(f"{v['votes']:6}  {v['name']}" for v in counted["votes"]),
        *(f"{v['votes']:6}  {v['name']}（另选 write-in）" for v in counted["write_ins"]),
        f"链首 head {export['head']}",
    ]
    return "\n".join("".join(c if c.isprintable() else "?" for c in line) for line in lines)


UNPROVEN_TEXT = """\
注意：未给出 --key 或 --head，只核对了文件自身是否一致；整体重做的文件不会被发现。
NOTE: without --key or --head only that the file agrees with itself was checked;
a file that was made anew as a whole would not be found out."""


def main(arguments: list[str] | None = None) -> int:
    """Verify the file that the command line names."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("export", type=Path)
    parser.add_argument("--key", type=_hex, help="the service's public key, hexadecimal")
    parser.add_argument("--head", type=_hex, help="the head published at the close, hexadecimal")
    parser.add_argument("--json", action="store_true", help="print one object")
    given = parser.parse_args(arguments)
    try:
        export = read(_load(given.export))
    except (OSError, Unreadable) as error:
        print(f"无法读取 / cannot read: {error}", file=sys.stderr)
        return UNREADABLE
    faults = faults_of(export, given.key, given.head)
    is_proven = given.key is not None or given.head is not None
    if given.json:
        told = {"faults": faults, "is_proven": is_proven and not faults}
        if not faults:
            told["tally"] = tally(export)
        print(json.dumps(told, ensure_ascii=False))
    elif faults:
        print("不可信 NOT WHOLE", *faults, sep="\n")
    else:
        print("核验无误 WHOLE" if is_proven else UNPROVEN_TEXT, _report(export), sep="\n")
    return FAULTY if faults else WHOLE if is_proven else UNPROVEN


if __name__ == "__main__":
    sys.exit(main())
