"""Reads the sheets of an OpenDocument spreadsheet (.ods) from its content.xml."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from pipeline.conversion.excel.cells import (
    BLANK,
    BOOL,
    ERROR,
    ISO,
    LAST_COLUMN,
    LAST_ROW,
    Cell,
    number_cell,
    text_cell,
)
from pipeline.conversion.excel.parts import Sheet, check_number
from pipeline.conversion.excel.stream import ElementStream, local_name
from pipeline.errors import NotAWorkbook, shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path
    from xml.etree.ElementTree import Element
    from zipfile import ZipInfo

    from pipeline.conversion.excel.cells import RowCells

CONTENT: Final = "content.xml"
MANIFEST: Final = "META-INF/manifest.xml"
_NAMED: Final = rb"""[^\s=<>/"']+\s*=\s*(?:"[^"<]*"|'[^'<]*')"""
_START: Final = re.compile(
    rb"<(?:[^\s<>/:]+:)?(table|style|table-properties|null-date)((?:\s+" + _NAMED + rb")*)\s*/?>"
)
_ATTRIBUTE: Final = re.compile(rb"""(?:[^\s=:]+:)?([^\s=:]+)\s*=\s*(?:"([^"]*)"|'([^']*)')""")
_EPOCHS: Final = {"1899-12-30": False, "1904-01-01": True}
_OVERLAP: Final = 1 << 12
_QUOTES: Final = {"&quot;": '"', "&apos;": "'"}
_TIMES: Final = re.compile("[0-9]{1,7}", re.ASCII)
_CLOCK: Final = re.compile(r"PT(\d+)H(\d+)M(\d+(?:[.,]\d+)?)S")
_OFFICE, _TABLES, _TEXT_SPACE = (
    f"{{urn:oasis:names:tc:opendocument:xmlns:{name}:1.0}}" for name in ("office", "table", "text")
)
_TYPE, _VALUE, _STRING = f"{_OFFICE}value-type", f"{_OFFICE}value", f"{_OFFICE}string-value"
_DATE, _TIME, _TRUTH = f"{_OFFICE}date-value", f"{_OFFICE}time-value", f"{_OFFICE}boolean-value"
_ROWS_REPEATED, _COLUMNS_REPEATED = f"{_TABLES}number-rows-repeated", f"{_TABLES}number-columns-repeated"
_VISIBILITY, _PARAGRAPH, _SPACES = f"{_TABLES}visibility", f"{_TEXT_SPACE}p", f"{_TEXT_SPACE}c"
_SHOWN_AS: Final = "{urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0}value-type"
_BYTES_A_CELL: Final = 32
_SECONDS_A_DAY: Final = 86_400


def is_encrypted_document(manifest: Iterable[bytes]) -> bool:
    """Return whether the list of a document's parts says how they are encrypted."""
    return b"encryption-data" in b"".join(manifest)


def tables(path: Path, content: ZipInfo, pieces: Iterable[bytes]) -> tuple[tuple[Sheet, ...], bool]:
    """Return the tables of a spreadsheet, and whether its dates count from 1904.

    Raises ValueError for more tables than one has, NotAWorkbook for dates that count from a day that Excel's never do.
    """
    sheets: list[Sheet] = []
    style, hidden, epoch = "", set(), "1899-12-30"
    for kind, attributes in _starts(pieces):
        if kind == "style":
            style = attributes.get("name", "")
        elif kind == "table-properties" and attributes.get("display") == "false":
            hidden.add(style)
        elif kind == "null-date":
            epoch = attributes.get("date-value", epoch)
        elif kind == "table":
            is_hidden = attributes.get("style-name") in hidden
            sheets.append(Sheet(attributes.get("name", ""), hidden=is_hidden, part=content))
            check_number(len(sheets))
    if epoch not in _EPOCHS:
        raise NotAWorkbook(
            f"{path} counts its dates from {shown(epoch)}, from which no workbook of Excel does. Format the times as "
            "dates and save it as .csv."
        )
    return tuple(sheets), _EPOCHS[epoch]


def _starts(pieces: Iterable[bytes]) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield the local names of the elements that say what the tables are, with their attributes by local name."""
    from xml.sax.saxutils import unescape  # brings what speaks HTTP

    rest = b""
    for piece in pieces:
        rest += piece
        cut = 0
        for start in _START.finditer(rest):
            pairs = ((match[1], match[2] or match[3] or b"") for match in _ATTRIBUTE.finditer(start[2]))
            texts = {name.decode("utf-8", "replace"): value.decode("utf-8", "replace") for name, value in pairs}
            yield start[1].decode(), {name: unescape(value, _QUOTES) for name, value in texts.items()}
            cut = start.end()
        rest = rest[max(cut, len(rest) - _OVERLAP) :]


def table_rows(pieces: Iterable[bytes], number: int, longest: int, most: int) -> Iterator[RowCells]:
    """Yield the rows that are not empty of the table of this number, from 0, a repeated one as often as it stands for.

    Raises ValueError, also for a row of more than `longest` bytes, and where repeated cells make more than `most`.
    """
    stream = ElementStream(("table-row",), longest, ends=("table",))
    table = row = size = 0
    for piece in pieces:
        for node in stream.feed(piece):
            if local_name(node) == "table":
                table, row = table + 1, 0
            elif table == number:
                cells = _cells(node)
                times = _repeated(node, _ROWS_REPEATED)
                for each in range(row + 1, row + 1 + times if cells else 0):
                    size += _BYTES_A_CELL * len(cells)
                    if size > most:
                        raise ValueError("its repeated cells and rows are more than a sheet of ticks has")
                    if each > LAST_ROW:
                        raise ValueError(f"row {each} is beyond the {LAST_ROW:,} that Excel has")
                    yield each, cells, node.get(_VISIBILITY, "visible") != "visible"
                row += times
            node.clear()
    stream.close()


def _cells(row: Element) -> dict[int, Cell]:
    """Return the cells that are not empty, by column."""
    cells: dict[int, Cell] = {}
    column = 0
    for node in row:
        times = _repeated(node, _COLUMNS_REPEATED)
        if (len(node) or node.get(_TYPE)) and (cell := _cell(node, node.get(_TYPE, ""))) is not BLANK:
            cells |= dict.fromkeys(range(column, min(column + times, LAST_COLUMN + 1)), cell)
        column += times
    return cells


def _cell(node: Element, kind: str) -> Cell:
    cell = BLANK
    if kind in ("float", "percentage", "currency"):
        cell = number_cell(float(node.get(_VALUE, "nan")))
    elif kind == "date":
        cell = Cell(ISO, node.get(_DATE, "")) if node.get(_DATE, "").strip() else BLANK
    elif kind == "time" and (clock := _CLOCK.fullmatch(node.get(_TIME, ""))):
        hours, minutes, seconds = int(clock[1]), int(clock[2]), float(clock[3].replace(",", "."))
        cell = number_cell((hours * 3600 + minutes * 60 + seconds) / _SECONDS_A_DAY, is_date=True)
    elif kind == "boolean":
        cell = Cell(BOOL, str(int(node.get(_TRUTH) == "true")))
    elif text := node.get(_STRING) or "\n".join(_text(child) for child in node if child.tag == _PARAGRAPH):
        cell = text_cell(text)
        if cell is not BLANK and node.get(_SHOWN_AS) == "error":
            cell = cell._replace(kind=ERROR)
    return cell


def _text(paragraph: Element) -> str:
    """Return a paragraph's text; spaces in a row, tabs and line ends are elements."""
    text = paragraph.text or ""
    for node in paragraph:
        name = local_name(node)
        if name == "s":
            text += " " * min(_repeated(node, _SPACES), LAST_COLUMN)
        elif name in ("tab", "line-break"):
            text += "\t" if name == "tab" else "\n"
        elif name != "annotation":
            text += _text(node)
        text += node.tail or ""
    return text


def _repeated(node: Element, attribute: str) -> int:
    times = node.get(attribute)
    return max(1, int(times)) if times and _TIMES.fullmatch(times) else 1
