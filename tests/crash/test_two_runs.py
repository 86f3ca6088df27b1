"""Two runs never mix: started at one barrier, one works and the other says who holds the folder; the dead hold none."""

from __future__ import annotations

import os
import platform
import re
import signal
import time
from typing import TYPE_CHECKING, Final

import pytest

from tests.crash.folders import WORDS, held, make, run
from tests.crash.started import PATIENCE, Started, leftovers

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.slow, pytest.mark.skipif(os.name == "nt", reason="processes are killed as POSIX kills them")]

# Both wait at the barrier, and whoever has the folder holds it until the test has seen what the other says.
PROGRAM: Final = """
import pathlib, time
import pipeline.conversion.stage, pipeline.store.lock as lock

def wait_for(name):
    while not pathlib.Path(name).exists():
        time.sleep(0.005)

plain = lock._note_holder

def slowly(directory, command):
    plain(directory, command)
    pathlib.Path("held").touch()
    wait_for("go")

lock._note_holder = slowly
pathlib.Path("ready").open("a").write("x")
wait_for("barrier")
from pipeline.cli import main
main()
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("two"))


@pytest.fixture(autouse=True)
def fresh(made: Path) -> None:
    for name in ("ready", "barrier", "held", "go"):
        (made / name).unlink(missing_ok=True)


def two(made: Path, name: str, folder: Path) -> tuple[Started, Started]:
    """Start the same command twice at one barrier; return who holds the folder and who came too late."""
    both = [Started(made, *WORDS[name](made, folder, 1), program=PROGRAM) for _ in range(2)]
    for one in both:
        one.reach(lambda: (made / "ready").exists() and len((made / "ready").read_text()) == len(both))
    (made / "barrier").touch()
    give_up = time.monotonic() + PATIENCE
    while not (ended := [one for one in both if one.process.poll() is not None]):
        assert time.monotonic() < give_up, [one.error for one in both]
        time.sleep(0.01)
    (late,) = ended
    return next(one for one in both if one is not late), late


@pytest.mark.parametrize("name", WORDS)
def test_of_two_at_one_folder_one_works(made: Path, tmp_path: Path, name: str) -> None:
    folder = tmp_path / "folder"
    holder, late = two(made, name, folder)
    end = late.end()
    assert (end.status, end.left) == (2, []), end.error
    option = "--parquet-dir" if name == "convert" else "--output-dir"
    told = rf"`pipeline {name}` \(process {holder.process.pid} on {re.escape(platform.node())}, since [-0-9: ]{{16}}\)"
    pattern = (
        rf"{re.escape(str(folder))} is in use by {told}\. Wait for it, or use {option} to choose another directory"
    )
    assert re.search(pattern, " ".join(end.error.split())), end.error
    (made / "go").touch()
    end = holder.end()
    assert (end.status, end.left) == (0, []), end.error
    assert leftovers(folder) == []
    assert held(folder) == held(made / name / "1")


@pytest.mark.parametrize("name", WORDS)
def test_what_a_killed_run_held_blocks_nobody(made: Path, tmp_path: Path, name: str) -> None:
    folder = tmp_path / "folder"
    holder, late = two(made, name, folder)
    late.end()
    assert holder.end(signal.SIGKILL, group=True).status == -signal.SIGKILL
    assert ".holder" in leftovers(folder)
    (made / "go").touch()
    assert run(made, name, folder, 1).status == 0
    assert leftovers(folder) == []
    assert held(folder) == held(made / name / "1")


def test_readers_are_not_kept_out_of_a_store_that_is_converted_into(made: Path) -> None:
    words = WORDS["convert"](made, made / "parquet", 0)
    holder = Started(made, *words, program=PROGRAM)
    (made / "barrier").touch()
    holder.reach((made / "held").exists)
    reader = Started(made, *WORDS["backtest"](made, made / "beside", 1))
    assert reader.end().status == 0
    (made / "go").touch()
    assert holder.end().status == 0
