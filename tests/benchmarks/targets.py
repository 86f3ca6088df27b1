"""The figures of docs/maintain/performance.md: ours and a yardstick in turn, whole processes, medians.

    python tests/benchmarks/targets.py WORKBOOK GOLDEN_WORKBOOK [--runs 5] [--skip-pandas]

WORKBOOK is the 673,000-row workbook, GOLDEN_WORKBOOK three full securities. Linux or macOS (peak memory by wait4).
"""

from __future__ import annotations

import argparse
import compileall
import os
import shutil
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
IMPORTS = [sys.executable, "-c", "import numba, pyarrow.parquet, joblib"]


TEN = {
    "FAB": ("FAB", "EMAAR", "ALDAR", "ADCB", "ADIB", "EAND"),
    "MODON": ("MODON", "SALIK", "PARKIN"),
    "SPINNEYS": ("SPINNEYS",),
}
"""The golden securities' ticks under ten names, since only three are at hand."""


@dataclass(frozen=True)
class Side:
    """One command's runs: wall seconds, and the largest peak memory in MiB."""

    name: str
    seconds: list[float]
    peak: float

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)


def timed(command: list[str]) -> tuple[float, float]:
    start = time.perf_counter()
    child = os.posix_spawn(
        command[0],
        command,
        os.environ,
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0o600),
            (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0o600),
        ],
    )
    _, status, usage = os.wait4(child, 0)
    elapsed = time.perf_counter() - start
    if status:
        sys.exit(f"failed with status {status}: {' '.join(command)}")
    scale = 2**20 if sys.platform == "darwin" else 2**10
    return elapsed, usage.ru_maxrss / scale


def in_turn(runs: int, **commands: list[str]) -> dict[str, Side]:
    measured: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
    for command in commands.values():
        timed(command)
    for _ in range(runs):
        for name, command in commands.items():
            measured[name].append(timed(command))
    sides = {
        name: Side(name, [seconds for seconds, _ in times], max(peak for _, peak in times))
        for name, times in measured.items()
    }
    for side in sides.values():
        low, high = min(side.seconds), max(side.seconds)
        print(f"  {side.name:24} {side.median:8.3f} s  ({low:.3f} to {high:.3f})  peak {side.peak:5.0f} MiB")
    return sides


def pipeline(*words: str | Path) -> list[str]:
    return [sys.executable, "-m", "pipeline", *map(str, words)]


def script(name: str, *words: str | Path) -> list[str]:
    return [sys.executable, str(HERE / name), *map(str, words)]


def conversion(workbook: Path, folder: Path, runs: int, *, with_pandas: bool) -> None:
    print("Convert, whole process")
    ours = pipeline("convert", workbook, "--parquet-dir", folder / "parquet", "--force")
    sides = in_turn(
        runs,
        ours=ours,
        one_worker=[*ours, "--workers", "1"],
        bare_fastexcel=script("bare_fastexcel.py", workbook, folder / "bare", "1"),
        bare_fastexcel_2_threads=script("bare_fastexcel.py", workbook, folder / "bare", "2"),
        unchanged=pipeline("convert", workbook, "--parquet-dir", folder / "parquet"),
    )
    for name in ("bare_fastexcel", "bare_fastexcel_2_threads"):
        print(f"  ours / {name}: {sides['ours'].median / sides[name].median:.2f}")
    if with_pandas:
        both = in_turn(1, ours=ours, pandas=script("pandas_convert.py", workbook, folder / "pandas"))
        print(f"  pandas / ours: {both['pandas'].median / both['ours'].median:.1f}")


def backtest(store: Path, folder: Path, runs: int) -> None:
    print("Backtest of the 673,000-row store, whole process, compiled code kept")
    checked = pipeline("backtest", "--fresh", "--parquet-dir", store, "--output-dir", folder / "run")
    run = [*checked, "--no-sensitivity"]
    sides = in_turn(
        runs,
        ours=run,
        without_page=[*run, "--no-report"],
        with_assumption_check=checked,
        sequential=[*run, "--backend", "sequential"],
        threading=[*run, "--backend", "threading", "--workers", "2"],
        loky=[*run, "--backend", "loky", "--workers", "2"],
        imports=IMPORTS,
    )
    for name in ("ours", "without_page"):
        print(f"  {name} / imports: {sides[name].median / sides['imports'].median:.2f}")
    print(f"  the check adds {sides['with_assumption_check'].median - sides['ours'].median:.2f} s")


def against_itertuples(golden: Path, folder: Path, runs: int) -> None:
    store, ten = folder / "golden", folder / "ten"
    timed(pipeline("convert", golden, "--parquet-dir", store))
    ten.mkdir()
    for source, tickers in TEN.items():
        for ticker in tickers:
            shutil.copy(store / f"{source}.parquet", ten / f"{ticker}.parquet")
    for name, directory, times in (("the golden workbook", store, runs), ("ten securities, 3.9 million rows", ten, 1)):
        print(f"Backtest of {name} against an itertuples loop of the same rules, whole processes")
        sides = in_turn(
            times,
            ours=pipeline(
                "backtest", "--fresh", "--parquet-dir", directory, "--output-dir", folder / "run", "--no-sensitivity"
            ),
            itertuples=script("itertuples_baseline.py", directory, HERE.parents[1] / "configs" / "v1_baseline.json"),
        )
        print(f"  itertuples / ours: {sides['itertuples'].median / sides['ours'].median:.1f}")


def loop_alone(store: Path, runs: int) -> None:
    from pipeline.markets.facts import facts_of
    from pipeline.replay.plan import Request, plan
    from pipeline.replay.simulate import simulate
    from pipeline.store.tick_file import read_ticks
    from pipeline.strategies.loading.load import load_strategy, strategy_names

    print("The compiled loop alone, one core, ticks in memory, million events a second")
    for name in strategy_names():
        strategy = load_strategy(name)
        for execution in ("classic", "strict"):
            shown = []
            for task in plan(Request(name, parquet_dir=store, execution=execution, sensitivity=False)).tasks:
                ticks, market = read_ticks(task.path), facts_of(task.exchange)
                rates = []
                for _ in range(runs + 1):
                    start = time.perf_counter()
                    simulate(ticks, strategy, task.parameters, market, task.execution)
                    rates.append(len(ticks) / (time.perf_counter() - start) / 1e6)
                shown.append(f"{task.ticker} {statistics.median(rates[1:]):5.1f}")
            print(f"  {name:30} {execution:8} {'  '.join(shown)}")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("workbook", type=Path)
    arguments.add_argument("golden", type=Path)
    arguments.add_argument("--runs", type=int, default=5)
    arguments.add_argument("--skip-pandas", action="store_true")
    given = arguments.parse_args()
    # `make setup` does so; sources that changed since would be compiled by each run where Python may not write.
    compileall.compile_dir(HERE.parents[1] / "pipeline", quiet=1)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        conversion(given.workbook, folder, given.runs, with_pandas=not given.skip_pandas)
        backtest(folder / "parquet", folder, given.runs)
        against_itertuples(given.golden, folder, given.runs)
        loop_alone(folder / "golden", given.runs)


if __name__ == "__main__":
    main()
