"""A folder in, small files of the formats of today out: `python -m tests.formats.make tests/formats/vN`, once a format.

Run it when a format's version was raised and commit what it makes; what stands there already is never made again.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from pipeline import backtest, convert, sweep
from pipeline.conversion.sample import write_sample
from pipeline.runs.reader import read_run
from pipeline.store.catalog import open_store, read_catalog, write_catalog
from pipeline.store.tick_file import read_ticks
from tests.made import ticks_digest

MADE_FROM: Final = "/desk/data/raw/ticks.xlsx"
CONFIG: Final = {"_defaults": {"quote_size": 2_000, "refill_interval_sec": 60, "max_position": 6_000}}
CONFIG["_defaults"] |= {"max_notional": 1_000_000, "min_local_currency_before_quote": 500}


def make(folder: Path) -> None:
    """Make a store, a run and a sweep of synthetic ticks, and what is expected of them."""
    folder.mkdir(parents=True)
    store, run, swept = folder / "parquet", folder / "run", folder / "sweep"
    with tempfile.TemporaryDirectory() as scratch:
        book, config = Path(scratch) / "ticks.xlsx", Path(scratch) / "v1_baseline.json"
        write_sample(book, days=2, rows=400)
        os.utime(book, (1_750_000_000,) * 2)
        config.write_text(json.dumps(CONFIG), encoding="utf-8")
        convert(book, store, only=["FAB", "SPINNEYS"])
        entries = {
            ticker: replace(entry, sources=tuple(replace(one, path=MADE_FROM) for one in entry.sources))
            for ticker, entry in read_catalog(store).items()
        }
        write_catalog(store, entries)
        asked: dict[str, Any] = {"config": config, "parquet_dir": store, "allow_stale": True}
        backtest(output_dir=run, report=False, **asked)
        sweep(grid={"refill_interval_sec": [30, 60]}, output_dir=swept, keep_trades="best", report=False, **asked)
    (folder / "expected.json").write_text(json.dumps(expected(folder), indent=1) + "\n", encoding="utf-8")


def expected(folder: Path) -> dict[str, Any]:
    """Return what is read from the files: ticks by their digest, rows, fills and P&L."""
    securities = open_store(folder / "parquet").securities
    figures = read_run(folder / "run").figures
    return {
        "ticks": {one.ticker: ticks_digest(read_ticks(one.path)) for one in securities},
        "fills": {ticker: one.fills for ticker, one in figures.items()},
        "net_pnl": {ticker: one.net_pnl for ticker, one in figures.items()},
    }


if __name__ == "__main__":
    make(Path(sys.argv[1]))
