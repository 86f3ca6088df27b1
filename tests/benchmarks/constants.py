"""The constants of docs/use/scale.md's formulas: what a backtest takes for being one, a security, a tick and a worker.

    python tests/benchmarks/constants.py [--store STORE --config CONFIG] [--runs 5]

Whole processes over stores that differ in one thing; the differences are the constants. Seconds are of a processor,
which other work on the machine lengthens less, the speed-up's of a clock. The ticks are the first week of each security
of STORE, repeated (without it, the synthetic sample's), so that fills are as frequent as there.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.bench.process import measure_process, pipeline_command
from pipeline.bench.synthetic import SampleSecurity, SyntheticStore, make_store, sample_week
from pipeline.store.catalog import open_store
from pipeline.store.tick_file import read_ticks
from pipeline.times import DAY

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

WORK = {"bare": ("--no-sensitivity", "--no-report"), "with check and page": ()}
FEW, MANY, SHORT, MIDDLE, LONG, LONGEST = 24, 240, 2_000, 200_000, 4_000_000, 12_000_000


@dataclass(frozen=True)
class Case:
    """A backtest: so many securities of so many ticks, by so many workers."""

    securities: int
    ticks: int
    workers: int = 1


@dataclass(frozen=True)
class Cost:
    """What a case took: seconds of a processor and of a clock, and peak memory in MB."""

    processor: float
    clock: float
    peak: float


ONE, SOME, CROWD = Case(1, SHORT), Case(FEW, SHORT), Case(MANY, SHORT)
LONGER, PAIR = Case(FEW, MIDDLE), Case(FEW, MIDDLE, 2)
LONG_ONE, LONGEST_ONE = Case(1, LONG), Case(1, LONGEST)
CASES = (ONE, SOME, CROWD, LONGER, PAIR, LONG_ONE, LONGEST_ONE)


def first_week(store: Path, config: Path) -> list[SampleSecurity]:
    """Return the securities of a store, each with its first seven days."""
    parameters = json.loads(config.read_text(encoding="utf-8"))
    securities = []
    for security in open_store(store).securities:
        ticks = read_ticks(security.path)
        week = ticks[: int((ticks.timestamp // DAY < ticks.timestamp[0] // DAY + 7).sum())]
        values = parameters.get(security.ticker) or parameters["_defaults"]
        securities.append(SampleSecurity(security.ticker, security.exchange, values, week))
    return securities


def measure(folder: Path, sample: Sequence[SampleSecurity], left_out: Sequence[str], runs: int) -> dict[Case, Cost]:
    """Return the medians of each case's seconds and its largest peak, the cases in turn."""
    stores: dict[tuple[int, int], SyntheticStore] = {}
    costs: dict[Case, list[Cost]] = {case: [] for case in CASES}
    for number in range(runs + 1):
        for case in CASES:
            size = (case.securities, case.ticks)
            if size not in stores:
                stores[size] = make_store(folder, sample, *size)
            command = pipeline_command("backtest", "--fresh", "--quiet", *left_out, "--workers", case.workers)
            command += ["--parquet-dir", str(stores[size].parquet_dir), "--config", str(stores[size].config)]
            before = os.times()
            use = measure_process([*command, "--output-dir", str(folder / "run")])
            after = os.times()
            processor = after.children_user + after.children_system - before.children_user - before.children_system
            if number:  # the first compiles
                costs[case].append(Cost(processor, use.seconds, use.peak_bytes / 1e6))
    return {case: middle(of) for case, of in costs.items()}


def middle(costs: Sequence[Cost]) -> Cost:
    clock = statistics.median(cost.clock for cost in costs)
    return Cost(statistics.median(cost.processor for cost in costs), clock, max(cost.peak for cost in costs))


def constants(costs: Mapping[Case, Cost]) -> dict[str, str]:
    """Return the constants by name, in words."""
    taken = {case: cost.processor for case, cost in costs.items()}
    peak = {case: cost.peak for case, cost in costs.items()}
    a_security = (taken[CROWD] - taken[SOME]) / (MANY - FEW)
    a_tick = (taken[LONGER] - taken[SOME]) / (FEW * (MIDDLE - SHORT))
    of_long = (taken[LONGEST_ONE] - taken[LONG_ONE]) / (LONGEST - LONG)
    return {
        "start": f"{taken[ONE]:.2f} s",
        "a security": f"{a_security * 1e3:.2f} ms",
        "a tick": f"{a_tick * 1e9:.0f} ns",
        "a tick of one long security": f"{of_long * 1e9:.0f} ns",
        "speed-up of two workers": f"{costs[LONGER].clock / costs[PAIR].clock:.2f}",
        "memory of the command": f"{peak[ONE]:.0f} MB",
        "memory a security": f"{(peak[CROWD] - peak[SOME]) / (MANY - FEW) * 1e3:.0f} kB",
        "memory a worker": f"{peak[PAIR] - peak[LONGER]:.0f} MB at {MIDDLE:,} ticks",
        "memory a tick of one long security": f"{(peak[LONGEST_ONE] - peak[LONG_ONE]) / (LONGEST - LONG) * 1e6:.0f} B",
        f"peak at {LONG / 1e6:g}, {LONGEST / 1e6:g} million": f"{peak[LONG_ONE]:.0f}, {peak[LONGEST_ONE]:.0f} MB",
    }


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--store", type=Path)
    arguments.add_argument("--config", type=Path)
    arguments.add_argument("--runs", type=int, default=5)
    given = arguments.parse_args()
    columns = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sample = first_week(given.store, given.config) if given.store else sample_week(folder)
        for work, left_out in WORK.items():
            (folder / work).mkdir()
            columns[work] = constants(measure(folder / work, sample, left_out, given.runs))
    print(f"| a backtest | {' | '.join(columns)} |\n|---|{'---|' * len(columns)}")
    for constant in columns["bare"]:
        print(f"| {constant} | {' | '.join(column[constant] for column in columns.values())} |")


if __name__ == "__main__":
    main()
