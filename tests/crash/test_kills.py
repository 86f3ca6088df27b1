"""A killed write leaves the old file or the new one, never a torn one, and the next run sweeps what was left over."""

from __future__ import annotations

import os
import shutil
import time
from typing import TYPE_CHECKING, Final

import numpy as np
import pytest

from tests.crash.folders import EVERY, WORDS, check_nothing_torn, check_rerun, make, run

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

pytestmark = pytest.mark.skipif(os.name == "nt", reason="processes are forked and killed as POSIX does it")

KILLED: Final = -9
KILLS: Final = 50
A_FEW: Final = 4


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("kills"))


def steps_of(made: Path, tmp_path: Path, name: str) -> int:
    shutil.copytree(made / name / "0", tmp_path / "all")
    outcome = run(made, name, tmp_path / "all", 1)
    assert outcome.status == 0, outcome.said
    assert {step.split(maxsplit=1)[0] for step in outcome.steps} >= {"open", "write", "replace", "remove"}
    assert len(outcome.steps) > 35
    return len(outcome.steps)


def kill_at(made: Path, tmp_path: Path, name: str, steps: Iterable[int]) -> None:
    for at in steps:
        folder = tmp_path / f"{at}"
        shutil.copytree(made / name / "0", folder)
        outcome = run(made, name, folder, 1, at=at, fault="killed")
        assert (outcome.status, len(outcome.steps)) == (KILLED, at), outcome.said
        check_nothing_torn(made, name, folder)
        check_rerun(made, name, folder)
        shutil.rmtree(folder)


@pytest.mark.slow
@pytest.mark.parametrize("name", WORDS)
def test_a_kill_at_any_step_of_writing_tears_nothing(made: Path, tmp_path: Path, name: str) -> None:
    kill_at(made, tmp_path, name, range(1, steps_of(made, tmp_path, name) + 1, EVERY))


@pytest.mark.parametrize("name", WORDS)
def test_a_kill_at_some_steps_of_writing_tears_nothing(made: Path, tmp_path: Path, name: str) -> None:
    steps = steps_of(made, tmp_path, name)
    kill_at(made, tmp_path, name, [steps * part // A_FEW for part in range(1, A_FEW)])


@pytest.mark.slow
@pytest.mark.parametrize("name", ["convert", "backtest"])
def test_fifty_kills_at_any_moment_tear_nothing(made: Path, tmp_path: Path, name: str) -> None:
    chance = np.random.default_rng(KILLS)
    folder, timed = tmp_path / "folder", tmp_path / "timed"
    for one in (folder, timed):
        shutil.copytree(made / name / "0", one)
    started = time.monotonic()
    assert run(made, name, timed, 1).status == 0
    longest = time.monotonic() - started
    killed = 0
    for number in range(4 * KILLS):
        outcome = run(made, name, folder, 1 - number % 2, kill_after=float(chance.uniform(0, longest)))
        killed += outcome.status == KILLED
        check_nothing_torn(made, name, folder)
        if killed == KILLS:
            break
    assert killed == KILLS
    check_rerun(made, name, folder)
