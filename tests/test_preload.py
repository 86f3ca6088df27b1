"""Shared libraries loaded ahead of the imports that need them: there, harmless, and optional."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from pipeline import preload

MAPPED = """
import sys, threading
from pipeline import preload
{before}
preload.begin()
for thread in threading.enumerate():
    if thread is not threading.main_thread():
        thread.join()
print(sorted({{name for name in {names} if name in open("/proc/self/maps").read()}}), "pyarrow" in sys.modules)
import pyarrow.parquet, llvmlite.binding
print(len(pyarrow.array([1, 2])), llvmlite.binding.get_process_triple() != "")
"""
NAMES = [begins for _, _, begins in preload.LARGE]


def told(before: str = "") -> list[str]:
    script = MAPPED.format(before=before, names=NAMES)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return done.stdout.splitlines()


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="asks Linux what a process has loaded")
def test_the_largest_libraries_are_there_before_their_packages_and_these_work() -> None:
    assert told() == [f"{sorted(NAMES)} False", "2 True"]


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="asks Linux what a process has loaded")
@pytest.mark.parametrize(
    "large", ['("no_such_package", "", "libno.")', '("pyarrow", "", "libno.")', '("pyarrow", "", "__init__.py")']
)
def test_what_cannot_be_loaded_ahead_is_passed_over_in_silence(large: str) -> None:
    assert told(f"preload.LARGE = ({large},)") == ["[] False", "2 True"]


def test_on_windows_nothing_is_loaded_ahead(monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[object] = []
    monkeypatch.setattr("pipeline.preload.os.name", "nt")
    monkeypatch.setattr("pipeline.preload.threading.Thread", begun.append)
    preload.begin()
    assert begun == []


def test_what_goes_first_is_imported_by_a_replay_in_any_case() -> None:
    loaded = "import sys, pipeline.cli, pipeline.backtest.stage"
    script = f"{loaded}; print([name for name in {preload.SMALL} if name not in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
