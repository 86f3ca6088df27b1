"""Replays a strategy class as it stands, uncompiled: a debugger steps through it, and it may call any library."""

from __future__ import annotations

import math
import sys
import traceback
from array import array
from copy import deepcopy
from numbers import Integral
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from pipeline.engine import memory, outcome
from pipeline.engine.compiler.checks import REASONS, checks_of, failing
from pipeline.engine.compiler.objects import OF_TOUCH
from pipeline.engine.compiler.parts import MARKET, has_no, wrong_kind
from pipeline.engine.compiler.specialise import market_fields, market_names
from pipeline.engine.constants import constants
from pipeline.engine.declared import declaration, takes_order
from pipeline.engine.outcome import COLUMN_TYPES, Buffers, Facts, Outcome, Span, failure, too_many_fills
from pipeline.engine.replay import Replay
from pipeline.engine.rules.replay_state import replay
from pipeline.engine.signal import signal_columns
from pipeline.engine.strategy import Strategy, fields_of
from pipeline.errors import OutOfMemory, PipelineError, ReplayError, StrategyError, in_words
from pipeline.sources import importing

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pipeline.engine.outcome import Number
    from pipeline.engine.replay import Checkpoint
    from pipeline.settings import Value
    from pipeline.ticks import Ticks

HELD_AS: Final = {"int": (Integral, np.bool_), "float": (float, int, np.integer, np.bool_), "bool": (bool, np.bool_)}
"""What memory may hold when a replay is over, by the kind it is declared."""

KINDS: Final = {"int": int, "float": float, "bool": bool}


class PlainReplay:
    """The uncompiled replay of one strategy."""

    def __init__(self, strategy: type[Strategy]) -> None:
        self._strategy = strategy
        fields_of(strategy)  # raises StrategyError for what no replay could take

    def run(self, ticks: Ticks, facts: Facts, parameters: Mapping[str, Value]) -> Outcome:
        """Replay the ticks with these parameters (as the strategy's fields hold them)."""
        return self.begin(Span.of(ticks), facts, parameters).end(ticks)

    def begin(
        self, span: Span, facts: Facts, parameters: Mapping[str, Value], start: Checkpoint | None = None
    ) -> PlainRun:
        """Begin a replay that is fed with the ticks of a span in parts.

        start: where to go on from, of a strategy that remembers only numbers; None to begin with the first tick.
        """
        buffers = Buffers(self._strategy, span, facts, market_fields(self._strategy.rules).columns)
        return PlainRun(self._strategy, buffers, parameters, start)


class Column:
    """A column of our fills that grows as they are appended, and takes what an array of its type takes."""

    def __init__(self, dtype: Any) -> None:
        self._cells: Any = array(np.dtype(dtype).char)

    def __getitem__(self, at: Any) -> Any:
        return self._cells[at]

    def __setitem__(self, at: int, value: Any) -> None:
        if at == len(self._cells):
            self._cells.append(value)
        else:
            self._cells[at] = value


class PlainRun(Replay):
    """A replay under way, in the very objects of the strategy and its market."""

    def __init__(
        self, strategy: type[Strategy], buffers: Buffers, parameters: Mapping[str, Value], start: Checkpoint | None
    ) -> None:
        super().__init__(buffers, start)
        self._fields = fields_of(strategy)
        with importing:
            self._file = str(sys.modules[strategy.__module__].__file__)
        self._of_market = market_fields(strategy.rules)
        self._market = market = _market_of(strategy)
        self._places = {name: (market, name) for name in self._of_market.state}
        for side, names in self._of_market.sides.items():
            self._places |= {
                name: (getattr(market, side), field) for field, name in names.items() if field not in OF_TOUCH
            }
        first = {name: number.start for name, number in self._fields.memory.items()}
        market.strategy = self._acting = strategy(**parameters, **first)
        for name, start_of in (*self._fields.compounds.items(), *self._fields.objects.items()):
            setattr(self._acting, name, _copy(strategy, name, start_of))
        for name, value in parameters.items():
            if isinstance(value, tuple):
                whole = self._fields.parameters[name].kind == "ints"
                setattr(self._acting, name, constants(value, whole=whole))
        if takes_order(strategy):
            self._acting.on_fill = self._with_order(self._acting.on_fill)  # type: ignore[method-assign]
        if self._fields.signals:
            market.on_event = self._with_signals(market.on_event)
        if start is not None:
            self._go_on_from(start.state)

    def _with_order(self, on_fill: Callable[..., None]) -> Callable[..., None]:
        return lambda m, *of_fill: on_fill(m, *of_fill, self._market.filled_order)

    def _with_signals(self, on_event: Callable[[], None]) -> Callable[[], None]:
        """Let the market take an event when each signal is as of it, which is all that the strategy can reach of it."""
        market = self._market
        signals = [getattr(self._acting, name) for name in self._fields.signals]

        def taken() -> None:
            at = market.event - market.before
            for signal, values, times in zip(signals, *self._signal_columns, strict=True):
                signal.value, signal.time = values[at], times[at]
            on_event()

        return taken

    def _go_on_from(self, state: Mapping[str, Number]) -> None:
        for name, kind in self._of_market.state.items():
            setattr(*self._places[name], KINDS[kind](state["m_" + name]))
        for name, kind in self._of_market.levels.items():
            column = getattr(self._market, name)
            column[:] = [KINDS[kind](state[f"m_{name}[{slot}]"]) for slot in range(len(column))]
        for name, number in self._fields.memory.items():
            setattr(self._acting, name, KINDS[number.kind](state["s_" + name]))
        for name, first in self._fields.compounds.items():
            for each, (kind, _) in first.numbers().items():
                getattr(self._acting, name).put(each, KINDS[kind](state[f"s_{name}__{each}"]))

    @property
    def _strategy(self) -> type[Strategy]:
        return type(self._acting)

    def state(self) -> dict[str, Any]:
        """Return every field of the market and of the strategy's memory as it is now, by its name in the layout."""
        state = {"m_" + name: getattr(*place) for name, place in self._places.items()}
        for name in self._of_market.levels:
            state |= {f"m_{name}[{slot}]": number for slot, number in enumerate(getattr(self._market, name))}
        state |= {"s_" + name: getattr(self._acting, name) for name in self._fields.memory}
        for name in self._fields.compounds:
            numbers = getattr(self._acting, name).numbers()
            state |= {f"s_{name}__{each}": value for each, (_, value) in numbers.items()}
        return state

    def final(self) -> dict[str, Number]:
        """Return the same as plain numbers, when all is over."""
        self._check_memory(self._acting)
        return {name: _number(value) for name, value in self.state().items()}

    def advance(self, ticks: Ticks) -> int:
        """Replay ticks into columns that grow, and return how many fills there are in them."""
        market, buffers = self._market, self.buffers
        buffers.inputs["capacity"] = outcome.MOST_FILLS
        buffers.columns |= {name: Column(COLUMN_TYPES[name]) for name in buffers.fill_columns}
        market.rows = 0
        views = {name: _view(buffers.columns[name]) for name in buffers.columns.keys() - {*buffers.fill_columns}}
        for name, value in {**buffers.inputs, **buffers.columns, **views}.items():
            setattr(market, name, value)
        columns = [_view(column) for column in signal_columns(ticks, [*self._fields.signals])]
        self._signal_columns = columns[::2], columns[1::2]
        self.series = {name: np.full(len(ticks), np.nan) for name in self._fields.series}
        for name, recorded in self.series.items():
            getattr(self._acting, name).values = _view(recorded)
        of_ticks = [_view(column) for column in (ticks.timestamp, ticks.kind, ticks.price, ticks.volume)]
        try:
            replay(market, self._acting, len(ticks), *of_ticks)
        except PipelineError:
            raise
        except (Exception, SystemExit) as error:
            raise self._told(error, market) from error
        if market.out_of_capacity:
            raise too_many_fills(outcome.MOST_FILLS, len(ticks))
        return int(market.rows)

    def _told(self, error: BaseException, market: Any) -> BaseException:
        """Return an error that names the strategy's own line, in the compiled engine's words where it has some."""
        event = market.event
        with importing:
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
        in_memory = lines[-1].filename == memory.__file__
        by_itself = own[-1] is lines[-1] and not (own[-1].line or "").startswith("raise")
        for kinds, reason, is_ours in (
            ((IndexError,), "index", in_memory),
            ((ZeroDivisionError,), "division", by_itself),
            ((ValueError,), "step", by_itself and str(error).startswith("range()")),
            ((ValueError, OverflowError), "number", by_itself),
        ):
            if is_ours and isinstance(error, kinds):
                return failure(where, event, REASONS[reason])
        if isinstance(error, AttributeError) and error.obj is market:
            return StrategyError(f"{where}: {has_no(MARKET, str(error.name), market_names(self._strategy.rules))}")
        return ReplayError(f"{in_words(error).removesuffix('.')} ({where}, at tick {event:,}).")

    def _check_memory(self, strategy: Strategy) -> None:
        for name, first in self._fields.compounds.items():
            if not isinstance(value := getattr(strategy, name), type(first)):
                held, wanted = type(value).__name__, type(first).__name__
                raise StrategyError(
                    f"{type(strategy).__name__}.{name} is declared {wanted} and became a {held} during the run; "
                    f"fill it instead of replacing it, or declare it {held}."
                )
        for name, number in self._fields.memory.items():
            value = getattr(strategy, name)
            held = type(value).__name__
            if not isinstance(value, HELD_AS[number.kind]):
                raise StrategyError(
                    f"{type(strategy).__name__}.{name} is declared {number.kind} and became a {held} during the run; "
                    f"write {number.kind}(...) where it is assigned or declare it as what it is."
                )


def _copy(strategy: type[Strategy], name: str, start_of: object) -> object:
    try:
        return deepcopy(start_of)
    except MemoryError:
        raise
    except Exception as error:
        raise StrategyError(
            f"{declaration(strategy, name)}: {strategy.__name__}.{name} cannot be copied for each replay "
            f"({in_words(error)}). Write its first value itself, as in `{name}: list = []`, or make it in on_start."
        ) from error


def _market_of(strategy: type[Strategy]) -> Any:
    market = strategy.rules()
    for action in strategy.rules.actions:
        setattr(market, action, _checked(market, action))
    return market


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
