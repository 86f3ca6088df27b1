"""A sheet and the workbook's shared texts in, whether every reader finds the same text behind every number out."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Final

from pipeline.convert.workbook.scan import chunks_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pipeline.convert.workbook.archive import Sheet, Workbook

LONG: Final = 64
"""Texts up to this length may stand in every row; longer ones are counted first."""

_MOST_BYTES: Final = 256 << 20
_ESCAPE: Final = re.compile(r"_x([0-9A-Fa-f]{4})_")
_KIND: Final = b't="s"'
_CELL: Final = re.compile(rb't="s"[^>]*><v>([^<]*)</v>')
_NUMBER: Final = re.compile(rb"[0-9]{1,9}")
_ROW: Final = b"<row "


def same_texts(workbook: Workbook, sheet: Sheet, rows: int, is_meant: Callable[[str], bool]) -> bool:
    """Return whether the fast reader may be trusted with the texts of a sheet of so many rows.

    It takes a number that is none for the first text, it undoes escapes such as `_x0041_`, and it copies a text for
    every cell that holds it. `is_meant` tells a text that a row is kept for.
    """
    texts = workbook.texts
    escaped = [text for text in texts if "_x" in text]
    if any(is_meant(_ESCAPE.sub(lambda found: chr(int(found[1], 16)), text)) != is_meant(text) for text in escaped):
        return False
    longest = max(map(len, texts), default=0)
    if not (texts and is_meant(texts[0])) and (longest <= LONG or longest * rows <= _MOST_BYTES):
        return True
    counted: Counter[bytes] = Counter()
    for block in _whole_rows(workbook, sheet):
        found = _CELL.findall(block)
        if len(found) != block.count(_KIND):
            return False
        counted.update(found)
    if not all(_NUMBER.fullmatch(number) and int(number) < len(texts) for number in counted):
        return False
    return sum(len(texts[int(number)]) * count for number, count in counted.items()) <= _MOST_BYTES


def _whole_rows(workbook: Workbook, sheet: Sheet) -> Iterator[bytes]:
    rest = b""
    for chunk in chunks_of(workbook.path, sheet):
        block = rest + chunk
        cut = max(block.rfind(_ROW), 0)
        rest = block[cut:]
        yield block[:cut]
    yield rest
