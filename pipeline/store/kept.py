"""Results by the hash of what they depend on: kept in one SQLite file, whole or not at all, bounded in size.

A result that does not read back as it was written is as good as none: it is computed again.
"""

from __future__ import annotations

import os
import sqlite3
import warnings
from contextlib import suppress
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Final

from pipeline.folders import cache_folder

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

LIMIT_VARIABLE: Final = "PIPELINE_RESULTS_MB"
FILE_NAME: Final = "results-1.sqlite"
DEFAULT_LIMIT_MB: Final = 2048
PATIENCE_SECONDS: Final = 30
AT_A_TIME: Final = 500
DIGEST_BYTES: Final = 16
RECENT: Final = 20
"""Runs within which it is not noted again that a result was of use: noting it writes the result anew."""

TABLE: Final = """
CREATE TABLE IF NOT EXISTS results (key TEXT PRIMARY KEY, used INTEGER, digest BLOB, content BLOB) WITHOUT ROWID
"""


def results_folder() -> Path:
    """Return the folder results are kept in."""
    return cache_folder("results")


def limit_bytes() -> int:
    """Return how much may be kept: $PIPELINE_RESULTS_MB in MiB, 2,048 by default; at 0 nothing is."""
    with suppress(ValueError):
        return max(0, int(os.environ.get(LIMIT_VARIABLE, DEFAULT_LIMIT_MB))) * 2**20
    return DEFAULT_LIMIT_MB * 2**20


class KeptResults:
    """The results kept in a folder; those not used for longest go when there are more than `limit` bytes.

    A folder that cannot be written, or a file that is no database any more, costs a warning and not the run.
    """

    def __init__(self, folder: Path, limit: int | None = None) -> None:
        self.path = folder / FILE_NAME
        self._limit = limit_bytes() if limit is None else limit
        self._database: sqlite3.Connection | None = None
        self._use = 0
        if self._limit:
            self._open()

    def find(self, keys: Sequence[str]) -> dict[str, bytes]:
        """Return what is kept under these keys, and note that it was of use."""
        found: dict[str, bytes] = {}
        for start in range(0, len(keys), AT_A_TIME):
            some = keys[start : start + AT_A_TIME]
            marks = ",".join("?" * len(some))
            rows = self._rows(f"SELECT key, used, digest, content FROM results WHERE key IN ({marks})", some)  # noqa: S608
            found |= {key: content for key, _, digest, content in rows if _digest(key, content) == digest}
            for key, used, _, _ in rows:
                if used < self._use - RECENT:
                    self._rows("UPDATE results SET used = ? WHERE key = ?", (self._use, key))
        self._finish()
        return found

    def keep(self, results: Mapping[str, bytes]) -> None:
        """Keep results, all of them or none."""
        for key, content in results.items():
            self._rows(
                "INSERT OR REPLACE INTO results VALUES (?, ?, ?, ?)", (key, self._use, _digest(key, content), content)
            )
        self._finish()

    def size(self) -> int:
        """Return the bytes that the kept results take."""
        return sum(row[0] for row in self._rows("SELECT coalesce(sum(length(content)), 0) FROM results"))

    def count(self) -> int:
        """Return how many results are kept."""
        return sum(row[0] for row in self._rows("SELECT count(*) FROM results"))

    def close(self) -> None:
        """Let go of what is above the limit, the longest unused first, and close the file."""
        excess = self.size() - self._limit
        if excess > 0:
            gone = []
            for key, length in self._rows("SELECT key, length(content) FROM results ORDER BY used, key"):
                if excess > 0:
                    gone.append(key)
                    excess -= length
            for key in gone:
                self._rows("DELETE FROM results WHERE key = ?", (key,))
            self._finish()
            self._rows("PRAGMA incremental_vacuum")
        if self._database is not None:
            self._database.close()
            self._database = None

    def _open(self) -> None:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            try:
                self._database = _opened(self.path)
            except sqlite3.OperationalError:
                raise
            except sqlite3.DatabaseError:
                self.path.unlink()
                self._database = _opened(self.path)
        except (sqlite3.Error, OSError) as error:
            self._give_up(error)
        for row in self._rows("SELECT coalesce(max(used), 0) FROM results"):
            self._use = row[0] + 1

    def _rows(self, statement: str, values: Iterable[Any] = ()) -> list[Any]:
        if self._database is None:
            return []
        try:
            return self._database.execute(statement, tuple(values)).fetchall()
        except sqlite3.Error as error:
            self._give_up(error)
            return []

    def _finish(self) -> None:
        if self._database is not None:
            try:
                self._database.commit()
            except sqlite3.Error as error:
                self._give_up(error)

    def _give_up(self, error: Exception) -> None:
        if self._database is not None:
            with suppress(sqlite3.Error):
                self._database.close()
            self._database = None
        warnings.warn(f"Results cannot be kept in {self.path} ({error}); they are computed anew.", stacklevel=2)


def clear(folder: Path) -> int:
    """Remove all kept results; return how many bytes they took."""
    freed = 0
    for path in sorted(folder.glob("results-*.sqlite*")):
        freed += path.stat().st_size
        path.unlink()
    return freed


def _opened(path: Path) -> sqlite3.Connection:
    database = sqlite3.connect(path, timeout=PATIENCE_SECONDS)
    try:
        database.execute("PRAGMA auto_vacuum = INCREMENTAL")
        database.execute("PRAGMA synchronous = NORMAL")
        database.execute(TABLE)
        database.commit()
    except sqlite3.Error:
        database.close()
        raise
    return database


def _digest(key: str, content: bytes) -> bytes:
    return blake2b(key.encode() + content, digest_size=DIGEST_BYTES).digest()
