"""Reads workbooks of Excel 97 to 2003 (.xls) through xlrd; their sheets become XML."""

from __future__ import annotations

import io
import zlib
from typing import TYPE_CHECKING, Any, Final
from zipfile import ZipInfo

from pipeline.conversion.excel import sheet_xml
from pipeline.conversion.excel.parts import Sheet
from pipeline.errors import CorruptWorkbook, NotAWorkbook, PasswordProtected

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_XML_PER_BYTE: Final = 8
_ROWS_A_PIECE: Final = 1_000


def old_book(path: Path) -> tuple[tuple[Sheet, ...], bool]:
    """Return the sheets of an .xls workbook, and whether its dates count from 1904.

    Raises NotAWorkbook, PasswordProtected or CorruptWorkbook.
    """
    content = path.read_bytes()
    book = _opened(path, content)
    sheets = []
    for name in book.sheet_names():
        part = ZipInfo(name)
        part.CRC, part.file_size = zlib.crc32(content), len(content) * _XML_PER_BYTE
        sheets.append(Sheet(name, hidden=False, part=part))
    return tuple(sheets), bool(book.datemode)


def old_sheet(path: Path, name: str) -> Iterator[bytes]:
    """Yield a sheet's rows as XML, piece by piece; raises ValueError for one that cannot be read."""
    import xlrd

    book = _opened(path, path.read_bytes())
    try:
        sheet = book.sheet_by_name(name)
    except MemoryError:
        raise
    except Exception as error:  # xlrd names few of its errors
        raise ValueError(_words(error)) from error
    of_kind: dict[int, Callable[[Any], str]] = {
        xlrd.XL_CELL_TEXT: sheet_xml.text,
        xlrd.XL_CELL_NUMBER: sheet_xml.number,
        xlrd.XL_CELL_DATE: lambda value: sheet_xml.number(value, sheet_xml.DATE_STYLE),
        xlrd.XL_CELL_BOOLEAN: sheet_xml.truth,
        xlrd.XL_CELL_ERROR: lambda code: sheet_xml.error(xlrd.error_text_from_code.get(code, "#N/A")),
    }
    yield sheet_xml.HEAD
    for start in range(0, sheet.nrows, _ROWS_A_PIECE):
        rows = []
        for row in range(start, min(start + _ROWS_A_PIECE, sheet.nrows)):
            kinds, values = sheet.row_types(row), sheet.row_values(row)
            cells = enumerate(zip(kinds, values, strict=True))
            rows.append(
                sheet_xml.row(row + 1, [(at, of_kind[kind](value)) for at, (kind, value) in cells if kind in of_kind])
            )
        yield "".join(rows).encode()
    yield sheet_xml.TAIL


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
