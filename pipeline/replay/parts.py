"""Replays one security part by part, whole days each, so that no more than some days of its ticks are in memory."""

from __future__ import annotations

import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, TypeVar

import numpy as np

from pipeline.engine.outcome import Span, join_fills
from pipeline.engine.rules.ladder_side import MOST_LEVELS, SLOTS
from pipeline.engine.rules.replay_state import BUY, SELL
from pipeline.engine.strategy import fields_of
from pipeline.replay.charges import Traded, charges_of
from pipeline.replay.observe import Observed, Placings, StandingOrder, observe
from pipeline.replay.signals import NO_SIGNALS, Signals
from pipeline.replay.simulate import (
    Replayed,
    counts_of,
    days_not_flat,
    engine_facts,
    ignored_prints,
    matched_ticks,
    replayer,
    takes_switches,
)
from pipeline.ticks import NO_TICKS, Ticks, stack_ticks, union_of
from pipeline.times import DAY

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pipeline.engine.execution import Execution
    from pipeline.engine.outcome import Fills, Outcome
    from pipeline.engine.strategy import Strategy
    from pipeline.markets.market import MarketFacts
    from pipeline.replay.simulate import Engine
    from pipeline.settings import Values
    from pipeline.store.tick_file import TickFile
    from pipeline.ticks import Float64s, Int64s

Item = TypeVar("Item")

BATCHES_AHEAD: Final = 2
"""A row group gives two batches, the day that it ends and the days after it: with one ahead only the first is read."""

OF_LEVELS: Final = ("placed", "price", "number", "remaining", "crossing")
"""What the market has in its level columns of an order; the last two say whether a fill of it may follow."""


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """What some whole days of a security gave: their ticks, fills, charges and days, and the market around the fills.

    The counts in `replayed` are those of all parts so far. series: what the strategy recorded, a number a tick.
    """

    ticks: Ticks
    replayed: Replayed
    observed: Observed
    series: Mapping[str, Float64s]


class PartedReplay:
    """One security's replay, part by part.

    signals: what its strategy reads beside the ticks.
    span: of all its ticks.
    read_seconds: what reading took so far, or waiting for what is read meanwhile; wall clock.
    """

    _outcome: Outcome

    def __init__(
        self,
        file: TickFile,
        strategy: type[Strategy],
        parameters: Values,
        market: MarketFacts,
        execution: Execution,
        engine: Engine = "compiled",
        signals: Signals = NO_SIGNALS,
    ) -> None:
        self._file, self._signals = file, signals
        self._strategy, self._market, self._execution = strategy, market, execution
        low, high = file.span or (0, 0)
        self.span = Span(low // DAY, high // DAY, file.rows)
        self._replay = replayer(strategy, execution, engine).begin(
            self.span,
            engine_facts(market, execution),
            fields_of(strategy).field_values(parameters, market.price_units_per_currency),
        )
        self._costs, self._traded = execution.costs(market.exchange), Traded()
        self._position = 0
        self._placings: Placings = {}
        self._ignored = 0
        self._days: list[Int64s] = []
        self._not_flat: list[Int64s] = []
        self.read_seconds = 0.0

    def parts(self, *, ahead: bool = False) -> Iterator[Part]:
        """Yield each part once, at least one. ahead: read the next on another thread meanwhile."""
        # A strategy that keeps its own trades may book those of a day when the next has begun.
        books_late = not takes_switches(self._strategy)
        first, waiting = 0, None
        for ticks, is_last in _with_last(self._batches(ahead=ahead)):
            matched = matched_ticks(ticks, self._execution, self._strategy)
            if is_last:
                self._outcome = self._replay.end(matched)
            fills = self._outcome.fills if is_last else self._replay.feed(matched)
            part = _Filled(ticks, fills, first, self._replay.series)
            first += len(ticks)
            if waiting is not None:
                waiting, part = _booked(waiting, part)
                if waiting is not None:
                    yield self._part(waiting)
            waiting = part
            if not books_late or is_last:
                yield self._part(part)
                waiting = None

    @property
    def whole(self) -> Replayed:
        """What all parts come to, without their fills."""
        outcome = self._outcome
        days, not_flat = np.concatenate(self._days), np.concatenate(self._not_flat)
        return self._replayed(outcome.fills.at(slice(0, 0)), days, not_flat, None)

    def _batches(self, *, ahead: bool) -> Iterator[Ticks]:
        batches = map(self._signals.on, self._file.batches())
        return self._timed(prefetched(batches, BATCHES_AHEAD) if ahead else batches)

    def _timed(self, batches: Iterator[Ticks]) -> Iterator[Ticks]:
        is_any, started = False, time.perf_counter()
        for ticks in batches:
            self.read_seconds += time.perf_counter() - started
            is_any = True
            yield ticks
            started = time.perf_counter()
        if not is_any:
            yield NO_TICKS

    def _part(self, filled: _Filled) -> Part:
        ticks, fills = filled.ticks, filled.fills
        days = self._market_days(ticks)
        of_part = replace(fills, event=fills.event - filled.first)
        not_flat = days_not_flat(of_part, days, ticks.timestamp, self._position)
        self._position = int(fills.position[-1]) if len(fills) else self._position
        self._days.append(days)
        self._not_flat.append(not_flat)
        charges = charges_of(fills, self._strategy, self._costs, self._market, self._traded)
        observed, self._placings = observe(
            ticks,
            fills,
            days,
            self._market,
            self._execution,
            filled.first,
            self._placings,
            _standing(self._replay.state()),
        )
        return Part(ticks, self._replayed(fills, days, not_flat, charges), observed, filled.series)

    def _market_days(self, ticks: Ticks) -> Int64s:
        """Return the days with a print; a day of ignored prints alone is one as well."""
        if not len(ticks):
            return np.empty(0, np.int64)
        first, last = (int(time) // DAY for time in (ticks.timestamp.min(), ticks.timestamp.max()))
        days = self._replay.buffers.market_days
        days = days[(days >= first) & (days <= last)]
        ignored = ignored_prints(ticks, self._execution, self._strategy)
        self._ignored += len(ignored)
        return union_of([days, ticks.timestamp[ignored] // DAY]) if len(ignored) else days

    def _replayed(self, fills: Fills, market_days: Int64s, not_flat: Int64s, charges: Float64s | None) -> Replayed:
        return Replayed(
            fills=fills,
            market_days=market_days,
            days_not_flat=not_flat,
            rows=self._file.rows,
            trade_types=self._strategy.trade_types,
            charges=charges,
            ignored=self._ignored,
            **counts_of(self._replay.state(), self._strategy, fills, self._market),
        )


@dataclass(frozen=True, slots=True, eq=False)
class _Filled:
    """Ticks, their fills, the event number of the first tick, and what was recorded at each."""

    ticks: Ticks
    fills: Fills
    first: int
    series: Mapping[str, Float64s]


def _standing(state: Mapping[str, Any]) -> list[StandingOrder]:
    """Return the orders in a state of the market of which a fill may follow; none where the strategy keeps its own."""
    return [*(_of_levels(state) if "m_level_placed[0]" in state else _of_sides(state))]


def _of_levels(state: Mapping[str, Any]) -> Iterator[StandingOrder]:
    for slot in range(SLOTS):
        placed, price, number, *left = (state[f"m_level_{name}[{slot}]"] for name in OF_LEVELS)
        if any(left):
            yield StandingOrder(BUY if slot < MOST_LEVELS else SELL, placed, price, abs(number))


def _of_sides(state: Mapping[str, Any]) -> Iterator[StandingOrder]:
    for side, name in ((BUY, "bid"), (SELL, "ask")):
        price = float(state.get(f"m_{name}_order", 0.0))
        if state.get(f"m_{name}_live"):
            yield StandingOrder(side, int(state[f"m_{name}_placed"]), price)
        if state.get(f"m_{name}_crossing"):
            limit = price or float(state[f"m_{name}_crossing_price"])
            yield StandingOrder(side, int(state[f"m_{name}_crossing_order"]), limit)


def _booked(before: _Filled, part: _Filled) -> tuple[_Filled | None, _Filled]:
    """Give the fills of a part that are of earlier events to the part before; one part of both where they mix."""
    is_early = part.fills.event < part.first
    early = int(is_early.sum())
    if is_early[:early].all():
        both = join_fills([before.fills, part.fills.at(slice(0, early))])
        return replace(before, fills=both), replace(part, fills=part.fills.at(slice(early, None)))
    ticks = stack_ticks([before.ticks, part.ticks], len(before.ticks) + len(part.ticks))
    series = {name: np.concatenate([before.series[name], values]) for name, values in part.series.items()}
    return None, _Filled(ticks, join_fills([before.fills, part.fills]), before.first, series)


def _with_last(items: Iterator[Item]) -> Iterator[tuple[Item, bool]]:
    """Yield each item and whether it is the last."""
    item = next(items)
    for following in items:
        yield item, False
        item = following
    yield item, True


def prefetched(items: Iterator[Item], most: int) -> Iterator[Item]:
    """Yield items, of which the next, at most so many, are made on a thread meanwhile."""
    end = object()
    with ThreadPoolExecutor(max_workers=1) as thread:
        waiting = deque(thread.submit(next, items, end) for _ in range(most))
        while (item := waiting.popleft().result()) is not end:
            waiting.append(thread.submit(next, items, end))
            yield item  # type: ignore[misc]
