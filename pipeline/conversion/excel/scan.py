"""Unpacks a sheet's XML piece by piece, verifies its checksum, and reads the texts of its first rows."""

from __future__ import annotations

import os
import zipfile
import zlib
from typing import TYPE_CHECKING, Final

from pipeline.conversion.excel.cell_references import column_of, row_of, shared_text
from pipeline.conversion.excel.parts import text_of
from pipeline.conversion.excel.stream import ElementStream, local_name
from pipeline.errors import CorruptWorkbook, UnreadableSheet

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from xml.etree.ElementTree import Element

    from pipeline.conversion.excel.archive import Sheet

# Each piece gives up the interpreter and takes it back, which is dear while another thread imports: few, large pieces.
_PACKED_CHUNK: Final = 1 << 17
_LARGEST_CHUNK: Final = 1 << 21
HEAD_BYTES: Final = 1 << 20
_HEAD_STEP: Final = 1 << 12
_LONGEST_NAME: Final = 256
_LOCAL_HEADER: Final = 30


class HeadReader:
    """Takes a sheet's XML piece by piece and keeps its first rows: row number → column (0 is A) → start of the text.

    `whole` when a later row was met, so that there are no more of them.
    """

    def __init__(self, texts: tuple[str, ...], rows: int) -> None:
        self.head: dict[int, dict[int, str]] = {}
        self._texts = texts
        self._rows = rows
        self._number = 0
        self._fed = 0
        self.whole = False
        self._stream: ElementStream | None = ElementStream(("row",), HEAD_BYTES, step=_HEAD_STEP)

    def feed(self, chunk: bytes) -> None:
        """Parse as much of `chunk` as the first rows need; raises UnreadableSheet."""
        for start in range(0, len(chunk), _HEAD_STEP):
            if self._stream is None:
                return
            self._step(self._stream, chunk[start : start + _HEAD_STEP])

    def _step(self, stream: ElementStream, piece: bytes) -> None:
        self._fed += len(piece)
        try:
            for row in stream.feed(piece):
                if not self._keep(row):
                    self.whole = True
                    self._stream = None
                    return
        except ValueError as error:
            raise UnreadableSheet(
                f"its first rows cannot be read ({error}); save the workbook again in Excel."
            ) from error
        if self._fed >= HEAD_BYTES:
            self._stream = None

    def _keep(self, row: Element) -> bool:
        self._number = row_of(row.get("r"), self._number)
        if self._number > self._rows:
            return False
        self.head[self._number] = _row_texts(row, self._number, self._texts)
        return True


def _row_texts(row: Element, number: int, texts: tuple[str, ...]) -> dict[int, str]:
    row_texts: dict[int, str] = {}
    position = -1
    for cell in row:
        position = column_of(cell.get("r"), position, number)
        text = _cell_text(cell, texts)[:_LONGEST_NAME]
        if text:
            row_texts[position] = text
    return row_texts


def _cell_text(cell: Element, texts: tuple[str, ...]) -> str:
    for node in cell:
        if local_name(node) == "is":
            return text_of(node)
        if local_name(node) == "v":
            text = node.text or ""
            return shared_text(text, texts) if text and cell.get("t") == "s" else text
    return ""


def chunks_of(path: Path, sheet: Sheet) -> Iterator[bytes]:
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
    unpacker = zlib.decompressobj(-zlib.MAX_WBITS) if sheet.method == zipfile.ZIP_DEFLATED else None
    with path.open("rb") as file:
        file.seek(sheet.offset)
        local = file.read(_LOCAL_HEADER)
        file.seek(int.from_bytes(local[26:28], "little") + int.from_bytes(local[28:30], "little"), os.SEEK_CUR)
        left = sheet.packed
        while left > 0 and (packed := file.read(min(left, _PACKED_CHUNK))):
            left -= len(packed)
            if unpacker is None:
                yield packed
                continue
            while packed:
                yield unpacker.decompress(packed, _LARGEST_CHUNK)
                packed = unpacker.unconsumed_tail
        if unpacker is not None:
            yield unpacker.flush()


def _damaged(path: Path, sheet: Sheet) -> CorruptWorkbook:
    return CorruptWorkbook(
        f"{path}: sheet '{sheet.name}' does not match its checksum, so its bytes were changed or lost; "
        "fetch the workbook again or save it again in Excel."
    )
