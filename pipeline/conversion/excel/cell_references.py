"""Parses the row numbers, cell references and shared-string numbers of a sheet; raises ValueError for invalid ones."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from pipeline.errors import shown

LAST_ROW: Final = 1_048_576
LAST_COLUMN: Final = 16_383
_REFERENCE: Final = re.compile(r"([A-Z]{1,3})([0-9]{1,7})", re.IGNORECASE | re.ASCII)
_WHOLE: Final = re.compile(r"[0-9]{1,9}", re.ASCII)
_A: Final = ord("A") - 1


def row_of(reference: str | None, previous: int) -> int:
    """Return a row's number: that of its attribute, or the one after the previous row's."""
    if reference is None:
        number = previous + 1
    elif _WHOLE.fullmatch(reference):
        number = int(reference)
    else:
        raise ValueError(f"'{shown(reference)}' is not a row number")
    if not 1 <= number <= LAST_ROW:
        raise ValueError(f"row {number} is beyond the {LAST_ROW:,} that Excel has")
    return number


def column_of(reference: str | None, previous: int, row: int) -> int:
    """Return a cell's column, 0 for A: that of its reference, or the one after the previous cell's."""
    if reference is None:
        column = previous + 1
    else:
        match = _REFERENCE.fullmatch(reference)
        if match is None or int(match[2]) != row:
            raise ValueError(f"'{shown(reference)}' is not a cell of row {row}")
        column = _column(match[1])
    if column > LAST_COLUMN:
        raise ValueError(f"a cell of row {row} stands beyond column XFD, Excel's last")
    return column


def shared_text(number: str, texts: tuple[str, ...]) -> str:
    """Return the shared text of a number."""
    number = number.strip()
    if not _WHOLE.fullmatch(number) or int(number) >= len(texts):
        raise ValueError(f"there is no shared text {shown(number)}")
    return texts[int(number)]


def letters_of(column: int) -> str:
    """Return the letters of a column, A for 0."""
    letters = ""
    column += 1
    while column:
        column, place = divmod(column - 1, 26)
        letters = chr(ord("A") + place) + letters
    return letters


@lru_cache(maxsize=1024)
def _column(letters: str) -> int:
    column = 0
    for letter in letters.upper():
        column = column * 26 + ord(letter) - _A
    return column - 1
