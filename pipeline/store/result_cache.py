"""The result cache: results by the hash of what they depend on, in one SQLite file bounded in size.

Each result is written whole or not at all. One that does not read back as it was written is computed again.
"""

from __future__ import annotations

import os
import sqlite3
import warnings
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, TypeVar

from pipeline.folders import cache_folder
from pipeline.store.cached_file import entry_digest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

Result = TypeVar("Result")

LIMIT_VARIABLE: Final = "PIPELINE_RESULTS_MB"
FILE_NAME: Final = "results-3.sqlite"
OF_ANY_VERSION: Final = "results-*.sqlite*"
PARTS: Final = "sweeps-1"
DEFAULT_LIMIT_MB: Final = 2048
PATIENCE_SECONDS: Final = 30
AT_A_TIME: Final = 500
MOST_USES: Final = 2**62
TABLES: Final = (
    "CREATE TABLE IF NOT EXISTS results (key TEXT PRIMARY KEY, digest BLOB, content BLOB)",
    "CREATE TABLE IF NOT EXISTS uses (key TEXT PRIMARY KEY, used INTEGER) WITHOUT ROWID",
)
"""Uses have a table of their own, since updating one would otherwise write its whole result again.

Results have row numbers, since SQLite reads whole rows, content and all, to find a key in a table that has none.
"""

IN_THE_WAY: Final = {
    *(sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR),
    *(sqlite3.SQLITE_FULL, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_AUTH),
}
"""What SQLite says where the file itself may be sound; anything else it says of a damaged or foreign one."""


def results_folder() -> Path:
    """Return the folder of the result cache."""
    return cache_folder("results")


def parts_folder() -> Path:
    """Return the folder of the results that are cached as parts, many to a file."""
    return results_folder() / PARTS


def limit_bytes() -> int:
    """Return how many bytes may be cached: $PIPELINE_RESULTS_MB in MiB, 2,048 by default; at 0 nothing is."""
    with suppress(ValueError):
        return max(0, int(os.environ.get(LIMIT_VARIABLE, DEFAULT_LIMIT_MB))) * 2**20
    return DEFAULT_LIMIT_MB * 2**20


class ResultCache:
    """The results cached in a folder; those not used for longest go when there are more than `limit` bytes.

    A folder that cannot be written, or a file that is no database any more, costs a warning and not the run.
    """

    def __init__(self, folder: Path, limit: int | None = None) -> None:
        self.path = folder / FILE_NAME
        self._limit = limit_bytes() if limit is None else limit
        self._database: sqlite3.Connection | None = None
        self._use = 0
        self._begun_anew = False
        if self._limit:
            self._open()

    def get(self, keys: Sequence[str]) -> dict[str, bytes]:
        """Return what is cached under these keys, and note that it was of use."""
        return self._do(lambda database: self._get(database, keys), {})

    def put(self, results: Mapping[str, bytes]) -> None:
        """Cache results, all of them or none; what is there already, by its digest, is not written again.

        Should it not read back as it was written, `get` lets go of it.
        """
        self._do(lambda database: self._put(database, results), None)

    def size(self) -> int:
        """Return the bytes that the cached results take."""
        return self._do(_size, 0)

    def count(self) -> int:
        """Return how many results are cached."""
        return self._do(lambda database: _number(database, "SELECT count(*) FROM results"), 0)

    def close(self) -> None:
        """Let go of what is above the limit, the longest unused first, and close the file."""
        with suppress(OSError):
            # To add up what is in the file, all of it has to be read.
            if self.path.stat().st_size > self._limit:
                self._do(self._keep_within_limit, None)
        self._let_go()

    def _get(self, database: sqlite3.Connection, keys: Sequence[str]) -> dict[str, bytes]:
        rows = list(_rows(database, keys, "key, digest, content"))
        intact = {key: content for key, digest, content in rows if _is_as_written(key, digest, content)}
        database.executemany("DELETE FROM results WHERE key = ?", [row[:1] for row in rows if row[0] not in intact])
        self._note(database, intact)
        return intact

    def _put(self, database: sqlite3.Connection, results: Mapping[str, bytes]) -> None:
        rows = [(key, entry_digest(key, content), content) for key, content in results.items()]
        there = dict(_rows(database, list(results), "key, digest"))
        new = [row for row in rows if there.get(row[0]) != row[1]]
        database.executemany("INSERT OR REPLACE INTO results VALUES (?, ?, ?)", new)
        self._note(database, results)

    def _note(self, database: sqlite3.Connection, keys: Iterable[str]) -> None:
        database.executemany("INSERT OR REPLACE INTO uses VALUES (?, ?)", [(key, self._use) for key in keys])

    def _keep_within_limit(self, database: sqlite3.Connection) -> None:
        excess, gone = _size(database) - self._limit, []
        if excess <= 0:
            return
        for key, length in database.execute(
            "SELECT key, length(content) FROM results LEFT JOIN uses USING (key) ORDER BY used, key"
        ):
            if excess > 0:
                gone.append((key,))
                excess -= _whole(length)
        database.executemany("DELETE FROM results WHERE key = ?", gone)
        database.executemany("DELETE FROM uses WHERE key = ?", gone)
        database.commit()
        database.executescript("PRAGMA incremental_vacuum")  # `execute` would give back one page only

    def _open(self) -> None:
        try:
            if not self.path.exists():
                self.path.parent.mkdir(parents=True, exist_ok=True)
                _remove_earlier_formats(self.path.parent)
            self._database = _opened(self.path)
        except (sqlite3.Error, UnicodeError, OSError) as error:
            self._give_up(error)
        else:
            self._use = self._do(lambda database: _number(database, "SELECT max(used) FROM uses"), 0) + 1

    def _do(self, work: Callable[[sqlite3.Connection], Result], otherwise: Result) -> Result:
        """Return what some work on the database gives, or `otherwise` where there is none that can be used."""
        while self._database is not None:
            try:
                result = work(self._database)
                self._database.commit()
            except (sqlite3.Error, UnicodeError) as error:
                self._give_up(error)
            else:
                return result
        return otherwise

    def _let_go(self) -> None:
        if self._database is not None:
            with suppress(sqlite3.Error):
                self._database.close()
            self._database = None

    def _give_up(self, error: Exception) -> None:
        """Begin anew in place of a file that is damaged or somebody else's; otherwise keep nothing in this run."""
        self._let_go()
        if not self._begun_anew and _is_damage(error):
            self._begun_anew = True
            try:
                _remove(self.path)
            except OSError as still_there:
                error = still_there
            else:
                warnings.warn(f"{self.path} was damaged ({error}); keeping results begins anew.", stacklevel=2)
                self._open()
                return
        warnings.warn(f"Results cannot be kept in {self.path} ({error}); they are computed anew.", stacklevel=2)


def clear(folder: Path) -> int:
    """Remove all cached results; return how many bytes they took."""
    freed = 0
    for path in sorted([*folder.glob(OF_ANY_VERSION), *folder.glob(f"{PARTS}/*/*")]):
        freed += path.stat().st_size
        path.unlink()
    for path in sorted(folder.glob(f"{PARTS}/*")):
        path.rmdir()
    return freed


def _remove_earlier_formats(folder: Path) -> None:
    """Remove the caches of earlier versions: nobody reads them any more, and no limit applies to them."""
    for path in sorted(folder.glob(OF_ANY_VERSION)):
        if not path.name.startswith(FILE_NAME):
            with suppress(OSError):
                path.unlink()


def _opened(path: Path) -> sqlite3.Connection:
    database = sqlite3.connect(path, timeout=PATIENCE_SECONDS)
    try:
        # A kill loses nothing by it; a power cut may cost what is cached, never a wrong result: each has its digest.
        database.execute("PRAGMA synchronous = OFF")
        database.execute("PRAGMA auto_vacuum = INCREMENTAL")
        for table in TABLES:
            database.execute(table)
        database.commit()
    except (sqlite3.Error, UnicodeError):
        database.close()
        raise
    return database


def _rows(database: sqlite3.Connection, keys: Sequence[str], columns: str) -> Iterator[tuple[Any, ...]]:
    for start in range(0, len(keys), AT_A_TIME):
        some = keys[start : start + AT_A_TIME]
        marks = ",".join("?" * len(some))
        yield from database.execute(f"SELECT {columns} FROM results WHERE key IN ({marks})", some)  # noqa: S608 - ours


def _size(database: sqlite3.Connection) -> int:
    return _number(database, "SELECT sum(length(content)) FROM results")


def _number(database: sqlite3.Connection, statement: str) -> int:
    return _whole(database.execute(statement).fetchone()[0])


def _is_as_written(key: object, digest: object, content: object) -> bool:
    return isinstance(key, str) and isinstance(content, bytes) and entry_digest(key, content) == digest


def _is_damage(error: Exception) -> bool:
    if isinstance(error, OSError):
        return False
    return getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF not in IN_THE_WAY


def _remove(path: Path) -> None:
    """Remove a database, and the journal by which SQLite would roll the next one of this name back."""
    path.unlink(missing_ok=True)
    path.with_name(f"{path.name}-journal").unlink(missing_ok=True)


def _whole(value: object) -> int:
    """Return a number as it was written, 0 for what a damaged file has in its place."""
    return value if isinstance(value, int) and 0 <= value < MOST_USES else 0
