"""Records which undeclared files a strategy opens: results may depend on them, and no cache key notices a change."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

SYSTEM: Final = tuple({sys.prefix, sys.base_prefix, "/usr", "/etc", "/proc", "/sys", "/dev"})
"""Below these stand the files of libraries and of the machine, such as time zones."""

CODE: Final = (".py", ".pyc", ".so", ".pyd")

_opened: dict[str, set[str]] = {}
"""The files opened for reading by the modules of each package of texts."""


def watch(package: str) -> None:
    """Note from here on what the modules of a package open."""
    if not _opened:
        sys.addaudithook(_note)
    _opened.setdefault(package, set())


def undeclared(package: str, folder: Path, declared: Iterable[str]) -> tuple[str, ...]:
    """Return the files that the modules of a package opened so far beside those declared, as paths from its folder."""
    known = {os.path.realpath(folder / name) for name in declared}
    return tuple(sorted(os.path.relpath(file, folder) for file in _opened.get(package, set()) - known))


def _note(event: str, arguments: tuple[Any, ...]) -> None:
    if event != "open":
        return
    path, _, flags = arguments
    if isinstance(path, int) or (flags or 0) & os.O_WRONLY:
        return
    frame = sys._getframe(1)  # noqa: SLF001 - who opened it stands nowhere else
    while frame is not None:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            return  # a library being imported
        if (package := str(frame.f_globals.get("__name__")).partition(".")[0]) in _opened:
            full = os.path.realpath(os.fsdecode(path))
            if not full.endswith(CODE) and not full.startswith(SYSTEM) and Path(full).is_file():
                _opened[package].add(full)
            return
        frame = frame.f_back  # type: ignore[assignment]
