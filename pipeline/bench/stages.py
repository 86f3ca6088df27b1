"""Measures sequential against parallel work, stage by stage, as medians over several runs on the same workbooks."""

from __future__ import annotations

import statistics
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pipeline import api
from pipeline.conversion.plan import find_workbooks, open_all
from pipeline.errors import BadRequest
from pipeline.options import RAW_DIR
from pipeline.replay.plan import Request, plan
from pipeline.replay.simulate import simulate
from pipeline.replay.workers import run_all
from pipeline.store.tick_file import read_ticks
from pipeline.strategies.loading.load import load_strategy

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pipeline.replay.task import Task
    from pipeline.replay.workers import Backend
    from pipeline.ticks import Ticks

STRATEGY: Final = "v1_baseline"


@dataclass(frozen=True, slots=True)
class StageTiming:
    """Median seconds of one stage, done one security after the other and several at a time."""

    stage: str
    sequential: float
    parallel: float

    @property
    def speed_up(self) -> float:
        """How many times faster the parallel way is."""
        return self.sequential / self.parallel


def benchmark(
    workbooks: Sequence[Path] | None = None,
    *,
    runs: int = 5,
    workers: int | None = None,
    on_stage: Callable[[str], None] = lambda _: None,
    on_warnings: Callable[[Sequence[str]], None] = lambda _: None,
) -> list[StageTiming]:
    """Measure each stage on workbooks, one security after the other and several at a time.

    Args:
        workbooks: By default those in `data/raw`.
        runs: How often each stage is measured, both ways in turn.
        workers: Securities at a time; by default what CPUs and memory allow.
        on_stage: Called with what is being done.
        on_warnings: Called with the warnings of the conversion.

    Raises:
        PipelineError: There is no workbook, a security has no parameters in the config, or `runs` is below 1.
    """
    if runs < 1:
        raise BadRequest(f"--runs is {runs}; it takes a whole number of at least 1.")
    on_stage("Converting the workbooks once")
    chosen = list(workbooks) if workbooks else find_workbooks(RAW_DIR)
    with tempfile.TemporaryDirectory() as folder:
        bench = _Bench(chosen, Path(folder), workers)
        on_warnings(bench.warnings)
        stages: list[tuple[str, Callable[[bool], object]]] = [
            ("sheet discovery", bench.discover),
            ("reading Excel, writing Parquet", bench.convert),
            ("reading Parquet", bench.read),
            ("replay", bench.replay),
            ("whole backtest", bench.backtest),
        ]
        return [_measured(name, work, runs, on_stage) for name, work in stages]


def _measured(stage: str, work: Callable[[bool], object], runs: int, on_stage: Callable[[str], None]) -> StageTiming:
    seconds: dict[bool, list[float]] = {False: [], True: []}
    on_stage(f"Measuring: {stage}, first run")
    for parallel in (False, True):
        work(parallel)
    for number in range(1, runs + 1):
        on_stage(f"Measuring: {stage}, run {number} of {runs}")
        for parallel in (False, True):
            start = time.perf_counter()
            work(parallel)
            seconds[parallel].append(time.perf_counter() - start)
    return StageTiming(stage, statistics.median(seconds[False]), statistics.median(seconds[True]))


class _Bench:
    """The work of each stage; what a stage needs from the one before is made on the way."""

    def __init__(self, workbooks: list[Path], folder: Path, workers: int | None) -> None:
        self._workbooks = workbooks
        self._folder = folder
        self._parquet = folder / "parquet"
        self.warnings = api.convert(workbooks, self._parquet).warnings
        self._plan = plan(Request(STRATEGY, parquet_dir=self._parquet, workers=workers))
        self._workers = self._plan.workers
        self._ticks: dict[str, Ticks] = {task.ticker: read_ticks(task.path) for task in self._plan.tasks}

    def discover(self, parallel: bool) -> object:
        if not parallel:
            return open_all(self._workbooks)
        with ThreadPoolExecutor(self._workers) as pool:
            return list(pool.map(lambda path: open_all([path]), self._workbooks))

    def convert(self, parallel: bool) -> object:
        return api.convert(self._workbooks, self._parquet, force=True, workers=self._workers if parallel else 1)

    def read(self, parallel: bool) -> object:
        return self._all(lambda task: read_ticks(task.path), parallel)

    def replay(self, parallel: bool) -> object:
        return self._all(self._replayed, parallel)

    def backtest(self, parallel: bool) -> object:
        return api.backtest(
            STRATEGY,
            fresh=True,
            parquet_dir=self._parquet,
            output_dir=self._folder / "run",
            backend="threading" if parallel else "sequential",
            workers=self._workers if parallel else 1,
        )

    def _all(self, work: Callable[[Task], object], parallel: bool) -> object:
        backend: Backend = "threading" if parallel else "sequential"
        return list(run_all(work, self._plan.tasks, backend, self._workers))

    def _replayed(self, task: Task) -> object:
        strategy = load_strategy(task.strategy)
        return simulate(self._ticks[task.ticker], strategy, task.parameters, task.market, task.execution)
