"""Reads a text file, packed or not and in any usual encoding, as blocks of whole lines in UTF-8, in bounded memory."""

from __future__ import annotations

import codecs
import itertools
import zlib
from typing import IO, TYPE_CHECKING, Final

from pipeline.conversion.excel.encoding import MARKS
from pipeline.conversion.inflate import DAMAGED, crc32, inflater
from pipeline.errors import CorruptWorkbook, UnreadableSheet

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BLOCK_BYTES: Final = 4 << 20
PIECE_BYTES: Final = 1 << 20
_GZIP: Final = b"\x1f\x8b"
_GZIP_ONLY: Final = 31
_MOST_LINES: Final = 1_000
_LONGEST_LINE: Final = 16 << 20


class TextBlocks:
    """The blocks of a text file: whole lines each, in UTF-8, without a byte order mark.

    crc: CRC-32 of the file's bytes as they are on disk, when all blocks are read. Line ends within quotes cut no block.
    Raises UnreadableSheet or CorruptWorkbook.
    """

    def __init__(self, path: Path, block_bytes: int | None = None) -> None:
        self._path = path
        self._block_bytes = block_bytes or BLOCK_BYTES
        self.crc = 0

    def __iter__(self) -> Iterator[bytes]:
        """Yield the blocks in order."""
        waiting: list[bytes] = []
        try:
            with self._path.open("rb") as file:
                for text in _decoded(_unpacked(self._pieces(file))):
                    waiting.append(text)
                    if sum(map(len, waiting)) >= self._block_bytes:
                        block = b"".join(waiting)
                        cut = self._cut(block)
                        waiting = [block[cut:]]
                        if cut:
                            yield block[:cut]
        except (EOFError, zlib.error, DAMAGED) as error:
            raise CorruptWorkbook(f"{self._path} cannot be unpacked ({error}): copy it again.") from error
        except OSError as error:
            raise UnreadableSheet(f"it cannot be read: {error.strerror or error}.") from error
        if rest := b"".join(waiting):
            yield rest if rest.endswith(b"\n") else rest + b"\n"

    def _pieces(self, file: IO[bytes]) -> Iterator[bytes]:
        while piece := file.read(PIECE_BYTES):
            self.crc = crc32(piece, self.crc)
            yield piece

    def _cut(self, block: bytes) -> int:
        """Return where the last whole line of a block ends, 0 where none does.

        A line end within quotes ends no line; where quotes do not close within many lines they are none.
        """
        last = cut = block.rfind(b"\n") + 1
        if not cut and len(block) > _LONGEST_LINE:
            raise UnreadableSheet(f"a line of it is longer than {_LONGEST_LINE >> 20} MB.")
        is_open = b'"' in block and block.count(b'"', 0, cut) % 2 == 1
        for _ in range(_MOST_LINES):
            if not is_open or not cut:
                break
            before = block.rfind(b"\n", 0, cut - 1) + 1
            is_open = is_open != (block.count(b'"', before, cut) % 2 == 1)
            cut = before
        return cut if cut and not is_open else last


def file_crc(path: Path) -> int | None:
    """Return the CRC-32 of a file's bytes; None for one that cannot be read."""
    crc = 0
    try:
        with path.open("rb") as file:
            while piece := file.read(PIECE_BYTES):
                crc = crc32(piece, crc)
    except OSError:
        return None
    return crc


def _unpacked(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Yield a file's content, which is unpacked where it is a gzip file."""
    first = next(pieces, b"")
    if not first.startswith(_GZIP):
        yield first
        yield from pieces
        return
    unpacker = inflater(_GZIP_ONLY)
    for piece in itertools.chain([first], pieces):
        packed = piece
        while packed:
            if unpacker.eof:  # several may stand one after the other
                unpacker = inflater(_GZIP_ONLY)
            yield unpacker.decompress(packed, 4 * PIECE_BYTES)
            packed = unpacker.unused_data.lstrip(b"\0") if unpacker.eof else unpacker.unconsumed_tail
    while not unpacker.eof:
        rest = unpacker.decompress(b"", 4 * PIECE_BYTES)
        if not rest:
            raise EOFError("its end is missing")
        yield rest


def _decoded(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Yield a text in UTF-8 with line feeds; what has no mark of another Unicode stays as it is."""
    first = next(pieces, b"")
    bom, encoding = next(((bom, name) for bom, name in MARKS if first.startswith(bom)), (b"", ""))
    if not bom and b"\0" in first[:2]:
        encoding = "utf-16-be" if first.startswith(b"\0") else "utf-16-le"
    decode = codecs.getincrementaldecoder(encoding)("replace").decode if encoding.startswith("utf-16") else None
    returns_only = decode is None and b"\r" in first and b"\n" not in first
    for piece in itertools.chain([first.removeprefix(bom)], pieces):
        text = piece if decode is None else decode(piece).encode()
        yield text.replace(b"\r", b"\n") if returns_only else text
