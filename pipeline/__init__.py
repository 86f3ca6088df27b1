"""Convert tick workbooks to Parquet once, then replay strategies over them exactly, in parallel, as often as needed.

from pipeline import all_runs, backtest, compare, convert, explain, reconcile, sample, sweep

sample("data/raw/ticks.xlsx")
convert("data/raw/ticks.xlsx")
run = backtest(strategy="v1_baseline")
run.summary, run.trades("FAB"), run.equity(tz="UTC"), run.plot()
tried = sweep(grid={"refill_interval_sec": [30, 60, 120], "quote_size": [1000, 3000]})
tried.frame, tried.heatmap("refill_interval_sec", "quote_size")
compare("v1_baseline", "output/another")
all_runs()
explain("FAB", 17)
reconcile("fills.csv", "v1_baseline")
"""

__version__ = "0.1.0"

from pipeline.api import (
    all_runs,
    backtest,
    compare,
    compare_page,
    convert,
    explain,
    reconcile,
    recorded_security,
    report,
    sample,
    sweep,
)
from pipeline.errors import PipelineError

__all__ = [
    "PipelineError",
    "all_runs",
    "backtest",
    "compare",
    "compare_page",
    "convert",
    "explain",
    "reconcile",
    "recorded_security",
    "report",
    "sample",
    "sweep",
]
