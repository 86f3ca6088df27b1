"""Replays one setting of a strategy by its compiled loop, which is loaded from disk or compiled once."""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from pipeline.engine.compiler import parts, specialise
from pipeline.engine.compiler.batch_loop import PURPOSE
from pipeline.engine.compiler.checks import reason_and_line
from pipeline.engine.compiler.keys import code_key
from pipeline.engine.compiler.names import check_names
from pipeline.engine.compiler.specialise import EXCHANGED, TICK_COLUMNS, Layout, input_values, layout_of
from pipeline.engine.outcome import COLUMN_TYPES, Buffers, Facts, Outcome, buffer_sizes, failure
from pipeline.engine.strategy import Strategy, fields_of
from pipeline.native import codecache
from pipeline.native.machine import LOADING, Machine, Text, machine_code

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pipeline.settings import Value
    from pipeline.ticks import Ticks

TICK_TYPES: Final = ("int64", "int8", "float64", "int64")
EXCHANGED_TYPES: Final = tuple(name.split("_")[1][:-1] + "64" for name in EXCHANGED)

loaded: dict[str, CompiledReplay] = {}


class Exchanged:
    """The values given to a loop and those it leaves behind, in the arrays that EXCHANGED names, in their order."""

    def __init__(self, layout: Layout, values: Mapping[str, float]) -> None:
        self._layout = layout
        self.arrays = (
            np.array([values[name] for name in layout.input_ints], np.int64),
            np.array([values[name] for name in layout.input_floats], np.float64),
            np.zeros(len(layout.final_ints), np.int64),
            np.zeros(len(layout.final_floats), np.float64),
        )

    def final(self) -> dict[str, int | float]:
        """Return what the loop left behind, by name."""
        _, _, ints, floats = self.arrays
        final = dict(zip(self._layout.final_ints, ints.tolist(), strict=True))
        return final | dict(zip(self._layout.final_floats, floats.tolist(), strict=True))


class CompiledReplay:
    """The compiled loop of one strategy; safe to run from several threads at once, the GIL is not held."""

    def __init__(self, strategy: type[Strategy], machine: Machine) -> None:
        self._strategy = strategy
        self._fields = fields_of(strategy)
        self._layout = layout_of(self._fields, strategy.rules)
        self._machine = machine
        pointers = len(TICK_COLUMNS) + len(EXCHANGED) + len(self._layout.columns)
        self._loop = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_int64, *[ctypes.c_void_p] * pointers)(machine.address)

    def run(self, ticks: Ticks, facts: Facts, parameters: Mapping[str, Value]) -> Outcome:
        """Replay the ticks with these parameters (as the strategy's fields hold them); raises ReplayError."""
        for size in buffer_sizes(ticks):
            buffers = Buffers(ticks, facts, self._layout.columns, size)
            final = self.attempt(ticks, parameters, buffers)
            failed, event = buffers.columns["failed"].tolist()
            if failed or not final["m_out_of_capacity"]:
                break
        if failed:
            what, line = reason_and_line(failed)
            raise failure(parts.file_and_line(self._strategy, line), event, what)
        return buffers.outcome(ticks, final)

    def attempt(self, ticks: Ticks, parameters: Mapping[str, Value], buffers: Buffers) -> dict[str, int | float]:
        """Run the loop once into these buffers, and return the state it ends in, too small a buffer noted in it."""
        exchanged = Exchanged(self._layout, input_values(self._fields, buffers.inputs, parameters))
        arrays = [*tick_columns(ticks), *exchanged.arrays, *(buffers.columns[name] for name in self._layout.columns)]
        self._loop(len(ticks), *(array.ctypes.data for array in arrays))
        return exchanged.final()


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
                source = specialise.loop_source(strategy, fixed)
                types = [*TICK_TYPES, *EXCHANGED_TYPES, *column_types(columns)]
                return Text(source, specialise.LOOP_NAME, 1, types, helpers=specialise.helpers_of(source))

            report = (lambda: on_compile(strategy.__name__)) if on_compile else None
            loaded[key] = CompiledReplay(strategy, machine_code(key, text, report))
        return loaded[key]


def tick_columns(ticks: Ticks) -> list[Any]:
    """Return the columns of ticks as a loop takes them, in the order of TICK_COLUMNS."""
    return [np.ascontiguousarray(column) for column in (ticks.timestamp, ticks.kind, ticks.price, ticks.volume)]


def column_types(columns: Sequence[str]) -> list[str]:
    """Return the numpy types of a loop's columns, by name."""
    return [np.dtype(COLUMN_TYPES[name]).name for name in columns]


def check_compilable(strategy: type[Strategy], constants: Mapping[str, int]) -> None:
    """Raise StrategyError, or its kind NotCompilable, where no loop can be made; quick when one was before."""
    keys = _key(strategy, _fixed(strategy, constants)), code_key(strategy, PURPOSE)
    if not any(codecache.read(key) for key in keys):
        check_names(strategy)
        specialise.loop_source(strategy, constants)


def _fixed(strategy: type[Strategy], constants: Mapping[str, int] | None) -> dict[str, int]:
    inputs = specialise.market_fields(strategy.rules).inputs
    return {name: value for name, value in (constants or {}).items() if name in inputs}


def _key(strategy: type[Strategy], fixed: Mapping[str, int]) -> str:
    return code_key(strategy, sorted(fixed.items()))
