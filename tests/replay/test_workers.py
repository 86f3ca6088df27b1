from __future__ import annotations

import os
import threading
import time
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest
from joblib.parallel import BACKENDS

from pipeline.errors import BadRequest, WorkerDied
from pipeline.replay import workers
from pipeline.replay.workers import Backend, run_all, workers_for
from tests.test_malloc import GLIBC


def double(number: int) -> int:
    return 2 * number


def double_or_die(number: int) -> int:
    if number == 3:
        os._exit(1)
    return double(number)


def say_so(number: int, error: WorkerDied) -> str:
    return f"{number}: {type(error).__name__}"


@pytest.mark.parametrize("backend", ["sequential", "threading", "loky"])
@pytest.mark.parametrize("count", [1, 2, 4])
def test_every_task_is_done_once(backend: Backend, count: int) -> None:
    assert sorted(run_all(double, range(7), backend, count)) == [0, 2, 4, 6, 8, 10, 12]


@pytest.mark.parametrize("count", [2, *(pytest.param(count, marks=pytest.mark.slow) for count in (1, 4))])
def test_of_many_tasks_only_the_one_that_kills_its_process_is_lost(count: int) -> None:
    done = list(run_all(double_or_die, range(20), "loky", count, on_death=say_so))
    assert "3: WorkerDied" in done
    assert sorted(number for number in done if isinstance(number, int)) == [
        2 * number for number in range(20) if number != 3
    ]


def test_a_lost_task_that_nobody_answers_for_is_an_error() -> None:
    with pytest.raises(WorkerDied, match="died, and again when it ran alone"):
        list(run_all(double_or_die, range(5), "loky", 2))


def given_back(_: int) -> int:
    """Return how many of 16 MB this process gives back to the system when it frees them."""
    much = bytearray(b"x") * (16 << 20)
    before = psutil.Process().memory_info().rss
    del much
    return int(before - psutil.Process().memory_info().rss)


@pytest.mark.skipif(not GLIBC, reason="asks what glibc's malloc keeps")
def test_worker_processes_keep_freed_memory_for_their_next_task() -> None:
    assert max(run_all(given_back, range(4), "loky", 2)) < 1 << 20


def pool_processes() -> int:
    """Return how many worker processes of a pool live."""
    alive = 0
    for child in psutil.Process().children():
        with suppress(psutil.Error):
            command = " ".join(child.cmdline())
            alive += "loky" in command and workers.TIDIER not in command
    return alive


def test_a_worker_that_dies_while_tasks_are_still_handed_out_ends_no_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the machine is busy, a first task may have killed its worker before the second is handed out."""
    handed_out = refused = 0

    class Late(BACKENDS["loky"]):  # type: ignore[misc]
        def submit(self, task: Any, callback: Any = None) -> Any:
            nonlocal handed_out, refused
            handed_out += 1
            give_up = time.monotonic() + 60
            while handed_out in (2, 4) and pool_processes() > 1 and time.monotonic() < give_up:
                time.sleep(0.01)
            time.sleep(0.5 if handed_out in (2, 4) else 0)  # until the pool knows of it too
            try:
                return super().submit(task, callback)
            except BrokenProcessPool:
                refused += 1
                raise

    monkeypatch.setitem(BACKENDS, "loky", Late)
    assert list(run_all(double_or_die, [3, 1], "loky", 2, on_death=say_so)) == ["3: WorkerDied", 2]
    assert refused > 0


def test_results_come_as_they_complete() -> None:
    slow_may_end = threading.Event()

    def wait_or_go(name: str) -> str:
        if name == "slow":
            assert slow_may_end.wait(20)
        return name

    results = run_all(wait_or_go, ["slow", "quick"], "threading", 2)
    assert next(results) == "quick"
    slow_may_end.set()
    assert next(results) == "slow"


def test_threads_work_at_the_same_time() -> None:
    both = threading.Barrier(2, timeout=20)
    assert sorted(run_all(lambda name: (both.wait(), name)[1], ["a", "b"], "threading", 2)) == ["a", "b"]


def test_the_number_asked_for_is_taken_as_it_is() -> None:
    assert workers_for("threading", [1, 1], 7) == 7


@pytest.mark.parametrize("asked", [0, -1])
def test_fewer_than_one_worker_is_refused(asked: int) -> None:
    with pytest.raises(BadRequest, match="at least 1"):
        workers_for("threading", [1], asked)


def test_one_task_needs_one_worker() -> None:
    assert workers_for("loky", [1]) == 1


def test_memory_limits_the_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "free_memory", lambda: 10 * 2**30)
    monkeypatch.setattr("joblib.cpu_count", lambda: 64)
    assert workers_for("threading", [3 * 2**30] * 8) == 3
    assert workers_for("threading", [11 * 2**30] * 8) == 1
    assert workers_for("threading", [2**20] * 8) == 8


def test_a_process_counts_its_own_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "free_memory", lambda: 2**30)
    monkeypatch.setattr("joblib.cpu_count", lambda: 64)
    assert workers_for("threading", [2**20] * 100) == 64
    assert workers_for("loky", [2**20] * 100) == 4


def test_a_sequential_run_starts_nothing_ahead() -> None:
    started: list[int] = []

    def note(number: int) -> int:
        started.append(number)
        return number

    results = run_all(note, [1, 2, 3], "sequential", 1)
    assert next(results) == 1
    time.sleep(0.01)
    assert started == [1]


def surroundings(_: int) -> tuple[str | None, str]:
    return os.environ.get("DESK_ALPHA"), Path.cwd().name


def test_processes_that_joblib_kept_know_todays_variables_and_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for value in ("made-up", "another"):
        (tmp_path / value).mkdir()
        monkeypatch.chdir(tmp_path / value)
        monkeypatch.setenv("DESK_ALPHA", value)
        assert set(run_all(surroundings, range(4), "loky", 2)) == {(value, value)}
    monkeypatch.delenv("DESK_ALPHA")
    assert set(run_all(surroundings, range(4), "loky", 2)) == {(None, "another")}
