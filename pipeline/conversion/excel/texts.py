"""Decides whether the fast reader resolves a sheet's shared strings to the same texts as the row reader."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Final

from pipeline.conversion.excel.scan import whole_rows

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipeline.conversion.excel.archive import Sheet, Workbook

# Texts up to this length may stand in every row; longer ones are counted first.
_SHORT: Final = 64
_MOST_BYTES: Final = 256 << 20
_ESCAPE: Final = re.compile(r"_x([0-9A-Fa-f]{4})_")
_KIND: Final = b't="s"'
_CELL: Final = re.compile(rb't="s"[^>]*><v>([^<]*)</v>')
_NUMBER: Final = re.compile(rb"[0-9]{1,9}")


def same_texts(workbook: Workbook, sheet: Sheet, rows: int, is_meant: Callable[[str], bool]) -> bool:
    """Return whether the fast reader may be trusted with the texts of a sheet of so many rows.

    It takes a number that is none for the first text, it undoes escapes such as `_x0041_`, and it copies a text for
    every cell that holds it. `is_meant` tells a text that a row is kept for.
    """
    texts = workbook.texts
    told = workbook.text_facts
    if any(is_meant(_ESCAPE.sub(_letter, text)) != is_meant(text) for text in told.escaped):
        return False
    if not (texts and is_meant(texts[0])) and (told.longest <= _SHORT or told.longest * rows <= _MOST_BYTES):
        return True
    counted: Counter[bytes] = Counter()
    for block in whole_rows(workbook, sheet):
        found = _CELL.findall(block)
        if len(found) != block.count(_KIND):
            return False
        counted.update(found)
    if not all(_NUMBER.fullmatch(number) and int(number) < len(texts) for number in counted):
        return False
    return sum(len(texts[int(number)]) * count for number, count in counted.items()) <= _MOST_BYTES


def _letter(escape: re.Match[str]) -> str:
    return chr(int(escape[1], 16))
