"""Freed memory kept for the next array: kept when asked, not otherwise, no harm where it cannot be."""

from __future__ import annotations

import ctypes
import subprocess
import sys
from typing import Final

import pytest

from pipeline import malloc

MB: Final = 1 << 20
HELD: Final = """
from pathlib import Path
from pipeline import malloc
{before}
def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096
start = resident()
much = bytearray(b"x") * ({size} << 20)
del much
print(resident() - start)
"""
GLIBC: Final = sys.platform == "linux" and hasattr(ctypes.CDLL(None), "mallopt")


def held(before: str, size: int) -> int:
    """Return the bytes that a process still has of so many MB that it had and freed."""
    script = HELD.format(before=before, size=size)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return int(done.stdout)


@pytest.mark.skipif(not GLIBC, reason="asks Linux what a process holds, of glibc's")
@pytest.mark.parametrize(
    ("before", "size", "kept"),
    [("", 16, False), ("malloc.keep_freed()", 16, True), ("malloc.keep_freed()", 64, False)],
    ids=["not asked", "asked", "asked for a very large one"],
)
def test_what_is_freed_stays_when_asked(before: str, size: int, *, kept: bool) -> None:
    assert (held(before, size) > size * MB * 0.9) is kept


@pytest.mark.parametrize("where", ["on Windows", "with another C library"])
def test_where_it_cannot_be_asked_for_nothing_happens(monkeypatch: pytest.MonkeyPatch, where: str) -> None:
    if where == "on Windows":
        monkeypatch.setattr("pipeline.malloc.os.name", "nt")
        monkeypatch.setattr("ctypes.CDLL", pytest.fail)
    else:
        monkeypatch.setattr("ctypes.CDLL", lambda _: object())
    malloc.keep_freed()
