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


def row_of(told: str | None, previous: int) -> int:
    """Return a row's number: what its attribute tells, or the one behind the previous row."""
    if told is None:
        number = previous + 1
    elif _WHOLE.fullmatch(told):
        number = int(told)
    else:
        raise ValueError(f"'{shown(told)}' is no row number")
    if not 1 <= number <= LAST_ROW:
        raise ValueError(f"row {number} is none of the {LAST_ROW:,} that Excel has")
    return number


def column_of(told: str | None, previous: int, row: int) -> int:
    """Return a cell's column, 0 for A: what its reference tells, or the one behind the previous cell of the row."""
    if told is None:
        column = previous + 1
    else:
        found = _REFERENCE.fullmatch(told)
        if found is None or int(found[2]) != row:
            raise ValueError(f"'{shown(told)}' is no cell of row {row}")
        column = _column(found[1])
    if column > LAST_COLUMN:
        raise ValueError(f"a cell of row {row} stands behind column XFD, Excel's last")
    return column


def shared_text(told: str, texts: tuple[str, ...]) -> str:
    """Return the shared text of a number."""
    told = told.strip()
    if not _WHOLE.fullmatch(told) or int(told) >= len(texts):
        raise ValueError(f"there is no shared text {shown(told)}")
    return texts[int(told)]


@lru_cache(maxsize=1024)
def _column(letters: str) -> int:
    column = 0
    for letter in letters.upper():
        column = column * 26 + ord(letter) - _A
    return column - 1
