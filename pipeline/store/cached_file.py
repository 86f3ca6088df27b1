"""Files of the user's cache: each is found by a key, and taken only if it is what was written under that key."""

from __future__ import annotations

import math
import os
from contextlib import suppress
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from pipeline.store.atomic import GrowingFile, not_written, remove_abandoned

if TYPE_CHECKING:
    from collections.abc import Container, Iterator
    from pathlib import Path

DIGEST_BYTES: Final = 32
ABANDONED_AFTER_SECONDS: Final = 3600


def entry_digest(key: str, *content: bytes) -> bytes:
    """Return the digest kept beside what is cached: of its key and its content; half of what blake2b would take."""
    digest = sha256(key.encode())
    for part in content:
        digest.update(part)
    return digest.digest()


def read_cached(path: Path, key: str) -> bytes | None:
    """Return the content of a cache file; None when it is not there or not what was written under this key."""
    try:
        raw = path.read_bytes()
    except OSError:
        return None
    content = raw[DIGEST_BYTES:]
    return content if raw[:DIGEST_BYTES] == entry_digest(key, content) else None


def write_cached(path: Path, key: str, *content: bytes) -> None:
    """Write a cache file whole or not at all, and remove what killed runs left beside it; raises OutputNotWritable.

    content: its parts, one after the other.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        remove_abandoned(path.parent, ABANDONED_AFTER_SECONDS)
    except OSError as error:
        raise not_written(path.parent, error) from error
    GrowingFile(path, durable=False).finish(entry_digest(key, *content), *content).commit()


def not_cached(folder: Path, reason: str) -> str:
    """Return what is warned of where results cannot be cached."""
    return f"Results cannot be cached in {folder} ({reason}); they are computed anew."


def cached_bytes(folder: Path) -> int:
    """Return the bytes that the files in the folders of `folder` take."""
    return sum(size for _, _, size in cached_files(folder))


def remove_unused(folder: Path, limit: int, in_use: Container[str] = (), used_before: float = math.inf) -> None:
    """Remove files in the folders of `folder`, those unused for longest first, while all take more than `limit` bytes.

    in_use: paths of files that stay. used_before: what was used at that time or later stays, seconds since 1970.
    """
    files = [*cached_files(folder)]
    excess = sum(size for _, _, size in files) - limit
    for used, path, size in sorted(files):
        if excess <= 0:
            break
        if path not in in_use and used < used_before:
            with suppress(OSError):
                os.unlink(path)  # noqa: PTH108 - a path from scandir
                excess -= size


def cached_files(folder: Path) -> Iterator[tuple[float, str, int]]:
    """Yield when each file in the folders of `folder` was used last, its path and its size."""
    with suppress(OSError):
        for part in os.scandir(folder):
            with suppress(OSError):
                for entry in os.scandir(part):
                    with suppress(OSError):
                        state = entry.stat()
                        yield state.st_mtime, entry.path, state.st_size
