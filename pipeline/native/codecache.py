"""Cache of machine code on disk: one file per key, written whole and checked by its digest when read.

What is cached is code: whoever can write to the folder can run code as its user, as with any compiler's cache.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
import time
import warnings
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pipeline.folders import cache_folder

DIGEST_BYTES: Final = 32
DRAFT: Final = ".tmp"
ABANDONED_AFTER_SECONDS: Final = 3600


@dataclass(frozen=True, slots=True)
class Code:
    """An object file, the symbol of the function in it, and a note for whoever calls it."""

    symbol: str
    object: bytes
    note: str = ""


def folder() -> Path:
    """Return the folder of the loops."""
    return cache_folder("loops")


def read(key: str) -> Code | None:
    """Return the code kept under a key; None when there is none or it is not whole."""
    try:
        raw = _file(key).read_bytes()
    except OSError:
        return None
    digest, body = raw[:DIGEST_BYTES], raw[DIGEST_BYTES:]
    symbol, *rest = body.split(b"\0", 2)
    if len(rest) != 2 or hashlib.sha256(key.encode() + body).digest() != digest:  # noqa: PLR2004 - note and code
        return None
    return Code(symbol.decode(), rest[1], rest[0].decode())


def write(key: str, code: Code) -> None:
    """Keep code under a key; a folder that cannot be written costs a warning, not the run."""
    body = b"\0".join([code.symbol.encode(), code.note.encode(), code.object])
    target, draft = _file(key), None
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _remove_abandoned(target.parent)
        with tempfile.NamedTemporaryFile(dir=target.parent, prefix=key[:8], suffix=DRAFT, delete=False) as file:
            draft = Path(file.name)
            file.write(hashlib.sha256(key.encode() + body).digest() + body)
        draft.replace(target)
    except OSError as error:
        warnings.warn(
            f"Compiled code cannot be kept in {target.parent} ({error}); it is compiled anew each run.", stacklevel=2
        )
    finally:
        if draft is not None:
            with suppress(OSError):
                draft.unlink(missing_ok=True)


def clear() -> None:
    """Remove every kept loop."""
    shutil.rmtree(folder(), ignore_errors=True)


def _remove_abandoned(loops: Path) -> None:
    """Remove drafts that killed runs left; one that is being written is moments old."""
    limit = time.time() - ABANDONED_AFTER_SECONDS
    for draft in loops.glob(f"*{DRAFT}"):
        with suppress(OSError):
            if draft.stat().st_mtime < limit:
                draft.unlink()


def _file(key: str) -> Path:
    return folder() / f"{key}.loop"
