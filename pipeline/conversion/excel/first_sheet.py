"""Reads the first sheet of a workbook as rows of texts, dates and times as ISO, for workbooks that hold no ticks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.conversion.cell_text import cell_text
from pipeline.conversion.excel.archive import open_workbook
from pipeline.conversion.excel.cells import LAST_COLUMN
from pipeline.conversion.excel.row_reader import read_rows

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def first_sheet(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield the number and the cells of every row that is not blank; raises what opening and reading it raises."""
    workbook = open_workbook(path)
    for number, cells, _ in read_rows(workbook, workbook.sheets[0], 0, range(LAST_COLUMN + 1)):
        if cells:
            texts = {column: cell_text(cell, date1904=workbook.date1904) for column, cell in cells.items()}
            yield number, [texts.get(column, "") for column in range(max(cells) + 1)]
