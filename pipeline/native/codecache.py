"""Cache of machine code on disk: one file per key, written whole and checked by its digest when read.

What is cached is code: whoever can write to the folder can run code as its user, as with any compiler's cache.
"""

from __future__ import annotations

import shutil
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.errors import OutputNotWritable
from pipeline.folders import cache_folder
from pipeline.store.cached_file import read_cached, write_cached

if TYPE_CHECKING:
    from pathlib import Path


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
    """Return the code cached under a key; None when there is none or it is not whole."""
    content = read_cached(_file(key), key)
    if content is None:
        return None
    symbol, note, code = content.split(b"\0", 2)
    return Code(symbol.decode(), code, note.decode())


def write(key: str, code: Code) -> None:
    """Cache code under a key; a folder that cannot be written costs a warning, not the run."""
    try:
        write_cached(_file(key), key, b"\0".join([code.symbol.encode(), code.note.encode(), code.object]))
    except OutputNotWritable as error:
        warnings.warn(
            f"Compiled code cannot be kept in {folder()} ({error}); it is compiled anew each run.", stacklevel=2
        )


def clear() -> None:
    """Remove every cached loop."""
    shutil.rmtree(folder(), ignore_errors=True)


def _file(key: str) -> Path:
    return folder() / f"{key}.loop"
