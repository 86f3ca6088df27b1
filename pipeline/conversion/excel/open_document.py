"""Reads the sheets of an OpenDocument spreadsheet (.ods) from its content.xml; they become a sheet's XML."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from pipeline.conversion.excel import sheet_xml
from pipeline.conversion.excel.cells import LAST_COLUMN, LAST_ROW
from pipeline.conversion.excel.parts import Sheet, check_number
from pipeline.conversion.excel.stream import ElementStream, local_name
from pipeline.errors import NotAWorkbook, shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path
    from xml.etree.ElementTree import Element
    from zipfile import ZipInfo

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
_BLOCK: Final = 1 << 18
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


def table_xml(pieces: Iterable[bytes], number: int, longest: int, most: int) -> Iterator[bytes]:
    """Yield the rows of the table of this number, from 0, as a sheet's XML.

    Raises ValueError, also for a row of more than `longest` bytes, and where repeated rows make more than `most`.
    """
    yield sheet_xml.HEAD
    block: list[str] = []
    size = total = 0
    for row in _rows(pieces, number, longest):
        block.append(row)
        size += len(row)
        if size > _BLOCK:
            yield "".join(block).encode()
            total, block, size = total + size, [], 0
            if total > most:
                raise ValueError("its repeated cells and rows are more than a sheet of ticks has")
    yield "".join(block).encode() + sheet_xml.TAIL


def _rows(pieces: Iterable[bytes], number: int, longest: int) -> Iterator[str]:
    """Yield the XML of each row that is not empty, a repeated one as often as it stands for."""
    stream = ElementStream(("table-row",), longest, ends=("table",))
    table = row = 0
    for piece in pieces:
        for node in stream.feed(piece):
            if local_name(node) == "table":
                table, row = table + 1, 0
            elif table == number:
                cells = _cells(node)
                times = _repeated(node, _ROWS_REPEATED)
                for each in range(row + 1, row + 1 + times if cells else 0):
                    if each > LAST_ROW:
                        raise ValueError(f"row {each} is beyond the {LAST_ROW:,} that Excel has")
                    yield sheet_xml.row(each, cells, hidden=node.get(_VISIBILITY, "visible") != "visible")
                row += times
            node.clear()
    stream.close()


def _cells(row: Element) -> list[tuple[int, str]]:
    """Return the cells that are not empty, by column."""
    cells: list[tuple[int, str]] = []
    column = 0
    for node in row:
        times = _repeated(node, _COLUMNS_REPEATED)
        if len(node) or node.get(_TYPE):
            cell = _cell(node, node.get(_TYPE, ""))
            cells += [(each, cell) for each in range(column, min(column + times, LAST_COLUMN + 1)) if cell]
        column += times
    return cells


def _cell(node: Element, kind: str) -> str:
    cell = ""
    if kind in ("float", "percentage", "currency"):
        cell = sheet_xml.number(float(node.get(_VALUE, "nan")))
    elif kind == "date":
        cell = sheet_xml.moment(node.get(_DATE, ""))
    elif kind == "time" and (clock := _CLOCK.fullmatch(node.get(_TIME, ""))):
        hours, minutes, seconds = int(clock[1]), int(clock[2]), float(clock[3].replace(",", "."))
        cell = sheet_xml.number((hours * 3600 + minutes * 60 + seconds) / _SECONDS_A_DAY, sheet_xml.DATE_STYLE)
    elif kind == "boolean":
        cell = sheet_xml.truth(node.get(_TRUTH) == "true")
    elif text := node.get(_STRING) or "\n".join(_text(child) for child in node if child.tag == _PARAGRAPH):
        cell = sheet_xml.error(text) if node.get(_SHOWN_AS) == "error" else sheet_xml.text(text)
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
