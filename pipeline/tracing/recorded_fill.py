"""Explains a fill or a moment of a recorded run from its folder and the store, or says why it no longer can."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from pipeline.engine.outcome import SIDES
from pipeline.errors import BadRequest, OtherFills, UnknownFill, nearest
from pipeline.runs.recorded_security import read_security
from pipeline.runs.recorded_setting import recorded_ticks, setting_of
from pipeline.store.columns import number_values
from pipeline.times import DAY, MILLISECOND, SECOND, date_of
from pipeline.tracing.explain import explain_fill
from pipeline.tracing.plain_values import moved

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from pipeline.engine.outcome import Fills
    from pipeline.runs.recorded_security import RecordedSecurity
    from pipeline.runs.recorded_setting import RecordedTicks, Setting
    from pipeline.store.path import AnyPath
    from pipeline.tracing.explanation import Explanation
    from pipeline.tracing.moment import Moment

ACCOUNT: Final = {"realized_pnl": np.float64, "position": np.int64, "pnl": np.float64}


@dataclass(frozen=True, slots=True)
class Request:
    """Of which run and security something is to be explained.

    strategy: its name or file, where the run's name alone does not find it. on_progress: told how many ticks of how
    many are replayed, once a day of the data. signals: the folder of its signals, None for the one beside its store.
    """

    folder: Path
    ticker: str
    parquet_dir: AnyPath
    strategy: str | None = None
    on_progress: Callable[[int, int], None] | None = None
    signals: AnyPath | None = None

    def progress_to(self, total: int) -> Callable[[int], None] | None:
        """Return what is told numbers of ticks, each the first of a day."""
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
    count = len(recorded["stamp"])
    _check_number(request, security.ticker, count, number)
    setting = setting_of(security, request.strategy)
    shift = setting.market.clock_shift
    ticks = recorded_ticks(security, setting, request.parquet_dir, request.signals)
    explanation, fills = explain_fill(ticks, setting, number, request.progress_to(ticks.span.ticks))
    _check_fills(request, setting, recorded, fills, number)
    assert explanation is not None  # noqa: S101 - as many fills as were recorded, so this one is among them
    of_run = _of_run(request, security, explanation.tick.time)
    explained: Explanation = replace(moved(explanation, -shift), fills=count, **of_run)
    return explained


def explain_run_moment(request: Request, at: str, side: str | None) -> Moment:
    """Return what our order on a side was at a moment of a run, from a replay that found the run's fills until then.

    at: date and time of day on the exchange's clock; a second is meant as a whole. side: buy or sell. Raises
    BadRequest, UnknownMoment, and what `explain_run_fill` raises.
    """
    from pipeline.tracing.explain_moment import explain_moment, last_event

    asked_at, length = _moment_asked(at)
    if side is None or side not in SIDES.values():
        raise BadRequest(
            f"--at needs --side buy or --side sell; it is {side or 'not given'}." + nearest(side or "", SIDES.values())
        )
    security = read_security(request.folder, request.ticker)
    recorded = _recorded(security)
    setting = setting_of(security, request.strategy)
    shift = setting.market.clock_shift
    asked_at += shift
    ticks = recorded_ticks(security, setting, request.parquet_dir, request.signals)
    last, _ = last_event(ticks, setting, asked_at, length)
    moment, fills = explain_moment(ticks, setting, asked_at, side, length=length, on_day=request.progress_to(last + 1))
    expected = int((recorded["stamp"] <= (moment.tick.time - shift) // MILLISECOND).sum())
    if expected > len(fills) and not _in_order(ticks):
        expected = 0
    _check_fills(request, setting, recorded, fills, max(len(fills), expected))
    explained: Moment = replace(moved(moment, -shift), **_of_run(request, security, asked_at))
    return explained


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
    time = (moment - dt.datetime(1970, 1, 1)) // dt.timedelta(milliseconds=1) * MILLISECOND  # noqa: DTZ001 - local
    return time, MILLISECOND if "." in at or "," in at else SECOND


def _in_order(ticks: RecordedTicks) -> bool:
    latest = -(2**63)
    for part in ticks.days():
        times = part.timestamp
        if times[0] < latest or not (np.diff(times) >= 0).all():
            return False
        latest = times[-1]
    return True


def _recorded(security: RecordedSecurity) -> dict[str, NDArray[Any]]:
    """Return the columns of a security's fills that a replay is held against."""
    fills = security.run.read_fills(security.ticker)
    others = {name: number_values(fills.others[name], kind) for name, kind in ACCOUNT.items()}
    return {"stamp": fills.timestamp, "side": fills.side, "price": fills.price, "quantity": fills.quantity, **others}


def _of_run(request: Request, security: RecordedSecurity, time: int) -> dict[str, Any]:
    """Return what the run says; time: on the clock whose days are trading days."""
    run = security.run
    return {
        "security": security.ticker,
        "run": request.folder.as_posix(),
        "strategy": run.strategy,
        "execution": run.execution_name,
        "warnings": tuple(run.warnings_about(security.ticker)),
        "day": date_of(time // DAY).isoformat(),
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
    request: Request, setting: Setting, recorded: Mapping[str, NDArray[Any]], fills: Fills, count: int
) -> None:
    """Hold the first fills of the replay against the run's, to the last bit, and refuse where they part."""
    replayed: dict[str, NDArray[Any]] = {
        "stamp": (fills.timestamp - setting.market.clock_shift) // MILLISECOND,
        "side": fills.side,
        "price": fills.price,
        "quantity": fills.quantity,
        "realized_pnl": fills.realized,
        "position": fills.position,
        "pnl": fills.pnl,
    }
    both = min(count, len(recorded["stamp"]), len(fills))
    differs = np.zeros(both, bool)
    for name, column in replayed.items():
        differs |= recorded[name][:both] != column[:both]
    at = int(differs.argmax()) if differs.any() else both
    if at < count:
        there = _fill(replayed, at) if at < len(fills) else "no fill"
        there_was = _fill(recorded, at) if at < len(recorded["stamp"]) else "none"
        changed = "The project" if setting.strategy.__module__.startswith("pipeline.") else "The strategy's file"
        raise OtherFills(
            f"The replay of {request.ticker.upper()} parts from the run in {request.folder} at fill {at + 1:,}: "
            f"the run has {there_was}, the replay {there}. {changed} has changed since the run; run that "
            "backtest again."
        )


def _fill(columns: Mapping[str, NDArray[Any]], at: int) -> str:
    side, quantity, price = (columns[name][at].item() for name in ("side", "quantity", "price"))
    return f"{SIDES[side]} {quantity:,} at {price!r}"
