"""Reads the first sheet of a workbook as rows of texts, dates and times as ISO, for workbooks that hold no ticks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pipeline.conversion.excel.archive import open_workbook
from pipeline.conversion.excel.cells import LAST_COLUMN, SERIAL, Cell
from pipeline.conversion.excel.row_reader import read_rows
from pipeline.conversion.timestamps import as_text, serial_clock_ms, serial_ms

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_MIDNIGHT: Final = "1970-01-01 "


def first_sheet(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield the number and the cells of every row that is not blank; raises what opening and reading it raises."""
    workbook = open_workbook(path)
    for number, cells, _ in read_rows(workbook, workbook.sheets[0], 0, range(LAST_COLUMN + 1)):
        if cells:
            texts = {column: _text(cell, date1904=workbook.date1904) for column, cell in cells.items()}
            yield number, [texts.get(column, "") for column in range(max(cells) + 1)]


def _text(cell: Cell, *, date1904: bool) -> str:
    if cell.kind != SERIAL:
        return cell.text
    serial = float(cell.text)
    if 0 <= serial < 1:
        return as_text(serial_clock_ms(serial) or 0).removeprefix(_MIDNIGHT)
    moment = serial_ms(serial, date1904=date1904)
    return cell.text if moment is None else as_text(moment)
