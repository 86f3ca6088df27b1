"""Records which undeclared files a strategy opens: results may depend on them, and no cache key notices a change."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pipeline.folders import PACKAGE
from pipeline.strategies.loading.own import LIBRARIES, STANDARD_LIBRARY

if TYPE_CHECKING:
    from collections.abc import Iterable

INSTALLED: Final = (STANDARD_LIBRARY, *LIBRARIES, f"{PACKAGE}{os.sep}")
SYSTEM: Final = (*INSTALLED, "/usr/lib", "/usr/share/", "/etc/", "/proc/", "/sys/", "/System/", "/private/var/db/")
"""Below these stand the files of libraries and of the machine, such as time zones."""

_opened: dict[str, set[str]] = {}
"""The files opened for reading by the modules of each package of texts."""


def watch(package: str) -> None:
    """Note from here on what the modules of a package open."""
    if not _opened:
        sys.addaudithook(_note)
    _opened.setdefault(package, set())


def undeclared(package: str, folder: Path, known: Iterable[str]) -> tuple[str, ...]:
    """Return the files that the modules of a package opened so far beside those known, as paths from its folder."""
    others = _opened.get(package, set()) - {*map(os.path.realpath, known)}
    return tuple(sorted(os.path.relpath(file, folder) for file in others))


def _note(event: str, arguments: tuple[Any, ...]) -> None:
    if event != "open":
        return
    path, _, flags = arguments
    if isinstance(path, int) or (flags or 0) & os.O_WRONLY:
        return
    frame = sys._getframe(1)  # noqa: SLF001 - who opened it stands nowhere else
    by_library = False
    while frame is not None:
        file = frame.f_code.co_filename
        if file.startswith("<frozen importlib"):
            if by_library:
                return  # one that is being imported
        elif (package := str(frame.f_globals.get("__name__")).partition(".")[0]) in _opened:
            full = _source_of(os.path.realpath(os.fsdecode(path)))
            if not full.startswith(SYSTEM) and Path(full).is_file():
                _opened[package].add(full)
            return
        else:
            by_library = file.startswith(INSTALLED)
        frame = frame.f_back  # type: ignore[assignment]


def _source_of(file: str) -> str:
    """Return the file that a compiled module was made from, any other as it is."""
    try:
        return importlib.util.source_from_cache(file)
    except ValueError:
        return file
