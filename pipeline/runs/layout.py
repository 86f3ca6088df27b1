"""File names of a run folder and of the folder that holds runs, shared by who writes, reads and lists them."""

from __future__ import annotations

from typing import Final

FORMAT_VERSION: Final = 3
RUN_FILE: Final = "run.json"
SWEEP_FILE: Final = "sweep.json"
SUMMARY_FILE: Final = "backtest_summary.csv"
SENSITIVITY_FILE: Final = "sensitivity.csv"
METRICS_FILE: Final = "metrics.json"
DAILY_FILE: Final = "daily.csv"
RATES_FILE: Final = "rates.csv"
RECONCILIATION_FILE: Final = "reconciliation.csv"
REPORT_FILE: Final = "report.html"
WORKBOOK_FILE: Final = "results.xlsx"
REGISTRY_FILE: Final = "runs.json"
INDEX_FILE: Final = "index.html"
TRADES_FOLDER: Final = "trades"
MARKS_FOLDER: Final = "marks"
PRICES_FOLDER: Final = "prices"
SERIES_FOLDER: Final = "series"
CHARTS_FOLDER: Final = "charts"
FOLDERS: Final = (TRADES_FOLDER, MARKS_FOLDER, PRICES_FOLDER)
SOME_FOLDERS: Final = (SERIES_FOLDER, CHARTS_FOLDER)
"""Those that not every run has."""
