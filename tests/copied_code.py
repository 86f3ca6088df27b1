"""A copy of the package whose files stand for the project's own where what is cached is keyed by their text."""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from pipeline import sources
from pipeline.engine.compiler import keys

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGE: Final = sources.FOLDER


@contextmanager
def copied_code(folder: Path) -> Iterator[Path]:
    """Copy the package below a folder, let keys be made of the copy, and yield where it is."""
    copy = shutil.copytree(PACKAGE, folder / "pipeline", ignore=shutil.ignore_patterns("__pycache__"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sources, "FOLDER", copy)
        forget_texts()
        yield Path(copy)
    forget_texts()


def forget_texts() -> None:
    """Let the texts of modules be read again, which a process does once."""
    for function in (sources.digest_of, sources.sources_of, sources.read_module, sources.file_of):
        function.cache_clear()
    keys.keys_by_strategy.clear()
