"""The result cache: results by the hash of what they depend on, a file each, bounded in size.

Each result is written whole or not at all. One that does not read back as it was written is computed again.
"""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from pipeline.folders import cache_folder
from pipeline.store.cached_file import cached_bytes, cached_files, read_cached, remove_unused, write_cached

LIMIT_VARIABLE: Final = "PIPELINE_RESULTS_MB"
DEFAULT_LIMIT_MB: Final = 2048
SINGLE: Final = "single-1"
PARTS: Final = "sweeps-1"
OF_EARLIER_VERSIONS: Final = "results-*.sqlite*"
_FOLDER_LETTERS: Final = 2


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


@dataclass(frozen=True, slots=True)
class ResultCache:
    """The results cached in a folder; those not used for longest go when all take more than `limit` bytes.

    Processes may use one folder at once.
    """

    folder: Path
    limit: int = field(default_factory=limit_bytes)

    def has(self, key: str) -> bool:
        """Return whether something is cached under a key, intact or not."""
        return bool(self.limit) and os.path.exists(self._path(key))  # noqa: PTH110 - a tenth of Path.exists

    def get(self, key: str) -> bytes | None:
        """Return what is cached under a key, and note that it was of use."""
        content = read_cached(self._path(key), key) if self.limit else None
        if content is not None:
            with suppress(OSError):
                os.utime(self._path(key))
        return content

    def put(self, key: str, *content: bytes) -> None:
        """Cache a result, in parts, in place of an earlier one; raises OutputNotWritable."""
        if sum(map(len, content)) < self.limit:
            write_cached(self._path(key), key, *content)

    def size(self) -> int:
        """Return the bytes that the cached results take."""
        return cached_bytes(self.folder / SINGLE)

    def keep_within_limit(self) -> None:
        """Let go of what is above the limit, the longest unused first, and of what earlier versions cached."""
        remove_unused(self.folder / SINGLE, self.limit)
        for path in sorted(self.folder.glob(OF_EARLIER_VERSIONS)):
            with suppress(OSError):
                path.unlink()

    def _path(self, key: str) -> Path:
        return self.folder / SINGLE / key[:_FOLDER_LETTERS] / key


def clear(folder: Path) -> int:
    """Remove all cached results; return how many bytes they took. Other processes may cache some meanwhile."""
    freed = 0
    paths = [
        *folder.glob(OF_EARLIER_VERSIONS),
        *(Path(file) for part in (SINGLE, PARTS) for _, file, _ in cached_files(folder / part)),
    ]
    for path in sorted(paths):
        with suppress(FileNotFoundError):
            size = path.stat().st_size
            path.unlink()
            freed += size
    for path in [*folder.glob(f"{SINGLE}/*"), *folder.glob(f"{PARTS}/*")]:
        with suppress(OSError):
            path.rmdir()
    return freed
