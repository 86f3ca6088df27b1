"""Where this user's caches are: compiled loops and kept results."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

FOLDER_VARIABLE: Final = "PIPELINE_CACHE_DIR"


def cache_folder(part: str) -> Path:
    """Return the folder of one part of the cache: below $PIPELINE_CACHE_DIR, or below this user's cache folder."""
    chosen = os.environ.get(FOLDER_VARIABLE)
    if chosen:
        return Path(chosen) / part
    import platformdirs  # not needed when the folder is chosen

    return Path(platformdirs.user_cache_dir("tick-pipeline", appauthor=False)) / part
