"""Seals a Parquet file with digests of its pages and of its footer; that of its pages is the file's digest.

Parquet's own checksums cover the content of the pages, not the pages' headers and not the footer: a flipped bit there
can pass for other values. The seal stands where readers of Parquet never look: they find all they read from the footer.
"""

from __future__ import annotations

import contextlib
import io
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pipeline.errors import ran_out_of_memory
from pipeline.store.path import read_end

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import IO

    from pipeline.store.path import AnyPath

    Buffer = bytes | memoryview

SEAL_NAME: Final = "blake2b-128"
"""What a sealed file's metadata say of it, so that a file that lost its seal is known by that."""

_MARK: Final = b"TICKSEAL"
_DIGEST_BYTES: Final = 16
_SEAL_BYTES: Final = len(_MARK) + 2 * _DIGEST_BYTES
_LENGTH_BYTES: Final = 8
"""The length of the footer and Parquet's own mark, with which every file ends."""

_END_BYTES: Final = 1 << 16
"""As much of a file's end as nearly every footer takes."""

_STEP_BYTES: Final = 1 << 20
_NOT_AS_SEALED: Final = "its content is not what its seal was made for"


class Sealing:
    """Seals a Parquet file that is written part by part."""

    def __init__(self) -> None:
        self._pages = blake2b(digest_size=_DIGEST_BYTES)

    def add_pages(self, pages: Buffer) -> None:
        """Take the file's next pages into the digest."""
        self._pages.update(pages)

    def end(self, content: Buffer) -> Sequence[Buffer]:
        """Return the last pages and the footer as what to write one after the other: pages, the seal, the footer."""
        start = _footer_start(content)
        pages, footer = memoryview(content)[:start], memoryview(content)[start:]
        self._pages.update(pages)
        return pages, _seal(self._pages.digest(), footer), footer


class SealedFile:
    """A Parquet file whose pages are read part by part, in order, and digested on the way.

    It is a file for Arrow, which finds in memory the part that was taken last, and the footer. Of a file in a bucket
    all is in memory. digest: that of its pages by its seal, empty without one. end: its last bytes, the footer's at
    least. Raises ValueError where the footer is not what was sealed, OSError or PathError where it cannot be read.
    """

    def __init__(self, path: AnyPath) -> None:
        self._file: IO[bytes] = path.open("rb") if isinstance(path, Path) else io.BytesIO(path.read_bytes())
        self.closed = False
        size = self._file.seek(0, io.SEEK_END)
        self.end = _end_of(lambda most: self._at(max(0, size - most), most))
        try:
            self.digest, pages = _seal_of(self.end)
        except ValueError:
            self._file.close()
            raise
        self._end_start = size - len(self.end)
        self._pages = self._end_start + pages
        self._digest = blake2b(digest_size=_DIGEST_BYTES)
        self._taken = self._place = 0
        self._part = b""

    def take(self, stop: int | None = None) -> None:
        """Read on up to a place, or to the end of the pages; raises ValueError where the file ends before."""
        stop = self._pages if stop is None else min(stop, self._pages)
        part = self._at(self._taken, stop - self._taken)
        if self.digest:
            self._digest.update(part)
        if len(part) < stop - self._taken:
            raise ValueError(_NOT_AS_SEALED)
        self._taken, self._part = stop, part

    def verify(self) -> None:
        """Read on to the end of the pages; raises ValueError where they are not what was sealed."""
        while self._taken < self._pages:
            self.take(self._taken + _STEP_BYTES)
        if self.digest and self._digest.hexdigest() != self.digest:
            raise ValueError(_NOT_AS_SEALED)

    def read(self, count: int = -1) -> Buffer:
        """Return so many bytes from where it stands, as Arrow asks for them."""
        place, stop = self._place, self._place + count
        content: Buffer | None = None
        for start, kept in ((self._taken - len(self._part), self._part), (self._end_start, self.end)):
            if start <= place <= stop <= start + len(kept):
                content = memoryview(kept)[place - start : stop - start]
        content = self._at(place, count) if content is None else content
        self._place += len(content)
        return content

    def seek(self, place: int, whence: int = io.SEEK_SET) -> int:
        """Go to a place of the file."""
        self._place = place + (0, self._place, self._end_start + len(self.end))[whence]
        return self._place

    def tell(self) -> int:
        """Return where it stands."""
        return self._place

    def close(self) -> None:
        """Let go of the file."""
        self.closed, self._part = True, b""
        self._file.close()

    def _at(self, place: int, count: int) -> bytes:
        self._file.seek(place)
        return self._file.read(count)


def read_end_sealed(path: AnyPath) -> tuple[bytes, str]:
    """Read the last bytes of a Parquet file, which hold the footer, and verify that; its pages are not looked at.

    Returns:
        The bytes, and the digest of the pages; the digest is empty for a file without a seal.

    Raises:
        ValueError: The footer is not what was sealed.
        OSError: The file cannot be read; PathError where it is in a bucket.
    """
    end = _end_of(lambda most: read_end(path, most)[1])
    return end, _seal_of(end)[0]


def file_digest(path: AnyPath) -> str:
    """Return the digest of a Parquet file after verifying all of it; empty where it is not whole or not there.

    Of a file in a bucket, which keeps checksums of its own, the footer alone is read. A file that another program wrote
    has no seal: the digest is that of all its bytes.
    """
    try:
        if not isinstance(path, Path):
            return read_end_sealed(path)[1] or _digest(path.read_bytes()).hex()
        with contextlib.closing(SealedFile(path)) as file:
            file.verify()
            return file.digest or _digest(path.read_bytes()).hex()
    except (OSError, ValueError) as error:
        if ran_out_of_memory(error):
            raise
        return ""


def _end_of(last: Callable[[int], bytes]) -> bytes:
    """Return as much of a file's end as has its footer and seal, or all of it; `last` reads so many bytes there."""
    end = last(_END_BYTES)
    needed = len(end) - _footer_start(end) + _SEAL_BYTES
    return last(needed) if needed > len(end) else end


def _seal_of(end: bytes) -> tuple[str, int]:
    """Return the digest of the pages by the seal, and where in these bytes the pages end; no digest without a seal.

    Raises ValueError where the footer is not what was sealed.
    """
    start = _footer_start(end)
    seal = end[start - _SEAL_BYTES : start] if start >= _SEAL_BYTES else b""
    if not seal.startswith(_MARK):
        return "", start
    digest = seal[len(_MARK) : -_DIGEST_BYTES]
    if seal != _seal(digest, end[start:]):
        raise ValueError(_NOT_AS_SEALED)
    return digest.hex(), start - _SEAL_BYTES


def _footer_start(end: Buffer) -> int:
    """Return where the footer begins, below zero when that is before these bytes."""
    return len(end) - _LENGTH_BYTES - int.from_bytes(end[-_LENGTH_BYTES:-4], "little")


def _seal(of_pages: bytes, footer: Buffer) -> bytes:
    head = _MARK + of_pages
    return head + _digest(head, footer)


def _digest(*parts: Buffer) -> bytes:
    digest = blake2b(digest_size=_DIGEST_BYTES)
    for part in parts:
        digest.update(part)
    return digest.digest()
