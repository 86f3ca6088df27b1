"""Measures how a backtest scales, by securities, length and workers: whole processes against what cannot be saved."""

from __future__ import annotations

import statistics
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pipeline.bench.process import measure_process, pipeline_command
from pipeline.bench.synthetic import STRATEGY, check_free_disk, make_store, sample_week
from pipeline.errors import BadRequest
from pipeline.folders import FOLDER_VARIABLE
from pipeline.replay.plan import Request, plan
from pipeline.replay.simulate import simulate
from pipeline.replay.workers import workers_for
from pipeline.store.parquet import row_groups
from pipeline.store.tick_file import ticks_of
from pipeline.strategies.loading.load import load_strategy

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pipeline.bench.process import ProcessUse
    from pipeline.bench.synthetic import SampleSecurity, SyntheticStore
    from pipeline.replay.task import Task
    from pipeline.ticks import Ticks

_NS: Final = 1e9
_BARE: Final = ("--no-sensitivity", "--no-report")
WORK: Final = {"bare": _BARE, "with check and page": ()}
"""The backtests that are measured, by name: what each of them leaves out."""


@dataclass(frozen=True, slots=True)
class Scale:
    """What is measured: stores of so many securities of `ticks` each, and one security of `long_ticks`, if any."""

    securities: Sequence[int] = (10, 100, 1_000)
    ticks: int = 386_000
    long_ticks: int = 10_000_000
    runs: int = 5
    workers: int | None = None


@dataclass(frozen=True, slots=True)
class ScaleRun:
    """A backtest of a store by so many workers, whole process: medians of its runs, its largest peak memory."""

    work: str
    workers: int
    seconds: float
    ns_a_tick: float
    peak_bytes: int


@dataclass(frozen=True, slots=True)
class StoreScale:
    """A store and its backtests.

    read_ns, loop_ns: the floor, ns a tick on one CPU: Arrow's read of the same files alone, the replay alone.
    """

    securities: int
    ticks: int
    read_ns: float
    loop_ns: float
    runs: tuple[ScaleRun, ...]

    @property
    def name(self) -> str:
        """Return it as a person names it."""
        return "one long security" if self.securities == 1 else f"{self.securities:,} securities"

    def speed_up(self, run: ScaleRun) -> float:
        """Return how many times faster a run is than the same work by one worker."""
        alone = next(other for other in self.runs if other.work == run.work and other.workers == 1)
        return alone.seconds / run.seconds


def measure_scale(scale: Scale, on_stage: Callable[[str], None] = lambda _: None) -> list[StoreScale]:
    """Make stores of synthetic ticks in a temporary folder and measure backtests of each.

    Args:
        scale: What is measured, by up to how many workers: by default as many as there are CPUs.
        on_stage: Called with what is being done.

    Raises:
        BadRequest: A number below 1, or a disk without room.
        PipelineError: A backtest failed.
    """
    sizes = _sizes(scale)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder = Path(name)
        on_stage("Making a synthetic week of ticks")
        sample = sample_week(folder)
        check_free_disk(folder, sizes, len(sample))
        return [_measured(folder, sample, *size, scale, on_stage) for size in sizes]


def worker_counts(most: int) -> list[int]:
    """Return 1, 2, 4, … and `most`."""
    return sorted({most, *(1 << power for power in range(most.bit_length()))})


def _sizes(scale: Scale) -> list[tuple[int, int]]:
    numbers = {"--runs": scale.runs, "--ticks": scale.ticks, "--workers": scale.workers or 1}
    for option, number in numbers.items():
        if number < 1:
            raise BadRequest(f"{option} is {number}; it takes a whole number of at least 1.")
    many = [(count, scale.ticks) for count in scale.securities]
    return [*many, (1, scale.long_ticks)] if scale.long_ticks > 0 else many


def _measured(
    folder: Path,
    sample: Sequence[SampleSecurity],
    securities: int,
    ticks: int,
    scale: Scale,
    on_stage: Callable[[str], None],
) -> StoreScale:
    name = f"{securities:,} x {ticks:,} ticks"
    on_stage(f"{name}: making the store")
    store = make_store(folder, sample, securities, ticks)
    on_stage(f"{name}: reading and replaying alone")
    read_ns, loop_ns = _floor(store, scale.runs)
    most = workers_for("threading", [1] * securities, None if securities == 1 else scale.workers)
    ways = [(work, workers) for work in WORK for workers in worker_counts(most)]
    uses: dict[tuple[str, int], list[ProcessUse]] = {way: [] for way in ways}
    _backtest(folder, store, *ways[-1])  # compiles, and brings the files into the system's cache
    for number in range(1, scale.runs + 1):
        for work, workers in ways:
            on_stage(f"{name}: {work}, workers: {workers}, run {number} of {scale.runs}")
            uses[work, workers].append(_backtest(folder, store, work, workers))
    return StoreScale(securities, store.ticks, read_ns, loop_ns, tuple(_run(*way, uses[way], store) for way in ways))


def _run(work: str, workers: int, uses: Sequence[ProcessUse], store: SyntheticStore) -> ScaleRun:
    seconds = statistics.median(use.seconds for use in uses)
    return ScaleRun(work, workers, seconds, seconds / store.ticks * _NS, max(use.peak_bytes for use in uses))


def _backtest(folder: Path, store: SyntheticStore, work: str, workers: int) -> ProcessUse:
    command = pipeline_command("backtest", "--strategy", STRATEGY, "--fresh", "--quiet", *WORK[work])
    command += ["--parquet-dir", str(store.parquet_dir), "--config", str(store.config), "--workers", str(workers)]
    return measure_process([*command, "--output-dir", str(folder / "run")], {FOLDER_VARIABLE: str(folder / "cache")})


def _floor(store: SyntheticStore, runs: int) -> tuple[float, float]:
    """Return ns a tick of Arrow's read and of the replay, each alone on one CPU, over the files that are no links.

    What is replayed is a file's first row group, so that a long one needs no more memory.
    """
    request = Request(STRATEGY, store.config, parquet_dir=store.parquet_dir, sensitivity=False)
    tasks = [task for task in plan(request).tasks if task.ticker in store.originals]
    files = [Path(str(task.path)) for task in tasks]
    ticks = [ticks_of(file, next(iter(row_groups(file)))) for file in files]

    def read() -> int:
        return sum(table.num_rows for file in files for table in row_groups(file))

    def replay() -> int:
        return sum(_replay(task, part) for task, part in zip(tasks, ticks, strict=True))

    return _median_ns(read, runs), _median_ns(replay, runs)


def _replay(task: Task, ticks: Ticks) -> int:
    return simulate(ticks, load_strategy(task.strategy), task.parameters, task.market, task.execution).rows


def _median_ns(work: Callable[[], int], runs: int) -> float:
    """Return the median ns a tick of work that returns how many ticks it took; its first run does not count."""
    work()
    taken = []
    for _ in range(runs):
        start = time.perf_counter()
        ticks = work()
        taken.append((time.perf_counter() - start) / ticks * _NS)
    return statistics.median(taken)
