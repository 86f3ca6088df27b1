"""Where this user's caches are, and where the files of `configs/` are found."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

FOLDER_VARIABLE: Final = "PIPELINE_CACHE_DIR"
CONFIGS: Final = Path("configs")
PACKAGE: Final = Path(__file__).resolve().parent


def cache_folder(part: str) -> Path:
    """Return the folder of one part of the cache: below $PIPELINE_CACHE_DIR, or below this user's cache folder."""
    chosen = os.environ.get(FOLDER_VARIABLE)
    if chosen:
        return Path(chosen) / part
    import platformdirs  # not needed when the folder is chosen

    return Path(platformdirs.user_cache_dir("tick-pipeline", appauthor=False)) / part


def shipped_configs() -> Path:
    """Return the `configs` folder that comes with the project: in the installed package, else in the repository."""
    installed = PACKAGE / CONFIGS
    return installed if installed.is_dir() else PACKAGE.parent / CONFIGS


def config_file(path: Path) -> Path:
    """Return where a file is: as named, seen from the working directory; else, one of `configs`, as it is shipped.

    A path that is in neither is returned as named.
    """
    # Path.exists raises for a name too long.
    return next((candidate for candidate in _candidates(path) if os.path.exists(candidate)), path)  # noqa: PTH110


def config_files(folder: Path) -> list[Path]:
    """Return the JSON files of a folder in the order of their names, each where `config_file` finds it."""
    names = {file.name for candidate in _candidates(folder) for file in candidate.glob("*.json")}
    return [config_file(folder / name) for name in sorted(names)]


def _candidates(path: Path) -> list[Path]:
    is_config = path.parts[:1] == CONFIGS.parts
    return [path, shipped_configs() / path.relative_to(CONFIGS)] if is_config else [path]
