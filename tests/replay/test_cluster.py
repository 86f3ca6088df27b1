"""Workers elsewhere: the same bytes on Dask and Ray, without the user's file, and through deaths."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any, Final

import psutil
import pytest

from pipeline import api
from pipeline.errors import ClusterLost
from pipeline.replay import cluster as clusters
from pipeline.replay.plan import Request, plan
from pipeline.replay.workers import run_all
from tests.dask_on_loopback import local_cluster
from tests.made import contents, make_config, make_signal_desk, make_store, make_strategy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pipeline.runs.backtest import BacktestRun
    from pipeline.runs.security import SecurityResult

TICKERS: Final = ("FAB", "EMAAR", "MODON")
COMPILED: Final = """
size: Shares = parameter(300, minimum=1)

def on_tick(self, m):
    if m.bid_size > 0:
        m.quote_bid(m.bid, self.size)
    if m.ask_size > 0:
        m.quote_ask(m.ask, self.size)
"""
PLAIN: Final = """
pause: Duration = parameter(0, key="pause_sec", minimum=0)
recent: list = []

def on_tick(self, m):
    self.recent = [*self.recent[-20:], m.price]
    if m.event % 30 == 0 and self.pause > 0:
        __import__("time").sleep(self.pause / 1_000_000_000)
    if m.bid_size > 0 and m.bid < fmean(self.recent):
        m.quote_bid(m.bid, 200)
    if m.ask_size > 0 and m.ask > fmean(self.recent):
        m.quote_ask(m.ask, 200)
"""
ENDS_ITS_PROCESS: Final = """
fatal: Shares = parameter(0)
seen: list = []

def on_tick(self, m):
    if self.fatal > 0:
        __import__("os")._exit(3)
    if m.bid_size > 0:
        m.quote_bid(m.bid, 200)
"""


@pytest.fixture(scope="module")
def dask_cluster(loops: Path) -> Iterator[Any]:
    """Two workers, which inherit the folder of compiled loops; a scheduler that does not look for the dead for 30 s.

    The cluster would give a killed worker up that takes more than 15 s to start anew, as on a busy machine.
    """
    assert loops
    pytest.importorskip("distributed")  # brings its defaults: set before them, a setting would take all of them away
    config = pytest.importorskip("dask.config")
    patience = {"distributed.comm.timeouts.connect": "2s", "distributed.deploy.lost-worker-timeout": "5m"}
    with config.set(patience), local_cluster() as cluster:
        yield cluster


@pytest.fixture
def dask(dask_cluster: Any) -> Any:
    """Both workers, also when the test before has killed one."""
    dask_cluster.wait_for_workers(2, timeout=120)
    return dask_cluster


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_store(tmp_path_factory.mktemp("made") / "parquet", TICKERS)


@pytest.fixture
def run(store: Path, tmp_path: Path) -> Callable[..., BacktestRun]:
    def of(strategy: Path, name: str, **options: Any) -> BacktestRun:
        options = {
            "config": strategy.with_suffix(".json"),
            "output_dir": tmp_path / name,
            "sensitivity": False,
        } | options
        return api.backtest(str(strategy), parquet_dir=store, **options)

    return of


def pid_after(seconds: float) -> int:
    time.sleep(seconds)
    return os.getpid()


def same(left: Path, other: Path) -> bool:
    """Whether two runs gave the same bytes, how they were run aside; the assumption check included."""
    first, second = contents(left), contents(other)
    assert first.keys() == second.keys()
    return all(first[name] == second[name] for name in first if name != "run.json")


def pids_of(cluster: Any) -> list[int]:
    return [worker.process.pid for worker in cluster.workers.values()]


def test_a_shipped_strategy_gives_the_same_bytes_on_dask(dask: Any, store: Path, tmp_path: Path) -> None:
    options: Any = {"config": make_config(tmp_path / "v1.json"), "parquet_dir": store, "sensitivity": True}
    api.backtest(**options, output_dir=tmp_path / "here", backend="sequential")
    there = api.backtest(**options, output_dir=tmp_path / "there", backend="dask", address=dask.scheduler_address)
    assert (there.plan.backend, there.plan.workers, there.failed) == ("dask", 2, {})
    assert there.summary["trades"].min() > 20
    assert same(tmp_path / "here", tmp_path / "there")


def test_signals_series_and_own_figures_are_the_same_bytes_on_dask(dask: Any, run: Any, tmp_path: Path) -> None:
    file, signals = make_signal_desk(tmp_path), tmp_path / "signals"
    here = run(file, "here", backend="sequential", signals=signals, fresh=True)
    address = dask.scheduler_address
    there = run(file, "there", backend="dask", address=address, signals=signals, fresh=True)
    assert there.failed == {}
    assert here.summary["trades"].min() > 20
    assert (tmp_path / "there" / "series" / "FAB.parquet").exists()
    assert same(tmp_path / "here", tmp_path / "there")


@pytest.mark.parametrize(
    "body", [pytest.param(COMPILED, id="compiled", marks=pytest.mark.slow), pytest.param(PLAIN, id="plain")]
)
def test_a_file_of_ones_own_runs_on_workers_that_do_not_have_it(dask: Any, run: Any, tmp_path: Path, body: str) -> None:
    file = make_strategy(tmp_path / "own.py", body)
    here = run(file, "here", backend="sequential")
    there = run(file, "there", backend="dask", address=dask.scheduler_address, on_plan=lambda _: file.unlink())
    assert here.summary["trades"].min() > 20
    assert there.failed == {}
    assert same(tmp_path / "here", tmp_path / "there")


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["compiled", "python"])
def test_an_error_on_such_a_worker_names_the_users_file_and_line(
    dask: Any, run: Any, tmp_path: Path, engine: str
) -> None:
    file = make_strategy(
        tmp_path / "own.py",
        "limit: Shares = parameter(0)\n\ndef on_tick(self, m):\n    m.quote_bid(m.bid / self.limit, 1)\n",
    )
    where = next(n for n, text in enumerate(file.read_text().splitlines(), 1) if "m.bid /" in text)
    there = run(
        file,
        "there",
        engine=engine,
        backend="dask",
        address=dask.scheduler_address,
        on_plan=lambda _: file.unlink(),
    )
    assert set(there.failed) == set(TICKERS)
    assert all(f"{file}, line {where}: a division by zero" in error for error in there.failed.values())


@pytest.mark.slow
def test_another_text_under_the_same_path_is_another_strategy(dask: Any, run: Any, tmp_path: Path) -> None:
    file = tmp_path / "own.py"
    for size in (100, 900):
        make_strategy(file, COMPILED.replace("300", str(size)))
        run(file, f"here {size}", backend="sequential")
        run(file, f"there {size}", backend="dask", address=dask.scheduler_address)
        assert same(tmp_path / f"here {size}", tmp_path / f"there {size}")
    assert not same(tmp_path / "here 100", tmp_path / "here 900")


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["dask", "loky"])
def test_a_killed_worker_costs_its_unfinished_tasks_which_are_done_again(
    dask: Any, run: Any, tmp_path: Path, backend: str
) -> None:
    file = make_strategy(tmp_path / "own.py", PLAIN)
    run(file, "here", backend="sequential")
    file.with_suffix(".json").write_text('{"_defaults": {"pause_sec": 0.01}, "FAB": {"pause_sec": 0}}')
    killed: list[int] = []

    def kill_one(_: SecurityResult) -> None:
        if not killed:
            mine = pids_of(dask) if backend == "dask" else [child.pid for child in loky_processes()]
            busy = max(map(psutil.Process, mine), key=lambda process: process.pid)
            killed.append(busy.pid)
            busy.kill()

    at = {"address": dask.scheduler_address} if backend == "dask" else {}
    there = run(file, "there", backend=backend, workers=2, on_result=kill_one, **at)
    assert len(killed) == 1
    assert there.failed == {}
    assert there.summary["trades"].tolist() == [len(read) for read in map(there.trades, sorted(TICKERS))]
    for name in ("trades/FAB.parquet", "trades/EMAAR.parquet", "trades/MODON.parquet"):
        assert (tmp_path / "here" / name).read_bytes() == (tmp_path / "there" / name).read_bytes()


def loky_processes() -> list[psutil.Process]:
    """Return joblib's workers, not the process in which it keeps count of their files."""
    children = [(child, " ".join(child.cmdline())) for child in psutil.Process().children()]
    return [child for child, words in children if "loky" in words and "resource_tracker" not in words]


@pytest.mark.slow
@pytest.mark.parametrize(("backend", "workers"), [("loky", 2), ("loky", 1), ("dask", 2)])
def test_a_task_that_kills_every_worker_is_a_row_in_words_and_the_others_complete(
    dask: Any, run: Any, tmp_path: Path, backend: str, workers: int
) -> None:
    file = make_strategy(tmp_path / "own.py", ENDS_ITS_PROCESS)
    file.with_suffix(".json").write_text('{"_defaults": {}, "FAB": {"fatal": 1}}')
    at = {"address": dask.scheduler_address} if backend == "dask" else {}
    done = run(file, "there", backend=backend, workers=workers, **at)
    assert list(done.failed) == ["FAB"]
    assert done.failed["FAB"].startswith("Its worker process died, and again when it ran alone")
    assert done.summary.set_index("security").loc[["EMAAR", "MODON"], "trades"].min() > 20


@pytest.mark.slow
def test_a_cluster_that_goes_away_ends_the_run_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clusters, "PATIENCE_SECONDS", 1)
    with local_cluster(n_workers=1) as cluster:
        results = run_all(time.sleep, [0.1, 4, 4], "dask", 1, address=cluster.scheduler_address)
        next(results)
        cluster.close()
        with pytest.raises(ClusterLost, match="no worker left, or its scheduler is gone") as gone:
            list(results)
    assert gone.value.exit_status == 1


@pytest.mark.slow
def test_a_cluster_of_one_thread_works_there_and_not_here() -> None:
    with local_cluster(n_workers=1) as cluster:
        here = psutil.Process().pid
        pids = set(run_all(pid_after, [0.0, 0.1], "dask", 1, address=cluster.scheduler_address))
    assert len(pids) == 1
    assert here not in pids


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="an interrupt is sent otherwise there")
@pytest.mark.parametrize("backend", ["loky", "dask"])
def test_an_interrupt_ends_the_run_at_once(dask: Any, store: Path, tmp_path: Path, backend: str) -> None:
    file = make_strategy(tmp_path / "own.py", PLAIN)
    file.with_suffix(".json").write_text('{"_defaults": {"pause_sec": 0.05}, "FAB": {"pause_sec": 0}}')
    command = [sys.executable, "-m", "pipeline", "backtest", "--strategy", str(file), "--parquet-dir", str(store)]
    command += ["--config", str(file.with_suffix(".json")), "--output-dir", str(tmp_path / "out")]
    command += ["--backend", backend, "--workers", "2"]
    command += ["--address", dask.scheduler_address] if backend == "dask" else []
    with subprocess.Popen(_taking_interrupts(command), stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert any("FAB" in line for line in process.stderr)
        process.send_signal(2)
        said = process.communicate(timeout=120)[1]
    assert process.returncode == 130
    assert "Interrupted." in said
    assert "Traceback" not in said


def _taking_interrupts(command: list[str]) -> list[str]:
    """Undo what a shell does to a command in the background, which a test run may be: it ignores interrupts."""
    text = "import runpy, signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
    return [command[0], "-c", text + "runpy.run_module('pipeline', run_name='__main__')", *command[3:]]


def test_a_task_carries_the_strategys_text_and_no_ticks(store: Path, tmp_path: Path) -> None:
    file = make_strategy(tmp_path / "own.py", COMPILED)
    planned = plan(Request(strategy=str(file), config=file.with_suffix(".json"), parquet_dir=store, sensitivity=True))
    assert all(len(pickle.dumps(task)) < 8_000 < task.path.stat().st_size for task in planned.tasks)
    assert all(task.strategy.text == file.read_bytes() for task in planned.tasks)


def test_ray_gives_the_same_bytes_and_survives_a_dead_worker(run: Any, tmp_path: Path) -> None:
    pytest.importorskip("ray")
    file = make_strategy(tmp_path / "own.py", PLAIN)
    run(file, "here", backend="sequential")
    there = run(file, "there", backend="ray", workers=2, on_plan=lambda _: file.unlink())
    assert (there.failed, there.plan.workers) == ({}, 2)
    assert same(tmp_path / "here", tmp_path / "there")
    make_strategy(file, ENDS_ITS_PROCESS)
    file.with_suffix(".json").write_text('{"_defaults": {}, "FAB": {"fatal": 1}}')
    assert list(run(file, "again", backend="ray", workers=2).failed) == ["FAB"]
