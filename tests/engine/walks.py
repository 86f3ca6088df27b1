"""Many settings walked together and each of them alone, by the machine or by Python itself, for tests of the walk."""

from __future__ import annotations

import ast
import ctypes
import math
import operator
from dataclasses import dataclass, replace
from functools import cache
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from pipeline.engine.batch import SETTING_TYPES, BatchRunner, BatchSetting
from pipeline.engine.compiled import EXCHANGED_TYPES, VARIES, CompiledReplay, column_types, event_types
from pipeline.engine.compiler import checks
from pipeline.engine.compiler.batch_groups import ACTING
from pipeline.engine.compiler.batch_loop import batch_source
from pipeline.engine.compiler.specialise import loop_source, market_fields
from pipeline.engine.outcome import Span
from pipeline.engine.strategy import fields_of
from pipeline.errors import ReplayError
from pipeline.native import clibrary
from pipeline.native.kinds import LOWEST_BIT
from pipeline.native.machine import Machine
from pipeline.replay.batch import Setting, simulate_many
from pipeline.replay.simulate import CLASSIC, engine_facts, simulate
from tests.engine.replays import ADX, bits, field_values, plain

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pipeline.engine.execution import Execution
    from pipeline.engine.outcome import Outcome
    from pipeline.engine.strategy import Strategy
    from pipeline.markets.market import MarketFacts
    from pipeline.replay.batch import Found
    from pipeline.replay.simulate import Engine, Replayed
    from pipeline.settings import Value
    from pipeline.ticks import Ticks

UNKEPT: Final = ("placed", "crossing_order", "rounded_from", "rounded")
OF_THE_WALK: Final = (
    *("m_rows", "m_orders", "m_crossing_awaited"),
    *(f"m_{side}_{field}" for side in ("bid", "ask") for field in UNKEPT),
)
"""Final state that counts the lines of a log, which settings that walk together share, or that they do without."""


def settings_of(
    strategy: type[Strategy], values: Sequence[Mapping[str, Value]], executions: Sequence[Execution] = (CLASSIC,)
) -> list[Setting]:
    """Return a setting for each of these parameters, defaults for those not given, under each execution model."""
    defaults = {key: parameter.default for key, parameter in fields_of(strategy).by_key().items()}
    return [Setting(defaults | dict(changes), execution) for execution in executions for changes in values]


def together(
    ticks: Ticks, strategy: type[Strategy], settings: Sequence[Setting], market: MarketFacts = ADX
) -> list[dict[str, Any] | str]:
    """Return what each setting gives of a walk with the others, every value exactly, or the text of its error."""
    replays = dict(simulate_many(ticks, strategy, settings, market, "compiled"))
    assert sorted(replays) == list(range(len(settings)))
    return [exactly(replays[number]) for number in range(len(settings))]


def alone(
    ticks: Ticks, strategy: type[Strategy], setting: Setting, market: MarketFacts = ADX, engine: Engine = "compiled"
) -> dict[str, Any] | str:
    """Return what one setting gives by itself, every value exactly, or the text of its error."""
    try:
        return exactly(simulate(ticks, strategy, setting.parameters, market, setting.execution, engine))
    except ReplayError as error:
        return str(error)


def exactly(replay: Found) -> dict[str, Any] | str:
    """Return what a replay gave as what differs when a bit of it does; one NaN is as good as another."""
    if isinstance(replay, ReplayError):
        return str(replay)
    fields = {name: getattr(replay, name) for name in OF_A_REPLAY}
    fields["charges"] = None if replay.charges is None else replay.charges.tobytes()
    days_not_flat, counters = replay.days_not_flat.tolist(), dict(replay.counters)
    return {**fields, **bits_of(replay), "days_not_flat": days_not_flat, "counters": counters}


OF_A_REPLAY: Final = (
    *("rows", "events", "session_rows", "bid_count", "ask_count", "trade_count", "last_price", "position"),
    "trade_types",
)


def bits_of(replay: Replayed | Outcome) -> dict[str, bytes]:
    """Return fills, market days and final state as bytes, without what only a walk counts or only a lone replay."""
    number = {name: math.nan if value != value else value for name, value in replay.final.items()}  # noqa: PLR0124
    return bits(_Whole(replace(replay.fills, placed=None, limit=None), replay.market_days, number))  # type: ignore[arg-type]


@dataclass(frozen=True)
class _Whole:
    fills: Any
    market_days: Any
    numbers: Mapping[str, float]

    @property
    def final(self) -> dict[str, float]:
        return {name: value for name, value in self.numbers.items() if name not in OF_THE_WALK and "[" not in name}


class PythonBatchRunner(BatchRunner):
    """A walk whose loop is run by Python as it stands, so that strategies need not be compiled to be walked."""

    def __init__(self, strategy: type[Strategy], *, varies: bool = False) -> None:
        source, layout = batch_source(strategy, varies=varies)
        self.source = source
        super().__init__(strategy, Machine(_NOWHERE, layout.text()), varies=varies)
        types = [
            *event_types(strategy, batched=True),
            *EXCHANGED_TYPES,
            *SETTING_TYPES,
            *column_types(layout.shared.columns),
        ]
        self.loop: Any = _python_of(source, 2, tuple(types))

    def _of_days_that_vary(self) -> BatchRunner:
        return PythonBatchRunner(self.strategy, varies=True)


class PythonReplay(CompiledReplay):
    """The loop of one setting, run by Python as it stands."""

    def __init__(self, strategy: type[Strategy], constants: Mapping[str, int] | None) -> None:
        known = market_fields(strategy.rules).inputs
        fixed = {name: value for name, value in {VARIES: 0, **(constants or {})}.items() if name in known}
        super().__init__(strategy, Machine(_NOWHERE, ""), fixed)
        types = [*event_types(strategy), *EXCHANGED_TYPES, *column_types(self.layout.columns)]
        self.loop: Any = _python_of(loop_source(strategy, fixed), 1, tuple(types))

    def _of_days_that_vary(self) -> CompiledReplay:
        return PythonReplay(self.strategy, {**self._constants, VARIES: 1})


_IDLE: Final = ctypes.CFUNCTYPE(ctypes.c_int64)(lambda: 0)
_NOWHERE: Final = ctypes.cast(_IDLE, ctypes.c_void_p).value or 0


@cache
def _python_of(source: str, counts: int, names: tuple[str, ...]) -> Callable[..., int]:
    """Return the loop as a function; what a question asks in vain may divide by zero, as it may in machine code."""
    tree = ast.fix_missing_locations(_Machinelike().visit(ast.parse(source)))
    library = {name: clibrary.function(name) for name in (*clibrary.FUNCTIONS, "sqrt")}
    of_machine = SimpleNamespace(**{**vars(math), **library})
    namespace: dict[str, Any] = {"math": of_machine, "divided": _divided, "within_64_bits": _within_64_bits}
    namespace |= {"wrapped": _wrapped, LOWEST_BIT: lambda number: (number & -number).bit_length() - 1}
    exec(compile(tree, "<loop>", "exec"), namespace)  # noqa: S102 - the engine's own text
    namespace |= _EXACT
    types = [ctypes.POINTER(getattr(ctypes, "c_double" if name == "float64" else f"c_{name}")) for name in names]

    def loop(*values: int) -> int:
        pointers = [ctypes.cast(at, pointer) for at, pointer in zip(values[counts:], types, strict=True)]
        return int(namespace["loop"](*values[:counts], *pointers))

    return loop


def _wrapped(bits: int) -> int:
    """Return the whole number of 64 bits that has these, of which the last is its sign."""
    return bits - (bits >> 63 << 64)


class _Machinelike(ast.NodeTransformer):
    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        self.generic_visit(node)
        if isinstance(node.op, ast.Div):
            return ast.Call(ast.Name("divided", ast.Load()), [node.left, node.right], [])
        if isinstance(node.op, ast.LShift) or ast.unparse(node) == f"{ACTING} - 1":
            return ast.Call(ast.Name("wrapped", ast.Load()), [node], [])
        if isinstance(node.op, (ast.Mod, ast.FloorDiv)):
            none = ast.Compare(node.right, [ast.Eq()], [ast.Constant(0)])
            node = ast.IfExp(none, ast.Constant(math.nan), node)
        return ast.Call(ast.Name("within_64_bits", ast.Load()), [node], [])


def _divided(left: float, right: float) -> float:
    with np.errstate(all="ignore"):
        return left / right if right else float(np.float64(left) / np.float64(right))


def _within_64_bits(value: float) -> float:
    assert not isinstance(value, int) or -(2**63) <= value < 2**63, "the machine would wrap it"
    return value


def _exact(operation: Callable[..., int]) -> Callable[..., int]:
    """Return a check of the loop's that asks what it asks of the machine's wrapped numbers of Python's whole ones."""

    def checked(*values: Any) -> int:
        *operands, failed, line, event = values
        value = operation(*operands)
        if -(2**63) <= value < 2**63:
            return value
        checks.fail(failed, line, event)
        return 1

    return checked


_EXACT: Final = {
    "plus": _exact(operator.add),
    "minus": _exact(operator.sub),
    "times": _exact(operator.mul),
    "negative": _exact(operator.neg),
    "absolute": _exact(abs),
    "floored": _exact(operator.floordiv),
    "shifted": _exact(lambda a, b: a << b if 0 <= b < 64 else 2**64),
}


def walked_by_python(
    ticks: Ticks, strategy: type[Strategy], settings: Sequence[Setting]
) -> list[dict[str, bytes] | None]:
    """Return each setting's outcome of a walk that Python runs, as bytes; None where it has to be replayed alone."""
    batch_settings = [
        BatchSetting(engine_facts(ADX, setting.execution), field_values(strategy, setting.parameters))
        for setting in settings
    ]
    outcomes = outcomes_of(PythonBatchRunner(strategy), ticks, batch_settings)
    return [bits_of(outcome) if outcome else None for outcome in outcomes]


def outcomes_of(runner: BatchRunner, ticks: Ticks, settings: Sequence[BatchSetting]) -> list[Outcome | None]:
    """Return what a batch gives of each setting, None for one that has to be replayed alone."""
    outcomes: list[Outcome | None] = [None] * len(settings)
    for numbers, block in runner.begin(Span.of(ticks), settings).feed(ticks, ends=True):
        for at, number in enumerate(numbers):
            outcomes[number] = None if block is None else block.outcome(at)
    return outcomes


def plainly_alone(ticks: Ticks, strategy: type[Strategy], settings: Sequence[Setting]) -> list[dict[str, bytes]]:
    """Return what the plain engine finds for each setting, as bytes."""
    return [bits_of(plain(strategy, ticks, setting.parameters, setting.execution)) for setting in settings]
