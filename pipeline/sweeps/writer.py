"""The files of a sweep's folder: growing tables, the summary, the walk forward, equity by day and `sweep.json`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa

import pipeline
from pipeline.metrics.registry import SWEEP_FIGURES
from pipeline.replay.fx import rates_json
from pipeline.replay.signals import digests_of
from pipeline.runs.manifest import json_bytes
from pipeline.runs.writer import csv_text
from pipeline.store.parquet import GrowingTable
from pipeline.strategies.loading.load import strategy_label
from pipeline.sweeps.date_windows import FIGURES as WINDOW_FIGURES
from pipeline.sweeps.date_windows import WHOLE
from pipeline.sweeps.results import BLOCK_ROWS
from pipeline.sweeps.tables import BAND_ENDS, column_of, own_column, repeating

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from pipeline.store.atomic import Staged
    from pipeline.store.path import AnyPath
    from pipeline.sweeps.choice import Best, Fold
    from pipeline.sweeps.date_windows import WindowFigures
    from pipeline.sweeps.plan import SweepPlan
    from pipeline.sweeps.results import SettingBlock, SweepResults
    from pipeline.sweeps.trials import Trial

FORMAT_VERSION: Final = 1
TABLE_FILE: Final = "sweep.parquet"
TOGETHER_FILE: Final = "sweep_all.parquet"
SUMMARY_FILE: Final = "sweep_summary.csv"
WALK_FILE: Final = "walk_forward.csv"
EQUITY_FILE: Final = "chosen_by_day.csv"
EQUITY_COLUMNS: Final = ("security", "day", "setting", "net_pnl", "median_setting", "median_net_pnl")
SHOWN: Final = tuple(figure.name for figure in SWEEP_FIGURES if figure.is_headline)
"""The figures of all days in the summary."""


class TableWriter:
    """A table of a sweep's folder, of which no more than a row group is held; `rows` makes those of some settings."""

    def __init__(self, path: AnyPath, rows: Callable[[SettingBlock], pa.Table]) -> None:
        self._path = path
        self._rows = rows
        self._waiting: list[pa.Table] = []
        self._file: GrowingTable | None = None

    def append(self, block: SettingBlock) -> None:
        """Write the rows of some settings, or hold them until there are enough for a row group."""
        self._waiting.append(self._rows(block))
        if sum(map(len, self._waiting)) >= BLOCK_ROWS:
            self._write()

    def close(self) -> Staged:
        """Return the whole file under a temporary name."""
        self._write()
        assert self._file is not None  # noqa: S101 - a sweep has a setting
        return self._file.close({})

    def discard(self) -> None:
        """Remove what was written."""
        if self._file is not None:
            self._file.discard()

    def _write(self) -> None:
        if self._waiting:
            rows = pa.concat_tables(self._waiting).combine_chunks()
            if self._file is None:
                names = repeating(rows.schema)
                self._file = GrowingTable(self._path, durable=False, dictionary_columns=names)
            self._file.append(rows)
            self._waiting = []


def summary_csv(results: SweepResults, best: Sequence[Best], objective: str) -> bytes:
    """Return the best settings as CSV."""
    parted = any(choice.train is not None for choice in best)
    windows = [f"{part}_{name}" for part in ("train", "test") for name in WINDOW_FIGURES] if parted else []
    axes = [column_of(axis) for axis in results.plan.axes]
    ends = BAND_ENDS if results.plan.band else ()
    columns = ["security", "chosen_by", "score", "setting", "strategy", "execution", *axes, *SHOWN, *ends, *windows]
    columns += map(own_column, results.own)
    rows = []
    for choice in best:
        row = _trial_row(choice.trial) | {"security": choice.security, "score": choice.score, **choice.figures}
        row |= dict(zip(BAND_ENDS, choice.band or (None, None), strict=True))
        row |= {own_column(name): value for name, value in choice.own.items()}
        row["chosen_by"] = f"train_{objective}" if choice.train else objective
        rows.append(row | _prefixed("train", choice.train) | _prefixed("test", choice.test))
    return csv_text(columns, rows)


def walk_csv(results: SweepResults, folds: Sequence[Fold]) -> bytes:
    """Return the walk forward as CSV, one row a security and fold."""
    windows = [f"{part}_{name}" for part in ("train", "test") for name in ("from", "to", *WINDOW_FIGURES)]
    axes = [column_of(axis) for axis in results.plan.axes]
    columns = ["security", "fold", "setting", "strategy", "execution", *axes, *windows]
    rows = []
    for fold in folds:
        row = _trial_row(fold.trial) | {"security": fold.security, "fold": fold.number}
        for part, window, figures in (("train", fold.train_window, fold.train), ("test", fold.test_window, fold.test)):
            start, _, end = str(window).partition(" to ")
            row |= {f"{part}_from": start, f"{part}_to": end} | _prefixed(part, figures)
        rows.append(row)
    return csv_text(columns, rows)


def sweep_json(results: SweepResults, choices: Mapping[str, Any], status: str) -> bytes:
    """Return what the sweep was, as JSON: what is needed to say where its figures come from."""
    plan = results.plan
    base = next(iter(plan.bases.values()))
    content = {
        "format_version": FORMAT_VERSION,
        "status": status,
        "strategies": [strategy_label(name) for name in plan.bases],
        "axes": list(plan.axes),
        "settings": len(results.trials),
        "chosen_under": dict(plan.assumed),
        "currencies": dict(plan.money.securities),
        "currency": plan.money.together,
        "fx": rates_json(plan.rates, carried_days(results)),
        "data": {
            security.ticker: {"digest": security.digest, "ticks": None if security.error else security.ticks}
            for security in base.securities
        },
        "signals": _signals(plan),
        "tick_sizes": _tick_sizes(plan),
        "version": pipeline.__version__,
        **choices,
    }
    return json_bytes(content)


def carried_days(results: SweepResults) -> dict[str, list[str]]:
    """Return by currency the market days of its securities that have no rate of their own, as ISO dates."""
    base = next(iter(results.plan.bases.values()))
    return base.currencies.carried(base.tasks, results.market_days_of())


def _trial_row(trial: Trial) -> dict[str, Any]:
    values = {
        column_of(name): json.dumps(value) if isinstance(value, Mapping) else value
        for name, value in trial.combination.items()
    }
    model = trial.execution.name
    return {"setting": trial.number, "strategy": strategy_label(trial.strategy), "execution": model, **values}


def _tick_sizes(plan: SweepPlan) -> dict[str, float]:
    """Return the tick size of each security of which a config says one."""
    tasks = (task for base in plan.bases.values() for task in base.tasks)
    return {task.ticker: task.tick_size for task in tasks if task.tick_size is not None}


def _signals(plan: SweepPlan) -> dict[str, dict[str, str]]:
    """Return the digests of the signals that any of the strategies reads, by ticker and name."""
    digests: dict[str, dict[str, str]] = {}
    for task in (task for base in plan.bases.values() for task in base.tasks if task.signals):
        digests.setdefault(task.ticker, {}).update(digests_of(task.signals))
    return digests


def _prefixed(part: str, figures: WindowFigures | None) -> dict[str, Any]:
    return {} if figures is None else {f"{part}_{name}": value for name, value in asdict(figures).items()}


def equity_csv(results: SweepResults, best: Sequence[Best], medians: Mapping[str, int]) -> bytes:
    """Return a row a security and market day as CSV, those of all securities together under `all`.

    Args:
        results: Of the sweep.
        best: What was chosen.
        medians: The number of the median setting of each view, by what was chosen by.
    """
    return csv_text(EQUITY_COLUMNS, list(_equity_rows(results, best, medians)))


def _equity_rows(results: SweepResults, best: Sequence[Best], medians: Mapping[str, int]) -> Iterator[dict[str, Any]]:
    for each in best:
        numbers = each.trial.number, medians[each.security]
        windows = [results.setting(number).window(each.security, WHOLE) for number in numbers]
        chosen, median = (window.daily[0].tolist() for window in windows)
        days = windows[0].market_days.astype("datetime64[D]").astype(str).tolist()
        for day, net, of_median in zip(days, chosen, median, strict=True):
            values = (each.security, day, numbers[0], net, numbers[1], of_median)
            yield dict(zip(EQUITY_COLUMNS, values, strict=True))
