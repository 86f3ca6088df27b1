"""Comes near to what is to be explained by the compiled loop, and hands over the ticks and the state from there on.

Tracing takes some hundred times as long as that loop. What is explained may go back to before the place where the trace
begins, as an order that stood for days: then it begins again, farther back.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from pipeline.engine.outcome import join_fills
from pipeline.engine.strategy import fields_of
from pipeline.errors import StrategyError
from pipeline.replay.simulate import engine_facts, matched_ticks, replayer
from pipeline.ticks import NO_TICKS, stack_ticks
from pipeline.times import DAY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from pipeline.engine.outcome import Fills, Span
    from pipeline.engine.replay import Checkpoint, Replay
    from pipeline.runs.recorded_setting import RecordedTicks, Setting
    from pipeline.ticks import Ticks

STRIDE: Final = 100_000
"""Ticks from one checkpoint to the next, at least: tracing them takes a third of a second."""


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """The ticks that are traced, from number `first` on, and what was before: where it left the replay, its fills.

    ends: whether no ticks follow.
    """

    span: Span
    ticks: Ticks
    first: int
    start: Checkpoint | None
    fills: Fills | None
    ends: bool


class Approach:
    """The replay of a setting up to the part in which a fill or an event is, and windows that end with that part."""

    def __init__(
        self, source: RecordedTicks, setting: Setting, stride: int = STRIDE, on_day: Callable[[int], None] | None = None
    ) -> None:
        self._source, self._span = source, source.span
        self._setting = setting
        self._stride = stride
        self._on_day = on_day
        self._starts: list[Checkpoint] = []
        self._fills: list[Fills] = []
        self._count = 0
        self._batches: deque[tuple[int, Ticks]] = deque()
        self._end = 0
        self._ends = False

    def windows_of_fill(self, number: int) -> Iterator[Window]:
        """Yield windows that end with the part of a fill, each farther back than the one before; none without it."""
        self._approach(lambda: self._count >= number)
        if not self._fills:
            return self._windows(0)
        events = self.fills.event
        return self._windows(int(events[number - 1])) if len(events) >= number else iter(())

    def windows_of_event(self, event: int) -> Iterator[Window]:
        """Yield windows that end with the part of an event, each farther back than the one before."""
        self._approach(lambda: self._end > event)
        return self._windows(event)

    @property
    def fills(self) -> Fills:
        """The fills of the compiled replay."""
        return join_fills(self._fills)

    def _approach(self, is_reached: Callable[[], bool]) -> None:
        run = self._compiled() if self._span.ticks > self._stride else None
        self._batches = deque(maxlen=2 if run else None)
        for ticks in self._source.days():
            self._batches.append((self._end, ticks))
            for part in _parts(ticks, self._stride):
                if run is not None:
                    self._feed(run, part)
                self._end += len(part)
                if is_reached():
                    return
        self._ends = True
        if run is not None:
            self._fills.append(run.end().fills)

    def _compiled(self) -> Replay | None:
        """Return the compiled replay of the setting, None where there is none."""
        setting = self._setting
        try:
            replay = replayer(setting.strategy, setting.execution, "compiled")
        except StrategyError:
            return None
        values = fields_of(setting.strategy).field_values(setting.parameters, setting.market.price_units_per_currency)
        return replay.begin(self._span, engine_facts(setting.market, setting.execution), values)

    def _feed(self, run: Replay, part: Ticks) -> None:
        if self._on_day is not None:
            self._on_day(self._end)
        self._starts[-2:-1] = [replace(start, times=NO_TICKS.timestamp) for start in self._starts[-2:-1]]
        self._starts.append(run.checkpoint())
        self._fills.append(run.feed(matched_ticks(part, self._setting.execution, self._setting.strategy)))
        self._count += len(self._fills[-1])

    def _windows(self, event: int) -> Iterator[Window]:
        """Yield windows that begin before an event, the last of them with the first tick."""
        number = max((at for at, start in enumerate(self._starts) if start.event < event), default=0)
        back = 1
        while number > 0:
            yield self._window(number)
            number, back = number - back, back * 2
        yield self._window(0)

    def _window(self, number: int) -> Window:
        start = self._starts[number] if number > 0 else None
        first = start.event if start else 0
        ticks = stack_ticks(self._ticks(first), self._end - first)
        fills = join_fills(self._fills[:number]) if number > 0 else None
        return Window(self._span, ticks, first, start, fills, self._ends)

    def _ticks(self, first: int) -> Iterator[Ticks]:
        """Yield the ticks from number `first` to the end of the approach, read again where they are no longer kept."""
        kept = first >= self._batches[0][0] if self._batches else True
        for begin, ticks in self._batches if kept else _numbered(self._source.days()):
            if begin >= self._end:
                return
            if begin + len(ticks) > first:
                yield ticks[max(0, first - begin) : self._end - begin]


def _numbered(batches: Iterable[Ticks]) -> Iterator[tuple[int, Ticks]]:
    begin = 0
    for ticks in batches:
        yield begin, ticks
        begin += len(ticks)


def _parts(ticks: Ticks, stride: int) -> Iterator[Ticks]:
    """Yield ticks in parts that end between days, of so many each, or a day more."""
    begin = 0
    for day in (np.flatnonzero(np.diff(ticks.timestamp // DAY)) + 1).tolist():
        if day - begin >= stride:
            yield ticks[begin:day]
            begin = day
    yield ticks[begin:]
