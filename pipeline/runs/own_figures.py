"""Computes a strategy's own figures, of a security from the files of its replay, of all together from theirs."""

from __future__ import annotations

import math
import traceback
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from pipeline.engine.declared import declaration
from pipeline.engine.outcome import SIDES
from pipeline.engine.own_figures import MEAN, Recorded, declared_figures
from pipeline.engine.rules.replay_state import BUY, SELL
from pipeline.errors import StrategyError
from pipeline.metrics.metrics_json import OWN, figures_json
from pipeline.metrics.registry import BY_NAME
from pipeline.replay.observe import HORIZONS
from pipeline.runs.security_files import file_names, series_name
from pipeline.store.columns import coded, float_values, number_values, whole
from pipeline.store.parquet import read_table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from pipeline.engine.own_figures import Declared, FillColumns, SeriesColumns, Together
    from pipeline.engine.strategy import Strategy
    from pipeline.metrics.ledger import Ledger
    from pipeline.store.atomic import Staged

GAVE_NONE: Final = "it gave None"
NOWHERE: Final = "no security has it"
NOT_TOGETHER: Final = "the strategy does not say how it adds up over securities"
CURRENCIES: Final = "the securities are in several currencies, and it may be an amount"
MIDS: Final = ("mid", *(f"mid_{name}" for name in HORIZONS))


def check_names(strategy: type[Strategy]) -> None:
    """Raise StrategyError where a figure of a strategy's own has the name of one that every run has."""
    for name in strategy.figures:
        if name in BY_NAME or name in {figure.key for figure in BY_NAME.values()}:
            raise StrategyError(
                f"{declaration(strategy, 'figures')}: {strategy.__name__}.figures: every run has a figure '{name}' "
                "already; give this one another name."
            )


def with_own_figures(ledger: Ledger, strategy: type[Strategy], files: Mapping[str, Staged]) -> Ledger:
    """Return a ledger whose figures have those of the strategy's own too.

    Args:
        ledger: Of the security.
        strategy: The class that declares them.
        files: The security's files by their names in the run's folder.
    """
    if not strategy.figures:
        return ledger
    fills, series = _fills(ledger.ticker, files), _series(ledger.ticker, files)
    own = {
        name: _entry(each, *_computed(partial(each.compute, dict(fills), dict(series))))
        for name, each in declared_figures(strategy).items()
    }
    return replace(ledger, figures_json=figures_json(ledger.figures | {OWN: own}))


def with_own_of_all(
    figures: Mapping[str, Any], strategy: type[Strategy], ledgers: Iterable[Ledger], *, currencies: int
) -> dict[str, Any]:
    """Return the figures of all securities together with those of the strategy's own.

    Args:
        figures: As metrics.json has them.
        strategy: The class that declares them.
        ledgers: Of the securities, in any order.
        currencies: How many currencies these are in.
    """
    if not strategy.figures:
        return dict(figures)
    known = {ledger.ticker: ledger.figures.get(OWN) or {} for ledger in ledgers}
    of_each = {ticker: known[ticker] for ticker in sorted(known)}
    own = {
        name: _entry(each, *_of_all(name, each.together, of_each, currencies))
        for name, each in declared_figures(strategy).items()
    }
    return {**figures, OWN: own}


def own_values(figures: Mapping[str, Any]) -> dict[str, float | None]:
    """Return the own figures among a security's figures as metrics.json has them, by name."""
    return {name: entry["value"] for name, entry in (figures.get(OWN) or {}).items()}


def _entry(declared: Declared, value: float | None, why: str | None) -> dict[str, Any]:
    meaning = (getattr(declared.compute, "__doc__", None) or "").strip().partition("\n")[0]
    return {"value": value, "meaning": meaning, "why_missing": why}


def _of_all(
    name: str, together: Together | None, of_each: Mapping[str, Mapping[str, Any]], currencies: int
) -> tuple[float | None, str | None]:
    """Return a figure of all securities together, or why there is none."""
    entries = {ticker: own[name] for ticker, own in of_each.items()}
    failed = [ticker for ticker, entry in entries.items() if entry["why_missing"] not in (None, GAVE_NONE)]
    values = [entry["value"] for entry in entries.values() if entry["value"] is not None]
    if failed or not values:
        return None, f"it is missing of {', '.join(failed)}" if failed else NOWHERE
    if len(entries) == 1:
        return values[0], None
    if together is None or currencies > 1:
        return None, NOT_TOGETHER if together is None else CURRENCIES
    if callable(together):
        parts = [own_values({OWN: own}) for own in of_each.values()]
        return _computed(partial(together, parts))
    return _computed(lambda: math.fsum(values) / (len(values) if together == MEAN else 1))


def _computed(compute: Callable[[], Any]) -> tuple[float | None, str | None]:
    """Return a figure's value, or why it has none."""
    try:
        value = compute()
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
