"""Replays a strategy class as it stands, uncompiled: a debugger steps through it, and it may call any library."""

from __future__ import annotations

import math
import sys
import traceback
from copy import deepcopy
from numbers import Integral
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from pipeline.engine.compiler.checks import REASONS, checks_of, failing
from pipeline.engine.compiler.parts import MARKET, has_no, wrong_kind
from pipeline.engine.compiler.specialise import market_fields, market_names
from pipeline.engine.outcome import Buffers, Facts, Outcome, buffer_sizes, failure
from pipeline.engine.rules.replay_state import replay
from pipeline.engine.strategy import Strategy, fields_of
from pipeline.errors import OutOfMemory, PipelineError, ReplayError, StrategyError, in_words

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pipeline.settings import Value
    from pipeline.ticks import Ticks

HELD_AS: Final = {"int": (Integral, np.bool_), "float": (float, int, np.integer, np.bool_), "bool": (bool, np.bool_)}
"""What memory may hold when a replay is over, by the kind it is declared."""


class PlainReplay:
    """The uncompiled replay of one strategy."""

    def __init__(self, strategy: type[Strategy]) -> None:
        self._strategy = strategy
        self._fields = fields_of(strategy)
        self._file = str(sys.modules[strategy.__module__].__file__)

    def run(self, ticks: Ticks, facts: Facts, parameters: Mapping[str, Value]) -> Outcome:
        """Replay the ticks with these parameters (as the strategy's fields hold them)."""
        for size in buffer_sizes(ticks):
            buffers = Buffers(ticks, facts, market_fields(self._strategy.rules).columns, size)
            final = self.attempt(ticks, parameters, buffers)
            if not final["m_out_of_capacity"]:
                break
        return buffers.outcome(ticks, {name: _number(value) for name, value in final.items()})

    def attempt(self, ticks: Ticks, parameters: Mapping[str, Value], buffers: Buffers) -> dict[str, Any]:
        """Replay once into these buffers, and return the state it ends in, too small a buffer noted in it."""
        market: Any = self._strategy.rules()
        for action in self._strategy.rules.actions:
            setattr(market, action, _checked(market, action))
        strategy = self._strategy(**parameters, **{name: memory.start for name, memory in self._fields.memory.items()})
        for name, start in self._fields.objects.items():
            setattr(strategy, name, deepcopy(start))
        market.strategy = strategy
        columns = {name: _view(column) for name, column in buffers.columns.items()}
        for name, value in {**buffers.inputs, **columns}.items():
            setattr(market, name, value)
        of_ticks = [_view(column) for column in (ticks.timestamp, ticks.kind, ticks.price, ticks.volume)]
        try:
            replay(market, strategy, len(ticks), *of_ticks)
        except PipelineError:
            raise
        except (Exception, SystemExit) as error:
            raise self._told(error, market) from error
        self._check_memory(strategy)
        final = {"m_" + name: getattr(market, name) for name in market_fields(self._strategy.rules).state}
        return final | {"s_" + name: getattr(strategy, name) for name in self._fields.memory}

    def _told(self, error: BaseException, market: Any) -> BaseException:
        """Return an error that names the strategy's own line, in the compiled engine's words where it has some."""
        event = market.event
        files = {str(sys.modules[base.__module__].__file__) for base in self._strategy.__mro__[:-1]}
        files |= {str(Path(self._file).parent / name) for name in self._strategy.sources}
        lines = traceback.extract_tb(error.__traceback__)
        own = [line for line in lines if line.filename in files]
        if not own:
            return error
        where = f"{own[-1].filename}, line {own[-1].lineno}"
        if isinstance(error, MemoryError):
            return OutOfMemory(f"There is not enough memory for what {where} does, at tick {event:,}.")
        if isinstance(error, _Wrong):
            *argument, reason = error.args
            return wrong_kind(where, *argument) if argument else failure(where, event, REASONS[reason])
        by_itself = own[-1] is lines[-1] and not (own[-1].line or "").startswith("raise")
        if by_itself and isinstance(error, (ZeroDivisionError, ValueError, OverflowError)):
            return failure(where, event, REASONS["division" if isinstance(error, ZeroDivisionError) else "number"])
        if isinstance(error, AttributeError) and error.obj is market:
            return StrategyError(f"{where}: {has_no(MARKET, str(error.name), market_names(self._strategy.rules))}")
        return ReplayError(f"{in_words(error).removesuffix('.')} ({where}, at tick {event:,}).")

    def _check_memory(self, strategy: Strategy) -> None:
        for name, memory in self._fields.memory.items():
            value = getattr(strategy, name)
            held = type(value).__name__
            if not isinstance(value, HELD_AS[memory.kind]):
                raise StrategyError(
                    f"{type(strategy).__name__}.{name} is declared {memory.kind} and became a {held} during the run; "
                    f"write {memory.kind}(...) where it is assigned or declare it as what it is."
                )


class _Wrong(ValueError):
    """An action was given what it does not take: action, argument and kind where that is it, and the reason."""


def _checked(market: Any, action: str) -> Callable[..., Any]:
    """Return an action that takes numbers of its kinds only, as Python's own, and no price or size that cannot be."""
    method = getattr(market, action)
    takes = {name: kind for name, kind in method.__annotations__.items() if name != "return"}

    def called(*values: Any, **named: Any) -> Any:
        given = dict(zip(takes, values, strict=False)) | named
        if len(given) != len(values) + len(named) or given.keys() != takes.keys():
            return method(*values, **named)
        for name, value in given.items():
            if takes[name] == "int" and not isinstance(value, (Integral, np.bool_)):
                raise _Wrong(action, name, type(value).__name__, "")
        return method(**{name: _taken(market, action, name, value, takes[name]) for name, value in given.items()})

    return called if takes else method


def _taken(market: Any, action: str, name: str, value: Any, kind: str) -> int | float:
    try:
        number = int(value) if kind == "int" else float(value)
    except OverflowError:
        number = math.inf
    for check, reason, field in checks_of(action, name):
        if failing(check)(number, *([getattr(market, field)] if field else [])):
            raise _Wrong(reason)
    return number


def _number(value: Any) -> int | float:
    """Return a number as Python's own; a library's are like them."""
    return int(value) if isinstance(value, (Integral, np.bool_)) else float(value)


def _view(column: Any) -> Any:
    """Look at an array through plain Python numbers: what the debugger shows is what Python computes with."""
    whole: Any = np.ascontiguousarray(column)
    return memoryview(whole)
