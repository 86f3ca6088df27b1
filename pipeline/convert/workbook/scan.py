"""One sheet's packed XML in, checksum verified; its number of row elements and its first rows as text out."""

from __future__ import annotations

import os
import re
import zipfile
import zlib
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final
from xml.etree.ElementTree import ParseError, XMLPullParser

from pipeline.convert.workbook.parts import text_of
from pipeline.errors import CorruptWorkbook, UnreadableSheet

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from xml.etree.ElementTree import Element

    from pipeline.convert.workbook.archive import Sheet, Workbook

# Each piece gives up the interpreter and takes it back, which is dear while another thread imports: few, large pieces.
_PACKED_CHUNK: Final = 1 << 17
_HEAD_BYTES: Final = 1 << 20
_HEAD_STEP: Final = 1 << 12
_LOCAL_HEADER: Final = 30
_ROW_TAG: Final = b"<row "
_DIMENSION: Final = re.compile(rb'<dimension [^>]*?ref="([A-Z]{1,3})(\d{1,7}):([A-Z]{1,3})(\d{1,7})"')
_ROW_OPENING: Final = re.compile(rb'<row r="(\d+)"[^>]*?(/>|></row>|>)')
_A: Final = ord("A") - 1


@dataclass(frozen=True, slots=True)
class Scan:
    """What one pass over a sheet's bytes tells: row elements in all and in the head, and the head's texts by position.

    `character_references` tells whether the XML writes a character by its number anywhere, `area` how many cells the
    sheet says it spans (0 when it does not say).
    """

    row_elements: int
    head_row_elements: int
    character_references: bool
    area: int
    head: dict[int, dict[int, str]]


def scan_sheet(workbook: Workbook, sheet: Sheet, header_row: int, head_rows: int) -> Scan:
    """Unpack the sheet once, verify CRC and size, count `<row ` and read the first rows.

    Raises CorruptWorkbook when the bytes are not those the archive promises, UnreadableSheet for bad XML in the head.
    """
    reader = HeadReader(workbook.texts, max(header_row, head_rows))
    count = 0
    references = False
    seam = b""
    for chunk in _chunks(workbook.path, sheet):
        reader.feed(chunk)
        count += chunk.count(_ROW_TAG)
        count += (seam + chunk[: len(_ROW_TAG) - 1]).count(_ROW_TAG)
        references = references or (b"&" in chunk and (b"&#" in chunk or chunk.endswith(b"&")))
        seam = chunk[1 - len(_ROW_TAG) :]
    return Scan(count, sum(number <= header_row for number in reader.head), references, reader.area, reader.head)


def row_shapes(workbook: Workbook, sheet: Sheet) -> tuple[list[int], set[int]] | None:
    """Return every row element's number in file order and those that hold no cell; None when some have no number."""
    content = b"".join(_chunks(workbook.path, sheet))
    numbers: list[int] = []
    hollow: set[int] = set()
    for found in _ROW_OPENING.finditer(content):
        numbers.append(int(found[1]))
        if found[2] != b">":
            hollow.add(int(found[1]))
    return (numbers, hollow) if len(numbers) == content.count(b"<row") - content.count(b"<rowBreaks") else None


class HeadReader:
    """Takes a sheet's XML piece by piece and keeps its first rows: row number → column (0 is A) → text."""

    def __init__(self, texts: tuple[str, ...], rows: int) -> None:
        self.head: dict[int, dict[int, str]] = {}
        self._texts = texts
        self._rows = rows
        self._number = 0
        self._fed = 0
        self.area = 0
        self._parser: XMLPullParser[Any] | None = XMLPullParser(events=("end",))

    def feed(self, chunk: bytes) -> None:
        """Parse as much of `chunk` as the first rows need; raises UnreadableSheet."""
        for start in range(0, len(chunk), _HEAD_STEP):
            if self._parser is None:
                return
            self._step(self._parser, chunk[start : start + _HEAD_STEP])

    def _step(self, parser: XMLPullParser[Any], piece: bytes) -> None:
        # A declaration can only stand before the first element, and a NUL means UTF-16, which would hide it.
        if self._fed == 0 and (b"<!" in piece.split(b"<sheetData", 1)[0] or b"\0" in piece):
            raise UnreadableSheet("its XML is not as any Excel writes it (it declares entities, or is no UTF-8).")
        if self._fed == 0:
            self.area = _area(piece)
        self._fed += len(piece)
        try:
            parser.feed(piece)
            events: Any = parser.read_events()
            for _, node in events:
                if _local(node) == "row" and not self._keep(node):
                    self._parser = None
                    return
        except (ParseError, ValueError, IndexError) as error:
            raise UnreadableSheet(
                f"its first rows cannot be read ({error}); save the workbook again in Excel."
            ) from error
        if self._fed > _HEAD_BYTES:
            self._parser = None

    def _keep(self, row: Element) -> bool:
        self._number = int(row.get("r") or self._number + 1)
        if self._number > self._rows:
            return False
        self.head[self._number] = _row_texts(row, self._texts)
        return True


def _area(start: bytes) -> int:
    found = _DIMENSION.search(start)
    if found is None:
        return 0
    left, top, right, bottom = (group.decode() for group in found.groups())
    return (column_of(right, 0) - column_of(left, 0) + 1) * (int(bottom) - int(top) + 1)


def _row_texts(row: Element, texts: tuple[str, ...]) -> dict[int, str]:
    found: dict[int, str] = {}
    position = -1
    for cell in row:
        position = column_of(cell.get("r"), position + 1)
        text = _cell_text(cell, texts)
        if text:
            found[position] = text
    return found


def _cell_text(cell: Element, texts: tuple[str, ...]) -> str:
    for node in cell:
        if _local(node) == "is":
            return text_of(node)
        if _local(node) == "v":
            return texts[int(node.text or 0)] if cell.get("t") == "s" else node.text or ""
    return ""


def column_of(reference: str | None, otherwise: int) -> int:
    """Return the column of a cell reference, 0 for A; `otherwise` when the cell carries none."""
    letters = (reference or "").rstrip("0123456789")
    return _column(letters) if letters else otherwise


@lru_cache(maxsize=1024)
def _column(letters: str) -> int:
    column = 0
    for letter in letters.upper():
        column = column * 26 + ord(letter) - _A
    return column - 1


def _chunks(path: Path, sheet: Sheet) -> Iterator[bytes]:
    """Unpack a sheet piece by piece, never more than the archive declares, and check its CRC at the end."""
    seen = crc = 0
    try:
        for chunk in _inflated(path, sheet):
            seen += len(chunk)
            if seen > sheet.size:
                break
            crc = zlib.crc32(chunk, crc)
            yield chunk
    except (OSError, zlib.error) as error:
        raise _damaged(path, sheet) from error
    if (seen, crc) != (sheet.size, sheet.crc):
        raise _damaged(path, sheet)


def _inflated(path: Path, sheet: Sheet) -> Iterator[bytes]:
    """Unpack one part without zipfile's own buffering, which costs as much again as the unpacking."""
    if sheet.method not in (zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED):
        raise zlib.error(f"compression method {sheet.method}")
    unpacker = zlib.decompressobj(-zlib.MAX_WBITS) if sheet.method == zipfile.ZIP_DEFLATED else None
    with path.open("rb") as file:
        file.seek(sheet.offset)
        local = file.read(_LOCAL_HEADER)
        file.seek(int.from_bytes(local[26:28], "little") + int.from_bytes(local[28:30], "little"), os.SEEK_CUR)
        left = sheet.packed
        while left > 0 and (packed := file.read(min(left, _PACKED_CHUNK))):
            left -= len(packed)
            yield packed if unpacker is None else unpacker.decompress(packed)


def _damaged(path: Path, sheet: Sheet) -> CorruptWorkbook:
    return CorruptWorkbook(
        f"{path}: sheet '{sheet.name}' does not match its checksum, so its bytes were changed or lost; "
        "fetch the workbook again or save it again in Excel."
    )


def _local(node: Element) -> str:
    return str(node.tag).rpartition("}")[2]
