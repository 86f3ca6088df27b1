"""Finds the name of a security in the cells above the headers of a block."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from pipeline.conversion.header_words import is_security
from pipeline.conversion.names import full_name, likely_name
from pipeline.markets.codes import exchange_of_code

if TYPE_CHECKING:
    from pipeline.conversion.headers import Head

SECTOR: Final = "equity"


class NameAbove(NamedTuple):
    """The security named above a block, and the text that names it.

    is_sure: it stands beside or below the word `Security`, or is written in full and alone in its row.
    """

    name: str
    text: str
    is_sure: bool


def name_above(head: Head, header_row: int, span: tuple[int, int]) -> NameAbove | None:
    """Return the security named above the headers: beside or below the word `Security`, else the only one."""
    named: dict[str, NameAbove] = {}
    labelled: dict[str, NameAbove] = {}
    for number, row in sorted(head.items()):
        for column, text in sorted(row.items()) if number < header_row else ():
            name = _named_by(text) if span[0] <= column < span[1] else None
            if name is None:
                continue
            inside = [each for at, each in row.items() if span[0] <= at < span[1] and each.strip()]
            is_sure = full_name(text) is not None and inside == [text]
            named.setdefault(name, NameAbove(name, text, is_sure))
            labels = (row.get(column - 1, ""), head.get(number - 1, {}).get(column, ""), text.partition(":")[0])
            if any(map(is_security, labels)):
                labelled.setdefault(name, NameAbove(name, text, is_sure=True))
    names = labelled or named
    return next(iter(names.values())) if len(names) == 1 else None


def _named_by(text: str) -> str | None:
    """Return the security that a cell names: with its sector, or with a code that a market's file knows."""
    name = full_name(text) or (likely_name(text.strip()) if " " in text.strip() else None)
    if name is None or full_name(text) or SECTOR in text.casefold():
        return name
    return name if exchange_of_code(name.split(" ")[-2]) else None
