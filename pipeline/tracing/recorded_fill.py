"""Explains a fill of a recorded run from its folder and the store, or says why it can no longer be explained."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from pipeline.engine.outcome import side_names
from pipeline.errors import (
    OtherFills,
    UnknownFill,
)
from pipeline.runs.recorded_security import read_columns, read_security
from pipeline.runs.recorded_setting import setting_of, ticks_of
from pipeline.times import MILLISECOND
from pipeline.tracing.explain import explain_fill

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from pipeline.engine.outcome import Fills
    from pipeline.engine.strategy import Strategy
    from pipeline.runs.reader import RecordedRun
    from pipeline.store.path import AnyPath
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
    setting = setting_of(security, request.strategy)
    ticks = ticks_of(run, ticker, request.parquet_dir)
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
