"""Shortens warnings for the terminal: few of a kind, none longer than a few lines; `--json` and files have all."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

SHOWN: Final = 3
"""How many warnings of one kind are shown whole."""

MOST_CHARACTERS: Final = 400

# "FAB: the book is locked for 3:20:00 ...": what it says before its first figure or colon is its kind, together with
# the runs of a comparison that have it, as in "(only B)".
_OF_ONE: Final = re.compile(r"(?P<ticker>[^\s:]+): (?P<kind>[^\d'\":]+).*?(?P<runs> \(only [A-Z, ]+\))?", re.DOTALL)


def grouped(warnings: Iterable[str]) -> list[str]:
    """Return warnings for a reader: of those of one kind over many securities the first, then the others' tickers."""
    every = {text: _OF_ONE.fullmatch(text) for text in warnings}
    kinds: dict[tuple[str, str], list[str]] = {}
    for one in filter(None, every.values()):
        kinds.setdefault((one["kind"], one["runs"] or ""), []).append(one["ticker"])
    seen = dict.fromkeys(kinds, 0)
    shown = []
    for text, match in every.items():
        if match is None:
            shown.append(_clipped(text))
            continue
        kind = match["kind"], match["runs"] or ""
        tickers, index = kinds[kind], seen[kind]
        seen[kind] += 1
        if index < SHOWN or len(tickers) == SHOWN + 1:
            shown.append(_clipped(text))
        elif index == SHOWN:
            others = ", ".join(dict.fromkeys(tickers[SHOWN:]))
            shown.append(_clipped(f"{len(tickers) - SHOWN:,} more: {kind[0].strip()} …: {others}{kind[1]}"))
    return shown


def with_count(line: str, many: int) -> str:
    """Return a closing line that says how many warnings there were."""
    count = "1 warning" if many == 1 else f"{many:,} warnings"
    if line.endswith(")"):
        return f"{line[:-1]}; {count})"
    return f"{line} {count[0].upper()}{count[1:]}." if line.endswith(".") else f"{line}; {count}"


def _clipped(text: str) -> str:
    return text if len(text) <= MOST_CHARACTERS else f"{text[:MOST_CHARACTERS]} … (--json has it whole)"
