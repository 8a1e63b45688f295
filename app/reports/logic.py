"""Writing numbers into sentences, and finding them in drafts."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from functools import lru_cache

import cn2an
import opencc

from app.core.rounding import quotient
from app.reports.types import Found, NumberStatus, Piece, Slot, Value, Written

PLACE = re.compile(r"\{([a-z][a-z0-9_]*)\}")
NOTHING = "—"
"""What a sentence shows where a figure has no value."""
_ARABIC = r"(?<![0-9.])[0-9]{1,15}(?:,[0-9]{3}){0,4}(?:\.[0-9]{1,9})?%?(?!\.?[0-9])"
"""Bounded on both sides: a long run of digits is no number, and costs one look."""
_CHINESE = "[零一二两三四五六七八九十百千]{1,7}"
_NUMBER = f"(?P<number>{_ARABIC}|{_CHINESE})"
_ALONE = re.compile(_ARABIC)
_SPLIT = re.compile(r"(?<=[0-9])[\s\u2000-\u200a\u202f](?=[0-9]{3}(?![0-9]))")
_GAP = "[^。;!?]{0,36}?"
_SIMPLE = opencc.OpenCC("t2s")


def written(value: Value) -> str:
    """Write a figure as a sentence does: a rate in percent with one decimal, nothing else changed.

    A rate that is whole has no decimal: 100%.
    """
    if value.value is None:
        return NOTHING
    shown, sign = (value.value * 100, "%") if value.is_ratio else (value.value, "")
    text = f"{shown.normalize():f}"
    return f"{text}{sign}"


def fill(paragraph: str, values: Mapping[str, Value]) -> Written:
    """Put the numbers into a paragraph; a figure that is not there is shown as nothing."""
    pieces: list[Piece] = []
    last = 0
    for place in PLACE.finditer(paragraph):
        if place.start() > last:
            pieces.append(Piece(paragraph[last : place.start()]))
        found = values.get(place[1])
        pieces.append(Piece(NOTHING if found is None else written(found), place[1]))
        last = place.end()
    if last < len(paragraph):
        pieces.append(Piece(paragraph[last:]))
    return Written(tuple(pieces))


def places(paragraphs: Iterable[str]) -> list[str]:
    """Name the figures of paragraphs, each once, in their order."""
    return list(dict.fromkeys(name for p in paragraphs for name in PLACE.findall(p)))


# ── Drafts


def plain(text: str) -> tuple[str, list[int]]:
    """Write a draft in simplified characters of one width and without spaces.

    Gives the position in the draft of each character besides.
    """
    joined = {m.start() for m in _SPLIT.finditer(text)}
    out: list[str] = []
    at: list[int] = []
    for position, character in enumerate(text):
        if character.isspace() and position not in joined and _between_digits(text, position):
            out.append(" ")
            at.append(position)
        if character.isspace():
            continue
        for folded in unicodedata.normalize("NFKC", _simple(character)):
            if not folded.isspace():
                out.append(folded)
                at.append(position)
    return "".join(out), at


def _between_digits(text: str, position: int) -> bool:
    around = text[position - 1 : position] + text[position + 1 : position + 2]
    return bool(re.fullmatch("[0-9]{2}", around))


@lru_cache(maxsize=20_000)
def _simple(character: str) -> str:
    return str(_SIMPLE.convert(character))


@lru_cache(maxsize=1_000)
def pattern(cue: str) -> re.Pattern[str]:
    """Compile a cue: `{}` is the number, `…` a gap within the sentence, `(a|b)` either."""
    parts = re.split(r"(\{\}|…|[(|)])", cue)
    made = []
    for part in parts:
        if part == "{}":
            made.append(_NUMBER)
        elif part == "…":
            made.append(_GAP)
        elif part == "(":
            made.append("(?:")
        elif part in {"|", ")"}:
            made.append(part)
        else:
            made.append(re.escape(plain(part)[0]))
    return re.compile("".join(made))


def slots(text: str, cues: Mapping[str, Sequence[str]], per: Mapping[str, int]) -> Iterator[Slot]:
    """Find which numbers of a plain text mean which figure; one may mean two."""
    for figure, sentences in cues.items():
        for cue in sentences:
            times = next((n for begins, n in per.items() if cue.startswith(begins)), 1)
            for found in pattern(cue).finditer(text):
                yield Slot(*found.span("number"), figure, times)


def number(text: str) -> tuple[Decimal, int]:
    """Read a number in digits or in Chinese; gives its decimals too. A percentage is a fraction."""
    if not text[0].isascii():
        return Decimal(int(cn2an.cn2an(text, "smart"))), 0
    digits = text.replace(",", "").removesuffix("%")
    decimals = len(digits.partition(".")[2])
    if text.endswith("%"):
        return Decimal(digits) / 100, decimals + 2
    return Decimal(digits), decimals


def says(text: str, value: Value, times: int) -> bool:
    """Tell whether a draft's number is the figure, at the precision that the draft writes."""
    if value.value is None or (value.is_ratio and not text.endswith("%")):
        return False
    try:
        stated, decimals = number(text)
    except ValueError:
        return False
    exact = value.value
    if value.denominator and decimals != -int(exact.as_tuple().exponent):
        rounded = quotient(value.numerator, value.denominator, decimals)
    elif 0 < decimals < -int(exact.normalize().as_tuple().exponent):
        rounded = quotient(exact, 1, decimals)
    else:
        rounded = exact
    return stated * times in {exact, rounded}


def check(
    draft: str,
    values: Mapping[str, Value],
    cues: Mapping[str, Sequence[str]],
    per: Mapping[str, int],
) -> list[Found]:
    """Match each number of a draft to a figure, in the draft's order.

    A number that several figures could mean matches if it is one of them.
    """
    text, at = plain(draft)
    meant: dict[tuple[int, int], list[Slot]] = {}
    for slot in slots(text, cues, per):
        if slot.figure in values:
            meant.setdefault((slot.start, slot.end), []).append(slot)
    alone = {m.span() for m in _ALONE.finditer(text)}
    found = []
    for start, end in sorted(alone | meant.keys()):
        if (start, end) not in meant and _inside(start, end, meant):
            continue
        first, last = at[start], at[end - 1] + 1
        shown = draft[first:last]
        here = meant.get((start, end), [])
        if not here:
            found.append(Found(first, last, shown, NumberStatus.UNKNOWN))
            continue
        right = [s for s in here if says(text[start:end], values[s.figure], s.times)]
        chosen = (right or here)[0]
        status = NumberStatus.MATCHED if right else NumberStatus.DIFFERING
        expected = written(values[chosen.figure])
        found.append(Found(first, last, shown, status, chosen.figure, expected))
    return found


def _inside(start: int, end: int, meant: Iterable[tuple[int, int]]) -> bool:
    return any(a <= start and end <= b for a, b in meant)
