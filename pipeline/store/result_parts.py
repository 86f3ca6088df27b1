"""Result parts: results of one kind as arrays, many to a file, found again by their names.

A part is written whole or not at all. One of which an array does not read back as it was written is computed again.
"""

from __future__ import annotations

import json
import math
import os
import time
import warnings
import weakref
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final

import numpy as np

from pipeline.errors import OutputNotWritable, StoreError
from pipeline.store.atomic import GrowingFile, not_written, remove_abandoned
from pipeline.store.cached_file import ABANDONED_AFTER_SECONDS, cached_bytes, not_cached, remove_unused
from pipeline.store.result_cache import limit_bytes

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from pipeline.ticks import Int64s

MAGIC: Final = b"RESULTS1"
SUFFIX: Final = ".results"
NAMES: Final = "names"
LENGTH_BYTES: Final = 8
DIGEST_BYTES: Final = 32
FIXED_BYTES: Final = len(MAGIC) + LENGTH_BYTES + DIGEST_BYTES
RECENT_SECONDS: Final = 3600
"""What was used so recently may be in use by another sweep, and stays."""


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """Where a part is: in a file of its own, or, without a path, in the one of all that are not cached.

    arrays: type, shape, first byte and digest of each by its name. written: when, ns; a file's own time says when it
    was used last.
    """

    path: Path | None
    start: int
    arrays: Mapping[str, tuple[str, list[int], int, str]]
    written: int = 0


class ResultParts:
    """The parts of a folder; what is found or put in this use of it is never let go of, the rest stays below a limit.

    Where the folder cannot be written, or nothing is to be cached, parts live as long as this does.
    """

    def __init__(self, folder: Path, limit: int | None = None) -> None:
        self.folder = folder
        self._limit = limit_bytes() if limit is None else limit
        self._parts: list[Part] = []
        self._uncached: IO[bytes] | None = None
        self._is_writable = bool(self._limit)

    def find(self, kind: str, names: Any, arrays: Collection[str]) -> tuple[Int64s, Int64s]:
        """Return the part and the row that each result is in, -1 for one that is not there; the newest of several.

        Args:
            kind: What the results are of; names are of one kind.
            names: uint64 of shape (results, 2).
            arrays: Those of their arrays that will be read; parts of which one is damaged are removed.
        """
        opened = [_opened(path, kind) for path in (self._files_of(kind) if self._limit else ())]
        parts, known = [], []
        for part in sorted(filter(None, opened), key=lambda part: -part.written):
            content = _intact(part, [NAMES])
            if content is not None:
                parts.append(part)
                known.append(content.view(np.uint64).reshape(-1, 2))
        where, rows = _matched(names, known)
        used = np.flatnonzero(np.bincount(where[where >= 0], minlength=len(parts)))
        numbers = np.full(len(parts) + 1, -1)
        for at in used.tolist():
            damaged = parts[at].path if _intact(parts[at], arrays) is None else None
            if damaged is not None:
                with suppress(OSError):
                    damaged.unlink(missing_ok=True)
                return self.find(kind, names, arrays)
        for at in used.tolist():
            numbers[at] = self._add(parts[at])
        return numbers[where], rows

    def put(self, kind: str, arrays: Mapping[str, Any], *, cached: bool = True) -> int:
        """Return the number of a new part of these arrays, `names` among them; cached under them if that may be."""
        header, content = _encoded(kind, arrays)
        if cached and self._is_writable:
            names = header[NAMES][3][:32]
            path = self.folder / kind / f"{names}{SUFFIX}"
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                GrowingFile(path, durable=False).finish(*content).commit()
                return self._add(Part(path, 0, header))
            except (OSError, OutputNotWritable) as error:
                self._is_writable = False
                warnings.warn(not_cached(self.folder, str(error)), stacklevel=2)
        if self._uncached is None:
            from tempfile import TemporaryFile  # 3 ms that a sweep that caches does without

            self._uncached = TemporaryFile()  # noqa: SIM115 - read as long as this lives
            weakref.finalize(self, self._uncached.close)
        start = self._uncached.seek(0, os.SEEK_END)
        try:
            for each in content:
                self._uncached.write(each)
            self._uncached.flush()
        except OSError as error:
            raise not_written(Path("a temporary file"), error) from error
        return self._add(Part(None, start, header))

    def shape(self, number: int, array: str) -> tuple[int, ...]:
        """Return the shape of an array of a part."""
        return tuple(self._parts[number].arrays[array][1])

    def read(self, number: int, array: str, first: int = 0, last: int | None = None) -> Any:
        """Return an array of a part, or its rows from `first` to before `last`; raises StoreError when it is gone."""
        part = self._parts[number]
        try:
            if part.path is None:
                assert self._uncached is not None  # noqa: S101 - there is no such part without it
                return _read(self._uncached, part, array, first, last)
            with part.path.open("rb", buffering=0) as file:
                return _read(file, part, array, first, last)
        except (OSError, ValueError) as error:
            raise StoreError(f"{part.path} was removed or changed while it was in use; run the sweep again.") from error

    def size(self) -> int:
        """Return the bytes that all parts of the folder take."""
        return cached_bytes(self.folder)

    def close(self, room: int | None = None) -> None:
        """Remove the parts unused for longest while all take more than `room`, by default the limit."""
        mine = {str(part.path) for part in self._parts}
        remove_unused(self.folder, self._limit if room is None else room, mine, time.time() - RECENT_SECONDS)

    def _add(self, part: Part) -> int:
        self._parts.append(part)
        if part.path is not None:
            with suppress(OSError):
                os.utime(part.path)
        return len(self._parts) - 1

    def _files_of(self, kind: str) -> list[Path]:
        """Return the files of a kind."""
        folder = self.folder / kind
        try:
            remove_abandoned(folder, ABANDONED_AFTER_SECONDS)
            return [folder / entry.name for entry in os.scandir(folder) if entry.name.endswith(SUFFIX)]
        except OSError:
            return []


def _matched(names: Any, known: Sequence[Any]) -> tuple[Int64s, Int64s]:
    """Return the array of names that each name is in, the first of several, and its row there; -1 for none."""
    places = np.full(len(names), -1)
    rows = np.full(len(names), -1)
    if not known or not len(names):
        return places, rows
    every = np.concatenate(known)
    starts = np.cumsum([0, *map(len, known)])
    order = np.argsort(every[:, 0], kind="stable")
    at = np.minimum(np.searchsorted(every[order, 0], names[:, 0]), len(order) - 1)
    found = order[at]
    is_there = (every[found] == names).all(axis=1)
    places[is_there] = np.searchsorted(starts, found[is_there], side="right") - 1
    rows[is_there] = found[is_there] - starts[places[is_there]]
    return places, rows


def _encoded(kind: str, arrays: Mapping[str, Any]) -> tuple[dict[str, Any], list[Any]]:
    """Return the arrays of a part's header, and what to write."""
    header: dict[str, tuple[str, list[int], int, str]] = {}
    content, at = [], 0
    for name, array in arrays.items():
        whole = np.ascontiguousarray(array)
        content.append(_bytes_of(whole))
        header[name] = (whole.dtype.str, list(whole.shape), at, sha256(content[-1]).hexdigest())
        at += whole.nbytes
    text = json.dumps([kind, time.time_ns(), header]).encode()
    text += b" " * (-len(text) % 8)
    first = MAGIC + len(text).to_bytes(LENGTH_BYTES, "little") + sha256(text).digest() + text
    moved = {name: (kind, shape, start + len(first), digest) for name, (kind, shape, start, digest) in header.items()}
    return moved, [first, *content]


def _bytes_of(array: Any) -> memoryview:
    return memoryview(array).cast("B") if array.size else memoryview(b"")


def _opened(path: Path, kind: str) -> Part | None:
    """Return a part by its header, None for a file that is not as it was written."""
    try:
        with path.open("rb", buffering=0) as file:
            first = file.read(FIXED_BYTES)
            length = int.from_bytes(first[len(MAGIC) : -DIGEST_BYTES], "little")
            text = file.read(min(length, 2**20))
    except OSError:
        return None
    if first[: len(MAGIC)] != MAGIC or sha256(text).digest() != first[-DIGEST_BYTES:]:
        return None
    of, written, header = json.loads(text)
    start = FIXED_BYTES + length
    arrays = {name: (kind, shape, start + at, digest) for name, (kind, shape, at, digest) in header.items()}
    return Part(path, 0, arrays, written) if of == kind else None


def _intact(part: Part, arrays: Collection[str]) -> Any:
    """Return the last of some arrays of a part, None where one is not as it was written."""
    content = None
    try:
        with part.path.open("rb", buffering=0) as file:  # type: ignore[union-attr]
            for name in arrays:
                content = _read(file, part, name, 0, None)
                if sha256(_bytes_of(content)).hexdigest() != part.arrays[name][3]:
                    return None
    except (OSError, ValueError, KeyError):
        return None
    return content


def _read(file: IO[bytes], part: Part, array: str, first: int, last: int | None) -> Any:
    kind, (rows, *others), at, _ = part.arrays[array]
    last = rows if last is None else last
    each = math.prod(others)
    file.seek(part.start + at + first * each * np.dtype(kind).itemsize)
    return np.fromfile(file, kind, (last - first) * each).reshape(last - first, *others)
