"""A strategy class and ticks in, an outcome out: the class run as it stands, for a debugger or any library it calls."""

from __future__ import annotations

import sys
import traceback
from copy import deepcopy
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.engine.outcome import Facts, Outcome, Room, failure, room_sizes
from pipeline.engine.specialise import market_fields
from pipeline.engine.strategy import Strategy, fields_of
from pipeline.engine.tape import replay
from pipeline.errors import StrategyError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipeline.settings import Value
    from pipeline.ticks import Ticks


class PlainReplay:
    """The uncompiled replay of one strategy."""

    def __init__(self, strategy: type[Strategy]) -> None:
        self._strategy = strategy
        self._fields = fields_of(strategy)

    def run(self, ticks: Ticks, facts: Facts, parameters: Mapping[str, Value]) -> Outcome:
        """Replay the ticks with these parameters (as the strategy's fields hold them)."""
        for size in room_sizes(ticks):
            room = Room(ticks, facts, market_fields(self._strategy.rules).columns, size)
            final = self._attempt(ticks, parameters, room)
            if not final["m_out_of_room"]:
                break
        return room.outcome(ticks, {name: _number(value) for name, value in final.items()})

    def _attempt(self, ticks: Ticks, parameters: Mapping[str, Value], room: Room) -> dict[str, Any]:
        market: Any = self._strategy.rules()
        strategy = self._strategy(**parameters, **{name: memory.start for name, memory in self._fields.memory.items()})
        for name, start in self._fields.objects.items():
            setattr(strategy, name, deepcopy(start))
        market.strategy = strategy
        columns = {name: _view(column) for name, column in room.columns.items()}
        for name, value in {**room.given, **columns}.items():
            setattr(market, name, value)
        of_ticks = [_view(column) for column in (ticks.timestamp, ticks.kind, ticks.price, ticks.volume)]
        try:
            replay(market, strategy, len(ticks), *of_ticks)
        except (ZeroDivisionError, ValueError, OverflowError) as error:
            if (where := self._line_of(error)) is None:
                raise
            raise failure(where, market.event) from error
        self._check_memory(strategy)
        final = {"m_" + name: getattr(market, name) for name in market_fields(self._strategy.rules).state}
        return final | {"s_" + name: getattr(strategy, name) for name in self._fields.memory}

    def _line_of(self, error: Exception) -> str | None:
        """Return the line of the strategy's own text that failed by itself, as the compiled engine would name it."""
        last = traceback.extract_tb(error.__traceback__)[-1]
        files = {str(sys.modules[base.__module__].__file__) for base in self._strategy.__mro__[:-1]}
        raised = (last.line or "").startswith("raise")
        return f"{last.filename}, line {last.lineno}" if last.filename in files and not raised else None

    def _check_memory(self, strategy: Strategy) -> None:
        for name, memory in self._fields.memory.items():
            held = type(getattr(strategy, name)).__name__
            if held != memory.kind and (memory.kind, held) not in (("float", "int"), ("int", "bool")):
                raise StrategyError(
                    f"{type(strategy).__name__}.{name} is declared {memory.kind} and became a {held} during the run; "
                    f"write int(...) where it is assigned or declare it {held}."
                )


def _number(value: float) -> int | float:
    return int(value) if isinstance(value, bool) else value


def _view(column: Any) -> Any:
    """Look at an array through plain Python numbers: what the debugger shows is what Python computes with."""
    whole: Any = np.ascontiguousarray(column)
    return memoryview(whole)
