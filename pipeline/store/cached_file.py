"""Files of the user's cache: each is found by a key, and taken only if it is what was written under that key."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Final

from pipeline.store.atomic import not_written, remove_abandoned, write_bytes

if TYPE_CHECKING:
    from pathlib import Path

DIGEST_BYTES: Final = 32
ABANDONED_AFTER_SECONDS: Final = 3600


def entry_digest(key: str, content: bytes) -> bytes:
    """Return the digest kept beside what is cached: of its key and its content; half of what blake2b would take."""
    digest = sha256(key.encode())
    digest.update(content)
    return digest.digest()


def read_cached(path: Path, key: str) -> bytes | None:
    """Return the content of a cache file; None when it is not there or not what was written under this key."""
    try:
        raw = path.read_bytes()
    except OSError:
        return None
    content = raw[DIGEST_BYTES:]
    return content if raw[:DIGEST_BYTES] == entry_digest(key, content) else None


def write_cached(path: Path, key: str, content: bytes) -> None:
    """Write a cache file whole or not at all, and remove what killed runs left beside it; raises OutputNotWritable."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        remove_abandoned(path.parent, ABANDONED_AFTER_SECONDS)
    except OSError as error:
        raise not_written(path.parent, error) from error
    write_bytes(path, entry_digest(key, content) + content, durable=False)
