"""Reads what a run recorded of one security: its figures, and its fills row by row."""

from __future__ import annotations

import datetime as dt
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from pipeline.engine.outcome import SIDES, side_names
from pipeline.errors import BadRequest, ReplayError, UnknownRun, UnknownSecurity, nearest
from pipeline.runs.layout import RUN_FILE, SUMMARY_FILE
from pipeline.runs.read_file import csv_rows, read_metrics, reading
from pipeline.runs.reader import read_run
from pipeline.store.columns import number_values
from pipeline.times import MILLISECOND, iso

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from pipeline.runs.reader import RecordedRun


TIME_AT: Final = len("2025-01-06T")
"""Where the time of day begins in an ISO time."""


@dataclass(frozen=True, slots=True)
class RecordedSecurity:
    """One security of a run. figures: by name, as metrics.json has them."""

    run: RecordedRun
    ticker: str
    exchange: str
    figures: Mapping[str, Any]

    @property
    def currency(self) -> str:
        """What its amounts are in."""
        return self.run.money.of(self.ticker)

    def fills(self, selection: Selection | None = None) -> list[dict[str, Any]]:
        """Return its fills in execution order, one mapping each, numbered from 1; time as ISO text, exchange-local.

        Raises DamagedRun or NewerRun, and BadRequest for a selection that cannot be meant.
        """
        wanted = selection or Selection()
        wanted.check()  # before anything is read
        columns = read_columns(self.run, self.ticker, wanted.ends)
        names = list(columns)
        return wanted.of([dict(zip(names, row, strict=True)) for row in zip(*columns.values(), strict=True)])


@dataclass(frozen=True, slots=True)
class Selection:
    """Which fills are wanted.

    first, last: as many of what is left. start, end: a date, a time of day (of every day) or both, inclusive; a date
    alone is the whole day. side: buy or sell.
    """

    first: int | None = None
    last: int | None = None
    start: str | None = None
    end: str | None = None
    side: str | None = None

    @property
    def ends(self) -> slice:
        """Which fills hold what is wanted."""
        if (self.start, self.end, self.side) != (None, None, None):
            return slice(None)
        return slice(self.first) if self.first is not None else slice(-self.last if self.last else None, None)

    def check(self) -> None:
        """Raise BadRequest for what cannot be meant."""
        for option, count in (("--first", self.first), ("--last", self.last)):
            if count is not None and count < 1:
                raise BadRequest(f"{option} is {count}; it takes a whole number of at least 1.")
        if self.side is not None and self.side not in SIDES.values():
            raise BadRequest(f"--side is '{self.side}'; it takes buy or sell.{nearest(self.side, SIDES.values())}")
        if self.start is None or self.end is None:
            return
        (low, is_time), (high, ends_at_time) = (
            _time("--from", self.start, last=False),
            _time("--to", self.end, last=True),
        )
        if is_time == ends_at_time and low > high:
            raise BadRequest(f"--from {self.start} is after --to {self.end}; put the earlier one after --from.")

    def of(self, fills: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        """Return the fills that are wanted; raises BadRequest for what cannot be meant."""
        self.check()
        chosen = [fill for fill in fills if self.side in (None, fill["side"])]
        if self.start is not None:
            low, is_time = _time("--from", self.start, last=False)
            chosen = [fill for fill in chosen if fill["time"][TIME_AT * is_time :] >= low]
        if self.end is not None:
            high, is_time = _time("--to", self.end, last=True)
            chosen = [fill for fill in chosen if fill["time"][TIME_AT * is_time :] <= high]
        chosen = chosen[: self.first]
        return chosen if self.last is None else chosen[-self.last :]


def newest_run(output_dir: Path) -> Path:
    """Return the run folder below `output_dir` that was written last; raises UnknownRun when there is none."""
    folders = [(path.stat().st_mtime_ns, path.parent) for path in output_dir.rglob(RUN_FILE)]
    if not folders:
        raise UnknownRun(f"There are no runs in {output_dir}. Run `pipeline backtest` first, or name a run.")
    return max(folders)[1]


def read_security(folder: Path, ticker: str) -> RecordedSecurity:
    """Return one security of a run.

    Raises what `read_run` raises, UnknownSecurity for one that is not in the run, ReplayError for one that failed.
    """
    run, name = read_run(folder), ticker.upper()
    if name not in run.parameters:
        raise UnknownSecurity(
            f"{ticker} is not in {folder}.{nearest(ticker, run.parameters)} It has {', '.join(sorted(run.parameters))}."
        )
    if name in run.errors:
        raise ReplayError(f"{name} failed in {folder}, so it has neither figures nor fills: {run.errors[name]}")
    figures = read_metrics(folder)["securities"][name]
    with reading(folder / SUMMARY_FILE):
        exchange = {row["security"]: row["exchange"] for row in csv_rows(folder / SUMMARY_FILE)}[name]
    return RecordedSecurity(run, name, exchange, figures)


def read_columns(run: RecordedRun, ticker: str, rows: slice) -> dict[str, list[Any]]:
    """Return a security's fills as columns: number, time and side as text, and the rest as the run folder has it."""
    fills = run.read_fills(ticker)
    return {
        "fill": list(range(1, len(fills) + 1))[rows],
        "time": [iso(stamp * MILLISECOND) for stamp in fills.timestamp[rows].tolist()],
        "side": side_names(fills.side[rows]),
        "price": fills.price[rows].tolist(),
        "quantity": fills.quantity[rows].tolist(),
        **{name: values_of(column[rows]) for name, column in fills.others.items()},
    }


def values_of(column: Any) -> list[Any]:
    """Return an Arrow column of fills as Python's values."""
    kind = {"int64": np.int64, "double": np.float64}.get(str(column.type))
    values: list[Any] = column.to_pylist() if kind is None else number_values(column, kind).tolist()
    return values


def _time(option: str, text: str, *, last: bool) -> tuple[str, bool]:
    """Return a bound as text that compares with ISO times, or with their time of day, and whether with that."""
    bound = text.strip().replace(" ", "T")
    with suppress(ValueError):
        if "T" not in bound and ":" not in bound:
            day = dt.date.fromisoformat(bound).isoformat()
            return (f"{day}T~" if last else day), False
        moment = (dt.datetime if "T" in bound else dt.time).fromisoformat(bound)
        if moment.tzinfo is None:
            return moment.isoformat(timespec="milliseconds"), "T" not in bound
    raise BadRequest(
        f"{option} is '{text}'; it takes a date, a time or both: 2025-01-06, 14:55:00 or '2025-01-06 14:55:00', on the "
        "exchange's clock."
    )
