"""Opens a workbook, checks its archive and lists its sheets, without unpacking any of them."""

from __future__ import annotations

import contextlib
import errno
import struct
import zipfile
import zlib
from dataclasses import dataclass
from hashlib import blake2b
from typing import IO, TYPE_CHECKING, Final

from pipeline.conversion.excel.parts import Book, SheetEntry, read_book, read_styles, shared_texts
from pipeline.conversion.excel.sizes import check_directory, check_part, check_parts
from pipeline.conversion.excel.stream import TooLong
from pipeline.conversion.limits import Limits
from pipeline.errors import CorruptWorkbook, NotAWorkbook, PasswordProtected, WorkbookTooLarge

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator
    from pathlib import Path

_OLE_MAGIC: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED_STREAM: Final = "EncryptedPackage".encode("utf-16-le")
_MIB: Final = 1 << 20
_PIECE: Final = 1 << 16
_DAMAGE: Final = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    ValueError,
    KeyError,
    OverflowError,
    NotImplementedError,
)


@dataclass(frozen=True, slots=True)
class Stamp:
    """What tells one saved state of a file from another: size, time of modification in ns, its archive directory."""

    size: int
    mtime_ns: int
    directory: str


@dataclass(frozen=True, slots=True)
class Sheet:
    """One worksheet: name, part of the archive, checksum, unpacked size; and where its packed bytes begin and end."""

    name: str
    hidden: bool
    part: str
    crc: int
    size: int
    offset: int
    packed: int
    method: int


@dataclass(frozen=True, slots=True)
class Workbook:
    """An archive that passed its checks, with the parts that all its sheets share and the limits that it is read in.

    texts: the shared texts by number. styles: the number format of each cell style, as `read_styles` returns them.
    """

    path: Path
    stamp: Stamp
    sheets: tuple[Sheet, ...]
    texts: tuple[str, ...]
    styles: tuple[str, ...]
    date1904: bool
    limits: Limits


def open_workbook(path: Path, limits: Limits | None = None) -> Workbook:
    """Check the archive at `path` and return its sheets, texts and styles.

    Raises NotAWorkbook, PasswordProtected, CorruptWorkbook or WorkbookTooLarge.
    """
    limits = limits or Limits()
    with archive_of(path) as archive:
        stamp = _stamp(path, archive)
        check_parts(path, archive, limits)
        there = {info.filename: info for info in archive.infolist()}

        def read(part: str | None) -> Iterator[bytes]:
            if part in there:
                check_part(path, there[part], "text_mb", limits)
                yield from pieces_of(archive, part)

        book = _book(path, read, there)
        for entry in book.sheets:
            check_part(path, there[entry.part], "sheet_gb", limits)
        return Workbook(
            path=path,
            stamp=stamp,
            sheets=tuple(_sheet(entry, there[entry.part]) for entry in book.sheets),
            texts=shared_texts(read(book.strings_part), limits.bytes_of("row_mb"), limits.bytes_of("text_mb")),
            styles=read_styles(read(book.styles_part)),
            date1904=book.date1904,
            limits=limits,
        )


def stamp_of(path: Path) -> Stamp:
    """Return the state of the file now; raises NotAWorkbook or CorruptWorkbook."""
    with archive_of(path) as archive:
        return _stamp(path, archive)


@contextlib.contextmanager
def archive_of(path: Path) -> Iterator[zipfile.ZipFile]:
    """Open the archive and name what is wrong with it, also while it is read inside the block."""
    try:
        if path.exists() and not (path.is_file() or path.is_dir()):
            raise NotAWorkbook(f"{path} is a device or a pipe, not a workbook.")
        with path.open("rb") as file:
            _check_magic(path, file)
            check_directory(path, file)
            with zipfile.ZipFile(file) as archive:
                yield archive
    except FileNotFoundError as error:
        raise NotAWorkbook(f"There is no workbook {path}.") from error
    except IsADirectoryError as error:
        raise NotAWorkbook(f"{path} is a directory, not a workbook.") from error
    except TooLong as error:
        raise WorkbookTooLarge(
            f"{path}: one of its texts or lists is too long for a tick workbook ({error}); it is not opened. "
            "If you trust it: --limit row_mb=NUMBER."
        ) from error
    except OSError as error:
        if error.errno == errno.EINVAL:  # a place in the file that is none
            raise _damaged(path, error) from error
        raise NotAWorkbook(
            f"{path} cannot be read: {error.strerror or error}. Is it open in another program?"
        ) from error
    except _DAMAGE as error:
        raise _damaged(path, error) from error


def pieces_of(archive: zipfile.ZipFile, part: str) -> Iterator[bytes]:
    """Unpack one part piece by piece, never more than is declared, its CRC checked at the end."""
    with archive.open(part) as source:
        while piece := source.read(_PIECE):
            yield piece


def _damaged(path: Path, error: Exception) -> CorruptWorkbook:
    return CorruptWorkbook(f"{path} is damaged ({error}); open it in Excel, save it again and repeat the conversion.")


def _stamp(path: Path, archive: zipfile.ZipFile) -> Stamp:
    digest = blake2b(digest_size=16)
    for info in archive.infolist():
        name = info.filename.encode("utf-8", "surrogatepass")
        digest.update(repr((name, info.CRC, info.file_size, info.header_offset)).encode())
    now = path.stat()
    return Stamp(now.st_size, now.st_mtime_ns, digest.hexdigest())


def _check_magic(path: Path, file: IO[bytes]) -> None:
    start = file.read(8)
    if start.startswith(_OLE_MAGIC):
        file.seek(0)
        # The stream's name stands in the compound file's directory, in UTF-16.
        if _contains(file, _ENCRYPTED_STREAM):
            raise PasswordProtected(f"{path} is password-protected; save it in Excel without a password.")
        raise NotAWorkbook(f"{path} is an old .xls workbook; save it in Excel as .xlsx.")
    if not start:
        raise NotAWorkbook(f"{path} is empty, not an Excel workbook (.xlsx or .xlsm).")
    if not start.startswith(b"PK"):
        raise NotAWorkbook(f"{path} is not an Excel workbook (.xlsx or .xlsm).")


def _contains(file: IO[bytes], needle: bytes) -> bool:
    tail = b""
    while chunk := file.read(_MIB):
        if needle in tail + chunk:
            return True
        tail = chunk[-len(needle) :]
    return False


def _book(path: Path, read: Callable[[str], Iterator[bytes]], there: Collection[str]) -> Book:
    try:
        return read_book(read, there)
    except KeyError as error:
        raise NotAWorkbook(f"{path} is a zip archive but not an Excel workbook ({error.args[0]}).") from error


def _sheet(entry: SheetEntry, info: zipfile.ZipInfo) -> Sheet:
    return Sheet(
        name=entry.name,
        hidden=entry.hidden,
        part=entry.part,
        crc=info.CRC,
        size=info.file_size,
        offset=info.header_offset,
        packed=info.compress_size,
        method=info.compress_type,
    )
