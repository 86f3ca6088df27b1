"""Refuses archives that no tick workbook looks like, by their list of parts alone, before anything is unpacked."""

from __future__ import annotations

import zipfile
from typing import IO, TYPE_CHECKING, Final

from pipeline.errors import CorruptWorkbook, PasswordProtected, WorkbookTooLarge, shown

if TYPE_CHECKING:
    from pathlib import Path

    from pipeline.conversion.limits import Limits

_MIB: Final = 1 << 20
_LARGEST_DIRECTORY: Final = 8 * _MIB
_RATIO_FROM: Final = 16 * _MIB
_ENCRYPTED: Final = 0x1
_METHODS: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_END, _END_SIZE, _LONGEST_COMMENT = b"PK\5\6", 22, 65_535
_END_64_SIZE, _LOCATOR, _LOCATOR_SIZE = 56, b"PK\6\7", 20


def check_directory(path: Path, file: IO[bytes]) -> None:
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


def check_parts(path: Path, archive: zipfile.ZipFile, limits: Limits) -> None:
    """Refuse archives that no tick workbook looks like.

    Raises CorruptWorkbook, PasswordProtected or WorkbookTooLarge.
    """
    names: set[str] = set()
    packed = unpacked = 0
    for info in archive.infolist():
        name = shown(info.filename)
        if info.filename.casefold() in names:
            raise CorruptWorkbook(f"{path} is damaged (it holds {name} twice); save it again in Excel.")
        names.add(info.filename.casefold())
        if info.flag_bits & _ENCRYPTED:
            raise PasswordProtected(f"{path} is password-protected; save it in Excel without a password.")
        if info.compress_type not in _METHODS:
            raise CorruptWorkbook(f"{path} is damaged ({name} is packed as Excel does not pack); save it in Excel.")
        packed += info.compress_size
        unpacked += info.file_size
        if info.file_size > _RATIO_FROM and info.file_size > limits.ratio * info.compress_size:
            raise WorkbookTooLarge(
                f"{path}: {name} would unpack to {info.file_size // _MIB} MiB from {info.compress_size} bytes, more "
                f"than {limits.ratio:g} to 1; it is not opened. If you trust it: --limit ratio=NUMBER."
            )
    if unpacked > limits.bytes_of("unpacked_gb") or packed > path.stat().st_size:
        raise WorkbookTooLarge(
            f"{path} would unpack to {unpacked // _MIB} MiB, more than {limits.unpacked_gb:g} GB or than a file of its "
            "size can hold; it is not opened. If you trust it: --limit unpacked_gb=NUMBER."
        )


def check_part(path: Path, info: zipfile.ZipInfo, key: str, limits: Limits) -> None:
    """Refuse a part larger than the limit `key`, which is sheet_gb or text_mb."""
    if info.file_size > limits.bytes_of(key):
        raise WorkbookTooLarge(
            f"{path}: {shown(info.filename)} would unpack to {info.file_size / _MIB:.1f} MiB, more than "
            f"{getattr(limits, key):g} {key[-2:].upper()}; "
            f"it is not opened. If you trust it: --limit {key}=NUMBER."
        )
