"""Replays many settings in one pass over a security's ticks, by the compiled batch loop of their strategy."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from pipeline.engine.batch_outcome import FILL_NAMES, BatchBlock
from pipeline.engine.compiled import EXCHANGED_TYPES, TICK_TYPES, Exchanged, column_types, tick_columns
from pipeline.engine.compiler.batch_blocks import BATCH_SIZE
from pipeline.engine.compiler.batch_loop import PURPOSE, SETTING_COLUMNS, BatchLayout, batch_source
from pipeline.engine.compiler.keys import code_key
from pipeline.engine.compiler.specialise import (
    EXCHANGED,
    LOOP_NAME,
    TICK_COLUMNS,
    helpers_of,
    input_values,
    market_fields,
    start_values,
)
from pipeline.engine.outcome import Buffers, Facts, Span
from pipeline.engine.strategy import Strategy, fields_of
from pipeline.native.machine import LOADING, Machine, Text, machine_code

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from pipeline.settings import Value
    from pipeline.ticks import Ticks

SETTING_TYPES: Final = ("int64", "float64", "int8", "int64", "int8")
MOST_ROWS: Final = 6_000_000
"""Fills that the buffers of one batch hold, of all its settings: 280 MB if all of them come."""

SMALLEST_BATCH: Final = 8
TICKS_A_FILL: Final = 12
"""Few strategies fill more often than at one tick in twelve; settings that do are replayed again with more room."""

loaded: dict[str, BatchRunner] = {}


@dataclass(frozen=True, slots=True)
class BatchSetting:
    """One setting of a batch: its market and execution model, and its parameters as the strategy holds them."""

    facts: Facts
    parameters: Mapping[str, Value]


class BatchRunner:
    """The compiled loop of one strategy over many settings; safe to run from several threads at once."""

    def __init__(self, strategy: type[Strategy], machine: Machine) -> None:
        self._fields = fields_of(strategy)
        self._market = market_fields(strategy.rules)
        remembered = [name for name in self._fields.state() if "[" not in name]
        self._state = [*("m_" + name for name in self._market.state), *("s_" + name for name in remembered)]
        self._starts = start_values(strategy)
        self._machine = machine
        self._layout = BatchLayout.of_text(machine.note)
        pointers = len(TICK_COLUMNS) + len(EXCHANGED) + len(SETTING_COLUMNS) + len(self._layout.shared.columns)
        counts = [ctypes.c_int64, ctypes.c_int64]
        self._loop = ctypes.CFUNCTYPE(ctypes.c_int64, *counts, *[ctypes.c_void_p] * pointers)(machine.address)

    def blocks(
        self, ticks: Ticks, settings: Sequence[BatchSetting]
    ) -> Iterator[tuple[Sequence[int], BatchBlock | None]]:
        """Yield some of the settings, by their numbers, and what they gave; None for those to be replayed alone.

        A block's columns, of which a few million rows are held at a time, have to go before the next is asked for.
        """
        yield from self._blocks(ticks, settings, range(len(settings)), len(ticks) // TICKS_A_FILL + 64)

    def _blocks(
        self, ticks: Ticks, settings: Sequence[BatchSetting], numbers: Sequence[int], each: int
    ) -> Iterator[tuple[Sequence[int], BatchBlock | None]]:
        """Yield the blocks of some settings, each of which has room for `each` fills."""
        at_a_time = max(SMALLEST_BATCH, min(BATCH_SIZE, MOST_ROWS // each))
        for start in range(0, len(numbers), at_a_time):
            some = numbers[start : start + at_a_time]
            full, block = self._block(ticks, [settings[number] for number in some], each)
            if block is None:
                yield some, None
                continue
            if len(full) < len(some):
                yield [number for at, number in enumerate(some) if at not in full], block
            again = [some[at] for at in full]
            del block
            if again and each * min(len(again), SMALLEST_BATCH) <= MOST_ROWS:
                yield from self._blocks(ticks, settings, again, each * 4)
            elif again:
                yield again, None

    def _block(
        self, ticks: Ticks, settings: Sequence[BatchSetting], each: int
    ) -> tuple[Sequence[int], BatchBlock | None]:
        """Return which settings want more room and the block of the others; None where all have to go alone."""
        span, columns = Span.of(ticks), self._layout.shared.columns
        buffers = Buffers(span, settings[0].facts, columns, each * len(settings))
        setting_rows = self._start_rows(buffers, settings, each)
        final = self.attempt(ticks, buffers, settings, setting_rows)
        if buffers.columns["failed"][0] or final["m_diverged"]:
            return [], None
        states = self._states(final, setting_rows, len(settings))
        full = [at for at, state in enumerate(states) if state["m_out_of_capacity"]]
        rest = [at for at in range(len(states)) if at not in full]
        fills = {FILL_NAMES[name]: buffers.columns[name] for name in buffers.fill_columns if name in FILL_NAMES}
        starts = [each * at for at in rest]
        return full, BatchBlock(ticks, buffers.market_days, fills, starts, [states[at] for at in rest])

    def _start_rows(self, buffers: Buffers, settings: Sequence[BatchSetting], each: int) -> dict[str, Any]:
        """Return what differs between settings as it stands before the first tick, a row a name.

        Of the columns of fills each setting has a part of its own, `each` long.
        """
        layout = self._layout.rows
        rows: dict[str, Any] = dict(zip(layout.ints, np.zeros((len(layout.ints), BATCH_SIZE), np.int64), strict=True))
        rows |= dict(zip(layout.floats, np.zeros((len(layout.floats), BATCH_SIZE)), strict=True))
        for name, start in self._starts.items():
            if name in rows:
                rows[name][:] = start
        for number, setting in enumerate(settings):
            own = {"rows": each * number, "capacity": each * (number + 1)}
            of_market = {**buffers.inputs, **setting.facts.fields, **own}
            values = input_values(self._fields, of_market, setting.parameters)
            for name, value in values.items():
                if name in rows:
                    rows[name][number] = value
        return rows

    def attempt(
        self, ticks: Ticks, buffers: Buffers, settings: Sequence[BatchSetting], setting_rows: Mapping[str, Any]
    ) -> dict[str, int | float]:
        """Run the loop once into these buffers, and return the state it ends in that all settings share."""
        layout = self._layout.shared
        exchanged = Exchanged(layout, input_values(self._fields, buffers.inputs, settings[0].parameters))
        of_settings = [_whole(setting_rows, names) for names in (self._layout.rows.ints, self._layout.rows.floats)]
        arrays = [*tick_columns(ticks), *exchanged.arrays, *of_settings, np.zeros(BATCH_SIZE, np.int8)]
        groups = self._layout.rows.groups
        arrays += [np.zeros(2 * groups, np.int64), np.zeros(BATCH_SIZE * groups, np.int8)]
        arrays += [buffers.columns[name] for name in layout.columns]
        self._loop(len(ticks), len(settings), *(array.ctypes.data for array in arrays))
        return exchanged.state()

    def _states(
        self, final: Mapping[str, int | float], setting_rows: Mapping[str, Any], count: int
    ) -> list[dict[str, int | float]]:
        names = [name for name in self._state if name in setting_rows]
        values = zip(*(setting_rows[name][:count].tolist() for name in names), strict=True)
        return [{**final, **dict(zip(names, own, strict=True))} for own in values]


def batch_runner(strategy: type[Strategy], on_compile: Callable[[str], None] | None = None) -> BatchRunner:
    """Return the batch runner of a strategy, from this process, from disk, or compiled now.

    on_compile: called with the strategy's name when it has to be compiled. Raises StrategyError for a class that
    cannot be.
    """
    key = code_key(strategy, PURPOSE)
    with LOADING:
        if key not in loaded:

            def text() -> Text:
                source, layout = batch_source(strategy)
                types = [*TICK_TYPES, *EXCHANGED_TYPES, *SETTING_TYPES, *column_types(layout.shared.columns)]
                return Text(source, LOOP_NAME, 2, types, layout.text(), helpers_of(source), distinct=True)

            report = (lambda: on_compile(strategy.__name__)) if on_compile else None
            loaded[key] = BatchRunner(strategy, machine_code(key, text, report))
        return loaded[key]


def _whole(rows: Mapping[str, Any], names: Sequence[str]) -> Any:
    """Return the array that the rows of these names are rows of; one of its own when there are none."""
    return rows[names[0]].base if names else np.zeros(1)
