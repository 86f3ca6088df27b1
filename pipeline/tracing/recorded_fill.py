"""Explains a fill or a moment of a recorded run from its folder and the store, or says why it no longer can."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from pipeline.engine.outcome import SIDES, side_names
from pipeline.errors import BadRequest, OtherFills, UnknownFill, nearest
from pipeline.runs.recorded_security import read_columns, read_security
from pipeline.runs.recorded_setting import setting_of, ticks_of
from pipeline.times import MILLISECOND, SECOND
from pipeline.tracing.explain import explain_fill

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from pipeline.engine.outcome import Fills
    from pipeline.engine.strategy import Strategy
    from pipeline.runs.recorded_security import RecordedSecurity
    from pipeline.store.path import AnyPath
    from pipeline.tracing.explanation import Explanation
    from pipeline.tracing.moment import Moment

COMPARED: Final = ("side", "price", "quantity", "realized_pnl", "position", "pnl")


@dataclass(frozen=True, slots=True)
class Request:
    """Of which run and security something is to be explained.

    strategy: its name or file, where the run's name alone does not find it. on_progress: told how many ticks of how
    many are replayed, once a day of the data.
    """

    folder: Path
    ticker: str
    parquet_dir: AnyPath
    strategy: str | None = None
    on_progress: Callable[[int, int], None] | None = None

    def progress_to(self, total: int) -> Callable[[int], None] | None:
        """Return what is told the number of each day's first tick."""
        listener = self.on_progress
        return None if listener is None else lambda done: listener(min(done, total), total)


def explain_run_fill(request: Request, number: int) -> Explanation:
    """Return why a fill of a run happened, from a replay that found every fill up to it as the run recorded it.

    number: of the fill, counted from 1. Raises what `read_security` raises; UnknownFill; ChangedSinceRun when the ticks
    or the strategy's parameters are not those of the run; OtherFills when the replay finds other fills; what reading
    the ticks and replaying them raises.
    """
    security = read_security(request.folder, request.ticker)
    recorded = _recorded(security)
    count = len(recorded["fill"])
    _check_number(request, security.ticker, count, number)
    setting = setting_of(security, request.strategy)
    ticks = ticks_of(security.run, security.ticker, request.parquet_dir)
    total = int((ticks.timestamp <= recorded["stamp"][number - 1] * MILLISECOND).sum())
    explanation, fills = explain_fill(ticks, setting, number, request.progress_to(total))
    _check_fills(request, setting.strategy, recorded, fills, number)
    assert explanation is not None  # noqa: S101 - as many fills as were recorded, so this one is among them
    return replace(explanation, fills=count, **_of_run(request, security))


def explain_run_moment(request: Request, at: str, side: str | None) -> Moment:
    """Return what our order on a side was at a moment of a run, from a replay that found the run's fills until then.

    at: date and time of day on the exchange's clock; a second is meant as a whole. side: buy or sell. Raises
    BadRequest, UnknownMoment, and what `explain_run_fill` raises.
    """
    from pipeline.tracing.moment import explain_moment, last_event

    asked_at, length = _moment_asked(at)
    if side is None or side not in SIDES.values():
        raise BadRequest(
            f"--at needs --side buy or --side sell; it is {side or 'not given'}." + nearest(side or "", SIDES.values())
        )
    security = read_security(request.folder, request.ticker)
    recorded = _recorded(security)
    setting = setting_of(security, request.strategy)
    ticks = ticks_of(security.run, security.ticker, request.parquet_dir)
    last, _ = last_event(ticks, setting, asked_at, length)
    moment, fills = explain_moment(ticks, setting, asked_at, side, length=length, on_day=request.progress_to(last + 1))
    until = int(ticks.timestamp[: last + 1].max()) // MILLISECOND
    expected = sum(stamp <= until for stamp in recorded["stamp"])
    in_order = bool((np.diff(ticks.timestamp) >= 0).all())
    _check_fills(request, setting.strategy, recorded, fills, max(len(fills), expected if in_order else 0))
    return replace(moment, **_of_run(request, security))


def _moment_asked(at: str) -> tuple[int, int]:
    """Return the first ns of a moment and its length: a second, or the millisecond that is named."""
    try:
        moment = dt.datetime.fromisoformat(at.strip())
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is not None or ":" not in at:
        raise BadRequest(
            f"--at is '{at}'; it takes a date and a time of day on the exchange's clock: '2025-05-12 11:03:07'."
        )
    time = round((moment - dt.datetime(1970, 1, 1)) / dt.timedelta(microseconds=1)) * 1_000  # noqa: DTZ001 - local
    return time, MILLISECOND if moment.microsecond else SECOND


def _recorded(security: RecordedSecurity) -> dict[str, list[Any]]:
    stamps = security.run.read_fills(security.ticker).timestamp.tolist()
    return read_columns(security.run, security.ticker) | {"stamp": stamps}


def _of_run(request: Request, security: RecordedSecurity) -> dict[str, Any]:
    run = security.run
    return {
        "security": security.ticker,
        "run": request.folder.as_posix(),
        "strategy": run.strategy,
        "execution": run.execution_name,
        "warnings": tuple(run.warnings_about(security.ticker)),
    }


def _check_number(request: Request, ticker: str, count: int, number: int) -> None:
    if count == 0:
        raise UnknownFill(f"{ticker} has no fills in {request.folder}, so there is none to explain.")
    if not 1 <= number <= count:
        raise UnknownFill(
            f"{ticker} has {count:,} {'fill' if count == 1 else 'fills'} in {request.folder}; --fill is "
            f"{number:,} and takes 1 to {count:,}."
        )


def _check_fills(
    request: Request, strategy: type[Strategy], recorded: Mapping[str, Sequence[Any]], fills: Fills, count: int
) -> None:
    """Hold the first fills of the replay against the run's, to the last bit, and refuse where they part."""
    replayed: dict[str, list[Any]] = {
        "side": side_names(fills.side),
        "price": fills.price.tolist(),
        "quantity": fills.quantity.tolist(),
        "realized_pnl": fills.realized.tolist(),
        "position": fills.position.tolist(),
        "pnl": fills.pnl.tolist(),
    }
    stamps = (fills.timestamp // MILLISECOND).tolist()
    for at in range(count):
        of_run, of_replay = (at < len(recorded["stamp"]), at < len(fills))
        expected = of_run and (recorded["stamp"][at], *(recorded[name][at] for name in COMPARED))
        if not of_replay or expected != (stamps[at], *(replayed[name][at] for name in COMPARED)):
            there = _fill(replayed, at) if of_replay else "no fill"
            there_was = _fill(recorded, at) if of_run else "none"
            changed = "The project" if strategy.__module__.startswith("pipeline.") else "The strategy's file"
            raise OtherFills(
                f"The replay of {request.ticker.upper()} parts from the run in {request.folder} at fill {at + 1:,}: "
                f"the run has {there_was}, the replay {there}. {changed} has changed since the run; run that "
                "backtest again."
            )


def _fill(columns: Mapping[str, Sequence[Any]], at: int) -> str:
    return f"{columns['side'][at]} {columns['quantity'][at]:,} at {columns['price'][at]!r}"
