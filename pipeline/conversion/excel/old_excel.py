"""Reads workbooks of Excel 97 to 2003 (.xls) through xlrd."""

from __future__ import annotations

import io
import struct
import zlib
from typing import TYPE_CHECKING, Any, Final
from zipfile import ZipInfo

from pipeline.conversion.excel.cells import BLANK, BOOL, ERROR, Cell, number_cell, text_cell
from pipeline.conversion.excel.parts import Sheet
from pipeline.errors import CorruptWorkbook, NotAWorkbook, PasswordProtected

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pipeline.conversion.excel.cells import RowCells

_XML_PER_BYTE: Final = 8
_RECORD, _ROW_FLAGS = struct.Struct("<HH"), struct.Struct("<H10xI")
_BEGIN, _END, _ROW = 0x0809, 0x000A, 0x0208
_HIDDEN: Final = 0x20


def old_book(path: Path) -> tuple[tuple[Sheet, ...], bool]:
    """Return the sheets of an .xls workbook, and whether its dates count from 1904.

    Raises NotAWorkbook, PasswordProtected or CorruptWorkbook.
    """
    content = path.read_bytes()
    book = _opened(path, content)
    sheets = []
    # A sheet says itself whether it is hidden, but only once it is read whole.
    for name, hidden in zip(book.sheet_names(), book._sheet_visibility, strict=True):  # noqa: SLF001
        part = ZipInfo(name)
        part.CRC, part.file_size = zlib.crc32(content), len(content) * _XML_PER_BYTE
        sheets.append(Sheet(name, hidden=bool(hidden), part=part))
    return tuple(sheets), bool(book.datemode)


def old_rows(path: Path, name: str) -> Iterator[RowCells]:
    """Yield a sheet's rows; raises ValueError for one that cannot be read."""
    import xlrd

    book = _opened(path, path.read_bytes())
    try:
        sheet = book.sheet_by_name(name)
    except MemoryError:
        raise
    except Exception as error:  # xlrd names few of its errors
        raise ValueError(_words(error)) from error
    of_kind: dict[int, Callable[[Any], Cell]] = {
        xlrd.XL_CELL_TEXT: text_cell,
        xlrd.XL_CELL_NUMBER: number_cell,
        xlrd.XL_CELL_DATE: lambda value: number_cell(value, is_date=True),
        xlrd.XL_CELL_BOOLEAN: lambda value: Cell(BOOL, str(int(bool(value)))),
        xlrd.XL_CELL_ERROR: lambda code: Cell(ERROR, xlrd.error_text_from_code.get(code, "#N/A")),
    }
    hidden = _hidden_rows(book, name)
    for row in range(sheet.nrows):
        pairs = enumerate(zip(sheet.row_types(row), sheet.row_values(row), strict=True))
        cells = {at: of_kind[kind](value) for at, (kind, value) in pairs if kind in of_kind}
        yield row + 1, {at: cell for at, cell in cells.items() if cell is not BLANK}, row in hidden


def _hidden_rows(book: Any, name: str) -> set[int]:
    """Return the rows of a sheet that Excel hides, from 0, by its records of rows.

    xlrd reads these with all formats only, which takes a quarter longer and fails where a format is odd.
    """
    content, at = book.mem, max(0, book._sh_abs_posn[book.sheet_names().index(name)])  # noqa: SLF001
    hidden: set[int] = set()
    depth = 0
    while at + _RECORD.size <= len(content):
        kind, size = _RECORD.unpack_from(content, at)
        at += _RECORD.size
        depth += (kind == _BEGIN) - (kind == _END)
        if not depth:
            break
        if kind == _ROW and at + _ROW_FLAGS.size <= len(content):
            row, flags = _ROW_FLAGS.unpack_from(content, at)
            hidden |= {row} if flags & _HIDDEN else set()
        at += size
    return hidden


def _opened(path: Path, content: bytes) -> Any:
    import xlrd

    try:
        return xlrd.open_workbook(file_contents=content, on_demand=True, ragged_rows=True, logfile=io.StringIO())
    except xlrd.XLRDError as error:
        if "encrypted" in str(error):
            raise PasswordProtected(f"{path} is password-protected; save it in Excel without a password.") from error
        raise NotAWorkbook(f"{path} is not an Excel workbook ({error}); save it in Excel as .xlsx.") from error
    except MemoryError:
        raise
    except Exception as error:  # xlrd names few of its errors
        raise CorruptWorkbook(f"{path} is damaged ({_words(error)}); open it in Excel and save it as .xlsx.") from error


def _words(error: Exception) -> str:
    return str(error) or type(error).__name__
