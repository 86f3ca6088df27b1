"""Reads the rows of a workbook's sheets through openpyxl, as an independent check on our own readers."""

from __future__ import annotations

import datetime as dt
import warnings
import zipfile
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import openpyxl
from openpyxl.utils.datetime import MAC_EPOCH, WINDOWS_EPOCH, to_excel
from openpyxl.worksheet._reader import WorkSheetParser

from pipeline.conversion.excel.cells import BLANK, BOOL, ERROR, ISO, NUMBER, SERIAL, TEXT, Cell
from pipeline.errors import UnreadableSheet

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_KINDS: Final = {"s": TEXT, "e": ERROR, "n": NUMBER}
# openpyxl makes dates of numbers that are none.
_FIRST: Final = {WINDOWS_EPOCH: dt.datetime(1900, 3, 1), MAC_EPOCH: dt.datetime(1904, 1, 2)}  # noqa: DTZ001 - no zone
_DAY: Final = dt.timedelta(days=1)
Row = tuple[int, dict[int, Cell]]


@contextmanager
def open_book(path: Path) -> Iterator[Any]:
    """Open a workbook by openpyxl for `rows_of`; raises UnreadableSheet for what openpyxl cannot read, also inside."""
    # Told of serials that are no dates and of parts it does not know, which the comparison says better or not at all.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            book = openpyxl.load_workbook(path, read_only=True, data_only=True, keep_links=False)
        except Exception as error:  # openpyxl names no errors of its own: odd styles alone raise five kinds
            raise _unreadable(path, error) from error
        try:
            yield book
        except (ValueError, KeyError, OSError, zipfile.BadZipFile) as error:
            raise _unreadable(path, error) from error
        finally:
            book.close()


def rows_of(book: Any, sheet: str) -> Iterator[Row]:
    """Yield (row number, column (0 is A) → cell) of every row element, whatever the sheet says of its dimension."""
    page = book[sheet]
    with page._get_source() as source:  # noqa: SLF001 - the public way drops rows that stand twice under one number
        parser = WorkSheetParser(
            source,
            page._shared_strings,  # noqa: SLF001 - as openpyxl does
            data_only=True,
            epoch=book.epoch,
            date_formats=book._date_formats,  # noqa: SLF001 - as openpyxl does
            timedelta_formats=book._timedelta_formats,  # noqa: SLF001 - as openpyxl does
        )
        for number, cells in parser.parse():
            yield number, {cell["column"] - 1: _cell(cell["data_type"], cell["value"], book.epoch) for cell in cells}


def _unreadable(path: Path, error: Exception) -> UnreadableSheet:
    return UnreadableSheet(f"{path} cannot be read by openpyxl: {error}")


def _cell(kind: str, value: Any, epoch: dt.datetime) -> Cell:
    if value is None or (isinstance(value, str) and not value.strip()):
        return BLANK
    if isinstance(value, bool):
        return Cell(BOOL, str(int(value)))
    if isinstance(value, dt.datetime) and value < _FIRST[epoch]:
        return Cell(SERIAL, repr(to_excel(value, epoch)))  # type: ignore[no-untyped-call]
    if isinstance(value, dt.date | dt.time):
        return Cell(ISO, _iso(value))
    if isinstance(value, dt.timedelta):
        return Cell(SERIAL, repr(value / _DAY))
    return Cell(_KINDS[kind], value if isinstance(value, str) else repr(value))


def _iso(value: dt.date | dt.time) -> str:
    """Return date, time or both as ISO text, milliseconds only where there are some."""
    if isinstance(value, dt.datetime):
        return value.isoformat(" ", "milliseconds" if value.microsecond else "seconds")
    if isinstance(value, dt.time):
        return value.isoformat("milliseconds" if value.microsecond else "seconds")
    return value.isoformat()
