"""Computes a strategy's own figures of a security from the files of its replay, and says why one is missing."""

from __future__ import annotations

import math
import traceback
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from pipeline.engine.declared import declaration
from pipeline.engine.outcome import SIDES
from pipeline.engine.own_figures import Recorded
from pipeline.engine.rules.replay_state import BUY, SELL
from pipeline.errors import StrategyError
from pipeline.metrics.metrics_json import OWN, figures_json
from pipeline.metrics.registry import BY_NAME
from pipeline.replay.observe import HORIZONS
from pipeline.runs.security_files import file_names, series_name
from pipeline.store.columns import coded, float_values, number_values, whole
from pipeline.store.parquet import read_table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipeline.engine.own_figures import FillColumns, OwnFigure, SeriesColumns
    from pipeline.engine.strategy import Strategy
    from pipeline.metrics.ledger import Ledger
    from pipeline.store.atomic import Staged

GAVE_NONE: Final = "it gave None"
MIDS: Final = ("mid", *(f"mid_{name}" for name in HORIZONS))


def check_names(strategy: type[Strategy]) -> None:
    """Raise StrategyError where a figure of a strategy's own has the name of one that every run has."""
    for name in strategy.figures:
        if name in BY_NAME or name in {figure.key for figure in BY_NAME.values()}:
            raise StrategyError(
                f"{declaration(strategy, 'figures')}: {strategy.__name__}.figures: every run has a figure '{name}' "
                "already; give this one another name."
            )


def with_own_figures(ledger: Ledger, figures: Mapping[str, OwnFigure], files: Mapping[str, Staged]) -> Ledger:
    """Return a ledger whose figures have those of the strategy's own too.

    Args:
        ledger: Of the security.
        figures: The functions by name.
        files: The security's files by their names in the run's folder.
    """
    if not figures:
        return ledger
    fills, series = _fills(ledger.ticker, files), _series(ledger.ticker, files)
    own = {name: _entry(function, fills, series) for name, function in figures.items()}
    return replace(ledger, figures_json=figures_json(ledger.figures | {OWN: own}))


def own_values(figures: Mapping[str, Any]) -> dict[str, float | None]:
    """Return the own figures among a security's figures as metrics.json has them, by name."""
    return {name: entry["value"] for name, entry in (figures.get(OWN) or {}).items()}


def _entry(function: OwnFigure, fills: FillColumns, series: SeriesColumns) -> dict[str, Any]:
    value, why = _computed(function, fills, series)
    meaning = (getattr(function, "__doc__", None) or "").strip().partition("\n")[0]
    return {"value": value, "meaning": meaning, "why_missing": why}


def _computed(function: OwnFigure, fills: FillColumns, series: SeriesColumns) -> tuple[float | None, str | None]:
    """Return a figure's value, or why it has none."""
    try:
        value: Any = function(dict(fills), dict(series))
    except (Exception, SystemExit) as error:  # noqa: BLE001 - the replay stands whatever a figure raises
        return None, f"{_line_of(error)}{type(error).__name__}: {error}"
    if value is None:
        return None, GAVE_NONE
    if not isinstance(value, (int, float, np.integer, np.floating)):
        return None, f"it gave a {type(value).__name__}, which is no number"
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    return (number, None) if math.isfinite(number) else (None, f"it gave {number}, which is no number")


def _line_of(error: BaseException) -> str:
    """Return the last line of a file of the user's that an error went through: the first file after this one's."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename != __file__]
    own = [frame for frame in frames if frame.filename == frames[0].filename]
    return f"{Path(own[-1].filename).name}, line {own[-1].lineno}: " if own else ""


def _fills(ticker: str, files: Mapping[str, Staged]) -> FillColumns:
    trades, marks, *_ = file_names(ticker)
    columns = _columns(files[trades]) | _columns(files[marks], MIDS)
    columns["side"] = np.where(columns["side"] == SIDES[BUY], BUY, SELL).astype(np.int64)
    columns.setdefault("fee", np.zeros(len(columns["side"])))
    return {name: _fixed(values) for name, values in columns.items()}


def _series(ticker: str, files: Mapping[str, Staged]) -> SeriesColumns:
    if series_name(ticker) not in files:
        return {}
    columns = _columns(files[series_name(ticker)])
    times = columns.pop("timestamp")
    there = {name: ~np.isnan(values) for name, values in columns.items()}
    return {name: Recorded(_fixed(times[there[name]]), _fixed(values[there[name]])) for name, values in columns.items()}


def _columns(file: Staged, wanted: tuple[str, ...] | None = None) -> dict[str, Any]:
    table = read_table(file.part, wanted)
    return {name: _values(table.column(name)) for name in table.schema.names}


def _values(chunks: Any) -> Any:
    """Return a column as numpy: floats with NaN where it is empty, whole numbers, times in ms, or texts."""
    kind = str(chunks.type)
    if kind == "double":
        return float_values(chunks)
    if kind == "string":
        codes, texts = coded(chunks)
        return np.array(texts, np.str_)[codes]
    return number_values(whole(chunks), np.int64).view("datetime64[ms]" if kind.startswith("timestamp") else np.int64)


def _fixed(values: Any) -> Any:
    """Return an array that no figure can change for the next one."""
    fixed = values.view()
    fixed.flags.writeable = False
    return fixed
