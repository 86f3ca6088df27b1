"""Builds the files of a sweep's folder: the tidy table, the summary, the walk-forward folds and `sweep.json`."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa

import pipeline
from pipeline.engine.execution import SWITCH
from pipeline.engine.strategy import fields_of
from pipeline.metrics.registry import SWEEP_FIGURES
from pipeline.runs.manifest import json_bytes
from pipeline.runs.writer import csv_text
from pipeline.store.columns import some_numbers, text_array
from pipeline.strategies.loading.load import load_strategy, strategy_label
from pipeline.sweeps.axes import PRESET
from pipeline.sweeps.choice import ALL
from pipeline.sweeps.codec import COUNTS, FIGURES, days_of, figures_of
from pipeline.sweeps.date_windows import FIGURES as WINDOW_FIGURES
from pipeline.sweeps.date_windows import WHOLE, window_figures

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.sweeps.choice import Best, Fold, SweepResults
    from pipeline.sweeps.codec import Days
    from pipeline.sweeps.date_windows import Window, WindowFigures
    from pipeline.sweeps.plan import SweepPlan, Trial

FORMAT_VERSION: Final = 1
TABLE_FILE: Final = "sweep.parquet"
TOGETHER_FILE: Final = "sweep_all.parquet"
SUMMARY_FILE: Final = "sweep_summary.csv"
WALK_FILE: Final = "walk_forward.csv"
SWEEP_FILE: Final = "sweep.json"
BAND_ENDS: Final = ("band_low", "band_high")
OURS: Final = frozenset(
    [*("setting", "strategy", "security", "exchange", "error", "chosen_by", "score", "fold"), *FIGURES, *BAND_ENDS]
    + [f"{part}_{name}" for part in ("train", "test") for name in ("from", "to", *WINDOW_FIGURES, *BAND_ENDS)]
)
"""The names of columns that say something else than a parameter of the same name."""

PRESET_COLUMN: Final = "execution.preset"
"""The column of the preset asked for; `execution` is the whole model, switches and all."""

SHOWN: Final = tuple(figure.name for figure in SWEEP_FIGURES if figure.is_headline)
"""The figures of all days in the summary."""


def sweep_table(results: SweepResults, split: tuple[Window, Window] | None) -> pa.Table:
    """Return one row a setting and security: parameters, execution, figures, and those of both windows if parted."""
    plan = results.plan
    rows = [(trial, ticker) for trial in results.trials.values() for ticker in plan.tickers]
    trial_results = [results.trial_results.get((trial.number, ticker)) for trial, ticker in rows]
    base = {name: {task.ticker: task for task in strategy_plan.tasks} for name, strategy_plan in plan.bases.items()}
    columns: dict[str, pa.Array] = {
        "setting": some_numbers([trial.number for trial, _ in rows], pa.int64()),
        "strategy": text_array([strategy_label(trial.strategy) for trial, _ in rows]),
        "security": text_array([ticker for _, ticker in rows]),
        "exchange": text_array([base[trial.strategy][ticker].exchange for trial, ticker in rows]),
    }
    for key, kind in _parameters(plan).items():
        values = [{**base[trial.strategy][ticker].parameters, **trial.changes}.get(key) for trial, ticker in rows]
        columns[_column(key)] = some_numbers(values, kind)
    columns["execution"] = text_array([trial.execution.name for trial, _ in rows])
    columns |= _switch_columns(plan, [trial for trial, _ in rows])
    columns |= _figure_columns([None if result is None else result.encoded for result in trial_results])
    days = [None if result is None or result.encoded is None else [days_of(result.encoded)] for result in trial_results]
    columns |= _window_columns(days, _parts(split))
    columns |= _band_columns(results, [(trial.number, ticker) for trial, ticker in rows], split)
    columns["error"] = text_array([None if result is None else result.error for result in trial_results])
    return pa.table(columns)


def repeating(table: pa.Table) -> list[str]:
    """Return the columns of a sweep's table in which few values occur: texts and parameters."""
    return [name for name in table.column_names if name == "error" or name not in OURS or table[name].type == pa.utf8()]


def together_table(results: SweepResults, split: tuple[Window, Window] | None) -> pa.Table | None:
    """Return one row a setting: what it did on all securities together, empty where it failed on one.

    None for a single security. The figures are those the summary has for `all`; daily_drawdown as of a window.
    """
    tickers = results.plan.tickers
    if len(tickers) < 2:  # noqa: PLR2004 - one security is all
        return None
    numbers = [*results.trials]
    by_number = {number: results.encoded(number) for number in numbers}
    whole = [number for number in numbers if by_number[number]]
    each = figures_of([content for number in whole for content in by_number[number]])
    days = [[days_of(content) for content in contents] or None for contents in by_number.values()]
    columns = {"setting": some_numbers(numbers, pa.int64()), **_window_columns(days, {"": WHOLE})}
    for name in ("realized_pnl", "fees", "net_pnl", "turnover"):
        sums = dict(zip(whole, each[name].reshape(len(whole), len(tickers)).sum(axis=1).tolist(), strict=True))
        columns[name] = some_numbers([sums.get(number) for number in numbers], pa.float64())
    columns |= _band_columns(results, [(number, ALL) for number in numbers], split)
    return pa.table(columns | _window_columns(days, _parts(split)))


def summary_csv(results: SweepResults, best: Sequence[Best], objective: str) -> bytes:
    """Return the best settings as CSV."""
    parted = any(choice.train is not None for choice in best)
    windows = [f"{part}_{name}" for part in ("train", "test") for name in WINDOW_FIGURES] if parted else []
    axes = [_column(axis) for axis in results.plan.axes]
    ends = BAND_ENDS if results.in_band else ()
    columns = ["security", "chosen_by", "score", "setting", "strategy", "execution", *axes, *SHOWN, *ends, *windows]
    rows = []
    for choice in best:
        row = _trial_row(choice.trial) | {"security": choice.security, "score": choice.score, **choice.figures}
        row |= dict(zip(BAND_ENDS, choice.band or (None, None), strict=True))
        row["chosen_by"] = f"train_{objective}" if choice.train else objective
        rows.append(row | _prefixed("train", choice.train) | _prefixed("test", choice.test))
    return csv_text(columns, rows)


def walk_csv(results: SweepResults, folds: Sequence[Fold]) -> bytes:
    """Return the walk forward as CSV, one row a security and fold."""
    windows = [f"{part}_{name}" for part in ("train", "test") for name in ("from", "to", *WINDOW_FIGURES)]
    axes = [_column(axis) for axis in results.plan.axes]
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
        "data": {
            security.ticker: {"digest": security.digest, "ticks": None if security.error else security.ticks}
            for security in base.securities
        },
        "version": pipeline.__version__,
        **choices,
    }
    return json_bytes(content)


def _parameters(plan: SweepPlan) -> dict[str, pa.DataType]:
    """Return the parameters of all strategies swept, with the Arrow type of what a config gives."""
    types: dict[str, pa.DataType] = {}
    for base in plan.bases.values():
        for key, parameter in fields_of(load_strategy(base.tasks[0].strategy)).by_key().items():
            whole = parameter.kind == "int" and parameter.scale == 1
            types[key] = pa.bool_() if parameter.kind == "bool" else pa.int64() if whole else pa.float64()
    return types


def _figure_columns(contents: Sequence[bytes | None]) -> dict[str, pa.Array]:
    known = [at for at, content in enumerate(contents) if content is not None]
    figures = figures_of([content for content in contents if content is not None])
    columns: dict[str, pa.Array] = {}
    for name in FIGURES:
        values = np.full(len(contents), np.nan)
        values[known] = figures[name]
        kind = pa.int64() if name in COUNTS else pa.float64()
        columns[name] = some_numbers([None if math.isnan(value) else value for value in values.tolist()], kind)
    return columns


def _window_columns(days: Sequence[Sequence[Days] | None], windows: Mapping[str, Window]) -> dict[str, pa.Array]:
    """Return the figures of windows by what their columns' names begin with."""
    columns: dict[str, pa.Array] = {}
    for prefix, window in windows.items():
        figures = [None if of_setting is None else window_figures(of_setting, window) for of_setting in days]
        for name in WINDOW_FIGURES:
            kind = pa.int64() if name in COUNTS else pa.float64()
            values = [None if of_window is None else getattr(of_window, name) for of_window in figures]
            columns[f"{prefix}{name}"] = some_numbers(values, kind)
    return columns


def _band_columns(
    results: SweepResults, rows: Sequence[tuple[int, str]], split: tuple[Window, Window] | None
) -> dict[str, pa.Array]:
    """Return both ends of the band of settings, each on one security or on all, over all days and in the windows."""
    columns: dict[str, pa.Array] = {}
    for prefix, window in ({"": WHOLE} | _parts(split) if results.in_band else {}).items():
        bands = [results.band(number, view, window) or (None, None) for number, view in rows]
        for name, values in zip(BAND_ENDS, zip(*bands, strict=True), strict=True):
            columns[f"{prefix}{name}"] = some_numbers(values, pa.float64())
    return columns


def _parts(split: tuple[Window, Window] | None) -> dict[str, Window]:
    return {} if split is None else {"train_": split[0], "test_": split[1]}


def _trial_row(trial: Trial) -> dict[str, Any]:
    values = {
        _column(name): json.dumps(value) if isinstance(value, Mapping) else value
        for name, value in trial.combination.values.items()
    }
    model = trial.execution.name
    return {"setting": trial.number, "strategy": strategy_label(trial.strategy), "execution": model, **values}


def _switch_columns(plan: SweepPlan, trials: Sequence[Trial]) -> dict[str, pa.Array]:
    """Return the execution switches varied, as they were asked for, empty for a strategy they say nothing to."""
    columns: dict[str, pa.Array] = {}
    for axis in (name for name in plan.axes if name == PRESET or name.startswith(SWITCH)):
        values = [trial.combination.values.get(axis) for trial in trials]
        name = PRESET_COLUMN if axis == PRESET else axis
        if all(value is None or (isinstance(value, (int, float)) and not isinstance(value, bool)) for value in values):
            columns[name] = some_numbers(values, pa.float64())
        else:
            columns[name] = text_array([_as_text(value) for value in values])
    return columns


def _as_text(value: Any) -> str | None:
    return value if value is None or isinstance(value, str) else json.dumps(value, sort_keys=True)


def _column(axis: str) -> str:
    """Return the column of an axis: its name, unless one of ours has that."""
    if axis == PRESET:
        return PRESET_COLUMN
    return f"parameter.{axis}" if axis in OURS else axis


def _prefixed(part: str, figures: WindowFigures | None) -> dict[str, Any]:
    return {} if figures is None else {f"{part}_{name}": value for name, value in asdict(figures).items()}
