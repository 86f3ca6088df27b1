"""The tables of a sweep, `sweep.parquet` and `sweep_all.parquet`, a block of settings at a time."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa

from pipeline.engine.strategy import fields_of
from pipeline.store.columns import number_array, some_numbers, text_array
from pipeline.strategies.loading.load import load_strategy, strategy_label
from pipeline.sweeps.axes import PRESET, is_assumption
from pipeline.sweeps.codec import COUNTS, FIGURES
from pipeline.sweeps.date_windows import FIGURES as WINDOW_FIGURES
from pipeline.sweeps.date_windows import WHOLE
from pipeline.sweeps.objectives import SCORE
from pipeline.sweeps.results import ALL

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.sweeps.choice import Windows
    from pipeline.sweeps.objectives import Objective
    from pipeline.sweeps.plan import SweepPlan
    from pipeline.sweeps.results import SettingBlock, SweepResults
    from pipeline.sweeps.trials import TrialColumns

BAND_ENDS: Final = ("band_low", "band_high")
OURS: Final = frozenset(
    [*("setting", "strategy", "security", "exchange", "error", "chosen_by", "score", "fold"), *FIGURES, *BAND_ENDS]
    + [f"{part}_{name}" for part in ("train", "test") for name in ("from", "to", *WINDOW_FIGURES, *BAND_ENDS, SCORE)]
)
"""The names of columns that say something else than a parameter of the same name."""

OWN_PREFIX: Final = "own."
OF_KIND: Final = {"bool": pa.bool_(), "text": pa.utf8(), "ints": pa.utf8(), "floats": pa.utf8()}
PRESET_COLUMN: Final = "execution.preset"
"""The column of the preset asked for; `execution` is the whole model, switches and all."""


class SweepTables:
    """Makes the rows of both tables from blocks of settings."""

    def __init__(self, results: SweepResults, objective: Objective, split: Windows | None) -> None:
        self._plan, self._objective = results.plan, objective
        self._parts = {} if split is None else {"train_": split[0], "test_": split[1]}
        self._parameters = _parameters(results.plan)
        self._switches = _switch_types(results)
        self._own_names = [*results.own]

    def each(self, block: SettingBlock) -> pa.Table:
        """Return one row a setting and security: parameters, execution, figures, and those of windows if parted."""
        columns, tickers = block.columns, block.tickers
        count, securities = len(columns), len(tickers)
        tasks = {task.ticker: task for task in self._plan.bases[columns.strategy].tasks}
        settings, every = np.repeat(np.arange(count), securities), np.tile(np.arange(securities), count)
        table: dict[str, pa.Array] = {
            "setting": number_array(columns.numbers[settings].astype(np.int64), pa.int64()),
            "strategy": _texts(np.zeros(len(settings), np.int32), [strategy_label(columns.strategy)]),
            "security": _texts(every, tickers),
            "exchange": _texts(every, [tasks[ticker].exchange for ticker in tickers]),
        }
        codes = columns.codes_by_key()
        for key, kind in self._parameters.items():
            of_securities = [tasks[ticker].parameters.get(key) for ticker in tickers]
            varied = key in codes
            own: Sequence[Any] = columns.changes[key] if varied else of_securities
            values = text_array([*map(_as_text, own)]) if kind == pa.utf8() else some_numbers(own, kind)
            table[column_of(key)] = _taken(values, codes[key][settings] if varied else every)
        table["execution"] = _texts(columns.models[settings], [execution.name for execution in columns.executions])
        for name, array in self._switch_columns(columns).items():
            table[name] = _taken(array, settings)
        for name in FIGURES:
            table[name] = _side_by_side([block.figure(name, ticker)[:, 0] for ticker in tickers], name)
        for prefix, window in self._parts.items():
            several = [(block.good(ticker), block.window(ticker, window)) for ticker in tickers]
            for name in WINDOW_FIGURES:
                each = [np.where(good, of_window.column(name), np.nan) for good, of_window in several]
                table[f"{prefix}{name}"] = _side_by_side(each, name)
        table |= self._band(block, tickers) | self._score(block, tickers) | self._own(block, tickers)
        table["error"] = _texts(block.errors().ravel(), block.error_texts)
        return pa.table(table)

    def together(self, block: SettingBlock) -> pa.Table:
        """Return one row a setting: what it did on all securities together, empty where it failed on one.

        The figures are those the summary has for `all`; daily_drawdown as of a window.
        """
        good, figures = block.good(ALL), block.together()
        table = {"setting": number_array(block.columns.numbers.astype(np.int64), pa.int64())}
        for name in (*WINDOW_FIGURES, "realized_pnl", "fees"):
            table[name] = _numbers(np.where(good, figures[name], np.nan), name)
        table |= self._band(block, [ALL]) | self._score(block, [ALL]) | self._own(block, [ALL])
        for prefix, window in self._parts.items():
            of_window = block.window(ALL, window)
            for name in WINDOW_FIGURES:
                table[f"{prefix}{name}"] = _numbers(np.where(good, of_window.column(name), np.nan), name)
        return pa.table(table)

    def _band(self, block: SettingBlock, views: Sequence[str]) -> dict[str, pa.Array]:
        """Return both ends of the band of settings on each of some views, over all days and in the windows."""
        table: dict[str, pa.Array] = {}
        for prefix, window in ({"": WHOLE} | self._parts if self._plan.band else {}).items():
            bands = [block.band(view, window) for view in views]
            for at, name in enumerate(BAND_ENDS):
                table[f"{prefix}{name}"] = _side_by_side([band[at] for band in bands if band is not None], name)
        return table

    def _score(self, block: SettingBlock, views: Sequence[str]) -> dict[str, pa.Array]:
        """Return what settings are chosen by on each of some views, where no other column has it."""
        if self._objective.has_column:
            return {}
        table: dict[str, pa.Array] = {}
        for prefix, window in ({"": None} | self._parts).items():
            each = [np.where(block.good(view), self._objective.values(block, view, window), np.nan) for view in views]
            table[f"{prefix}{SCORE}"] = _side_by_side(each, SCORE)
        return table

    def _own(self, block: SettingBlock, views: Sequence[str]) -> dict[str, pa.Array]:
        """Return the figures of the strategy's own on each of some views, where settings were replayed whole."""
        return {
            own_column(name): _side_by_side([block.own(name, view) for view in views], name) for name in self._own_names
        }

    def _switch_columns(self, columns: TrialColumns) -> dict[str, pa.Array]:
        """Return the switches varied, as they were asked for, empty for a strategy they say nothing to."""
        table: dict[str, pa.Array] = {}
        codes = dict(zip((axis.name for axis in columns.axes), columns.codes, strict=True))
        values = {axis.name: axis.values for axis in columns.axes}
        for axis, is_number in self._switches.items():
            own = [*values.get(axis, ()), None]
            array = some_numbers(own, pa.float64()) if is_number else text_array([_as_text(value) for value in own])
            absent = np.full(len(columns), len(own) - 1)
            table[column_of(axis)] = _taken(array, codes.get(axis, absent))
        return table


def repeating(schema: Any) -> list[str]:
    """Return the columns of a sweep's table in which few values occur: texts and parameters."""
    every = (field for field in schema if not field.name.startswith(OWN_PREFIX))
    return [field.name for field in every if field.name not in OURS or field.type == pa.utf8()]


def own_column(name: str) -> str:
    """Return the column of a figure of the strategy's own."""
    return f"{OWN_PREFIX}{name}"


def column_of(axis: str) -> str:
    """Return the column of an axis: its name, unless one of ours has that."""
    if axis == PRESET:
        return PRESET_COLUMN
    return f"parameter.{axis}" if axis in OURS else axis


def _parameters(plan: SweepPlan) -> dict[str, pa.DataType]:
    """Return the parameters of all strategies swept, with the Arrow type of what a config gives."""
    types: dict[str, pa.DataType] = {}
    for base in plan.bases.values():
        for key, parameter in fields_of(load_strategy(base.tasks[0].strategy)).by_key().items():
            whole = parameter.kind == "int" and parameter.scale == 1
            types[key] = OF_KIND.get(parameter.kind) or (pa.int64() if whole else pa.float64())
    return types


def _switch_types(results: SweepResults) -> dict[str, bool]:
    """Return the switches varied, and whether all their values are numbers."""
    values: dict[str, list[Any]] = {axis: [] for axis in results.plan.axes if is_assumption(axis)}
    for columns in results.trials.parts:
        for axis in columns.axes:
            if axis.name in values:
                values[axis.name] += axis.values
    return {
        axis: all(
            value is None or (isinstance(value, (int, float)) and not isinstance(value, bool)) for value in of_axis
        )
        for axis, of_axis in values.items()
    }


def _numbers(values: Any, name: str) -> pa.Array:
    """Return a figure as a column, empty where it is NaN."""
    known = ~np.isnan(values)
    if name in COUNTS or name == "market_days":
        return number_array(np.where(known, values, 0).astype(np.int64), pa.int64(), known)
    return number_array(np.where(known, values, 0.0), pa.float64(), known)


def _side_by_side(each: Sequence[Any], name: str) -> pa.Array:
    """Return a figure of settings on several views as a column: a setting's values follow one another."""
    return _numbers(np.stack(each, axis=1).ravel(), name)


def _texts(codes: Any, texts: Sequence[str]) -> pa.Array:
    return _taken(text_array([*texts, None]), np.where(codes < 0, len(texts), codes))


def _taken(values: pa.Array, places: Any) -> pa.Array:
    return values.take(number_array(places.astype(np.int32), pa.int32()))


def _as_text(value: Any) -> str | None:
    return value if value is None or isinstance(value, str) else json.dumps(value, sort_keys=True)
