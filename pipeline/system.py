"""What messages say of this machine: why it refused a path, and the command that installs a package."""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path


def refusal(path: object, error: OSError) -> str:
    """Return why the system refused a path, in plain words where a file stands for a folder or the other way round."""
    if isinstance(path, Path) and isinstance(error, (FileExistsError, NotADirectoryError)):
        for part in (path, *path.parents):
            if part.is_file():
                return f"{'it' if part == path else part} is a file, and a folder is needed"
    if isinstance(error, IsADirectoryError):
        return "it is a folder, and a file is needed"
    return error.strerror or str(error)


def installing(package: str) -> str:
    """Return the command that installs a package for the interpreter that runs, whichever `pip` a shell finds."""
    python = Path(sys.executable)
    with suppress(ValueError, OSError):
        python = python.relative_to(Path.cwd())
    shown = f'"{python}"' if " " in str(python) else str(python)
    return f"{shown} -m pip install {package}"
