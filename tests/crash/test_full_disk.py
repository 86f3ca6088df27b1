"""A full disk is clean: a plain message, nothing half-made, exit status 1; with room again, the command completes."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Final

import pytest

from pipeline.errors import OutputNotWritable, WriteFailed
from pipeline.store.atomic import not_written, write_bytes
from tests.crash.folders import (
    EVERY,
    PAGE,
    PLAIN,
    WORDS,
    check_complete,
    check_nothing_torn,
    check_rerun,
    held,
    make,
    run,
)
from tests.crash.started import Ended, done, leftovers

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.skipif(os.name == "nt", reason="disks are filled as POSIX has them")

A_FEW: Final = 3
FULL: Final = "cannot be written: No space left on device."


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("full"))


def fill_at(made: Path, tmp_path: Path, name: str, steps: Iterable[int]) -> set[int]:
    """Fill the disk at each of these steps; return how the commands ended.

    Many steps leave the same folder behind, as drafts are removed: of each kind one is run again.
    """
    ends = set()
    left: set[str] = set()
    for at in steps:
        folder = tmp_path / f"{at}"
        shutil.copytree(made / name / "0", folder)
        outcome = run(made, name, folder, 1, at=at, fault="full")
        ends.add(outcome.status)
        assert "Traceback" not in outcome.said
        if outcome.status == 0:  # nothing was to be written any more, or it was the note of who holds the folder
            check_complete(made, name, folder)
        else:
            assert outcome.status == 1, outcome.said
            assert FULL in " ".join(outcome.said.split())
        assert leftovers(folder) == []
        check_nothing_torn(made, name, folder)
        state = repr((sorted(held(folder).items()), (folder / PAGE).exists()))
        if state not in left:
            check_rerun(made, name, folder)
        left.add(state)
        shutil.rmtree(folder)
    return ends


def steps_of(made: Path, tmp_path: Path, name: str) -> int:
    shutil.copytree(made / name / "0", tmp_path / "all")
    outcome = run(made, name, tmp_path / "all", 1)
    assert outcome.status == 0, outcome.said
    return len(outcome.steps)


@pytest.mark.slow
@pytest.mark.parametrize("name", WORDS)
def test_a_disk_that_is_full_at_any_step(made: Path, tmp_path: Path, name: str) -> None:
    assert 1 in fill_at(made, tmp_path, name, range(1, steps_of(made, tmp_path, name) + 1, EVERY))


@pytest.mark.parametrize("name", WORDS)
def test_a_disk_that_is_full_at_some_steps(made: Path, tmp_path: Path, name: str) -> None:
    steps = steps_of(made, tmp_path, name)
    assert 1 in fill_at(made, tmp_path, name, [1 + steps * part // A_FEW for part in range(A_FEW)])


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """Mount a real disk of sixteen megabytes, where that is allowed."""
    disk = tmp_path / "disk"
    disk.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", str(disk)]
    mounted = subprocess.run(command, capture_output=True, check=False) if sys.platform == "linux" else None
    if mounted is None or mounted.returncode:
        pytest.skip("mounting a small disk is not permitted here")
    try:
        yield disk
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)  # noqa: S607


def fill(disk: Path, left: int) -> None:
    """Fill a disk to within so many bytes."""
    stat = os.statvfs(disk)
    room = stat.f_bavail * stat.f_frsize
    (disk / "ballast").write_bytes(b"x" * max(0, room - left))


def used_up(made: Path, disk: Path, name: str, *more: str) -> Ended:
    return done(made, *WORDS[name](made, disk / "out", 1), *more)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "before", "left"),
    [
        ("convert", True, 12_000),
        ("convert", False, 12_000),
        ("backtest", False, 40_000),
        ("backtest", True, 2_000_000),  # all but the page has room
        ("sweep", False, 24_000),
        ("sweep", True, 2_000_000),
    ],
)
def test_a_small_disk(made: Path, small: Path, name: str, left: int, *, before: bool) -> None:
    out = small / "out"
    if before:
        shutil.copytree(made / name / "0", out, ignore=lambda *_: [PAGE])
    stood = held(out) if before else {}
    fill(small, left)
    end = used_up(made, small, name)
    assert (end.status, "Traceback" in end.error) == (1, False), end.error
    assert FULL in " ".join(end.error.split())
    assert leftovers(out) == []
    if name == "convert":
        assert held(out) == stood
    else:
        check_nothing_torn(made, name, out)
    (small / "ballast").unlink()
    if name != "convert" or before:
        check_rerun(made, name, out)


@pytest.mark.slow
def test_a_disk_without_any_room_leaves_the_old_run_whole(made: Path, small: Path) -> None:
    shutil.copytree(made / "backtest" / "0", small / "out")
    before = held(small / "out")
    fill(small, 0)
    end = used_up(made, small, "backtest")
    assert end.status == 1
    assert FULL in " ".join(end.error.split())
    assert held(small / "out") == before


@pytest.mark.slow
@pytest.mark.parametrize("name", ["backtest", "sweep"])
def test_a_full_cache_never_ends_a_run(made: Path, small: Path, tmp_path: Path, name: str) -> None:
    fill(small, 8_192)
    words = WORDS[name](made, tmp_path / "out", 1)
    words = [word for word in words if word not in PLAIN]  # who asks for the plain engine wants nothing kept
    own = {"PIPELINE_CACHE_DIR": str(small / "cache"), "PIPELINE_RESULTS_MB": "64"}
    end = done(made, *words, **own)
    assert (end.status, "Traceback" in end.error) == (0, False), end.error
    assert "Compiled code cannot be kept" in end.error
    assert "Results cannot be cached" in end.error
    assert held(tmp_path / "out").keys() >= held(made / name / "1").keys()
    assert list(small.rglob("*.tmp")) == []
    assert end.left == []


@pytest.mark.slow
@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no device that is always full")  # noqa: PTH110
def test_a_full_disk_behind_stdout_is_said_without_a_traceback(made: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "pipeline", *map(str, WORDS["backtest"](made, tmp_path / "out", 1))]
    with open("/dev/full", "wb") as full:  # noqa: PTH123
        end = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False, cwd=made)
    assert end.returncode == 1, end.stderr
    assert "No space left on device" in end.stderr
    assert "Traceback" not in end.stderr


@pytest.mark.parametrize("number", ["ENOSPC", "EDQUOT", "EFBIG", "EIO"])
def test_a_disk_that_is_full_or_fails_is_nobodys_request(tmp_path: Path, number: str) -> None:
    told = not_written(tmp_path / "f", OSError(getattr(errno, number), "words of the system"))
    assert (type(told), told.exit_status) == (WriteFailed, 1)
    assert str(told) == f"{tmp_path / 'f'} cannot be written: words of the system."
    other = not_written(tmp_path / "f", PermissionError(errno.EACCES, "Permission denied"))
    assert (type(other), other.exit_status) == (OutputNotWritable, 2)


def test_a_rename_that_fails_is_said_and_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "f").write_bytes(b"old")

    def full(*_given: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(WriteFailed, match="f cannot be written: No space left"):
        write_bytes(tmp_path / "f", b"new")
    with contextlib.suppress(FileNotFoundError):
        assert [file.name for file in tmp_path.iterdir()] == ["f"]
    assert (tmp_path / "f").read_bytes() == b"old"
