"""Explains a fill of a recorded run from its folder and the store, or says why it can no longer be explained."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from pipeline.engine.execution import make_execution
from pipeline.engine.outcome import side_names
from pipeline.engine.strategy import fields_of
from pipeline.errors import BadRequest, ChangedSinceRun, ConfigError, OtherFills, UnknownFill, UnknownStrategy
from pipeline.markets.facts import facts_of
from pipeline.runs.layout import RUN_FILE
from pipeline.runs.recorded_security import read_columns, read_security
from pipeline.store.layout import ticks_name
from pipeline.store.parquet import read_ticks, ticks_digest
from pipeline.strategies.loading.load import load_strategy, strategy_label, strategy_names
from pipeline.times import MILLISECOND
from pipeline.tracing.explain import Setting, explain_fill

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from pipeline.engine.outcome import Fills
    from pipeline.engine.strategy import Strategy
    from pipeline.runs.record import RecordedRun
    from pipeline.runs.recorded_security import RecordedSecurity
    from pipeline.store.path import AnyPath
    from pipeline.ticks import Ticks
    from pipeline.tracing.explanation import Explanation

COMPARED: Final = ("side", "price", "quantity", "realized_pnl", "position", "pnl")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which fill is to be explained.

    number: of the fill, counted from 1. strategy: its name or file, where the run's name alone does not find it.
    """

    folder: Path
    ticker: str
    number: int
    parquet_dir: AnyPath
    strategy: str | None = None


def explain_run_fill(wanted: Wanted, on_progress: Callable[[int, int], None] | None = None) -> Explanation:
    """Return why a fill of a run happened, from a replay that found every fill up to it as the run recorded it.

    on_progress: told how many ticks of how many are replayed, once a day of the data. Raises what `read_security`
    raises; UnknownFill; ChangedSinceRun when the ticks or the strategy's parameters are not those of the run;
    OtherFills when the replay finds other fills; what reading the ticks and replaying them raises.
    """
    security = read_security(wanted.folder, wanted.ticker)
    run, ticker = security.run, security.ticker
    recorded = read_columns(run, ticker)
    count = len(recorded["fill"])
    _check_number(wanted, ticker, count)
    setting = _setting(security, wanted.strategy)
    path = wanted.parquet_dir / ticks_name(ticker)
    ticks = read_ticks(path)
    _check_ticks(wanted, run, ticker, ticks)
    tell = None
    if on_progress is not None:
        filled = np.int64(run.read_fills(ticker).timestamp[wanted.number - 1]) * MILLISECOND
        total = int((ticks.timestamp <= filled).sum())
        listener = on_progress

        def tell(done: int) -> None:
            listener(min(done, total), total)

    told, fills = explain_fill(ticks, setting, wanted.number, tell)
    _check_fills(wanted, run, setting.strategy, recorded, fills)
    assert told is not None  # noqa: S101 - as many fills as were recorded, so this one is among them
    return replace(
        told,
        security=ticker,
        run=wanted.folder.as_posix(),
        strategy=run.strategy,
        execution=run.execution_name,
        fills=count,
        warnings=tuple(run.warnings_about(ticker)),
    )


def _check_number(wanted: Wanted, ticker: str, count: int) -> None:
    if count == 0:
        raise UnknownFill(f"{ticker} has no fills in {wanted.folder}, so there is none to explain.")
    if not 1 <= wanted.number <= count:
        raise UnknownFill(
            f"{ticker} has {count:,} {'fill' if count == 1 else 'fills'} in {wanted.folder}; --fill is "
            f"{wanted.number:,} and takes 1 to {count:,}."
        )


def _setting(security: RecordedSecurity, given: str | None) -> Setting:
    run = security.run
    strategy = _strategy(run, given)
    values = run.parameters[security.ticker]
    known = fields_of(strategy).by_key()
    where = f"{run.folder / RUN_FILE}: {security.ticker}"
    apart = [f"parameter {key} is new" for key in sorted(known.keys() - values.keys())]
    apart += [f"parameter {key} is gone" for key in sorted(values.keys() - known.keys())]
    if apart:
        raise _changed(run, ", ".join(apart))
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


def _strategy(run: RecordedRun, given: str | None) -> type[Strategy]:
    if given is None and run.strategy not in strategy_names():
        raise UnknownStrategy(
            f"The strategy of {run.folder} is '{run.strategy}', which does not come with the project. Name its file: "
            f"--strategy desk/{run.strategy}.py"
        )
    if given is not None and strategy_label(given) != run.strategy:
        raise BadRequest(f"--strategy is '{given}' and {run.folder} is a run of '{run.strategy}'.")
    return load_strategy(given or run.strategy)


def _check_ticks(wanted: Wanted, run: RecordedRun, ticker: str, ticks: Ticks) -> None:
    digest, expected = ticks_digest(ticks), run.digests[ticker]
    if expected and digest != expected:
        raise ChangedSinceRun(
            f"The ticks of {ticker} in {wanted.parquet_dir} are not those of the run in {wanted.folder}: their digest "
            f"is {digest[:12]}, the run's {expected[:12]}. Name the run's store with --parquet-dir, or run that "
            "backtest again."
        )


def _check_fills(
    wanted: Wanted, run: RecordedRun, strategy: type[Strategy], recorded: Mapping[str, Sequence[Any]], found: Fills
) -> None:
    """Hold every fill of the replay against the run's, to the last bit, and refuse where they part."""
    times = run.read_fills(wanted.ticker.upper()).timestamp.tolist()
    replayed: dict[str, list[Any]] = {
        "side": side_names(found.side),
        "price": found.price.tolist(),
        "quantity": found.quantity.tolist(),
        "realized_pnl": found.realized.tolist(),
        "position": found.position.tolist(),
        "pnl": found.pnl.tolist(),
    }
    stamps = (found.timestamp // MILLISECOND).tolist()
    for at in range(wanted.number):
        expected = (times[at], *(recorded[name][at] for name in COMPARED))
        if at >= len(found) or expected != (stamps[at], *(replayed[name][at] for name in COMPARED)):
            there = "no fill" if at >= len(found) else _fill(replayed, at)
            changed = "The project" if strategy.__module__.startswith("pipeline.") else "The strategy's file"
            raise OtherFills(
                f"The replay of {wanted.ticker.upper()} parts from the run in {wanted.folder} at fill {at + 1:,}: the "
                f"run has {_fill(recorded, at)}, the replay {there}. {changed} has changed since the run; run that "
                "backtest again."
            )


def _fill(of: Mapping[str, Sequence[Any]], at: int) -> str:
    return f"{of['side'][at]} {of['quantity'][at]:,} at {of['price'][at]!r}"
