"""Seals a Parquet file with digests of its pages and its footer, and checks the seal when the file is read.

Parquet's own checksums cover the content of the pages, not the pages' headers and not the footer: a flipped bit there
can pass for other values. The seal stands where readers of Parquet never look: they find all they read from the footer.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    Buffer = bytes | memoryview

SEAL_NAME: Final = "blake2b-128"
"""What a sealed file's metadata say of it, so that a file that lost its seal is known by that."""

_MARK: Final = b"TICKSEAL"
_DIGEST_BYTES: Final = 16
_SEAL_BYTES: Final = len(_MARK) + 2 * _DIGEST_BYTES
_TAIL_BYTES: Final = 8
"""The length of the footer and Parquet's own mark, with which every file ends."""


def sealed(content: Buffer) -> Sequence[Buffer]:
    """Return a whole Parquet file as what to write one after the other: its pages, the seal, its footer."""
    start = _footer_start(content)
    pages, footer = memoryview(content)[:start], memoryview(content)[start:]
    return pages, _seal(_digest(pages), footer), footer


def end_bytes(end: Buffer) -> int:
    """Return how many bytes at a file's end hold its seal and footer, as these last bytes of it say."""
    return len(end) - _footer_start(end) + _SEAL_BYTES


def is_sealed(end: Buffer) -> bool:
    """Return whether a seal stands before the footer; `end` are a file's last bytes, all of them or enough."""
    start = _footer_start(end)
    return start >= _SEAL_BYTES and bytes(end[start - _SEAL_BYTES :][: len(_MARK)]) == _MARK


def footer_holds(end: Buffer) -> bool:
    """Return whether the footer is the one that was sealed."""
    start = _footer_start(end)
    seal = bytes(end[start - _SEAL_BYTES : start])
    return seal == _seal(seal[len(_MARK) : -_DIGEST_BYTES], end[start:])


def pages_hold(content: Buffer) -> bool:
    """Return whether all that stands before the seal is what was sealed; `content` is the whole file."""
    start = _footer_start(content)
    digest = bytes(content[start - _SEAL_BYTES : start])[len(_MARK) : -_DIGEST_BYTES]
    return _digest(memoryview(content)[: start - _SEAL_BYTES]) == digest


def _footer_start(end: Buffer) -> int:
    """Return where the footer begins, below zero when that is before these bytes."""
    return len(end) - _TAIL_BYTES - int.from_bytes(end[-_TAIL_BYTES:-4], "little")


def _seal(of_pages: bytes, footer: Buffer) -> bytes:
    head = _MARK + of_pages
    return head + _digest(head, footer)


def _digest(*parts: Buffer) -> bytes:
    digest = blake2b(digest_size=_DIGEST_BYTES)
    for part in parts:
        digest.update(part)
    return digest.digest()
