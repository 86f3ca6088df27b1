"""Memory that runs out while a file of the store is read is an error of its own, and no damaged file."""

from __future__ import annotations

import errno
import subprocess
import sys
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest

from pipeline.errors import OutOfMemory
from pipeline.store.parquet import read_footer, read_table, row_groups
from pipeline.store.seal import file_digest
from pipeline.store.tick_file import read_ticks
from tests.made import random_ticks, write_ticks

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    write_ticks(tmp_path / "FAB.parquet", random_ticks(3), {"exchange": "ADX"})
    return tmp_path / "FAB.parquet"


@pytest.mark.parametrize(
    "failure",
    [pa.ArrowMemoryError("malloc of size 64 failed"), MemoryError(), OSError(errno.ENOMEM, "Cannot allocate memory")],
    ids=["Arrow", "Python", "system"],
)
@pytest.mark.parametrize("read", [read_footer, read_table, read_ticks, lambda path: list(row_groups(path))])
def test_memory_that_runs_out_is_not_a_damaged_file(
    path: Path, monkeypatch: pytest.MonkeyPatch, read: Callable[[Path], object], failure: Exception
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise failure

    monkeypatch.setattr("pipeline.store.parquet.pq.ParquetFile", fail)
    with pytest.raises(OutOfMemory, match=r"not enough memory to read .*FAB\.parquet"):
        read(path)


def test_memory_that_runs_out_makes_no_digest(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError(errno.ENOMEM, "Cannot allocate memory")

    monkeypatch.setattr("pipeline.store.seal.SealedFile", fail)
    with pytest.raises(OSError, match="allocate"):
        file_digest(path)


LIMITED = """
import resource, sys
from pathlib import Path
from pipeline.errors import OutOfMemory
from pipeline.store.tick_file import read_ticks

mapped = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (mapped + (64 << 20),) * 2)
try:
    read_ticks(Path(sys.argv[1]))
except OutOfMemory as error:
    print(error)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="asks Linux what is mapped, and limits it")
def test_a_real_lack_of_memory_is_told_as_one(tmp_path: Path) -> None:
    write_ticks(tmp_path / "FAB.parquet", random_ticks(3, 200, 20_000), {})
    words = [sys.executable, "-c", LIMITED, str(tmp_path / "FAB.parquet")]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    assert "not enough memory to read" in done.stdout
