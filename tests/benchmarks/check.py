"""Is it as fast as it was? Ours and a fixed yardstick in turn, their ratios beside the kept ones; fails beyond 30 %.

    python tests/benchmarks/check.py [--runs 7] [--keep] [--kept FILE] [--rows 150000] [--only NAME]

Everything is made here from synthetic ticks. What seems slower is measured twice more, and its best ratio counts, since
a busy machine only ever slows. On another kind of machine run it with --keep first, on a commit that is fast enough.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from ratios import BadRatios, judge, read_ratios, write_ratios
from targets import IMPORTS, pipeline, timed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pipeline.replay.task import Task
    from pipeline.ticks import Ticks

    Measure: TypeAlias = Callable[[int], float]

KEPT = Path(__file__).with_name("kept_ratios.json")
CLEAN, SPOILT = ("FAB", "MODON", "EMAAR"), ("SPINNEYS",)
"""Securities of the sample whose sheets the fast readers take, and those which only the row-by-row reader does."""

ATTEMPTS = 3
MANY = 24
BARE_BACKTEST = ("--fresh", "--no-sensitivity", "--no-report", "--quiet")
SETTINGS = 64
BARE = """
import sys, fastexcel, pyarrow as pa, pyarrow.parquet as pq
reader = fastexcel.read_excel(sys.argv[1])
for sheet in reader.sheet_names[:3]:
    batch = reader.load_sheet(sheet, header_row=2).to_arrow()
    pq.write_table(pa.Table.from_batches([batch]), f"{sys.argv[2]}/{sheet}.parquet")
"""
ROWS_OF_OPENPYXL = """
import sys, openpyxl
book = openpyxl.load_workbook(sys.argv[1], read_only=True)
for row in book[book.sheetnames[3]].iter_rows(values_only=True):
    pass
"""


def commands(folder: Path) -> dict[str, tuple[list[str], list[str]]]:
    """Return of each ratio of whole commands ours and the yardstick."""
    book, store, run = folder / "sample.xlsx", folder / "store", folder / "run"
    convert = pipeline("convert", book, "--parquet-dir", store)
    clean, spoilt = ([*convert, "--only", ",".join(some)] for some in (CLEAN, SPOILT))
    backtest = pipeline("backtest", "--parquet-dir", store, "--output-dir", run)
    sweep = pipeline("sweep", "--parquet-dir", store, "--output-dir", folder / "sweep")
    grid = ["--grid", "refill_interval_sec=10:160:10", "--grid", "quote_size=10000:80000:10000", "--fresh"]
    return {
        "convert": ([*clean, "--force"], [sys.executable, "-c", BARE, str(book), str(folder)]),
        "convert, with bad cells": ([*spoilt, "--force"], [sys.executable, "-c", ROWS_OF_OPENPYXL, str(book)]),
        "convert, nothing changed": (clean, IMPORTS),
        "backtest": ([*backtest, "--fresh", "--no-sensitivity", "--no-report"], IMPORTS),
        "backtest, with check and page": ([*backtest, "--fresh"], IMPORTS),
        "backtest, nothing changed": (backtest, IMPORTS),
        "sweep, 128 settings": ([*sweep, *grid, "--no-report"], IMPORTS),
        "inspect": (pipeline("inspect", "--parquet-dir", store), IMPORTS),
    }


def command_ratio(ours: list[str], yardstick: list[str], runs: int) -> float:
    taken: dict[int, list[float]] = {0: [], 1: []}
    for command in (ours, yardstick):
        timed(command)
    for _ in range(runs):
        for side, command in enumerate((ours, yardstick)):
            taken[side].append(timed(command)[0])
    return statistics.median(taken[0]) / statistics.median(taken[1])


def memory_ratio(ours: list[str], yardstick: list[str], runs: int) -> float:
    """Return our peak memory over the yardstick's: the least of some runs, since a sample may come late."""
    from pipeline.bench.process import measure_process

    ours_peak, yardstick_peak = (
        min(measure_process(command).peak_bytes for _ in range(max(runs // 2, 1))) for command in (ours, yardstick)
    )
    return ours_peak / yardstick_peak


def scale(folder: Path, rows: int) -> dict[str, Measure]:
    """Return of each ratio of scale what measures it: by workers, and by length."""
    from pipeline.bench.synthetic import make_store, sample_week

    folder.mkdir()
    sample = sample_week(folder)
    stores = [make_store(folder, sample, count, MANY * rows * 2 // 3 // count) for count in (MANY, 1)]
    short, long = (
        [*pipeline("backtest", "--parquet-dir", store.parquet_dir, "--config", store.config), *BARE_BACKTEST]
        for store in stores
    )
    short, long = ([*command, "--output-dir", str(folder / "run")] for command in (short, long))
    alone, together = ([*short, "--workers", workers] for workers in "12")
    return {
        "backtest, two workers over one": partial(command_ratio, together, alone),
        "backtest, a long security's tick": partial(command_ratio, [*long, "--workers", "1"], alone),
        "backtest, a long security's peak memory": partial(memory_ratio, [*long, "--workers", "1"], alone),
    }


def loop_ratio(replay: Callable[[], object], ticks: Ticks, settings: int, runs: int) -> float:
    from yardstick import seconds_of_touch_loop  # loads numba

    replay()
    taken, yards = [], []
    for _ in range(runs):
        start = time.perf_counter()
        replay()
        taken.append(time.perf_counter() - start)
        yards.append(seconds_of_touch_loop(ticks, 3))
    return statistics.median(taken) / settings / statistics.median(yards)


def loops(store: Path) -> dict[str, Measure]:
    """Return of each ratio of compiled loops what measures it: an event's time over one of the touch loop's."""
    from pipeline.markets.facts import facts_of
    from pipeline.replay.batch import Setting, simulate_many
    from pipeline.replay.plan import Request, plan
    from pipeline.replay.simulate import simulate
    from pipeline.store.tick_file import read_ticks
    from pipeline.strategies.loading.load import load_strategy, strategy_names

    def tasks(name: str, execution: str) -> Task:
        request = Request(name, parquet_dir=store, execution=execution, sensitivity=False, allow_stale=True)
        return next(each for each in plan(request).tasks if each.ticker == "FAB")

    ticks, market = read_ticks(store / "FAB.parquet"), facts_of("ADX")
    measures: dict[str, Measure] = {}
    for name in strategy_names():
        for execution in ("classic", "strict"):
            task = tasks(name, execution)
            one = partial(simulate, ticks, load_strategy(name), task.parameters, market, task.execution)
            measures[f"loop of {name}, {execution}"] = partial(loop_ratio, one, ticks, 1)
    task = tasks("v1_baseline", "classic")
    intervals = [{**task.parameters, "refill_interval_sec": 10.0 + each} for each in range(SETTINGS)]
    settings = [Setting(parameters, task.execution) for parameters in intervals]
    strategy = load_strategy("v1_baseline")

    def many() -> object:
        return list(simulate_many(ticks, strategy, settings, market, "compiled"))

    measures[f"loop over {SETTINGS} settings"] = partial(loop_ratio, many, ticks, SETTINGS)
    return measures


def measures_of(folder: Path, rows: int) -> dict[str, Measure]:
    from pipeline.conversion.sample import write_sample

    write_sample(folder / "sample.xlsx", days=20, rows=rows)
    timed(pipeline("convert", folder / "sample.xlsx", "--parquet-dir", folder / "store"))
    whole: dict[str, Measure] = {name: partial(command_ratio, *pair) for name, pair in commands(folder).items()}
    return {**whole, **scale(folder / "scale", rows), **loops(folder / "store")}


def checked(measures: Mapping[str, Measure], kept: Mapping[str, float], runs: int) -> bool:
    """Measure all, those that seem slower again; show each and return whether all are as fast as kept."""
    measured = {name: measure(runs) for name, measure in measures.items()}
    for _ in range(ATTEMPTS - 1):
        for verdict in judge(measured, kept):
            if verdict.fails:
                measured[verdict.name] = min(verdict.measured, measures[verdict.name](runs))
    verdicts = judge(measured, kept)
    for verdict in verdicts:
        print(
            f"  {verdict.name:44} {verdict.measured:8.3f}  kept {verdict.kept:8.3f}"
            f"  {verdict.change - 1:+5.0%}  {verdict.word}"
        )
    return not any(verdict.fails for verdict in verdicts)


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--runs", type=int, default=7)
    arguments.add_argument("--rows", type=int, default=150_000, help="of each of four sheets")
    arguments.add_argument("--keep", action="store_true", help="keep what is measured instead of judging it")
    arguments.add_argument("--kept", type=Path, default=KEPT)
    arguments.add_argument("--only", action="append", help="one ratio, by its name; may be given again")
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory() as name:
        os.environ.setdefault("PIPELINE_CACHE_DIR", f"{name}/cache")
        measures = {
            ratio: measure
            for ratio, measure in measures_of(Path(name), given.rows).items()
            if ratio in (given.only or [ratio])
        }
        print("Ours over the yardstick of the same run; smaller is faster")
        try:
            if given.keep:
                ratios = {each: measure(given.runs) for each, measure in measures.items()}
                others = read_ratios(given.kept) if given.only else {}
                machine = f"{os.cpu_count()} cores, {platform.machine()}, {sys.platform}"
                write_ratios(given.kept, others | ratios, machine)
                print("\n".join(f"  {each:44} {ratio:8.3f}" for each, ratio in ratios.items()))
                return 0
            kept = read_ratios(given.kept)
            if given.only:
                kept = {ratio: kept[ratio] for ratio in given.only if ratio in kept}
            fast = checked(measures, kept, given.runs)
        except BadRatios as error:
            print(error, file=sys.stderr)
            return 2
    print("As fast as kept." if fast else "Slower than kept by more than 30 %.")
    return 0 if fast else 1


if __name__ == "__main__":
    sys.exit(main())
