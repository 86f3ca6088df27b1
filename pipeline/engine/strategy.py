"""What a strategy is: a plain class of parameters, memory, and what it does on a tick and on a fill."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping, Sequence  # noqa: TC003 - get_type_hints looks for it here
from dataclasses import dataclass, replace
from typing import Annotated, Any, ClassVar, Final, Literal, TypeAlias, get_origin, get_type_hints

from pipeline.engine.called import check_times, market_for
from pipeline.engine.constants import constants
from pipeline.engine.declared import check_declared, check_keys, check_market, check_own_name, own_classes, wrong
from pipeline.engine.facts_read import facts_read
from pipeline.engine.field_kinds import Kind, Unit, is_a, resolved
from pipeline.engine.memory import KINDS, Array, Compound, Ewma, IntArray
from pipeline.engine.moments import At, Every  # noqa: TC001 - get_type_hints looks for it here
from pipeline.engine.own_figures import OwnFigure, Together, check_figures
from pipeline.engine.rules.market import Market
from pipeline.engine.rules.replay_state import ReplayState  # noqa: TC001 - get_type_hints looks for it here
from pipeline.engine.series import Series
from pipeline.engine.signal import Signal
from pipeline.errors import ConfigError, StrategyError, nearest
from pipeline.settings import MONEY_UNIT, Parameter, Value, Values
from pipeline.sources import importing
from pipeline.times import MINUTE, SECOND

TYPES: Final = ("Shares", "Money", "Price", "Nanoseconds", "Days", "Duration", "Minutes", "int", "float", "bool")

FIELDS: Final = "__fields__"
"""Where a class keeps what is declared in it, once that is read."""

START: Final = {"int": "0", "float": "0.0", "bool": "False"}
OTHER_KINDS: Final[dict[Any, Literal["ints", "floats", "text"]]] = {IntArray: "ints", Array: "floats", str: "text"}
"""The kinds of parameters that are no single number."""

STARTS_OF: Final[dict[type, str]] = {Ewma: "", Series: "", Signal: '"alpha"'}

Shares: TypeAlias = Annotated[int, Unit("shares")]
Money: TypeAlias = Annotated[float, Unit(MONEY_UNIT)]
"""An amount: in a config in the currency of the market, in the strategy prices times shares."""
Price: TypeAlias = Annotated[float, Unit("price units")]
"""A price as the market quotes it, which may be in a part of the currency, as pence."""
AED: TypeAlias = Money
"""What strategies called amounts and prices before there were other markets."""
Nanoseconds: TypeAlias = Annotated[int, Unit("ns")]
Days: TypeAlias = Annotated[int, Unit("days")]
"""Days since 1970-01-01."""
Duration: TypeAlias = Annotated[int, Unit("seconds", SECOND)]
"""Seconds in a config, int nanoseconds in the strategy, so that it adds to `m.now`."""
Minutes: TypeAlias = Annotated[int, Unit("minutes", MINUTE)]
"""Minutes in a config, int nanoseconds in the strategy."""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class _Declared:
    default: Value
    key: str | None
    minimum: float | None
    maximum: float | None
    above: float | None
    doc: str
    choices: tuple[str, ...]

    def __repr__(self) -> str:
        """Show it as it is written."""
        return f"parameter({self.default!r})"


def parameter(
    default: Value,
    *,
    key: str | None = None,
    minimum: float | None = None,
    maximum: float | None = None,
    above: float | None = None,
    doc: str = "",
    choices: Sequence[str] = (),
) -> Any:
    """Declare a parameter of a strategy: its default and bounds in config units, and its config key if it differs.

    choices: the words that a parameter of words may be, as in `mode: str = parameter("mid", choices=("mid", "micro"))`.
    """
    return _Declared(default, key, minimum, maximum, above, doc, tuple(choices))


class Strategy:
    """The base of every strategy: annotated fields are parameters (`= parameter(...)`) or memory (`= 0`).

    rules: the market it trades in. levels: how many orders it may have a side, by their numbers; 0 for one bid and one
    ask, by the verbs that name them. times: when on_time is called, at times of day or by an interval. trade_types: the
    names of its numbered kinds of trade, for an AuctionMarket; taker_types: those of them that take liquidity, as
    brokers bill it, where the others are fills of its orders.
    counters: the memory that the summary of a run shows. shares_limit_key, notional_limit_key: the config keys of its
    largest position in shares and in money, empty for none. notional_binds: whether it keeps to the second.
    needs_closing_auction: whether a market without one is none for it. figures: its own figures by name.
    files: the data files that it reads, by their paths from its own folder. sources: what a strategy from a file was
    made of, by such paths: its text, the modules beside it that it imports, its data files; empty for all others.
    """

    rules: ClassVar[type[ReplayState]] = Market
    levels: ClassVar[int] = 0
    times: ClassVar[Every | At | None] = None
    trade_types: ClassVar[tuple[str, ...]] = ()
    taker_types: ClassVar[tuple[str, ...]] = ()
    counters: ClassVar[tuple[str, ...]] = ()
    shares_limit_key: ClassVar[str] = "max_position"
    notional_limit_key: ClassVar[str] = "max_notional"
    notional_binds: ClassVar[bool] = True
    needs_closing_auction: ClassVar[bool] = False
    figures: ClassVar[Mapping[str, OwnFigure | tuple[OwnFigure, Together]]] = {}
    files: ClassVar[tuple[str, ...]] = ()
    sources: ClassVar[Mapping[str, bytes]] = {}

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls.rules = market_for(cls, Strategy)

    def __init__(self, **values: Value) -> None:
        for name, value in values.items():
            setattr(self, name, value)

    @classmethod
    def read(cls, name: str) -> bytes:
        """Return what one of `files` held when the run was planned, on whatever machine; raise StrategyError."""
        if name not in cls.files or name not in cls.sources:
            where = sys.modules[cls.__module__].__file__
            raise StrategyError(
                f"{where}: '{name}' is read and not declared: `files = (\"{name}\",)` in {cls.__name__}."
            )
        return cls.sources[name]

    def on_start(self) -> None:
        """Prepare memory from parameters, once, before the first tick."""

    def on_tick(self, m: Any) -> None:
        """Act on an event inside the quoting session, which the book already shows; in an AuctionMarket on any tick."""

    def on_fill(self, m: Any, side: int, price: float, quantity: int) -> None:
        """Act on a fill of our own; position and P&L already show it."""

    def on_time(self, m: Any) -> None:
        """Act at a moment of `times`, in the state that the ticks before it have left."""

    def on_open(self, m: Any) -> None:
        """Act when a day's continuous trading begins, before its first tick."""

    def on_close(self, m: Any) -> None:
        """Act when a day's continuous trading ends, before the first tick after it."""

    def on_outside(self, m: Any) -> None:
        """See an event outside continuous trading, which `m.phase` names; no order is taken then."""

    def on_overnight_cancel(self, m: Any) -> None:
        """Reset timers and the like when the execution model cancelled our orders overnight."""

    def on_day_end(self, m: Any) -> None:
        """Settle a day that is over; an AuctionMarket calls it, also after the last event."""


@dataclass(frozen=True, slots=True, eq=False)
class Memory:
    """One field a strategy remembers between ticks."""

    kind: Kind
    start: int | float | bool


@dataclass(frozen=True, slots=True, eq=False)
class Fields:
    """The declared fields of a strategy class, in the order of declaration.

    compounds: memory of several numbers. objects: memory that is no number, by what it starts from; a strategy that has
    some runs on the plain engine. facts: what it reads of the security itself.
    """

    parameters: Mapping[str, Parameter]
    memory: Mapping[str, Memory]
    compounds: Mapping[str, Compound]
    objects: Mapping[str, object]
    facts: tuple[str, ...]

    def state(self) -> dict[str, Memory]:
        """Return every number that is remembered by its name in a loop; `mid__count` is the count of `mid`."""
        numbers = dict(self.memory)
        for name, compound in self.compounds.items():
            numbers |= {f"{name}__{each}": Memory(*number) for each, number in compound.numbers().items()}
        return numbers

    @property
    def signals(self) -> dict[str, Signal]:
        """The columns known beforehand that it reads, by field."""
        return {name: compound for name, compound in self.compounds.items() if isinstance(compound, Signal)}

    @property
    def series(self) -> dict[str, Series]:
        """The series that it records, by field."""
        return {name: compound for name, compound in self.compounds.items() if isinstance(compound, Series)}

    def by_key(self) -> dict[str, Parameter]:
        """Return the parameters by their config keys."""
        return {parameter.key: parameter for parameter in self.parameters.values()}

    def field_values(self, values: Values, units: float = 1.0) -> dict[str, Value]:
        """Return checked config values, by key, as fields hold them where so many price units are one of a currency."""
        return {name: parameter.as_field(values[parameter.key], units) for name, parameter in self.parameters.items()}


def fields_of(strategy: type[Strategy]) -> Fields:
    """Return the declared fields of a strategy class; raise StrategyError for a field that is neither kind."""
    fields: Fields | None = vars(strategy).get(FIELDS)  # with the class they go: a replay may make one of its own
    if fields is None:
        with importing:
            fields = _read_fields(strategy)
        setattr(strategy, FIELDS, fields)
    return fields


def _read_fields(strategy: type[Strategy]) -> Fields:
    parameters: dict[str, Parameter] = {}
    memory: dict[str, Memory] = {}
    compounds: dict[str, Compound] = {}
    objects: dict[str, object] = {}
    check_market(strategy)
    hints = _hints_of(strategy)
    check_times(strategy, Strategy)
    check_declared(strategy, Strategy, hints)
    for name, hint in hints.items():
        value: Any = getattr(strategy, name, None)
        is_constant = not {hint, get_origin(hint)}.isdisjoint((ClassVar, Final))
        if name in Strategy.__annotations__ or (is_constant and not isinstance(value, _Declared)):
            continue
        check_own_name(strategy, name, Strategy)
        kind, optional, unit = resolved(hint)
        if isinstance(value, _Declared):
            parameters[name] = _parameter(strategy, name, value, hint)
        elif kind == "object":
            if isinstance(value, Compound) and type(value) is hint:
                compounds[name] = value
            elif hint in (*KINDS, Signal, Series):
                start = f"{hint.__name__}({STARTS_OF.get(hint, 20)})"
                raise wrong(strategy, name, f": write what it starts as, `{name}: {hint.__name__} = {start}`.")
            else:
                objects[name] = value
        elif optional or not is_a(kind, value):
            example = f"{name}: {kind} = {START[kind]}"
            raise wrong(strategy, name, f": memory starts from a plain {kind}, for example `{example}`.")
        elif unit.scale != 1 and value:
            why = (
                f": it starts from {value} ns. For {value} {unit.name} write `= parameter({value})`; else its type is "
            )
            raise wrong(strategy, name, f"{why}Nanoseconds.")
        else:
            memory[name] = Memory(kind, float(value) if kind == "float" else int(value) if kind == "int" else value)
    check_keys(strategy, parameters)
    counts = [name for name, field in memory.items() if field.kind == "int"]
    _check_named(strategy, "counters", counts, "int memory")
    check_figures(strategy)
    _check_named(strategy, "taker_types", strategy.trade_types, "trade type")
    lists = {
        name: constants(parameter.default, whole=parameter.kind == "ints")
        for name, parameter in parameters.items()
        if isinstance(parameter.default, tuple)
    }
    return Fields(parameters, memory, compounds | lists, objects, _facts_read(strategy))


def _facts_read(strategy: type[Strategy]) -> tuple[str, ...]:
    own = (value for owner in own_classes(strategy, Strategy) for value in vars(owner).values())
    return facts_read(own, strategy.rules)


def _check_named(strategy: type[Strategy], field: str, known: Sequence[str], kind: str) -> None:
    names = getattr(strategy, field)
    if not isinstance(names, (tuple, list)):
        raise wrong(strategy, field, f' is {names!r}; it lists names, as in `{field} = ("first",)`.')
    for name in names:
        if name not in known:
            raise wrong(strategy, field, f": '{name}' is no {kind}.{nearest(name, known)}")


def _hints_of(strategy: type[Strategy]) -> dict[str, Any]:
    try:
        return get_type_hints(strategy, include_extras=True)
    except NameError as error:
        for owner in strategy.__mro__:
            for name, hint in vars(owner).get("__annotations__", {}).items():
                if isinstance(hint, str) and re.search(rf"\b{error.name}\b", hint):
                    why = f": its type {error.name} is unknown here.{nearest(str(error.name), TYPES)} Is it imported?"
                    raise wrong(strategy, name, why) from error
        raise


def _parameter(strategy: type[Strategy], name: str, declared: _Declared, hint: Any) -> Parameter:
    kind, optional, unit = resolved(hint)
    default: Any = declared.default
    if hint in (Array, IntArray):
        if not isinstance(default, (list, tuple)) or not default:
            raise wrong(strategy, name, f": its default is a list, as in `{name}: Array = parameter((0.5, 0.3))`.")
        default = tuple(default)
    elif kind == "object" and hint is not str:
        why = "a parameter is int, float, bool, str, a list of numbers (Array, IntArray) or one of the engine's units."
        words = f" For words write `{name}: str = parameter(...)`." if isinstance(default, str) else ""
        raise wrong(strategy, name, f": {why}{words}")
    elif kind != "object" and declared.choices:
        raise wrong(strategy, name, ": choices are words; its type is `str`.")
    elif len({*declared.choices}) != len(declared.choices) or not all(isinstance(w, str) for w in declared.choices):
        raise wrong(strategy, name, ": choices are words, each once.")
    draft = Parameter(
        key=declared.key or name,
        kind=OTHER_KINDS[hint] if kind == "object" else kind,
        default=default,
        optional=optional,
        minimum=declared.minimum,
        maximum=declared.maximum,
        above=declared.above,
        scale=unit.scale,
        unit=unit.name,
        doc=declared.doc,
        choices=declared.choices,
    )
    for bound in ("minimum", "maximum", "above"):
        limit = getattr(draft, bound)
        if limit is not None and not is_a("float", limit):
            raise wrong(strategy, name, f": its {bound} is {limit!r}; it is a number.")
    try:
        checked = draft.check(default, "")
    except ConfigError as error:
        raise wrong(strategy, name, f", its default{error}") from error
    return replace(draft, default=checked) if draft.is_list else draft
