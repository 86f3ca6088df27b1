"""Decides which number formats show a number as a date or a time, by the same rule as openpyxl."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

_OWN: Final = "="
"""What a format that is text, not the number of one that Excel has built in, begins with."""

_BUILT_IN: Final = frozenset(map(str, (*range(14, 23), 45, 46, 47)))
# Quoted texts, and what stands in brackets but is no elapsed time.
_LITERALS: Final = re.compile(r'".*?"|\[(?!hh?\]|mm?\]|ss?\])[^\]]*\]')
_DATE_LETTER: Final = re.compile(r"(?<![_\\])[dmhysDMHYS]")


def date_style_numbers(formats: Sequence[str]) -> frozenset[int]:
    """Return the numbers of the cell styles that show a number as a date or a time."""
    dates = {number_format for number_format in set(formats) if _is_date(number_format)}
    return frozenset(number for number, number_format in enumerate(formats) if number_format in dates)


def _is_date(number_format: str) -> bool:
    if not number_format.startswith(_OWN):
        return number_format in _BUILT_IN
    first = number_format[1:].split(";", maxsplit=1)[0]
    return _DATE_LETTER.search(_LITERALS.sub("", first)) is not None
