"""Convert tick workbooks to Parquet once, then replay strategies over them exactly, in parallel, as often as needed.

from pipeline import all_runs, backtest, compare, convert, explain, reconcile, sweep

convert("data/raw/ticks.xlsx")
run = backtest(strategy="v1_baseline")
run.summary, run.trades("FAB"), run.equity()
sweep(grid={"refill_interval_sec": [30, 60, 120]}).frame
compare("v1_baseline", "output/another")
all_runs()
explain("FAB", 17)
reconcile("fills.csv", "v1_baseline")
"""

__version__ = "0.1.0"

from pipeline.api import all_runs, backtest, compare, compare_page, convert, explain, reconcile, sweep

__all__ = ["all_runs", "backtest", "compare", "compare_page", "convert", "explain", "reconcile", "sweep"]
