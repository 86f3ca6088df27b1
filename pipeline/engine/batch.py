"""Replays many settings in one pass over a security's ticks, by the compiled batch loop of their strategy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import numpy as np

from pipeline.engine.batch_outcome import OF_ORDERS, BatchBlock
from pipeline.engine.compiled import EXCHANGED_TYPES, Exchanged, column_types, event_types, tick_columns
from pipeline.engine.compiler.batch_differing import AWAITED
from pipeline.engine.compiler.batch_groups import BATCH_SIZE, FACTS, STRIDE
from pipeline.engine.compiler.batch_loop import PURPOSE, SETTING_COLUMNS, BatchLayout, batch_source
from pipeline.engine.compiler.keys import code_key
from pipeline.engine.compiler.specialise import (
    EXCHANGED,
    LOOP_NAME,
    event_columns,
    helpers_of,
    input_values,
    start_values,
)
from pipeline.engine.day_tables import day_tables
from pipeline.engine.outcome import AMOUNTS, COLUMN_TYPES, Buffers, Facts, Span, field_of
from pipeline.engine.replay import PartTimes
from pipeline.engine.strategy import Strategy, fields_of
from pipeline.malloc import LARGEST_KEPT
from pipeline.native.machine import LOADING, Machine, Text, machine_code
from pipeline.ticks import NO_TICKS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from pipeline.engine.outcome import Number
    from pipeline.settings import Value
    from pipeline.ticks import Float64s, Int64s, Ticks

SETTING_TYPES: Final = ("int64", "float64", "int64")
MOST_ROWS: Final = LARGEST_KEPT // 8
"""Fills that the buffers of one batch hold, of all its settings: 200 MB, which malloc keeps for the next batch."""

SMALLEST_BATCH: Final = 8
CACHE_LINE: Final = 64
"""Bytes."""
TICKS_A_FILL: Final = 12
"""Few strategies fill more often than at one tick in twelve; settings that do are replayed again with more room."""

FILLS_RATIO: Final = 2.5
"""Few models fill two and a half times as often as another does."""

Batched: TypeAlias = "tuple[Sequence[int], BatchBlock | None]"

loaded: dict[str, BatchRunner] = {}


@dataclass(frozen=True, slots=True)
class BatchSetting:
    """One setting of a batch: its market and execution model, and its parameters as the strategy holds them.

    keeps_fills: whether its fills are wanted; otherwise what it counts is.
    """

    facts: Facts
    parameters: Mapping[str, Value]
    keeps_fills: bool = True


class BatchRunner:
    """The compiled loop of one strategy over many settings; safe to run from several threads at once.

    varies: whether it is made for days that are not all alike, or have breaks.
    """

    def __init__(self, strategy: type[Strategy], machine: Machine, *, varies: bool = False) -> None:
        self.strategy = strategy
        self._varies = varies
        self.layout = BatchLayout.of_text(machine.note)
        self.state = [name for name in start_values(strategy) if "[" not in name]
        pointers = len(event_columns(fields_of(strategy), batched=True)) + len(EXCHANGED) + len(SETTING_COLUMNS)
        self.loop = machine.function(2, pointers + len(self.layout.shared.columns))

    def begin(self, span: Span, settings: Sequence[BatchSetting]) -> BatchRun:
        """Begin a replay of settings that is fed with the ticks of a span in parts.

        Days that are not all alike, or have breaks, take a loop of their own.
        """
        varies = day_tables(settings[0].facts.market, span.first_day, span.last_day).varies
        return BatchRun(self if varies == self._varies else self._of_days_that_vary(), span, settings)

    def _of_days_that_vary(self) -> BatchRunner:
        return batch_runner(self.strategy, varies=True)


class BatchRun:
    """Settings under way through a security's ticks, part by part: their state goes into the loop and comes out.

    Of the columns of fills each setting has a part of its own; one that fills it is replayed again from the first
    of the ticks at hand, with more room.
    """

    def __init__(self, runner: BatchRunner, span: Span, settings: Sequence[BatchSetting]) -> None:
        self._runner = runner
        self._settings = settings
        self._buffers = Buffers(runner.strategy, span, settings[0].facts, runner.layout.shared.columns)
        self._fills = dict.fromkeys(self._buffers.fill_columns, np.empty(0))
        self._room = 0
        self._shared: Mapping[str, Number] = start_values(runner.strategy)
        rows = runner.layout.rows
        self._ints = np.zeros((len(rows.ints), len(settings)), np.int64)
        self._floats = np.zeros((len(rows.floats), len(settings)))
        for number, setting in enumerate(settings):
            inputs = {**self._buffers.inputs, "capacity": 0, **setting.facts.fields}
            inputs["keeps_fills"] = setting.keeps_fills
            values = self._shared | input_values(fields_of(runner.strategy), inputs, setting.parameters)
            self._ints[:, number] = [values.get(name, 0) for name in rows.ints]
            self._floats[:, number] = [values.get(name, 0.0) for name in rows.floats]
        self._keeps_fills = np.array([setting.keeps_fills for setting in settings])
        self._going = np.ones(len(settings), bool)
        self._begun, self._before, self._times_before = False, 0, NO_TICKS.timestamp

    def feed(self, ticks: Ticks, *, ends: bool = False, expected_fills: int = 0) -> Iterator[Batched]:
        """Replay the next ticks; to be gone through to its end. Settings to be replayed alone are given up.

        Yields some of the settings, by their numbers, and what they gave, the fills being those of these ticks; None
        for those to be replayed alone. A block's columns are the memory of the next one's. expected_fills: about how
        many fills a setting has, where that is known.
        """
        room = max(len(ticks) // TICKS_A_FILL, int(FILLS_RATIO * expected_fills)) + 64
        self._buffers.inputs |= {"before": self._before, "begins": not self._begun, "ends": ends}
        after: dict[str, Number] = {}
        for numbers, block in self._blocks(ticks, np.flatnonzero(self._going), room):
            if block is None:
                self._going[numbers] = False
            else:
                common = {name: max(block.shared[name], after.get(name, 0)) for name in AWAITED & block.shared.keys()}
                after = {**block.shared, **common}
            yield numbers.tolist(), block
            del block
        self._begun, self._shared = True, after or self._shared
        self._before += len(ticks)
        self._times_before = ticks.timestamp if len(ticks) else self._times_before

    def _blocks(self, ticks: Ticks, numbers: Int64s, each: int) -> Iterator[tuple[Int64s, BatchBlock | None]]:
        """Yield the blocks of some settings, each of which has room for `each` fills, or one that none is kept of."""
        while len(numbers):
            fit = np.searchsorted(np.cumsum(self._room_of(numbers[:BATCH_SIZE], each)), MOST_ROWS, side="right")
            some, numbers = np.split(numbers, [max(SMALLEST_BATCH, int(fit))])
            is_full, block = self._block(ticks, some, each)
            if not is_full.all():
                yield some[~is_full], block
            del block
            again = some[is_full]
            if len(again) and each * min(len(again), SMALLEST_BATCH) <= MOST_ROWS:
                yield from self._blocks(ticks, again, each * 4)
            elif len(again):
                yield again, None

    def _room_of(self, numbers: Int64s, each: int) -> Int64s:
        return np.where(self._keeps_fills[numbers], each, 1)

    def _block(self, ticks: Ticks, numbers: Int64s, each: int) -> tuple[Any, BatchBlock | None]:
        """Return which settings want more room, and the block of the others; None where all have to go alone."""
        layout, count = self._runner.layout, len(numbers)
        ints, floats = _rows(len(self._ints), np.int64), _rows(len(self._floats), np.float64)
        ints[:, :count], floats[:, :count] = self._ints[:, numbers], self._floats[:, numbers]
        rows = dict(zip((*layout.rows.ints, *layout.rows.floats), (*ints, *floats), strict=True))
        ends = np.cumsum(self._room_of(numbers, each))
        starts = ends - self._room_of(numbers, each)
        for name, values in {"m_rows": starts, "m_capacity": ends, "m_out_of_capacity": 0}.items():
            if name in rows:
                rows[name][:count] = values
        if ends[-1] > self._room:
            self._room = int(ends[-1])
            self._fills = {name: np.empty(self._room, COLUMN_TYPES[name]) for name in self._fills}
        columns = self._buffers.columns | self._fills
        shared = self.attempt(ticks, columns, [self._settings[number] for number in numbers], ints, floats)
        is_full = np.zeros(count, bool)
        if columns["failed"][0] or shared["m_diverged"]:
            columns["failed"][:] = 0
            return is_full, None
        if "m_out_of_capacity" in rows:
            is_full = rows["m_out_of_capacity"][:count] != 0
        at = np.flatnonzero(~is_full)
        self._ints[:, numbers[at]], self._floats[:, numbers[at]] = ints[:, at], floats[:, at]
        fills = {field_of(name): column for name, column in self._fills.items() if name not in OF_ORDERS}
        counts = (rows["m_rows"][:count] - starts)[at] if "m_rows" in rows else 0 * at
        for name in AMOUNTS if self._buffers.market.price_units_per_currency != 1.0 else ():
            for some in map(slice, starts[at], starts[at] + counts):
                fills[name][some] = self._buffers.market.in_currency(fills[name][some])
        return is_full, BatchBlock(
            PartTimes(self._before, ticks.timestamp, self._times_before),
            self._buffers.market_days,
            fills,
            starts[at],
            counts,
            shared,
            {name: rows[name][at] for name in (*layout.rows.ints, *layout.rows.floats) if name in self._runner.state},
        )

    def attempt(
        self, ticks: Ticks, columns: Mapping[str, Any], settings: Sequence[BatchSetting], ints: Int64s, floats: Float64s
    ) -> dict[str, Number]:
        """Run the loop once into these columns and rows, and return the state it ends in that all settings share."""
        layout = self._runner.layout
        inputs = input_values(fields_of(self._runner.strategy), self._buffers.inputs, settings[0].parameters)
        exchanged = Exchanged(layout.shared, {**inputs, **self._shared})
        arrays = [
            *tick_columns(ticks, fields_of(self._runner.strategy)),
            *exchanged.arrays,
            ints,
            floats,
            np.zeros(FACTS * layout.rows.groups, np.int64),
        ]
        arrays += [columns[name] for name in layout.shared.columns]
        self._runner.loop(len(ticks), len(settings), *(array.ctypes.data for array in arrays))
        return exchanged.state()


def _rows(count: int, dtype: type) -> Any:
    """Return rows of zeros, one number a setting, each of which begins at the beginning of a line of the cache."""
    room: Any = np.zeros(count * STRIDE + CACHE_LINE // 8, dtype)
    start = -room.ctypes.data % CACHE_LINE // 8
    return room[start : start + count * STRIDE].reshape(count, STRIDE)


def batch_runner(
    strategy: type[Strategy], on_compile: Callable[[str], None] | None = None, *, varies: bool = False
) -> BatchRunner:
    """Return the batch runner of a strategy, from this process, from disk, or compiled now.

    on_compile: called with the strategy's name when it has to be compiled. varies: whether for days that are not all
    alike, or have breaks. Raises StrategyError for a class that cannot be.
    """
    key = code_key(strategy, f"{PURPOSE}, on days that vary" if varies else PURPOSE)
    with LOADING:
        if key not in loaded:

            def text() -> Text:
                source, layout = batch_source(strategy, varies=varies)
                types = [
                    *event_types(strategy, batched=True),
                    *EXCHANGED_TYPES,
                    *SETTING_TYPES,
                    *column_types(layout.shared.columns),
                ]
                return Text(source, LOOP_NAME, 2, types, layout.text(), helpers_of(source), distinct=True)

            report = (lambda: on_compile(strategy.__name__)) if on_compile else None
            loaded[key] = BatchRunner(strategy, machine_code(key, text, report), varies=varies)
        return loaded[key]
