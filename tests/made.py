"""Made-up ticks and Parquet directories for tests: seeded, small, in the shape of a real day."""

from __future__ import annotations

import hashlib
import json
from textwrap import dedent, indent
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.inspection.counting import counted_text
from pipeline.markets.facts import facts_of
from pipeline.store.tick_writer import stage_ticks
from pipeline.ticks import Ticks

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pipeline.store.path import AnyPath

SECOND = 1_000_000_000
HOUR = 3600 * SECOND
DAY = 24 * HOUR
MONDAY = 20_100 * DAY  # 2025-01-12 is a Sunday; the engine does not care
EXCHANGES = {"FAB": "ADX", "EMAAR": "DFM", "MODON": "ADX"}
PARAMETERS = {
    "quote_size": 3_000,
    "refill_interval_sec": 60,
    "max_position": 9_000,
    "max_notional": 1_500_000,
    "min_local_currency_before_quote": 500,
}

DIVIDES = """
limit: Shares = parameter(3)
recent: list = []

def on_tick(self, m):
    if m.bid_size > 0:
        m.quote_bid(m.bid, 600 // self.limit)
    if m.ask_size > 0:
        m.quote_ask(m.ask, 200)
"""
"""A strategy that divides by a parameter, which may be 0; it remembers a list, so it runs as plain Python."""


def random_ticks(seed: int, days: int = 2, a_day: int = 1_500) -> Ticks:
    """Return ticks with quotes and prints from 09:30 to 15:00, an auction print a day among them."""
    chance = np.random.default_rng(seed)
    clock = np.concatenate(
        [
            MONDAY + day * DAY + np.append(np.sort(chance.integers(34_200, 53_690, a_day)), 53_701) * SECOND
            for day in range(days)
        ]
    )
    kind = chance.integers(0, 3, len(clock)).astype(np.int8)
    kind[a_day :: a_day + 1] = 2
    price = np.round(10 + chance.integers(-4, 5, len(clock)) * 0.02, 2)
    volume = chance.integers(0, 4_000, len(clock))
    return Ticks(clock.astype(np.int64), kind, price, volume.astype(np.int64))


def usual_days(days: int = 3, price: float = 10.0) -> Ticks:
    """Return whole, unremarkable days from Monday, 13 January 2025 on: bid, ask and print in turn, each of a second."""
    clock = np.concatenate([MONDAY + (day + 1) * DAY + np.arange(34_200, 54_000, 30) * SECOND for day in range(days)])
    kind = (np.arange(len(clock)) % 3).astype(np.int8)
    at = np.choose(kind, [price - 0.02, price + 0.02, price])
    return Ticks(clock.astype(np.int64), kind, np.round(at, 2), 1 + np.arange(len(clock), dtype=np.int64))


def ticks_digest(ticks: Ticks) -> str:
    """Return a digest of ticks: of the bytes of their four columns, one after the other."""
    columns = (ticks.timestamp, ticks.kind, ticks.price, ticks.volume)
    return hashlib.blake2b(b"".join(column.tobytes() for column in columns), digest_size=16).hexdigest()


def write_ticks(path: AnyPath, ticks: Ticks, metadata: Mapping[str, str]) -> None:
    """Write one security's ticks as a conversion does, with this metadata."""
    stage_ticks(path, ticks, metadata).commit()


def make_store(
    folder: Path, tickers: tuple[str, ...] = ("FAB", "EMAAR", "MODON"), *, days: int = 2, a_day: int = 1_500
) -> Path:
    """Write a Parquet directory with one file of random ticks a ticker and return it."""
    folder.mkdir(parents=True, exist_ok=True)
    for seed, ticker in enumerate(tickers):
        ticks = random_ticks(seed, days, a_day)
        metadata = {"exchange": EXCHANGES[ticker], "fingerprint": f"made {seed}"}
        metadata["inspection"] = counted_text(ticks, facts_of(EXCHANGES[ticker]))
        write_ticks(folder / f"{ticker}.parquet", ticks, metadata)
    return folder


def make_config(path: Path, tickers: tuple[str, ...] = ("FAB", "EMAAR", "MODON"), **blocks: object) -> Path:
    """Write a v1 config with the same parameters for each ticker, other blocks over them, and return its path."""
    path.write_text(json.dumps(dict.fromkeys(tickers, PARAMETERS) | blocks), encoding="utf-8")
    return path


def make_strategy(path: Path, body: str) -> Path:
    """Write a strategy class of this body, a config that has nothing to set beside it, and return the class's path."""
    lines = ["import math", "from statistics import fmean", ""]
    lines += ["from pipeline.engine.market import Market"]
    lines += ["from pipeline.engine.strategy import AED, Duration, Nanoseconds, Shares, Strategy, parameter", "", ""]
    lines += [f"class Own(Strategy):\n{indent(dedent(body).strip(), '    ')}", ""]
    path.write_text("\n".join(lines), encoding="utf-8")
    path.with_suffix(".json").write_text('{"_defaults": {}}', encoding="utf-8")
    return path


READS_SIGNALS = """
figures = {"alphas": lambda fills, series: len(series["read"].value)}
alpha: Signal = Signal("alpha")
lead: Signal = Signal("EMAAR.mid")
read: Series = Series()

def on_tick(self, m):
    if m.bid_size > 0 and self.alpha.value > 0.0:
        m.quote_bid(m.bid, 100)
    if m.ask_size > 0 and self.lead.value < 10.0 and m.now - self.lead.time < 60_000_000_000:
        m.quote_ask(m.ask, 100)
    self.read.record(m, self.alpha.value)
"""
"""A strategy of two signals, one of a file, the other another security's mid; it records the first."""


def make_signal_desk(folder: Path) -> Path:
    """Write READS_SIGNALS with its config, and a file of signals of each security, one CSV, the others Parquet.

    Returns the strategy's path; the signals are in `signals` beside it.
    """
    file = make_strategy(folder / "own.py", READS_SIGNALS)
    imports = "from pipeline.engine.series import Series\nfrom pipeline.engine.signal import Signal\n"
    file.write_text(imports + file.read_text(encoding="utf-8"), encoding="utf-8")
    (folder / "signals").mkdir()
    for seed, ticker in enumerate(EXCHANGES):
        ticks = random_ticks(seed + 10, a_day=200)
        times, values = np.unique(ticks.timestamp), np.random.default_rng(seed).normal(size=len(ticks))
        columns = {"time": times.astype("datetime64[ns]"), "alpha": values[: len(times)]}
        if seed == 0:
            rows = [f"{time},{value}" for time, value in zip(*columns.values(), strict=True)]
            (folder / "signals" / f"{ticker}.csv").write_text("\n".join(["time,alpha", *rows]) + "\n", encoding="utf-8")
        else:
            pq.write_table(pa.table(columns), folder / "signals" / f"{ticker}.parquet")
    return file


def contents(folder: Path) -> dict[str, bytes]:
    """Return what every file of a run folder holds."""
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def results(folder: Path) -> dict[str, bytes]:
    """Return what a run gave, without how it was run, the assumption check, and the page that shows both."""
    return {
        name: held
        for name, held in contents(folder).items()
        if name not in ("run.json", "sensitivity.csv", "report.html")
    }
