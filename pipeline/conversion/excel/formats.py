"""Decides which number formats show a number as a date, and whether every reader would decide the same."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

OWN: Final = "="
"""What a format that is text, not the number of one that Excel has built in, begins with."""

_BUILT_IN: Final = re.compile(r"0|[1-9][0-9]{0,4}", re.ASCII)
_DATES: Final = frozenset({*range(14, 23), 45, 46, 47})
_ELAPSED: Final = re.compile(r"\[(?:hh?|mm?|ss?)\]")
_OTHER_ELAPSED: Final = re.compile(r"\[(?:h+|m+|s+)\]", re.IGNORECASE)
# A quoted text, a condition or colour, a literal letter: none holds anything that a reader could take for more.
_LITERALS: Final = re.compile(
    r'"[^"\\_*\[\];]*"|\[[^\[\]"\\_*;]*\]|[\\_][^\\_*"\[\];]|\*[^\\_*"\[\];dmhysa]', re.IGNORECASE
)
_MARKS: Final = re.compile(r'[\\_*"\[\]]')
_DATE_LETTERS: Final = re.compile(r"[dmhys]", re.IGNORECASE)


def date_style_numbers(formats: Sequence[str]) -> frozenset[int]:
    """Return the numbers of the cell styles that show a number as a date or a time."""
    known = {each: _is_own(each[1:]) if each.startswith(OWN) else _is_built_in(each) for each in set(formats)}
    return frozenset(number for number, each in enumerate(formats) if known[each])


def are_plain(formats: Sequence[str]) -> bool:
    """Return whether every reader takes the same of these formats for dates, and the first, the usual one, for none.

    Readers part where a format is no clear one: they differ in what they skip.
    """
    if formats and formats[0].startswith(OWN):
        return False
    return all(_is_clear(each) for each in set(formats)) and not (formats and _is_built_in(formats[0]))


def _is_own(told: str) -> bool:
    if _is_clear(OWN + told):
        return _DATE_LETTERS.search(_bare(told)) is not None
    # openpyxl takes 0.2 s to import and most conversions never need it.
    from openpyxl.styles.numbers import is_date_format

    return bool(is_date_format(told))


def _bare(told: str) -> str:
    """Return what is left of a format's first section without its literals, an elapsed time as one letter."""
    return _LITERALS.sub("", _ELAPSED.sub("h", told.split(";", 1)[0]))


def _is_built_in(number: str) -> bool:
    return _BUILT_IN.fullmatch(number) is not None and int(number) in _DATES


def _is_clear(told: str) -> bool:
    if not told.startswith(OWN):
        return _BUILT_IN.fullmatch(told) is not None
    first = told[1:].split(";", 1)[0]
    left = _bare(told[1:])
    if _OTHER_ELAPSED.search(_ELAPSED.sub("h", first)) or _MARKS.search(left):
        return False
    before, found, behind = left.casefold().partition("a")
    if not found or _DATE_LETTERS.search(before):
        return True
    return not re.search(r"[dmhysp/]", behind)
