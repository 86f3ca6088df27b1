"""The signals of a security: where they are, and their values as of each of its ticks, never ahead of one."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

import numpy as np

from pipeline.engine.strategy import fields_of
from pipeline.errors import SignalError, nearest
from pipeline.markets.facts import facts_of
from pipeline.replay.other_touch import touch_rows
from pipeline.store.path import ObjectStorePath
from pipeline.store.signal_file import read_signals, signal_digest, signal_file

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pipeline.engine.strategy import Strategy
    from pipeline.markets.market import MarketFacts
    from pipeline.store.catalog import Security
    from pipeline.store.path import AnyPath
    from pipeline.ticks import Float64s, Int64s, Ticks

FOLDER: Final = "signals"
"""The folder of signals where none is named, beside the one of the ticks."""


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """Where a signal is read from, by the worker that replays the security.

    name: as in `Signal(name)`. path, digest: of its file. column: which one of the file, or what of another security's
    touch. market: that of the other security, None for a file of signals.
    """

    name: str
    path: AnyPath
    digest: str
    column: str
    market: MarketFacts | None = None

    def key(self, digest_of: Callable[[AnyPath], str]) -> str:
        """Return all that its values depend on, as a text that names a result.

        digest_of: returns that of a file of ticks after verifying it, empty for one that is damaged, which never
        gives one text twice.
        """
        digest, hours = (digest_of(self.path), self.market.key) if self.market else (self.digest, "")
        return f"{self.name} {digest or uuid.uuid4().hex} {hours}"


@dataclass(frozen=True, slots=True, eq=False)
class _Rows:
    """A signal's rows after one that is before all times. side: of which time the last row counts, as numpy has it."""

    times: Int64s
    values: Float64s
    side: Literal["left", "right"]

    def as_of(self, times: Int64s) -> tuple[Float64s, Int64s]:
        """Return the value and the time of the last row as of each time."""
        at = np.searchsorted(self.times[1:], times, side=self.side)
        return self.values[at], self.times[at]


def digests_of(sources: Sequence[Source]) -> dict[str, str]:
    """Return the digest of the file of each signal, by its name."""
    return {source.name: source.digest for source in sources}


class Signals:
    """A security's signals, in memory."""

    def __init__(self, rows: Sequence[_Rows] = ()) -> None:
        self._rows = rows

    def on(self, ticks: Ticks) -> Ticks:
        """Return ticks with what each signal was as of each of them."""
        columns = (column for rows in self._rows for column in rows.as_of(ticks.timestamp))
        return replace(ticks, signals=tuple(columns)) if self._rows else ticks


NO_SIGNALS: Final = Signals()


def signals_beside(parquet_dir: AnyPath) -> AnyPath:
    """Return the folder of signals beside that of the ticks; in a bucket it is within that."""
    return parquet_dir / FOLDER if isinstance(parquet_dir, ObjectStorePath) else parquet_dir.parent / FOLDER


def signal_sources(
    strategy: type[Strategy],
    ticker: str,
    market: MarketFacts,
    store: Mapping[str, tuple[Security, str]],
    folder: AnyPath,
) -> tuple[Source, ...]:
    """Return where the signals of a strategy are for one security; raises SignalError where one is nowhere.

    Args:
        strategy: The strategy.
        ticker, market: The security.
        store: All that the store holds with their exchanges, by ticker.
        folder: The folder of the files of signals.
    """
    sources, own = [], None
    for signal in fields_of(strategy).signals.values():
        if signal.other is None:
            path = signal_file(folder, ticker) if own is None else own.path
            own = Source(signal.name, _absolute(path), signal_digest(path) if own is None else own.digest, signal.name)
            sources.append(own)
        else:
            sources.append(_of_other(signal.name, *signal.other, ticker, market, store))
    return tuple(sources)


def _of_other(
    name: str,
    other: str,
    column: str,
    ticker: str,
    market: MarketFacts,
    store: Mapping[str, tuple[Security, str]],
) -> Source:
    if other not in store:
        raise SignalError(
            f"The strategy reads {name} and the store holds no {other}.{nearest(other, store)} Convert it first."
        )
    security, exchange = store[other]
    if security.error is not None:
        raise SignalError(f"The strategy reads {name}: {security.error}")
    facts = facts_of(exchange)
    if facts.time_zone != market.time_zone:
        raise SignalError(
            f"The strategy reads {name}, whose ticks are on the clock of {facts.time_zone}, and {ticker} trades on "
            f"that of {market.time_zone}: write it as a file of signals on the clock of {ticker}."
        )
    return Source(name, _absolute(security.path), security.digest, column, facts)


def _absolute(path: AnyPath) -> AnyPath:
    """Return a path that a worker in another folder finds as well."""
    return path.absolute() if isinstance(path, Path) else path


def load_signals(sources: Sequence[Source], market: MarketFacts) -> Signals:
    """Read the signals of a security that trades on a market, each file once; raises SignalError or StoreError."""
    by_file: dict[AnyPath, list[Source]] = {}
    for source in sources:
        by_file.setdefault(source.path, []).append(source)
    rows: dict[tuple[AnyPath, str], _Rows] = {}
    for path, of_file in by_file.items():
        names, other, shift = sorted({source.column for source in of_file}), of_file[0].market, market.clock_shift
        if other is not None:
            times, values = touch_rows(path, of_file[0].digest, other, names)
            times = times + (shift - other.clock_shift)
        else:
            times, values = read_signals(path, of_file[0].digest, names, market.time_zone)
            times = times + shift
        for name, column in zip(names, values, strict=True):
            # What another security does at the very time of an event may have come after it.
            side: Literal["left", "right"] = "right" if other is None else "left"
            rows[path, name] = _Rows(np.append(0, times), np.append(np.nan, column), side)
    return Signals([rows[source.path, source.column] for source in sources])
