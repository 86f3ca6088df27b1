"""The figures of sweeps in docs/maintain/performance.md: settings together against one by one, and whole commands.

    python tests/benchmarks/sweeps.py STORE [--runs 5]

STORE: a Parquet directory of the 673,000-row workbook, as `convert` makes it.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from targets import in_turn, pipeline

from pipeline.engine.batch import BatchRun
from pipeline.engine.compiled import CompiledRun
from pipeline.markets.facts import facts_of
from pipeline.replay.batch import Setting, prepare, simulate_many
from pipeline.replay.plan import Request
from pipeline.replay.simulate import replayer, simulate
from pipeline.store.tick_file import read_ticks
from pipeline.strategies.loading.load import load_strategy
from pipeline.sweeps.grid import read_sweep
from pipeline.sweeps.plan import SweepPlan, plan_sweep

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parents[2]
SWEEP = ROOT / "configs" / "sweeps" / "thousand.json"
STRATEGY = "v1_baseline"
ALONE = 20
"""Settings of each security replayed one by one, spread over the thousand."""


def plan_of(store: Path) -> SweepPlan:
    return plan_sweep(read_sweep(SWEEP), Request(parquet_dir=store, allow_stale=True), [STRATEGY])


def timed(loop: Callable[..., Any], seconds: list[float]) -> Callable[..., Any]:
    """Return a loop that notes how long it takes."""

    def noting(*given: Any) -> Any:
        start = time.perf_counter()
        found = loop(*given)
        seconds.append(time.perf_counter() - start)
        return found

    return noting


def rates(store: Path, runs: int) -> None:
    """Both loops over the same settings in one process, the securities in turn."""
    plan, strategy = plan_of(store), load_strategy(STRATEGY)
    prepare(strategy, "compiled")
    for execution in {trial.execution.name: trial.execution for trial in plan.trials.values()}.values():
        replayer(strategy, execution, "compiled")
    inside: dict[str, list[float]] = {"together": [], "alone": []}
    BatchRun.attempt = timed(BatchRun.attempt, inside["together"])  # type: ignore[method-assign]
    CompiledRun.attempt = timed(CompiledRun.attempt, inside["alone"])  # type: ignore[method-assign]
    found: dict[str, list[float]] = {}
    for _ in range(runs):
        seconds = Counter[str]()
        work = Counter[str]()
        for task in plan.bases[STRATEGY].tasks:
            ticks, market = read_ticks(task.path), facts_of(task.exchange)
            settings = [
                Setting({**task.parameters, **trial.changes}, trial.execution) for trial in plan.trials.values()
            ]
            some = settings[:: len(settings) // ALONE]
            for loop in inside.values():
                loop.clear()
            start = time.perf_counter()
            for _ in simulate_many(ticks, strategy, settings, market, "compiled"):
                pass
            between = time.perf_counter()
            for one in some:
                simulate(ticks, strategy, one.parameters, market, one.execution)
            seconds.update({"all together": between - start, "all alone": time.perf_counter() - between})
            seconds.update({name: sum(loop) for name, loop in inside.items()})
            work.update(together=len(ticks) * len(settings), alone=len(ticks) * len(some))
        for name, taken in seconds.items():
            found.setdefault(name, []).append(work[name.removeprefix("all ")] / taken / 1e6)
        for kind in ("", "all "):
            ratio = found[f"{kind}together"][-1] / found[f"{kind}alone"][-1]
            found.setdefault(f"{kind}together / {kind}alone", []).append(ratio)
    print(f"{len(plan.trials):,} settings x {len(plan.tickers)} securities, one core, M event x settings/s")
    print("(together, alone: the compiled loops; all: with everything from ticks and settings to fills)")
    for name, values in found.items():
        print(f"  {name:28} {statistics.median(values):8.2f}   ({min(values):.2f} to {max(values):.2f})")


def whole_commands(store: Path, runs: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        os.environ["PIPELINE_RESULTS_MB"] = "2048"
        sweep = [*pipeline("sweep", SWEEP, "--parquet-dir", store, "--allow-stale"), "--output-dir", f"{name}/sweep"]
        print("The whole command, 16,000 results")
        in_turn(
            runs,
            threading=[*sweep, "--fresh", "--backend", "threading", "--workers", "2"],
            loky=[*sweep, "--fresh", "--backend", "loky", "--workers", "2"],
            sequential=[*sweep, "--fresh", "--backend", "sequential"],
            nothing_new=sweep,
            start_up=[sys.executable, "-m", "pipeline", "sweep", "--help"],
        )


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("store", type=Path)
    arguments.add_argument("--runs", type=int, default=5)
    given = arguments.parse_args()
    rates(given.store, given.runs)
    whole_commands(given.store, given.runs)


if __name__ == "__main__":
    main()
