"""Makes the text of one flat loop from a strategy class and the rules of its market: what the compiled engine compiles.

The loop takes pointers only: the ticks, the values given to it (session, switches, parameters) and its columns.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from pipeline.engine.compiler.checks import definitions, fail
from pipeline.engine.compiler.elements import Elements, first_rows
from pipeline.engine.compiler.exact import exact_loop
from pipeline.engine.compiler.inference import (
    NOTHING,
    OF_MARKET,
    WHOLE,
    Number,
    Span,
    given_name,
    givings,
    parameter_span,
)
from pipeline.engine.compiler.inline import Inliner
from pipeline.engine.compiler.methods import check_as_written, definitions_in
from pipeline.engine.compiler.objects import hidden_in, objects_of
from pipeline.engine.compiler.parts import SUBSET, Method
from pipeline.engine.declared import declaration
from pipeline.engine.facts_read import facts_in
from pipeline.engine.field_kinds import hints_of
from pipeline.engine.memory import COLUMNS
from pipeline.engine.rules import replay_state
from pipeline.engine.rules.ladder_side import SLOTS
from pipeline.engine.strategy import Fields, Strategy, fields_of
from pipeline.engine.word_codes import coded
from pipeline.errors import NotCompilable
from pipeline.native.kinds import Signature

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from pipeline.settings import Value

LOOP_NAME: Final = "loop"
TICK_COLUMNS: Final = ("timestamps", "kinds", "prices", "volumes")
KINDS: Final = ("int", "float", "bool")
SHORT: Final = {"order_price": "order"}
"""Fields of a side that the market has under another name than that, after `bid_` or `ask_`."""

KIND_OF: Final = {"int": "int", "float": "float", "IntColumn": "int64", "None": "void"}
"""The annotations of the checks as `Signature` has them."""
EXCHANGED: Final = ("input_ints", "input_floats", "state_ints", "state_floats")


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """Where each named value stands in the arrays that go into a loop and come out of it."""

    input_ints: tuple[str, ...]
    input_floats: tuple[str, ...]
    state_ints: tuple[str, ...]
    state_floats: tuple[str, ...]
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class MarketFields:
    """The fields of a market by what they are to a replay: inputs, state, columns (with the kind of their numbers).

    levels: the columns that are state, of as many numbers as there are slots for orders. sides: the fields of each side
    of the market, with their names in the market.
    """

    inputs: Mapping[str, str]
    state: Mapping[str, str]
    columns: Mapping[str, str]
    levels: Mapping[str, str]
    starts: Mapping[str, int | float | bool]
    sides: Mapping[str, Mapping[str, str]]


_market_fields: dict[type[replay_state.ReplayState], MarketFields] = {}


def market_fields(rules: type[replay_state.ReplayState]) -> MarketFields:
    """Return the fields of a market class and of what it is built on, in the order of their declaration."""
    if rules not in _market_fields:
        _market_fields[rules] = _read_market_fields(rules)
    return _market_fields[rules]


def _starts_of(rules: type) -> dict[str, Any]:
    scalars = (name for name, hint in hints_of(rules).items() if hint in KINDS)
    return {name: getattr(rules, name) for name in scalars if hasattr(rules, name)}


def _read_market_fields(rules: type[replay_state.ReplayState]) -> MarketFields:
    hints = hints_of(rules)
    starts = _starts_of(rules)
    sides: dict[str, dict[str, str]] = {}
    if side_type := getattr(rules, "side_type", None):
        of_side = _starts_of(side_type)
        for side in ("bid", "ask"):
            sides[f"{side}_side"] = names = {field: f"{side}_{SHORT.get(field, field)}" for field in of_side}
            hints |= {name: hints_of(side_type)[field] for field, name in names.items()}
            starts |= {name: of_side[field] for field, name in names.items()}
            names |= {"price": side, "size": f"{side}_size"}
    scalars = {name: hint for name, hint in hints.items() if hint in KINDS}
    return MarketFields(
        inputs={name: kind for name, kind in scalars.items() if name not in starts},
        state={name: kind for name, kind in scalars.items() if name in starts},
        columns={name: hint[: -len("Column")].lower() for name, hint in hints.items() if hint.endswith("Column")},
        levels={name: hint[: -len("Levels")].lower() for name, hint in hints.items() if hint.endswith("Levels")},
        starts=starts,
        sides=sides,
    )


def market_names(rules: type[replay_state.ReplayState]) -> set[str]:
    """Return the fields and the actions of a market that a strategy may use."""
    fields = market_fields(rules)
    names = {*fields.inputs, *fields.state} - hidden_in(fields)
    return names | set(rules.actions) | facts_in(rules).keys()


def layout_of(fields: Fields, rules: type[replay_state.ReplayState]) -> Layout:
    """Return the layout of a loop made for a strategy with these fields, in a market with these rules."""
    of_market = market_fields(rules)
    inputs = [("m_" + name, kind) for name, kind in of_market.inputs.items()]
    inputs += [("m_" + name, "int") for name in fields.facts]
    for name, parameter in fields.parameters.items():
        if parameter.optional:
            inputs.append((f"s_{name}__given", "bool"))
        if not parameter.is_list:
            inputs.append((f"s_{name}", parameter.kind))
    final = [("m_" + name, kind) for name, kind in of_market.state.items()]
    final += [(f"m_{name}[{slot}]", kind) for name, kind in of_market.levels.items() for slot in range(SLOTS)]
    final += [("s_" + name, number.kind) for name, number in fields.state().items()]
    return Layout(
        input_ints=tuple(name for name, kind in inputs if kind != "float"),
        input_floats=tuple(name for name, kind in inputs if kind == "float"),
        state_ints=tuple(name for name, kind in final if kind != "float"),
        state_floats=tuple(name for name, kind in final if kind == "float"),
        columns=tuple(of_market.columns),
    )


def event_columns(fields: Fields, *, batched: bool = False) -> list[str]:
    """Return the names of a loop's columns that have a number an event: the ticks', the signals', its own series'."""
    signals = [f"s_{name}__{column}" for name in fields.signals for column in ("values", "times")]
    return [*TICK_COLUMNS, *signals, *(f"s_{name}__values" for name in ([] if batched else fields.series))]


def start_values(strategy: type[Strategy]) -> dict[str, int | float]:
    """Return the state before the first event by its names in the layout."""
    market = {"m_" + name: start for name, start in market_fields(strategy.rules).starts.items()}
    return market | {"s_" + name: number.start for name, number in fields_of(strategy).state().items()}


def input_values(
    fields: Fields, of_market: Mapping[str, str | float], parameters: Mapping[str, Value]
) -> dict[str, float]:
    """Return the loop's given values by their names in the layout."""
    inputs: dict[str, float] = {"m_" + name: coded(value) for name, value in of_market.items()}
    for name, parameter in fields.parameters.items():
        value = parameters[name]
        if parameter.optional:
            inputs[f"s_{name}__given"] = value is not None
        if isinstance(value, tuple):
            inputs |= {f"s_{name}__values[{at}]": number for at, number in enumerate(value)}
        else:
            inputs[f"s_{name}"] = coded(value)
    return inputs


def loop_source(strategy: type[Strategy], constants: Mapping[str, bool | int]) -> str:
    """Return the text of the loop specialised for a strategy.

    constants: fields of its market that keep one value in this loop. Raises StrategyError for what cannot be compiled.
    """
    flat = flat_replay(strategy, {"batched": False} | dict(constants))
    layout = layout_of(flat.fields, strategy.rules)
    rows = {"state_ints": layout.state_ints, "state_floats": layout.state_floats}
    elements = Elements(first_rows(rows), lambda row: row)
    body = [elements.visit(statement) for statement in flat.body]
    return function_text(["count", *event_columns(flat.fields), *EXCHANGED], body, flat, layout)


@dataclass(frozen=True, slots=True, eq=False)
class FlatReplay:
    """The statements of a whole replay over locals, the kind of each local, and the fields they stand for."""

    body: list[ast.stmt]
    kinds: Mapping[str, str]
    fields: Fields
    market: MarketFields


def flat_replay(strategy: type[Strategy], constants: Mapping[str, bool | int]) -> FlatReplay:
    """Return a strategy's replay as flat statements; raises StrategyError for what cannot be compiled."""
    fields = fields_of(strategy)
    check_as_written(strategy)
    for name in fields.objects:
        where = declaration(strategy, name)
        raise NotCompilable(f"{where}: {name} is no number, and the compiled engine remembers nothing else.", SUBSET)
    of_market = market_fields(strategy.rules)
    parts = objects_of(strategy, fields, of_market, constants)
    bound = {"m": parts["m"], "strategy": parts["s"]}
    names = {name: ast.Name(name, ast.Load()) for name in ("count", *TICK_COLUMNS)}
    replay = Method(
        _with_fields(definitions_in(replay_state)["replay"], fields), vars(replay_state), str(replay_state.__file__)
    )
    inliner = Inliner(parts)
    body = inliner.body(replay, bound, names, None, "completed")
    inliner.check_sound()
    body, kinds = exact_loop(body, _declared(of_market, fields))
    return FlatReplay(body, kinds, fields, of_market)


def _with_fields(definition: ast.FunctionDef, fields: Fields) -> ast.FunctionDef:
    """Let a replay give memory its first values, and take each signal as of an event before the market does."""
    begins = next(node for node in definition.body if isinstance(node, ast.If))
    begins.body[:0] = [
        ast.parse(f"strategy.{name} = {_literal(memory.start)}").body[0] for name, memory in fields.memory.items()
    ]
    events = next(node for node in definition.body if isinstance(node, ast.For))
    events.body[-1:-1] = [ast.parse(f"strategy.{name}.take(i)").body[0] for name in fields.signals]
    return definition


def _literal(value: float) -> str:
    """Return a number as Python text; 1e999 is how infinity can be written."""
    return repr(value).replace("inf", "1e999").replace("nan", "(1e999 - 1e999)")


def helpers_of(source: str) -> dict[str, Signature]:
    """Return the functions whose text a loop's text holds, each with what it takes and returns."""
    helpers = {}
    for name, node in definitions().items():
        if f"def {name}(" in source:
            takes = [KIND_OF[ast.unparse(operand.annotation)] for operand in node.args.args if operand.annotation]
            returns = KIND_OF[ast.unparse(node.returns)] if node.returns else "void"
            helpers[name] = Signature((returns,), tuple(takes))
    return helpers


def function_text(
    arguments: Sequence[str], body: list[ast.stmt], flat: FlatReplay, layout: Layout, in_rows: Collection[str] = ()
) -> str:
    """Return the text of a loop's function, after that of the checks it calls.

    body: what is made of the replay. It stands between the lines that take what is given, and the state that an earlier
    part left where the loop stores it, out of their arrays, and those that leave the state there. in_rows: the names
    that have a number a setting, which are not among these.
    """
    kinds = flat.kinds
    stored = {given_name(giving) for giving in givings(flat.body)}
    stored |= {f"s_{name}" for name in flat.fields.state() if "__" in name}
    starts = {f"m_{name}": start for name, start in flat.market.starts.items()}
    state = _loads("state", layout.state_ints, layout.state_floats, kinds)
    lines = [
        *_loads("input", layout.input_ints, layout.input_floats, kinds),
        *(f"{name} = {start!r}" for name, start in starts.items() if name not in stored and name not in in_rows),
        *(line for line in state if line.partition(" ")[0] in stored),
        *ast.unparse(ast.fix_missing_locations(ast.Module(body, []))).splitlines(),
        *_output_lines(layout, kinds),
    ]
    arguments = [*arguments, *("m_" + name for name in layout.columns)]
    text = "\n".join([f"def {LOOP_NAME}({', '.join(arguments)}):", *(f"    {line}" for line in lines)]) + "\n"
    called = [node for name, node in definitions().items() if f"{name}(" in text or name == fail.__name__]
    return "\n".join([*map(_bare, called), text])


def _bare(node: ast.FunctionDef) -> str:
    """Return a function's text without its words and types."""
    operands = [ast.arg(operand.arg) for operand in node.args.args]
    arguments = ast.arguments([], operands, kwonlyargs=[], kw_defaults=[], defaults=[])
    bare = ast.FunctionDef(node.name, arguments, node.body, [])
    return ast.unparse(ast.fix_missing_locations(bare)) + "\n"


def _loads(array: str, ints: Sequence[str], floats: Sequence[str], kinds: Mapping[str, str]) -> list[str]:
    lines = [
        f"{name} = {array}_ints[{at}]" + (" != 0" if kinds[name] == "bool" else "")
        for at, name in enumerate(ints)
        if "[" not in name
    ]
    return lines + [f"{name} = {array}_floats[{at}]" for at, name in enumerate(floats) if "[" not in name]


def _output_lines(layout: Layout, kinds: Mapping[str, str]) -> list[str]:
    lines = [
        f"state_ints[{at}] = " + (f"1 if {name} else 0" if kinds[name] == "bool" else name)
        for at, name in enumerate(layout.state_ints)
        if "[" not in name
    ]
    lines += [f"state_floats[{at}] = {name}" for at, name in enumerate(layout.state_floats) if "[" not in name]
    return [*lines, "return 1 if completed else 0"]


def _declared(of_market: MarketFields, fields: Fields) -> dict[str, Number]:
    """Return what the fields can be, those with an interval that a loop is given or that the market's rules keep."""
    spans: dict[str, Span] = {"float": None, "int": WHOLE, "bool": (0, 1)}
    numbers = {
        "m_" + name: Number(kind, OF_MARKET.get(name, spans[kind]) if kind == "int" else spans[kind])
        for name, kind in {**of_market.inputs, **of_market.state}.items()
    }
    numbers |= {"m_" + name: Number("int", WHOLE) for name in fields.facts}
    for name, parameter in fields.parameters.items():
        kind = "int" if parameter.kind == "text" else parameter.kind
        if not parameter.is_list:
            numbers["s_" + name] = Number(kind, parameter_span(parameter))
        if parameter.optional:
            numbers[f"s_{name}__given"] = Number("bool", (0, 1))
    columns = {"timestamps": "int", "kinds": "int", "prices": "float", "volumes": "int"}
    columns |= {"m_" + name: kind for name, kind in {**of_market.columns, **of_market.levels}.items()}
    for name, compound in fields.compounds.items():
        hints = {f"s_{name}__{field}": hint for field, hint in compound.hints().items()}
        columns |= {field: COLUMNS[hint] for field, hint in hints.items() if hint in COLUMNS}
        numbers |= {field: Number(hint, spans[hint]) for field, hint in hints.items() if hint not in COLUMNS}
    numbers |= {f"s_{name}__time": Number("int", OF_MARKET["now"]) for name in fields.signals}
    memory = {"s_" + name: memory.kind for name, memory in fields.memory.items()}
    numbers |= {name: Number(kind, NOTHING) for name, kind in (columns | memory).items()}
    return numbers | {"count": Number("int", WHOLE)}
