"""The figures of sweeps in docs/performance.md: settings together against one by one, and whole commands.

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
from pathlib import Path

from targets import in_turn, pipeline

from pipeline.backtest.many import Setting, prepare, simulate_many
from pipeline.backtest.simulate import replayer, simulate
from pipeline.backtest.stage import Request
from pipeline.engine.walk import CompiledWalk
from pipeline.market.facts import facts_of
from pipeline.research.grid import read_sweep
from pipeline.research.sweep import SweepPlan, plan_sweep
from pipeline.store.parquet import read_ticks
from pipeline.strategies.load import load_strategy

ROOT = Path(__file__).resolve().parents[2]
SWEEP = ROOT / "configs" / "sweeps" / "thousand.json"
STRATEGY = "v1_baseline"
ALONE = 20
"""Settings of each security replayed one by one, spread over the thousand."""


def plan_of(store: Path) -> SweepPlan:
    return plan_sweep(read_sweep(SWEEP), Request(parquet_dir=store, allow_stale=True), [STRATEGY])


def rates(store: Path, runs: int) -> None:
    """Both loops over the same settings in one process, the securities in turn."""
    plan, strategy = plan_of(store), load_strategy(STRATEGY)
    prepare(strategy, "compiled")
    for execution in {trial.execution.name: trial.execution for trial in plan.trials}.values():
        replayer(strategy, execution, "compiled")
    inside: list[float] = []
    plain = CompiledWalk._attempt

    def timed(*given: object) -> object:
        start = time.perf_counter()
        found = plain(*given)  # type: ignore[arg-type]
        inside.append(time.perf_counter() - start)
        return found

    together, loops, alone, ratios = [], [], [], []
    for _ in range(runs):
        sums = {"together": 0.0, "loop": 0.0, "alone": 0.0}
        work = {"together": 0, "alone": 0}
        for task in plan.bases[STRATEGY].tasks:
            ticks, market = read_ticks(task.path), facts_of(task.exchange)
            settings = [Setting({**task.parameters, **trial.changes}, trial.execution) for trial in plan.trials]
            inside.clear()
            CompiledWalk._attempt = timed  # type: ignore[assignment,method-assign]
            start = time.perf_counter()
            for _ in simulate_many(ticks, strategy, settings, market, "compiled"):
                pass
            sums["together"] += time.perf_counter() - start
            CompiledWalk._attempt = plain  # type: ignore[method-assign]
            sums["loop"] += sum(inside)
            some = settings[:: len(settings) // ALONE]
            start = time.perf_counter()
            for one in some:
                simulate(ticks, strategy, one.parameters, market, one.execution)
            sums["alone"] += time.perf_counter() - start
            work["together"] += len(ticks) * len(settings)
            work["alone"] += len(ticks) * len(some)
        together.append(work["together"] / sums["together"] / 1e6)
        loops.append(work["together"] / sums["loop"] / 1e6)
        alone.append(work["alone"] / sums["alone"] / 1e6)
        ratios.append(together[-1] / alone[-1])
    print(f"{len(plan.trials):,} settings x {len(plan.tickers)} securities, one core, M event x settings/s")
    for name, found in (
        ("the loop over many settings", loops),
        ("the same with its outcomes made", together),
        ("one replay a setting", alone),
        ("together / one by one", ratios),
    ):
        print(f"  {name:34} {statistics.median(found):8.2f}   ({min(found):.2f} to {max(found):.2f})")


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
