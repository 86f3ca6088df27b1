"""Opens a workbook, refuses archives that no tick workbook looks like, lists its sheets and unpacks its parts."""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
import struct
import zipfile
import zlib
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Final, Literal, TypeAlias

from pipeline.conversion.excel.binary import binary_styles, binary_texts
from pipeline.conversion.excel.encoding import decoded
from pipeline.conversion.excel.file_kind import OLE_MAGIC, is_encrypted, is_old_excel, what_it_is
from pipeline.conversion.excel.open_document import CONTENT, MANIFEST, is_encrypted_document, tables
from pipeline.conversion.excel.parts import (
    BINARY,
    RELATIONS,
    Sheet,
    date_style_numbers,
    part_key,
    read_book,
    read_styles,
)
from pipeline.conversion.excel.shared_texts import shared_texts
from pipeline.conversion.excel.stream import TooLong
from pipeline.conversion.inflate import DAMAGED, RAW, crc32, inflater
from pipeline.conversion.limits import Limits
from pipeline.errors import CorruptWorkbook, NotAWorkbook, PasswordProtected, WorkbookTooLarge, ran_out_of_memory, shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

Kind: TypeAlias = Literal["xlsx", "xlsb", "ods", "xls"]

_STYLES: Final = ("0", "22")
"""The number formats of workbooks whose cells say themselves which of them are dates."""

_MIB: Final = 1 << 20
_ZLIB_OUT_OF_MEMORY: Final = "Error -4 "
_LARGEST_DIRECTORY: Final = 8 * _MIB
_RATIO_FROM: Final = 16 * _MIB
_ENCRYPTED: Final = 0x1
_METHODS: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_END, _END_SIZE, _LONGEST_COMMENT = b"PK\5\6", 22, 65_535
_END_64_SIZE, _LOCATOR, _LOCATOR_SIZE = 56, b"PK\6\7", 20
_LOCAL_HEADER: Final = 30
# Each piece gives up the interpreter and takes it back, which is dear while another thread imports: few, large pieces
# after a small one, which is all that the first rows need.
_PACKED_PIECE: Final = 1 << 17
_FIRST_PIECE, _PIECE = 1 << 14, 1 << 21
_PACKED: Final = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods", ".csv", ".tsv", ".txt", ".parquet")
_DAMAGE: Final = (
    zipfile.BadZipFile,
    zlib.error,
    DAMAGED,
    struct.error,
    EOFError,
    ValueError,
    KeyError,
    OverflowError,
    NotImplementedError,
)


@dataclass(frozen=True, slots=True)
class Stamp:
    """What tells one saved state of a file from another: size, time of modification in ns, and its list of parts."""

    size: int
    mtime_ns: int
    parts: tuple[tuple[str, int, int, int], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Workbook:
    """An archive that passed its checks, with the parts that all its sheets share and the limits that it is read in.

    texts: the shared texts by number. styles: the number format of each cell style, as `read_styles` returns them;
    date_styles: the numbers of those that show a date or a time.
    """

    path: Path
    stamp: Stamp
    sheets: tuple[Sheet, ...]
    texts: tuple[str, ...]
    styles: tuple[str, ...]
    date_styles: frozenset[int]
    date1904: bool
    limits: Limits
    kind: Kind = "xlsx"


def open_workbook(path: Path, limits: Limits | None = None) -> Workbook:
    """Check the archive at `path` and return its sheets, texts and styles.

    Raises NotAWorkbook, PasswordProtected, CorruptWorkbook or WorkbookTooLarge.
    """
    limits = limits or Limits()
    if is_old_excel(path):
        return _old_workbook(path, limits)
    with _archive_of(path) as archive:
        stamp = _stamp(path, archive)
        _check_parts(path, archive, limits)
        listed = {part_key(info.filename): info for info in archive.infolist()}

        def read(part: str | None) -> Iterator[bytes]:
            info = listed.get(part_key(part or ""))
            if info is not None:
                _check_size(path, info, "text_mb", limits)
                pieces = unpacked(path, info)
                yield from pieces if info.filename.lower().endswith(BINARY) else decoded(pieces)

        if CONTENT in listed and RELATIONS not in listed:
            if is_encrypted_document(read(MANIFEST)):
                raise PasswordProtected(f"{path} is password-protected; save it without a password.")
            _check_size(path, listed[CONTENT], "sheet_gb", limits)
            sheets, date1904 = tables(path, listed[CONTENT], decoded(unpacked(path, listed[CONTENT])))
            return Workbook(path, stamp, sheets, (), _STYLES, frozenset(), date1904, limits, "ods")
        try:
            book = read_book(read, listed)
        except KeyError as error:
            raise NotAWorkbook(
                f"{path} is a zip archive but not an Excel workbook ({_what_it_holds(error, listed)})."
            ) from error
        for sheet in book.sheets:
            _check_size(path, sheet.packed or sheet.part, "sheet_gb", limits)
        longest, size = limits.bytes_of("row_mb"), limits.bytes_of("text_mb")
        strings, formats = read(book.strings_part), read(book.styles_part)
        styles = binary_styles(formats) if book.is_binary else read_styles(formats)
        return Workbook(
            path=path,
            stamp=stamp,
            sheets=book.sheets,
            texts=(binary_texts if book.is_binary else shared_texts)(strings, longest, size),
            styles=styles,
            date_styles=date_style_numbers(styles),
            date1904=book.date1904,
            limits=limits,
            kind="xlsb" if book.is_binary else "xlsx",
        )


def _old_workbook(path: Path, limits: Limits) -> Workbook:
    from pipeline.conversion.excel.old_excel import old_book

    stamp = stamp_of(path)
    if stamp.size > limits.bytes_of("text_mb"):
        raise _too_large(f"{path} has {stamp.size / _MIB:.1f} MiB, more than {limits.text_mb:g} MB", "text_mb")
    sheets, date1904 = old_book(path)
    return Workbook(path, stamp, sheets, (), _STYLES, frozenset(), date1904, limits, "xls")


def stamp_of(path: Path) -> Stamp:
    """Return the state of the file now; raises NotAWorkbook or CorruptWorkbook."""
    if is_old_excel(path):
        content = path.read_bytes()
        return Stamp(len(content), path.stat().st_mtime_ns, ((path.name, zlib.crc32(content), len(content), 0),))
    with _archive_of(path) as archive:
        return _stamp(path, archive)


def unpacked(path: Path, part: zipfile.ZipInfo, name: str = "") -> Iterator[bytes]:
    """Yield a part's bytes, never more than the archive declares; raises CorruptWorkbook where its checksum differs.

    name: what the message calls the part; by default its name in the archive.
    """
    size = crc = 0
    try:
        for piece in _inflated(path, part):
            size += len(piece)
            if size > part.file_size:
                break
            crc = crc32(piece, crc)
            yield piece
    except (OSError, zlib.error, DAMAGED) as error:
        if ran_out_of_memory(error) or str(error).startswith(_ZLIB_OUT_OF_MEMORY):
            raise MemoryError(str(error)) from error
        crc = -1
    if (size, crc) != (part.file_size, part.CRC):
        raise CorruptWorkbook(
            f"{path}: {name or shown(part.filename)} does not match its checksum, so its bytes were changed or lost; "
            "fetch the workbook again or save it again in Excel."
        )


def _inflated(path: Path, part: zipfile.ZipInfo) -> Iterator[bytes]:
    """Unpack one part without zipfile's own buffering, which costs as much again as the unpacking."""
    unpacker = inflater(RAW) if part.compress_type == zipfile.ZIP_DEFLATED else None
    sizes = itertools.chain([_FIRST_PIECE], itertools.repeat(_PIECE))
    with path.open("rb") as file:
        file.seek(part.header_offset)
        local = file.read(_LOCAL_HEADER)
        file.seek(int.from_bytes(local[26:28], "little") + int.from_bytes(local[28:30], "little"), os.SEEK_CUR)
        left = part.compress_size
        while left > 0 and (packed := file.read(min(left, _PACKED_PIECE))):
            left -= len(packed)
            if unpacker is None:
                yield packed
                continue
            while packed:
                yield unpacker.decompress(packed, next(sizes))
                packed = unpacker.unconsumed_tail
        if unpacker is not None:
            yield unpacker.flush()


@contextlib.contextmanager
def _archive_of(path: Path) -> Iterator[zipfile.ZipFile]:
    """Open the archive and name what is wrong with it, also while it is read inside the block."""
    try:
        if path.exists() and not (path.is_file() or path.is_dir()):
            raise NotAWorkbook(f"{path} is a device or a pipe, not a workbook.")
        with path.open("rb") as file:
            _check_magic(path, file)
            _check_directory(path, file)
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
    except (OSError, *_DAMAGE) as error:
        if ran_out_of_memory(error):
            raise MemoryError(str(error)) from error
        if isinstance(error, OSError) and error.errno != errno.EINVAL:  # an offset in the file that is none
            raise NotAWorkbook(
                f"{path} cannot be read: {error.strerror or error}. Is it open in another program?"
            ) from error
        raise CorruptWorkbook(
            f"{path} is damaged ({error}); copy it again, or open it in Excel, save it again and repeat the conversion."
        ) from error


def _what_it_holds(error: KeyError, listed: Mapping[str, zipfile.ZipInfo]) -> str:
    """Return why an archive is no workbook, and what to do where it holds some."""
    packed = next((info.filename for name, info in listed.items() if name.endswith(_PACKED)), None)
    return f"it holds '{shown(packed)}': unpack it and convert that" if packed else str(error.args[0])


def _stamp(path: Path, archive: zipfile.ZipFile) -> Stamp:
    now = path.stat()
    parts = ((info.filename, info.CRC, info.file_size, info.header_offset) for info in archive.infolist())
    return Stamp(now.st_size, now.st_mtime_ns, tuple(parts))


def _check_magic(path: Path, file: IO[bytes]) -> None:
    start = file.read(8)
    if start.startswith(OLE_MAGIC):
        if is_encrypted(file):
            raise PasswordProtected(f"{path} is password-protected; save it in Excel without a password.")
        raise NotAWorkbook(f"{path} is not an Excel workbook.")
    if not start.startswith(b"PK"):
        raise NotAWorkbook(what_it_is(path, start + file.read(_MIB)))


def _check_directory(path: Path, file: IO[bytes]) -> None:
    """Refuse an archive whose list of parts would itself fill the memory; leaves the file at its start."""
    size = file.seek(0, 2)
    file.seek(max(0, size - _END_SIZE - _LONGEST_COMMENT - _LOCATOR_SIZE - _END_64_SIZE))
    tail = file.read()
    file.seek(0)
    end = tail.rfind(_END)
    if end < 0:
        return
    listed = int.from_bytes(tail[end + 12 : end + 16], "little")
    locator = end - _LOCATOR_SIZE
    if locator >= _END_64_SIZE and tail.startswith(_LOCATOR, locator):
        listed = int.from_bytes(tail[locator - _END_64_SIZE + 40 :][:8], "little")
    if listed > _LARGEST_DIRECTORY:
        raise WorkbookTooLarge(f"{path} lists more parts than any workbook has; it is not opened.")


def _check_parts(path: Path, archive: zipfile.ZipFile, limits: Limits) -> None:
    """Refuse an archive by its list of parts alone, before anything is unpacked."""
    names: set[str] = set()
    packed = size = 0
    for info in archive.infolist():
        name = shown(info.filename)
        if part_key(info.filename) in names:
            raise CorruptWorkbook(f"{path} is damaged (it holds {name} twice); save it again in Excel.")
        names.add(part_key(info.filename))
        if info.flag_bits & _ENCRYPTED:
            raise PasswordProtected(f"{path} is password-protected; save it in Excel without a password.")
        if info.compress_type not in _METHODS:
            raise CorruptWorkbook(f"{path} is damaged ({name} is packed as Excel does not pack); save it in Excel.")
        packed += info.compress_size
        size += info.file_size
        if info.file_size > _RATIO_FROM and info.file_size > limits.ratio * info.compress_size:
            raise _too_large(
                f"{path}: {name} would unpack to {info.file_size // _MIB} MiB from {info.compress_size} bytes, more "
                f"than {limits.ratio:g} to 1",
                "ratio",
            )
    if size > limits.bytes_of("unpacked_gb") or packed > path.stat().st_size:
        raise _too_large(
            f"{path} would unpack to {size // _MIB} MiB, more than {limits.unpacked_gb:g} GB or than a file of its "
            "size can hold",
            "unpacked_gb",
        )


def _check_size(path: Path, info: zipfile.ZipInfo, key: str, limits: Limits) -> None:
    """Refuse a part larger than the limit `key`, which is sheet_gb or text_mb."""
    if info.file_size > limits.bytes_of(key):
        raise _too_large(
            f"{path}: {shown(info.filename)} would unpack to {info.file_size / _MIB:.1f} MiB, more than "
            f"{getattr(limits, key):g} {key[-2:].upper()}",
            key,
        )


def _too_large(problem: str, key: str) -> WorkbookTooLarge:
    return WorkbookTooLarge(f"{problem}; it is not opened. If you trust it: --limit {key}=NUMBER.")
