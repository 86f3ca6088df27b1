"""Writes sheets row by row: numbers and dates as what they are, texts as texts whatever they begin with.

openpyxl makes the workbook: sheets, heads, formats, charts. The rows of tables are written as XML beside it and put
into their sheets as the archive is packed: through openpyxl a million fills take minutes, so seconds. Equal rows give
equal bytes: no time of day goes into the file.
"""

from __future__ import annotations

import itertools
import math
import re
import shutil
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final
from xml.sax.saxutils import escape

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.writer.excel import ExcelWriter

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Mapping, Sequence

MOST_ROWS: Final = 1_000_000
"""Rows of a sheet below its head; Excel ends at 1,048,576."""
MOST_TEXT: Final = 32_767
MOST_NAME: Final = 31
FORBIDDEN_IN_NAMES: Final = str.maketrans(dict.fromkeys("[]:*?/\\", "_"))
FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t")
"""What a spreadsheet may take for a formula's first letter. Source: OWASP, "CSV Injection"."""

FORMATS: Final = {
    "text": "@",
    "count": "#,##0",
    "money": "#,##0.00;[Red]-#,##0.00",
    "whole_money": "#,##0;[Red]-#,##0",
    "price": "0.00##",
    "ratio": "0.00",
    "share": "0.0%",
    "percentage": "0.0",
    "bps": "0.00",
    "seconds": "0.0",
    "days": "#,##0",
    "shares": "#,##0",
    "day": "yyyy-mm-dd",
    "time": "yyyy-mm-dd hh:mm:ss.000",
    "number": "General",
}
"""How cells of each kind are shown: the forms of figures, and those of tables besides."""

WIDTHS: Final = {"text": 22.0, "day": 12.0, "time": 24.0}
WIDTH: Final = 15.0
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)
_EPOCH_DAYS: Final = 25_569  # from 1899-12-30, Excel's day 0, to 1970-01-01
_MS_A_DAY: Final = 86_400_000
_CONTROLS: Final = re.compile(f"{ILLEGAL_CHARACTERS_RE.pattern}|\\r")  # XML reads a bare return as a line feed
_END_OF_ROWS: Final = b"</sheetData>"
_LETTERS: Final = tuple(map(get_column_letter, range(1, 257)))


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table: its head, the kind of its cells (a key of FORMATS), and its width in characters."""

    title: str
    kind: str
    width: float = 0.0


def day_serial(day: int) -> int:
    """Return a day since 1970-01-01 as Excel counts days."""
    return day + _EPOCH_DAYS


def time_serial(stamp: int) -> float:
    """Return ms since 1970-01-01 as Excel counts days, exact to the millisecond."""
    return stamp / _MS_A_DAY + _EPOCH_DAYS


class ResultsBook:
    """A workbook under way, kept in temporary files until it is written."""

    def __init__(self, title: str, created: dt.datetime) -> None:
        self._book = Workbook(write_only=True)
        self._book.properties.title = title
        self._book.properties.creator = "tick-pipeline"
        self._book.properties.created = self._book.properties.modified = created
        self._names: set[str] = set()
        self._rows: dict[int, IO[bytes]] = {}

    def add_table(self, name: str, columns: Sequence[Column], rows: Iterable[Sequence[Any]], *, fixed: int = 1) -> Any:
        """Add a sheet with a table under a head that stays in sight, with a filter; return it.

        Rows that Excel has no room for go on in further sheets.

        Args:
            name: The sheet's, made one that Excel takes.
            columns: What its cells are.
            rows: A value a column.
            fixed: How many columns stay in sight.
        """
        rest = iter(rows)
        first = None
        while True:
            sheet = self._sheet(name, columns, fixed)
            first = first or sheet
            styles = [_styles(sheet, column.kind) for column in columns]
            file = self._rows_of_last()
            count = 0
            for count, row in enumerate(itertools.islice(rest, MOST_ROWS), 1):
                file.write(_row_xml(count + 1, row, styles))
            sheet.auto_filter.ref = f"A1:{get_column_letter(len(columns))}{count + 1}"
            following = next(rest, None)
            if following is None:
                return first
            rest = itertools.chain((following,), rest)

    def add_sheet(self, name: str, rows: Iterable[Sequence[tuple[Any, str]]], widths: Sequence[float]) -> Any:
        """Add a sheet of rows whose cells are values with their kinds, `title` and `head` for headings; return it.

        The first row is a text.
        """
        sheet = self._new(name)
        for number, width in enumerate(widths, 1):
            sheet.column_dimensions[get_column_letter(number)].width = width
        title, *others = rows
        sheet.append([_cell(sheet, value, kind) for value, kind in title])
        file = self._rows_of_last()
        for number, row in enumerate(others, 2):
            file.write(_row_xml(number, [value for value, _ in row], [_styles(sheet, kind) for _, kind in row]))
        return sheet

    def write(self, file: IO[bytes]) -> None:
        """Write the workbook; nothing can be added any more."""
        rows = {f"xl/worksheets/sheet{number}.xml": of_sheet for number, of_sheet in self._rows.items()}
        with _Archive(file, rows) as archive:
            ExcelWriter(self._book, archive).write_data()
        for of_sheet in rows.values():
            of_sheet.close()

    def _sheet(self, name: str, columns: Sequence[Column], fixed: int) -> Any:
        sheet = self._new(name)
        sheet.freeze_panes = f"{get_column_letter(fixed + 1)}2"
        for number, column in enumerate(columns, 1):
            wanted = column.width or WIDTHS.get(column.kind, WIDTH)
            sheet.column_dimensions[get_column_letter(number)].width = wanted
        sheet.append([_cell(sheet, column.title, "head") for column in columns])
        return sheet

    def _rows_of_last(self) -> IO[bytes]:
        """Return the file for the rows below the first of the sheet that was made last."""
        file = tempfile.TemporaryFile()  # noqa: SIM115 - it lasts until the workbook is written
        self._rows[len(self._book.worksheets)] = file
        return file

    def _new(self, name: str) -> Any:
        sheet = self._book.create_sheet(self._name(name))
        sheet.page_setup.orientation = "landscape"
        sheet.page_setup.fitToHeight = 0  # as many pages as it takes, one wide
        sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
        sheet.print_title_rows = "1:1"
        return sheet

    def _name(self, name: str) -> str:
        """Return a sheet's name that Excel takes and no other sheet has, whatever its letters' case."""
        plain = ILLEGAL_CHARACTERS_RE.sub("_", name).translate(FORBIDDEN_IN_NAMES).strip("'") or "_"
        number, candidate = 1, plain[:MOST_NAME]
        while candidate.casefold() in self._names:
            number += 1
            suffix = f" {number}"
            candidate = plain[: MOST_NAME - len(suffix)] + suffix
        self._names.add(candidate.casefold())
        return candidate


class _Archive(zipfile.ZipFile):
    """A zip archive whose members are dated alike, and whose sheets get the rows that were written beside them."""

    def __init__(self, file: IO[bytes], rows: Mapping[str, IO[bytes]]) -> None:
        super().__init__(file, "w", zipfile.ZIP_DEFLATED)
        self._rows = rows

    def writestr(self, zinfo_or_arcname: Any, data: Any, *_: Any, **__: Any) -> None:
        super().writestr(self._member(str(zinfo_or_arcname)), data)

    def write(self, filename: Any, arcname: Any = None, *_: Any, **__: Any) -> None:
        rows = self._rows.get(str(arcname))
        with (
            Path(filename).open("rb") as source,
            self.open(self._member(str(arcname)), "w", force_zip64=True) as target,
        ):
            if rows is not None:
                head, end, tail = source.read().partition(_END_OF_ROWS)
                target.write(head)
                rows.seek(0)
                shutil.copyfileobj(rows, target, 1 << 20)
                target.write(end + tail)
            else:
                shutil.copyfileobj(source, target)

    def _member(self, name: str) -> zipfile.ZipInfo:
        member = zipfile.ZipInfo(name, _EPOCH)
        member.compress_type = self.compression
        return member


def _row_xml(number: int, row: Sequence[Any], styles: Sequence[tuple[int, int]]) -> bytes:
    """Return a row of a sheet: None, and what is no number, are empty cells; a text is an inline string."""
    cells = []
    for at, (value, (style, quoted)) in enumerate(zip(row, styles, strict=True)):
        if isinstance(value, str):
            if value:
                text, of_text = _plain(value), quoted if value.startswith(FORMULA_STARTS) else style
                inline = f'<is><t xml:space="preserve">{escape(text)}</t></is>'
                cells.append(f'<c r="{_LETTERS[at]}{number}" s="{of_text}" t="inlineStr">{inline}</c>')
        elif value is not None and math.isfinite(value):
            cells.append(f'<c r="{_LETTERS[at]}{number}" s="{style}"><v>{value!r}</v></c>')
    return f'<row r="{number}">{"".join(cells)}</row>'.encode()


def _cell(sheet: Any, text: str, kind: str) -> Any:
    """Return a cell that holds a text, never taken for a formula, an error or a date."""
    cell = WriteOnlyCell(sheet)
    if kind == "head":
        cell.font = Font(bold=True)
        cell.fill = PatternFill("solid", fgColor="E6E9ED")
        cell.alignment = Alignment(wrap_text=True, vertical="top")
    elif kind == "title":
        cell.font = Font(bold=True, size=14)
    else:
        cell.number_format = FORMATS[kind]
    if text:
        cell.value = _plain(text)
        cell.data_type = "s"
        cell.quotePrefix = text.startswith(FORMULA_STARTS)
    return cell


def _styles(sheet: Any, kind: str) -> tuple[int, int]:
    """Return the numbers of the styles of a column's cells: of most, and of texts that begin as a formula does."""
    plain, quoted = (_cell(sheet, "", kind) for _ in range(2))
    quoted.quotePrefix = True
    return plain.style_id, quoted.style_id


def _plain(text: str) -> str:
    """Return a text that a sheet can hold: control characters as their numbers, and cut where Excel would cut it."""
    return _CONTROLS.sub(lambda found: f"\\x{ord(found[0]):02x}", text)[:MOST_TEXT]
