"""The constants of docs/use/scale.md: what a setting on a security costs by its length, and what the command holds.

    python tests/benchmarks/scale.py STORE [--config CONFIG] [--runs 3] [--securities FAB,MODON]

STORE: a Parquet directory, as `convert` makes it; long securities say more. One core, one process; then whole commands.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from sweeps import STRATEGY, SWEEP, timed

from pipeline.engine.batch import BatchRun
from pipeline.markets.facts import facts_of
from pipeline.replay.batch import prepare
from pipeline.replay.plan import Request
from pipeline.store.tick_file import read_ticks
from pipeline.strategies.loading.load import load_strategy
from pipeline.sweeps.codec import encode_figures
from pipeline.sweeps.grid import read_sweep
from pipeline.sweeps.plan import plan_sweep
from pipeline.sweeps.tasks import Replays

PEAK = """
import resource, sys
from pipeline.cli import main
try:
    main()
finally:
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr)
"""


def costs(request: Request, runs: int) -> None:
    """Print of each security the rate of the walk and what each result takes beside it, on one core."""
    plan = plan_sweep(read_sweep(SWEEP), request, [STRATEGY])
    strategy = load_strategy(STRATEGY)
    prepare(strategy, "compiled", None, [trial.execution for trial in plan.trials.values()])
    walks: list[float] = []
    BatchRun.attempt = timed(BatchRun.attempt, walks)  # type: ignore[method-assign]
    print(f"{len(plan.trials):,} settings, one core; medians of {runs}")
    print("security        ticks   read ns/tick   walk M events x settings/s   beside it ms/result   kB/result")
    for task in plan.bases[STRATEGY].tasks:
        rows, size, market = [], 0.0, facts_of(task.exchange)
        settings = plan.trials.parts[0].settings(task.parameters)
        for _ in range(runs):
            walks.clear()
            start = time.perf_counter()
            ticks = read_ticks(task.path)
            read = time.perf_counter()
            block = encode_figures(Replays(ticks, strategy, settings, market, "compiled"))
            size = sum(array.nbytes for array in block.values()) / len(settings) / 1e3
            walk, beside = sum(walks), time.perf_counter() - read - sum(walks)
            rows.append(
                (
                    (read - start) / len(ticks) * 1e9,
                    len(ticks) * len(settings) / walk / 1e6,
                    beside / len(settings) * 1e3,
                )
            )
        read_ns, rate, each = (statistics.median(column) for column in zip(*rows, strict=True))
        print(f"{task.ticker:12}{len(ticks):9,}{read_ns:15.0f}{rate:29.0f}{each:22.2f}{size:12.1f}")


def memory(request: Request) -> None:
    """Print what the command holds of each result: the peaks of a sweep and of a third of it, all of it cached."""
    grids = {
        settings: ["--grid", f"refill_interval_sec=5:{5 * settings // 20}:5", "--grid", "quote_size=5000:100000:5000"]
        for settings in (1_000, 3_000)
    }
    tickers = request.securities
    peaks = {}
    with tempfile.TemporaryDirectory() as name:
        environment = os.environ | {"PIPELINE_CACHE_DIR": f"{name}/cache", "PIPELINE_RESULTS_MB": "4096"}
        for settings, grid in grids.items():
            words = ["sweep", *grid, "--parquet-dir", request.parquet_dir, "--securities", ",".join(tickers)]
            words += ["--allow-stale", *(["--config", request.config] if request.config else [])]
            words += ["--output-dir", f"{name}/{settings}", "--no-report", "--quiet"]
            for _ in ("computed", "cached"):
                done = subprocess.run(
                    [sys.executable, "-c", PEAK, *map(str, words)],
                    env=environment, check=True, capture_output=True, text=True,
                )  # fmt: skip
            peaks[settings] = int(done.stderr.split()[-1])
    more = (3_000 - 1_000) * len(tickers)
    print(
        f"memory of the command: {(peaks[3_000] - peaks[1_000]) / more:.1f} kB a result, by the peaks of {more:,} more"
    )


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("store", type=Path)
    arguments.add_argument("--config", type=Path)
    arguments.add_argument("--runs", type=int, default=3)
    arguments.add_argument("--securities", default="")
    given = arguments.parse_args()
    tickers = [ticker for ticker in given.securities.split(",") if ticker] or sorted(
        file.stem for file in given.store.glob("*.parquet") if "." not in file.stem
    )
    request = Request(config=given.config, parquet_dir=given.store, allow_stale=True, securities=tickers)
    memory(request)  # first: a process begins with the peak of the one that starts it
    costs(request, given.runs)


if __name__ == "__main__":
    main()
