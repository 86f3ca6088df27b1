"""Replays one setting of a strategy by its compiled loop, which is loaded from disk or compiled once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from pipeline.engine.compiler import parts, specialise
from pipeline.engine.compiler.batch_loop import PURPOSE
from pipeline.engine.compiler.checks import reason_and_line
from pipeline.engine.compiler.keys import code_key
from pipeline.engine.compiler.names import check_names
from pipeline.engine.compiler.specialise import (
    EXCHANGED,
    Layout,
    event_columns,
    input_values,
    layout_of,
    market_fields,
    start_values,
)
from pipeline.engine.outcome import COLUMN_TYPES, Buffers, Facts, Outcome, Span, buffer_sizes, failure
from pipeline.engine.replay import Replay
from pipeline.engine.signal import SIGNAL_TYPES, signal_columns
from pipeline.engine.strategy import Strategy, fields_of
from pipeline.native import codecache
from pipeline.native.machine import LOADING, Machine, Text, machine_code

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pipeline.engine.outcome import Number
    from pipeline.engine.strategy import Fields
    from pipeline.settings import Value
    from pipeline.ticks import Ticks

TICK_TYPES: Final = ("int64", "int8", "float64", "int64")
VARIES: Final = "varies"
"""The field that says whether a market's days differ or have breaks; a loop is made for those that do, or do not."""

EXCHANGED_TYPES: Final = tuple(name.split("_")[1][:-1] + "64" for name in EXCHANGED)

loaded: dict[str, CompiledReplay] = {}
_texts: dict[str, str] = {}
"""The texts of loops that were made to see whether they can be, until they are compiled."""


class Exchanged:
    """The values given to a loop and the state it takes on and leaves, in the arrays of EXCHANGED, in their order."""

    def __init__(self, layout: Layout, values: Mapping[str, float]) -> None:
        self._layout = layout
        self.arrays = (
            np.array([values[name] for name in layout.input_ints], np.int64),
            np.array([values[name] for name in layout.input_floats], np.float64),
            np.array([values.get(name, 0) for name in layout.state_ints], np.int64),
            np.array([values.get(name, 0) for name in layout.state_floats], np.float64),
        )

    def state(self) -> dict[str, Number]:
        """Return what the loop left behind, by name."""
        _, _, ints, floats = self.arrays
        state = dict(zip(self._layout.state_ints, ints.tolist(), strict=True))
        return state | dict(zip(self._layout.state_floats, floats.tolist(), strict=True))


class CompiledReplay:
    """The compiled loop of one strategy; safe to run from several threads at once, the GIL is not held."""

    def __init__(self, strategy: type[Strategy], machine: Machine, constants: Mapping[str, int]) -> None:
        self.strategy = strategy
        self._constants = constants
        self.layout = layout_of(fields_of(strategy), strategy.rules)
        pointers = len(event_columns(fields_of(strategy))) + len(EXCHANGED) + len(self.layout.columns)
        self.loop = machine.function(1, pointers)

    def run(self, ticks: Ticks, facts: Facts, parameters: Mapping[str, Value]) -> Outcome:
        """Replay the ticks with these parameters (as the strategy's fields hold them); raises ReplayError."""
        return self.begin(Span.of(ticks), facts, parameters).end(ticks)

    def begin(self, span: Span, facts: Facts, parameters: Mapping[str, Value]) -> CompiledRun:
        """Begin a replay that is fed with the ticks of a span in parts.

        Days that are not all alike, or have breaks, take a loop of their own.
        """
        buffers = Buffers(self.strategy, span, facts, self.layout.columns)
        fits = int(buffers.inputs[VARIES]) == self._constants[VARIES]
        return CompiledRun(self if fits else self._of_days_that_vary(), buffers, parameters)

    def _of_days_that_vary(self) -> CompiledReplay:
        return compiled_replay(self.strategy, {**self._constants, VARIES: 1})


class CompiledRun(Replay):
    """A replay under way in a compiled loop, which keeps nothing: its whole state goes in and comes out."""

    def __init__(self, replay: CompiledReplay, buffers: Buffers, parameters: Mapping[str, Value]) -> None:
        super().__init__(buffers)
        self._replay = replay
        self._parameters = parameters
        given = input_values(fields_of(replay.strategy), {}, parameters)
        lists = {name: value for name, value in given.items() if "[" in name}
        self._state: Mapping[str, Number] = start_values(replay.strategy) | lists

    def state(self) -> Mapping[str, Number]:
        """Return every field of the market and of the strategy's memory as it is now, by its name in the layout."""
        return self._state

    def advance(self, ticks: Ticks) -> int:
        """Replay ticks into the buffers, and return how many fills there are; from the start, when there are more."""
        for size in buffer_sizes(len(ticks)):
            self.buffers.make_room(size)
            state = self.attempt(ticks)
            failed, event = self.buffers.columns["failed"].tolist()
            if failed:
                what, line = reason_and_line(failed)
                raise failure(parts.file_and_line(self._replay.strategy, line), event, what)
            if not state["m_out_of_capacity"]:
                break
        self._state = state
        return int(state["m_rows"])

    def attempt(self, ticks: Ticks) -> dict[str, Number]:
        """Run the loop once into the buffers, and return the state it ends in, too small a buffer noted in it."""
        layout, fields = self._replay.layout, fields_of(self._replay.strategy)
        inputs = input_values(fields, self.buffers.inputs, self._parameters)
        exchanged = Exchanged(layout, {**inputs, **self._state, "m_rows": 0})
        self.series = {name: np.full(len(ticks), np.nan) for name in fields.series}
        columns = [self.buffers.columns[name] for name in layout.columns]
        arrays = [*tick_columns(ticks, fields), *self.series.values(), *exchanged.arrays, *columns]
        self._replay.loop(len(ticks), *(array.ctypes.data for array in arrays))
        return exchanged.state()


def compiled_replay(
    strategy: type[Strategy],
    constants: Mapping[str, int] | None = None,
    on_compile: Callable[[str], None] | None = None,
) -> CompiledReplay:
    """Return the compiled replay of a strategy, from this process, from disk, or compiled now.

    constants: fields of the market that this loop is made for and need not ask about. on_compile: called with the
    strategy's name when it has to be compiled. Raises StrategyError for a class that cannot be.
    """
    fixed = _fixed(strategy, constants)
    key = _key(strategy, fixed)
    with LOADING:
        if key not in loaded:

            def text() -> Text:
                columns = layout_of(fields_of(strategy), strategy.rules).columns
                source = _texts.pop(key, None) or specialise.loop_source(strategy, fixed)
                types = [*event_types(strategy), *EXCHANGED_TYPES, *column_types(columns)]
                return Text(source, specialise.LOOP_NAME, 1, types, helpers=specialise.helpers_of(source))

            report = (lambda: on_compile(strategy.__name__)) if on_compile else None
            loaded[key] = CompiledReplay(strategy, machine_code(key, text, report), fixed)
        return loaded[key]


def tick_columns(ticks: Ticks, fields: Fields) -> list[Any]:
    """Return the columns of ticks and signals as a loop takes them, in the order of `event_columns`."""
    columns = (ticks.timestamp, ticks.kind, ticks.price, ticks.volume)
    return [*map(np.ascontiguousarray, columns), *signal_columns(ticks, [*fields.signals])]


def event_types(strategy: type[Strategy], *, batched: bool = False) -> list[str]:
    """Return the numpy types of the columns that `event_columns` names."""
    fields = fields_of(strategy)
    series = [] if batched else ["float64"] * len(fields.series)
    return [*TICK_TYPES, *(SIGNAL_TYPES * len(fields.signals)), *series]


def column_types(columns: Sequence[str]) -> list[str]:
    """Return the numpy types of a loop's columns, by name."""
    return [np.dtype(COLUMN_TYPES[name]).name for name in columns]


def check_compilable(strategy: type[Strategy], constants: Mapping[str, int]) -> None:
    """Raise StrategyError, or its kind NotCompilable, where no loop can be made; quick when one was before."""
    fixed = _fixed(strategy, constants)
    key = _key(strategy, fixed)
    if not any(codecache.read(each) for each in (key, code_key(strategy, PURPOSE))):
        check_names(strategy)
        _texts[key] = specialise.loop_source(strategy, fixed)


def _fixed(strategy: type[Strategy], constants: Mapping[str, int] | None) -> dict[str, int]:
    inputs = market_fields(strategy.rules).inputs
    return {name: value for name, value in {VARIES: 0, **(constants or {})}.items() if name in inputs}


def _key(strategy: type[Strategy], fixed: Mapping[str, int]) -> str:
    return code_key(strategy, sorted(fixed.items()))
