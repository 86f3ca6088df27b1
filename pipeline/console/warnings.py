"""Shortens warnings for the terminal: few of a kind, none longer than a few lines; `--json` and files have all."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

SHOWN: Final = 3
"""How many warnings of one kind are shown whole."""

MOST_CHARACTERS: Final = 400

# "FAB: the book is locked for 3:20:00 ...": what it says before its first figure or colon is its kind.
_OF_ONE: Final = re.compile(r"(?P<ticker>[^\s:]+): (?P<kind>[^\d'\":]+)")


def grouped(warnings: Iterable[str]) -> list[str]:
    """Return warnings for a reader: of those of one kind over many securities the first, then the others' tickers."""
    every = dict.fromkeys(warnings)
    kinds: dict[str, list[str]] = {}
    for text in every:
        if match := _OF_ONE.match(text):
            kinds.setdefault(match["kind"], []).append(match["ticker"])
    shown = []
    for text in every:
        match = _OF_ONE.match(text)
        tickers = kinds[match["kind"]] if match else []
        index = tickers.index(match["ticker"]) if match else 0
        if index < SHOWN or len(tickers) == SHOWN + 1:
            shown.append(_clipped(text))
        elif match and index == SHOWN:
            others = ", ".join(tickers[SHOWN:])
            shown.append(_clipped(f"{len(tickers) - SHOWN:,} more: {match['kind'].strip()} …: {others}"))
    return shown


def with_count(line: str, many: int) -> str:
    """Return a closing line that says how many warnings there were."""
    count = "1 warning" if many == 1 else f"{many:,} warnings"
    if line.endswith(")"):
        return f"{line[:-1]}; {count})"
    return f"{line} {count[0].upper()}{count[1:]}." if line.endswith(".") else f"{line}; {count}"


def _clipped(text: str) -> str:
    return text if len(text) <= MOST_CHARACTERS else f"{text[:MOST_CHARACTERS]} … (--json has it whole)"
