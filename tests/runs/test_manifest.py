"""A run folder says how its run ended: at work, failed and why, interrupted, or complete, and never anything else."""

from __future__ import annotations

import datetime as dt
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest

from pipeline import api
from pipeline.errors import BadRequest, OutputNotWritable, PipelineError, UnfinishedRun
from pipeline.pages.sweep_reader import read_sweep
from pipeline.runs.reader import read_run
from tests.made import contents

ROOT: Final = Path(__file__).parents[2]
KILLS_ITSELF: Final = """
import os, signal, sys
from pipeline import api

api.backtest(
    config=sys.argv[2], parquet_dir=sys.argv[1], output_dir="run", sensitivity=False, backend="sequential",
    on_result=lambda _: os.kill(os.getpid(), signal.SIGKILL),
)
"""


def run(inputs: tuple[Path, Path], folder: Path, **options: Any) -> None:
    api.backtest(config=inputs[1], parquet_dir=inputs[0], output_dir=folder, sensitivity=False, **options)


def status(folder: Path, file: str = "run.json") -> tuple[str, str | None]:
    content = json.loads((folder / file).read_text(encoding="utf-8"))
    return content["status"], content.get("error")


def raises(error: BaseException) -> Any:
    def listener(*_: object) -> None:
        raise error

    return listener


def refused(folder: Path) -> str:
    with pytest.raises(UnfinishedRun) as error:
        read_run(folder)
    return str(error.value)


@pytest.mark.parametrize("when", ["on_plan", "on_result"])
@pytest.mark.parametrize(
    ("error", "said"),
    [
        (BadRequest("--this cannot be."), "--this cannot be."),
        (ValueError("nobody thought of it"), "ValueError: nobody thought of it"),
        (OutputNotWritable("x cannot be written: No space left on device."), "No space left on device."),
    ],
)
def test_a_run_that_fails_says_so_and_why(
    inputs: tuple[Path, Path], tmp_path: Path, when: str, error: Exception, said: str
) -> None:
    with pytest.raises(type(error)):
        run(inputs, tmp_path, **{when: raises(error)})
    assert status(tmp_path)[0] == "failed"
    assert said in str(status(tmp_path)[1])
    assert refused(tmp_path).startswith(f"The run in {tmp_path} failed: ")
    assert said in refused(tmp_path)
    run(inputs, tmp_path)
    assert status(tmp_path) == ("complete", None)


def test_an_interrupted_run_says_so(inputs: tuple[Path, Path], tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        run(inputs, tmp_path, on_result=raises(KeyboardInterrupt()))
    assert status(tmp_path) == ("interrupted", None)
    assert refused(tmp_path) == f"The run in {tmp_path} was interrupted. Run that backtest again."


@pytest.mark.skipif(os.name == "nt", reason="a process is killed as POSIX does it")
def test_a_killed_run_is_known_by_its_lock(inputs: tuple[Path, Path], tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    words = [sys.executable, "-c", KILLS_ITSELF, *map(str, inputs)]
    assert subprocess.run(words, cwd=tmp_path, env=environment, check=False).returncode == -signal.SIGKILL
    assert status(tmp_path / "run") == ("running", None)
    assert "was interrupted" in refused(tmp_path / "run")


def test_a_run_at_work_is_not_said_to_be_interrupted(inputs: tuple[Path, Path], tmp_path: Path) -> None:
    said: list[str] = []
    run(inputs, tmp_path, on_result=lambda _: said.append(refused(tmp_path)))
    assert len(said) == 3
    assert all(f"`pipeline backtest` (process {os.getpid()} on " in text for text in said)
    assert all(text.endswith("is still at work. Wait for it.") for text in said)


def test_a_run_whose_page_cannot_be_made_is_complete(
    inputs: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.pages.backtest_page.backtest_page", raises(MemoryError()))
    with pytest.raises(MemoryError):
        run(inputs, tmp_path)
    assert status(tmp_path) == ("complete", None)
    assert read_run(tmp_path).errors == {}


def test_a_run_that_cannot_begin_leaves_the_one_before_it_as_it_was(inputs: tuple[Path, Path], tmp_path: Path) -> None:
    folder = tmp_path / "run"
    run(inputs, folder, report=False)
    for path in (folder / "marks").iterdir():
        path.unlink()
    (folder / "marks").rmdir()
    (folder / "marks").write_text("in the way")
    before = contents(folder)
    with pytest.raises(PipelineError):
        run(inputs, folder, report=False)
    assert contents(folder) == before


def test_a_run_of_which_every_security_failed_is_complete_and_names_them(
    inputs: tuple[Path, Path], tmp_path: Path
) -> None:
    store = tmp_path / "parquet"
    store.mkdir()
    for name in ("FAB", "EMAAR"):
        (store / f"{name}.parquet").write_bytes(b"")
    run((store, inputs[1]), tmp_path / "run")
    assert status(tmp_path / "run") == ("complete", None)
    assert sorted(read_run(tmp_path / "run").errors) == ["EMAAR", "FAB"]
    page = (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
    assert "none of 2 securities" in " ".join(page.split())


@pytest.mark.parametrize("error", [ValueError("nobody thought of it"), KeyboardInterrupt()])
def test_a_sweep_that_ends_early_says_so(inputs: tuple[Path, Path], tmp_path: Path, error: BaseException) -> None:
    grid = {"refill_interval_sec": [30, 60]}
    with pytest.raises(type(error)):
        api.sweep(
            grid=grid,
            config=inputs[1],
            parquet_dir=inputs[0],
            output_dir=tmp_path,
            on_result=raises(error),
        )
    expected = "failed: ValueError: nobody thought of it" if isinstance(error, ValueError) else "was interrupted."
    with pytest.raises(UnfinishedRun, match=f"The sweep in .* {expected}"):
        read_sweep(tmp_path)


def no_score(_: object) -> float:
    raise ValueError("no score")


@pytest.mark.parametrize(
    "refused", [{"train_until": dt.date(2031, 1, 1)}, {"walk_forward": 99}, {"choose_by": no_score}]
)
def test_a_sweep_that_is_refused_leaves_the_one_before_it(
    inputs: tuple[Path, Path], tmp_path: Path, refused: dict[str, Any]
) -> None:
    asked: dict[str, Any] = {"config": inputs[1], "parquet_dir": inputs[0], "output_dir": tmp_path / "sweep"}
    api.sweep(grid={"refill_interval_sec": [30, 60]}, **asked)
    before = contents(tmp_path / "sweep")
    with pytest.raises(BadRequest):
        api.sweep(grid={"refill_interval_sec": [45]}, **asked, **refused)
    assert contents(tmp_path / "sweep") == before
    api.sweep(grid={"refill_interval_sec": [45, 90]}, **asked)
    assert {*contents(tmp_path / "sweep")} == {*before}


@pytest.mark.parametrize("refused", [{"train_until": dt.date(2031, 1, 1)}, {"walk_forward": 99}])
def test_days_that_cannot_be_parted_are_refused_before_anything_runs(
    inputs: tuple[Path, Path], tmp_path: Path, refused: dict[str, Any]
) -> None:
    asked: dict[str, Any] = {"config": inputs[1], "parquet_dir": inputs[0], "output_dir": tmp_path / "sweep"}
    with pytest.raises(BadRequest):
        api.sweep(grid={"refill_interval_sec": [30]}, on_plan=raises(AssertionError("it runs")), **asked, **refused)
    assert not (tmp_path / "sweep").exists()
