"""Freed memory kept for the next array and call: kept when asked, not otherwise, no harm where it cannot be."""

from __future__ import annotations

import ctypes
import subprocess
import sys
from typing import Final

import pytest

from pipeline import heap

MB: Final = 1 << 20
HELD: Final = """
from pathlib import Path
from pipeline import heap
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
    [("", 16, False), ("heap.keep_freed()", 16, True), ("heap.keep_freed()", 64, False)],
    ids=["not asked", "asked", "asked for a very large one"],
)
def test_what_is_freed_stays_when_asked(before: str, size: int, *, kept: bool) -> None:
    assert (held(before, size) > size * MB * 0.9) is kept


@pytest.mark.parametrize("where", ["on Windows", "with another C library"])
def test_where_it_cannot_be_asked_for_nothing_happens(monkeypatch: pytest.MonkeyPatch, where: str) -> None:
    if where == "on Windows":
        monkeypatch.setattr("pipeline.heap.os.name", "nt")
        monkeypatch.setattr("ctypes.CDLL", pytest.fail)
    else:
        monkeypatch.setattr("ctypes.CDLL", lambda _: object())
    heap.keep_freed()


FAULTS: Final = """
import resource
from pipeline import heap
def leaf():  # of a larger frame than `faults`, so that at some depth it is the first that does not fit
    a = b = c = d = e = f = g = h = i = j = k = l = m = n = o = p = 0
def faults(depth):
    if depth:
        return faults(depth - 1)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(1000):
        leaf()
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
def most():
    return max(faults(depth) for depth in range(300))
print({call})
"""


@pytest.mark.skipif(sys.platform != "linux", reason="asks Linux how often memory was taken")
@pytest.mark.skipif(sys.version_info >= (3, 14), reason="later Pythons may keep memory for frames by themselves")
@pytest.mark.parametrize(
    ("call", "takes"), [("most()", True), ("heap.with_room_for_frames(most)", False)], ids=["without", "with room"]
)
def test_no_depth_of_calls_takes_memory_anew_at_each_call(call: str, *, takes: bool) -> None:
    done = subprocess.run([sys.executable, "-c", FAULTS.format(call=call)], capture_output=True, text=True, check=True)
    assert (int(done.stdout) >= 1000) is takes


def test_a_call_with_room_returns_and_raises_what_the_call_does() -> None:
    assert heap.with_room_for_frames(lambda: 17) == 17
    with pytest.raises(ZeroDivisionError):
        heap.with_room_for_frames(lambda: 1 // 0)
