"""Seals a Parquet file with digests of its pages and of its footer; that of its pages is the file's digest.

Parquet's own checksums cover the content of the pages, not the pages' headers and not the footer: a flipped bit there
can pass for other values. The seal stands where readers of Parquet never look: they find all they read from the footer.
"""

from __future__ import annotations

from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pipeline.errors import ran_out_of_memory
from pipeline.store.path import read_end

if TYPE_CHECKING:
    from collections.abc import Sequence

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


def read_sealed(path: AnyPath, *, end_only: bool = False) -> tuple[bytes, str]:
    """Read a Parquet file and verify its seal.

    Args:
        path: The file.
        end_only: Whether its last bytes will do, which hold the footer; the pages are not verified then.

    Returns:
        The bytes, and the digest of the pages; the digest is empty for a file without a seal.

    Raises:
        ValueError: The content is not what was sealed.
        OSError: The file cannot be read; PathError where it is in a bucket.
    """
    content = read_end(path, _END_BYTES)[1] if end_only else path.read_bytes()
    if end_only and _footer_start(content) < _SEAL_BYTES:
        content = path.read_bytes()
    start = _footer_start(content)
    seal = bytes(content[start - _SEAL_BYTES : start]) if start >= _SEAL_BYTES else b""
    if not seal.startswith(_MARK):
        return content, ""
    digest = seal[len(_MARK) : -_DIGEST_BYTES]
    if seal != _seal(digest, content[start:]):
        raise ValueError("its content is not what its seal was made for")
    if not end_only and _digest(memoryview(content)[: start - _SEAL_BYTES]) != digest:
        raise ValueError("its content is not what its seal was made for")
    return content, digest.hex()


def file_digest(path: AnyPath) -> str:
    """Return the digest of a Parquet file after verifying all of it; empty where it is not whole or not there.

    Of a file in a bucket, which keeps checksums of its own, the footer alone is read. A file that another program wrote
    has no seal: the digest is that of all its bytes.
    """
    try:
        _, digest = read_sealed(path, end_only=not isinstance(path, Path))
        return digest or _digest(path.read_bytes()).hex()
    except (OSError, ValueError) as error:
        if ran_out_of_memory(error):
            raise
        return ""


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
