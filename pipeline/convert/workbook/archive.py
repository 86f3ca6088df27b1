"""A workbook's path in, its checked archive and list of sheets out; nothing of the sheets themselves is unpacked."""

from __future__ import annotations

import contextlib
import zipfile
from dataclasses import dataclass
from hashlib import blake2b
from typing import IO, TYPE_CHECKING, Final

from pipeline.convert.workbook.parts import Book, SheetEntry, date_styles, read_book, shared_texts
from pipeline.errors import CorruptWorkbook, NotAWorkbook, PasswordProtected, WorkbookTooLarge

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_OLE_MAGIC: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED_STREAM: Final = "EncryptedPackage".encode("utf-16-le")
_ENCRYPTED_FLAG: Final = 0x1
_MIB: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Limits:
    """How far a workbook may unpack, in bytes; a full Excel sheet of ticks is about 220 MiB, packed ten to one."""

    sheet: int = 4096 * _MIB
    small_part: int = 512 * _MIB
    whole: int = 65536 * _MIB
    ratio: int = 200
    ratio_applies_above: int = 16 * _MIB


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
    """An archive that passed its checks, with the parts that all its sheets share."""

    path: Path
    stamp: Stamp
    sheets: tuple[Sheet, ...]
    texts: tuple[str, ...]
    styles: tuple[str, ...]
    date1904: bool


def open_workbook(path: Path, limits: Limits | None = None) -> Workbook:
    """Check the archive at `path` and return its sheets, texts and styles.

    Raises NotAWorkbook, PasswordProtected, CorruptWorkbook or WorkbookTooLarge.
    """
    with archive_of(path) as archive:
        stamp = _stamp(path, archive)
        _check_sizes(path, archive, limits or Limits())
        book = _book(path, archive)
        parts = {info.filename: info for info in archive.infolist()}
        texts = _read(archive, book.strings_part)
        styles = _read(archive, book.styles_part)
        return Workbook(
            path=path,
            stamp=stamp,
            sheets=tuple(_sheet(entry, parts) for entry in book.sheets if entry.part in parts),
            texts=shared_texts(texts) if texts else (),
            styles=date_styles(styles) if styles else (),
            date1904=book.date1904,
        )


def stamp_of(path: Path) -> Stamp:
    """Return the state of the file now; raises NotAWorkbook or CorruptWorkbook."""
    with archive_of(path) as archive:
        return _stamp(path, archive)


def _stamp(path: Path, archive: zipfile.ZipFile) -> Stamp:
    digest = blake2b(digest_size=16)
    for info in archive.infolist():
        digest.update(repr((info.filename, info.CRC, info.file_size, info.header_offset)).encode())
    now = path.stat()
    return Stamp(now.st_size, now.st_mtime_ns, digest.hexdigest())


@contextlib.contextmanager
def archive_of(path: Path) -> Iterator[zipfile.ZipFile]:
    """Open the archive and name what is wrong with it, also while it is read inside the block."""
    try:
        with path.open("rb") as file:
            _check_magic(path, file)
            with zipfile.ZipFile(file) as archive:
                yield archive
    except FileNotFoundError as error:
        raise NotAWorkbook(f"There is no workbook {path}.") from error
    except IsADirectoryError as error:
        raise NotAWorkbook(f"{path} is a directory, not a workbook.") from error
    except OSError as error:
        raise NotAWorkbook(
            f"{path} cannot be read: {error.strerror or error}. Is it open in another program?"
        ) from error
    except (zipfile.BadZipFile, EOFError, ValueError, NotImplementedError) as error:
        raise CorruptWorkbook(
            f"{path} is damaged ({error}); open it in Excel, save it again and repeat the conversion."
        ) from error


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
    file.seek(0)


def _contains(file: IO[bytes], needle: bytes) -> bool:
    tail = b""
    while chunk := file.read(_MIB):
        if needle in tail + chunk:
            return True
        tail = chunk[-len(needle) :]
    return False


def _check_sizes(path: Path, archive: zipfile.ZipFile, limits: Limits) -> None:
    """Refuse archives that no tick workbook looks like before anything is unpacked."""
    names: set[str] = set()
    packed = unpacked = 0
    for info in archive.infolist():
        if info.filename in names:
            raise CorruptWorkbook(f"{path} is damaged (it holds {info.filename} twice); save it again in Excel.")
        names.add(info.filename)
        if info.flag_bits & _ENCRYPTED_FLAG:
            raise PasswordProtected(f"{path} is password-protected; save it in Excel without a password.")
        packed += info.compress_size
        unpacked += info.file_size
        allowed = limits.sheet if "/worksheets/" in info.filename else limits.small_part
        steep = info.file_size > limits.ratio_applies_above and info.file_size > limits.ratio * info.compress_size
        if info.file_size > allowed or steep:
            raise WorkbookTooLarge(
                f"{path}: {info.filename} would unpack to {info.file_size // _MIB} MiB from "
                f"{info.compress_size} bytes, more than any tick sheet; it is not opened."
            )
    if unpacked > limits.whole or packed > path.stat().st_size:
        raise WorkbookTooLarge(f"{path} would unpack to {unpacked // _MIB} MiB, more than allowed; it is not opened.")


def _book(path: Path, archive: zipfile.ZipFile) -> Book:
    try:
        return read_book(lambda part: _read(archive, part))
    except KeyError as error:
        raise NotAWorkbook(f"{path} is a zip archive but not an Excel workbook ({error.args[0]}).") from error


def _read(archive: zipfile.ZipFile, part: str | None) -> bytes:
    """Return a small part's bytes, CRC checked, empty when there is no such part."""
    if part is None or part not in archive.NameToInfo:
        return b""
    return archive.read(part)


def _sheet(entry: SheetEntry, parts: dict[str, zipfile.ZipInfo]) -> Sheet:
    info = parts[entry.part]
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
