"""Explains a fill of a recorded run from its folder and the store, or says why it can no longer be explained."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from pipeline.engine.execution import make_execution
from pipeline.engine.outcome import side_names
from pipeline.engine.strategy import fields_of
from pipeline.errors import (
    BadRequest,
    ChangedSinceRun,
    ConfigError,
    OtherFills,
    OtherTicks,
    UnknownFill,
    UnknownStrategy,
)
from pipeline.markets.facts import facts_of
from pipeline.runs.layout import RUN_FILE
from pipeline.runs.recorded_security import read_columns, read_security
from pipeline.store.layout import ticks_name
from pipeline.store.parquet import read_ticks
from pipeline.strategies.loading.load import load_strategy, strategy_label, strategy_names
from pipeline.times import MILLISECOND
from pipeline.tracing.explain import Setting, explain_fill

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from pipeline.engine.outcome import Fills
    from pipeline.engine.strategy import Strategy
    from pipeline.runs.reader import RecordedRun
    from pipeline.runs.recorded_security import RecordedSecurity
    from pipeline.store.path import AnyPath
    from pipeline.ticks import Ticks
    from pipeline.tracing.explanation import Explanation

COMPARED: Final = ("side", "price", "quantity", "realized_pnl", "position", "pnl")


@dataclass(frozen=True, slots=True)
class FillRequest:
    """Which fill is to be explained.

    number: of the fill, counted from 1. strategy: its name or file, where the run's name alone does not find it.
    """

    folder: Path
    ticker: str
    number: int
    parquet_dir: AnyPath
    strategy: str | None = None


def explain_run_fill(request: FillRequest, on_progress: Callable[[int, int], None] | None = None) -> Explanation:
    """Return why a fill of a run happened, from a replay that found every fill up to it as the run recorded it.

    on_progress: told how many ticks of how many are replayed, once a day of the data. Raises what `read_security`
    raises; UnknownFill; ChangedSinceRun when the ticks or the strategy's parameters are not those of the run;
    OtherFills when the replay finds other fills; what reading the ticks and replaying them raises.
    """
    security = read_security(request.folder, request.ticker)
    run, ticker = security.run, security.ticker
    recorded = read_columns(run, ticker)
    count = len(recorded["fill"])
    _check_number(request, ticker, count)
    setting = _setting(security, request.strategy)
    ticks = _ticks_of_run(request, run, ticker)
    on_day = None
    if on_progress is not None:
        filled = np.int64(run.read_fills(ticker).timestamp[request.number - 1]) * MILLISECOND
        total = int((ticks.timestamp <= filled).sum())
        listener = on_progress

        def on_day(done: int) -> None:
            listener(min(done, total), total)

    explanation, fills = explain_fill(ticks, setting, request.number, on_day)
    _check_fills(request, run, setting.strategy, recorded, fills)
    assert explanation is not None  # noqa: S101 - as many fills as were recorded, so this one is among them
    return replace(
        explanation,
        security=ticker,
        run=request.folder.as_posix(),
        strategy=run.strategy,
        execution=run.execution_name,
        fills=count,
        warnings=tuple(run.warnings_about(ticker)),
    )


def _check_number(request: FillRequest, ticker: str, count: int) -> None:
    if count == 0:
        raise UnknownFill(f"{ticker} has no fills in {request.folder}, so there is none to explain.")
    if not 1 <= request.number <= count:
        raise UnknownFill(
            f"{ticker} has {count:,} {'fill' if count == 1 else 'fills'} in {request.folder}; --fill is "
            f"{request.number:,} and takes 1 to {count:,}."
        )


def _setting(security: RecordedSecurity, file_or_name: str | None) -> Setting:
    run = security.run
    strategy = _strategy(run, file_or_name)
    values = run.parameters[security.ticker]
    known = fields_of(strategy).by_key()
    where = f"{run.folder / RUN_FILE}: {security.ticker}"
    differences = [f"parameter {key} is new" for key in sorted(known.keys() - values.keys())]
    differences += [f"parameter {key} is gone" for key in sorted(values.keys() - known.keys())]
    if differences:
        raise _changed(run, ", ".join(differences))
    try:
        checked = {key: known[key].check(values[key], where) for key in known}
        execution = make_execution(run.execution_name.split()[0], run.execution, where)
    except ConfigError as error:
        raise _changed(run, str(error).rstrip(".")) from error
    return Setting(strategy, checked, facts_of(security.exchange), execution)


def _changed(run: RecordedRun, what: str) -> ChangedSinceRun:
    return ChangedSinceRun(
        f"{run.strategy} has changed since the run in {run.folder}: {what}. Run that backtest again, then explain."
    )


def _strategy(run: RecordedRun, file_or_name: str | None) -> type[Strategy]:
    if file_or_name is None and run.strategy not in strategy_names():
        raise UnknownStrategy(
            f"The strategy of {run.folder} is '{run.strategy}', which does not come with the project. Name its file: "
            f"--strategy desk/{run.strategy}.py"
        )
    if file_or_name is not None and strategy_label(file_or_name) != run.strategy:
        raise BadRequest(f"--strategy is '{file_or_name}' and {run.folder} is a run of '{run.strategy}'.")
    return load_strategy(file_or_name or run.strategy)


def _ticks_of_run(request: FillRequest, run: RecordedRun, ticker: str) -> Ticks:
    try:
        return read_ticks(request.parquet_dir / ticks_name(ticker), run.digests.get(ticker, ""))
    except OtherTicks as error:
        raise ChangedSinceRun(
            f"The ticks of {ticker} in {request.parquet_dir} are not those of the run in {request.folder}: its file "
            "has another digest. Name the run's store with --parquet-dir, or run that backtest again."
        ) from error


def _check_fills(
    request: FillRequest,
    run: RecordedRun,
    strategy: type[Strategy],
    recorded: Mapping[str, Sequence[Any]],
    fills: Fills,
) -> None:
    """Hold every fill of the replay against the run's, to the last bit, and refuse where they part."""
    times = run.read_fills(request.ticker.upper()).timestamp.tolist()
    replayed: dict[str, list[Any]] = {
        "side": side_names(fills.side),
        "price": fills.price.tolist(),
        "quantity": fills.quantity.tolist(),
        "realized_pnl": fills.realized.tolist(),
        "position": fills.position.tolist(),
        "pnl": fills.pnl.tolist(),
    }
    stamps = (fills.timestamp // MILLISECOND).tolist()
    for at in range(request.number):
        expected = (times[at], *(recorded[name][at] for name in COMPARED))
        if at >= len(fills) or expected != (stamps[at], *(replayed[name][at] for name in COMPARED)):
            there = "no fill" if at >= len(fills) else _fill(replayed, at)
            changed = "The project" if strategy.__module__.startswith("pipeline.") else "The strategy's file"
            raise OtherFills(
                f"The replay of {request.ticker.upper()} parts from the run in {request.folder} at fill {at + 1:,}: "
                f"the run has {_fill(recorded, at)}, the replay {there}. {changed} has changed since the run; run that "
                "backtest again."
            )


def _fill(columns: Mapping[str, Sequence[Any]], at: int) -> str:
    return f"{columns['side'][at]} {columns['quantity'][at]:,} at {columns['price'][at]!r}"
