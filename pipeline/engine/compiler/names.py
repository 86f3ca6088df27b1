"""Refuse a strategy, before the first tick, for a name that does not exist or an action out of place.

The market and the strategy are followed into the functions, of the strategy's own files, that they are passed to.
"""

from __future__ import annotations

import ast
import builtins
import dis
import sys
from types import CodeType, FunctionType, ModuleType
from typing import TYPE_CHECKING, Any, Final

from pipeline.engine.called import OF_CALLING, calls_of
from pipeline.engine.compiler.methods import strategy_methods
from pipeline.engine.compiler.parts import MARKET, NOT_CALLED, Method, has_no, source_of
from pipeline.engine.compiler.specialise import market_names
from pipeline.engine.declared import CALLS, ON_FILL, own_classes, where
from pipeline.engine.rules.market import Market
from pipeline.engine.rules.replay_state import BUY, SELL, ReplayState
from pipeline.engine.rules.side import Side
from pipeline.engine.strategy import Strategy, fields_of
from pipeline.errors import StrategyError, nearest
from pipeline.ticks import ASK, BID, TRADE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from collections.abc import Set as AbstractSet

GIVE_MARKET: Final = " Write `def {1}(self, {0})`, and `self.{1}({0})` where it is called."
KINDS: Final = {"BID": BID, "ASK": ASK, "TRADE": TRADE}
SIDES: Final = {"BUY": BUY, "SELL": SELL}
KIND_IS: Final = "m.kind is BID, ASK or TRADE, from pipeline.ticks."
SIDE_IS: Final = "a side is BUY or SELL, from pipeline.engine.market."

HOOKS: Final = ("on_tick", "on_fill", *CALLS, "on_overnight_cancel", "on_day_end")


def check_names(strategy: type[Strategy]) -> None:
    """Raise StrategyError, with file, line and the right name, for a name that does not exist.

    Also for an assignment to the market or to a parameter, which can be read only; for an action that fills, where
    on_fill leads to it; and for a class without on_tick, or a statement, which would do nothing.
    """
    fields_of(strategy)
    if strategy.on_tick is Strategy.on_tick and not calls_of(strategy, Strategy):
        why = f"{strategy.__name__} has no on_tick, so it would do nothing. Write `def on_tick(self, m):`."
        raise StrategyError(f"{where(strategy, None)}: {why}")
    checker = _Checker(strategy)
    checker.check_known()
    checker.check_followed()
    of_orders = {*strategy.rules.actions} - {*ReplayState.actions}
    for hook, actions, why, then in (
        ("on_fill", _filling(strategy), "it fills at once, which would call on_fill again", "on_tick"),
        ("on_outside", of_orders, "outside continuous trading no order is taken", "on_tick or on_open"),
    ):
        for method, node in checker.taken(hook, actions):
            instead = f"Remember what to do and do it in {then}."
            raise method.error(node, f"{hook} may not call {node.attr}: {why}. {instead}")


class _Checker:
    """Checks the names in the methods of one strategy, and in what they pass the market or the strategy to."""

    def __init__(self, strategy: type[Strategy]) -> None:
        fields = fields_of(strategy)
        self._strategy = strategy
        self._owners = own_classes(strategy, Strategy)
        every = strategy_methods(strategy).items()
        self.methods = {name: method for name, method in every if strategy.__mro__[method.base] in self._owners}
        self._market = market_names(strategy.rules)
        self._frozen = fields.parameters.keys()
        self._choices = {name: parameter.choices for name, parameter in fields.parameters.items()}
        self._fields = {*fields.parameters, *fields.memory, *fields.compounds, *fields.objects}
        self._trees: dict[str, ast.Module] = {}

    def check_known(self) -> None:
        """Check that what is neither a local, a field nor a builtin is a name of the module."""
        functions = [function for owner in self._owners for function in _functions_of(owner)]
        modules = {owner.__module__: vars(sys.modules[owner.__module__]) for owner in self._owners}
        beside = [value for names in modules.values() for value in names.values() if isinstance(value, FunctionType)]
        stores = [_names(function.__code__, "STORE_GLOBAL") for function in (*functions, *beside)]
        assigned = {name for names in stores for name, _, _ in names}
        for function in functions:
            for name, code, line in _names(function.__code__, "LOAD_GLOBAL"):
                if name not in function.__globals__ and name not in assigned and not hasattr(builtins, name):
                    why = f"unknown name '{name}'.{self._meant(name, function, code)}"
                    raise StrategyError(f"{code.co_filename}, line {line}: {why}")

    def _meant(self, name: str, function: FunctionType, code: CodeType) -> str:
        if name in self._market_arguments():
            return GIVE_MARKET.format(name, function.__name__)
        for holder, names in (("self", self._fields | self.methods.keys()), ("m", self._market)):
            if name in names:
                return f" Write `{holder}.{name}`."
        if hasattr(self._strategy, name):
            return f" Write `self.{name}`, or move it above the class."
        return nearest(name, [*code.co_varnames, *function.__globals__])

    def _market_arguments(self) -> set[str]:
        """Return the names by which hooks are given the market."""
        hooks = (_arguments(method) for name, method in self.methods.items() if name in HOOKS)
        return {arguments[1] for arguments in hooks if len(arguments) > 1}

    def check_followed(self) -> None:
        """Check every use of the market and of the strategy, wherever they are passed to."""
        for method, holders in self._followed(self.methods):
            called = {id(node.func) for node in ast.walk(method.definition) if isinstance(node, ast.Call)}
            alone = {id(node.value) for node in ast.walk(method.definition) if isinstance(node, ast.Expr)}
            for node, holder in _uses(method, holders):
                self._check(method, node, holder, called=id(node) in called)
                if id(node) in alone and node.attr in (self._strategy.rules.actions if holder == "m" else self.methods):
                    raise method.error(node, NOT_CALLED.format(ast.unparse(node)))
            for inner in ast.walk(method.definition):
                if isinstance(inner, (ast.Compare, ast.Call)):
                    self._check_codes(method, inner, holders)
                if isinstance(inner, ast.Compare):
                    self._check_words(method, inner, holders)
                    if id(inner) in alone and not any(isinstance(part, ast.Call) for part in ast.walk(inner)):
                        raise method.error(inner, f"`{ast.unparse(inner)}` does nothing; = assigns, == compares.")

    def taken(self, hook: str, actions: AbstractSet[str]) -> Iterator[tuple[Method, ast.Attribute]]:
        """Yield where a hook, or whatever it passes the market to, takes one of some actions."""
        for method, holders in self._followed(self.methods.keys() & {hook}):
            for node, holder in _uses(method, holders):
                if holder == "m" and node.attr in actions:
                    yield method, node

    def _followed(self, names: Iterable[str]) -> Iterator[tuple[Method, dict[str, str]]]:
        """Yield some methods and all that they pass the market or the strategy to, with the names that hold these."""
        waiting: list[tuple[Method, dict[str, str]]] = []
        for name in names:
            method = self.methods[name]
            arguments = _arguments(method)
            if not any(ast.unparse(decorator) == "staticmethod" for decorator in method.definition.decorator_list):
                waiting.append((method, dict(zip(arguments[: 2 if name in HOOKS else 1], ("self", "m"), strict=False))))
        seen = set()
        while waiting:
            method, arguments_as = waiting.pop()
            key = id(method.definition), tuple(sorted(arguments_as.items()))
            if key in seen:
                continue
            seen.add(key)
            holders = _holders(method.definition, arguments_as)
            yield method, holders
            for call in ast.walk(method.definition):
                if isinstance(call, ast.Call):
                    waiting += self._passed_on(call, method, holders)

    def _check(self, method: Method, node: ast.Attribute, holder: str, *, called: bool) -> None:
        changed = not isinstance(node.ctx, ast.Load)
        if holder == "m":
            if node.attr in OF_CALLING - self._market and issubclass(self._strategy.rules, Market):
                why = (
                    f"write `rules = CallingMarket` in {self._strategy.__name__}: no method of it reads m.{node.attr}."
                )
                raise method.error(node, why)
            if node.attr not in self._market:
                raise method.error(node, has_no(MARKET, node.attr, self._market))
            if changed:
                why = f"`{ast.unparse(node)}` can be read, not assigned to; what is yours goes into a field of {{}}."
                raise method.error(node, why.format(self._strategy.__name__))
            return
        known = self._fields | self.methods.keys()
        if node.attr not in known and not hasattr(self._strategy, node.attr):
            if node.attr in self._market_arguments():
                own = " Write `{}`." if node.attr in _arguments(method) else GIVE_MARKET
                why = f"{self._strategy.__name__} has no '{node.attr}'.{own.format(node.attr, method.definition.name)}"
                raise method.error(node, why)
            raise method.error(node, has_no(self._strategy.__name__, node.attr, known, called=called))
        if changed and node.attr in self._frozen:
            why = f"{node.attr} is a parameter; it keeps its value for the whole run. Remember another in a field."
            raise method.error(node, why)

    def _check_words(self, method: Method, node: ast.Compare, holders: Mapping[str, str]) -> None:
        """Refuse to compare a parameter of words with one that it cannot be."""
        words = [inner.value for inner in ast.walk(node) if isinstance(inner, ast.Constant)]
        for side in (node.left, *node.comparators):
            if not (isinstance(side, ast.Attribute) and holders.get(getattr(side.value, "id", "")) == "self"):
                continue
            choices = self._choices.get(side.attr, ())
            for word in words if choices else ():
                if isinstance(word, str) and word not in choices:
                    why = f"{side.attr} is never '{word}'; it is {' or '.join(choices)}.{nearest(word, choices)}"
                    raise method.error(node, why)

    def _check_codes(self, method: Method, node: ast.Compare | ast.Call, holders: Mapping[str, str]) -> None:
        """Refuse the numbers of kinds of ticks for the side of a fill or of an order, and sides for kinds."""
        if isinstance(node, ast.Compare):
            given = [node.left, *node.comparators]
            operands = [each for one in given for each in (one.elts if isinstance(one, ast.Tuple) else [one])]
        else:
            operands = [node.func, *node.args[:1]]
        texts = {ast.unparse(operand) for operand in operands}
        of_market = {f"{name}.{field}" for name, part in holders.items() if part == "m" for field in ("place", "trade")}
        is_side = bool(texts & of_market) or (method.definition.name == ON_FILL and _arguments(method)[2] in texts)
        is_kind = any(f"{name}.kind" in texts for name, part in holders.items() if part == "m")
        for code, value in (SIDES if is_kind else KINDS if is_side else {}).items():
            if code in texts and method.names.get(code) == value:
                why = KIND_IS if is_kind else SIDE_IS
                raise method.error(node, f"`{ast.unparse(node)}`: {why}")

    def _passed_on(
        self, call: ast.Call, method: Method, holders: Mapping[str, str]
    ) -> Iterator[tuple[Method, dict[str, str]]]:
        """Yield what a call leads to when the market or the strategy is among its arguments, and as what."""
        named = {keyword.arg: keyword.value for keyword in call.keywords}
        if not any(isinstance(value, ast.Name) and value.id in holders for value in (*call.args, *named.values())):
            return
        called, first_argument = self._called(call.func, method, holders)
        if called is not None:
            first, *others = _arguments(called) or [""]
            positional = zip(others if first_argument else [first, *others], call.args, strict=False)
            arguments_as = {first: "self"} if first_argument == "self" else {}
            for argument, value in (*positional, *named.items()):
                if isinstance(value, ast.Name) and value.id in holders:
                    arguments_as[str(argument)] = holders[value.id]
            yield called, arguments_as

    def _called(self, node: ast.expr, method: Method, holders: Mapping[str, str]) -> tuple[Method | None, str]:
        """Return what is called, and what it gets as its first argument by itself: "self", "new" or nothing."""
        target: Any = None
        if isinstance(node, ast.Name) and node.id not in holders:
            target = method.names.get(node.id)
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            if holders.get(node.value.id) == "self":
                return self.methods.get(node.attr), "self"
            module = method.names.get(node.value.id)
            target = vars(module).get(node.attr) if isinstance(module, ModuleType) else None
        is_class = isinstance(target, type)
        function = vars(target).get("__init__") if is_class else target
        return (self._text_of(function) if isinstance(function, FunctionType) else None), "new" if is_class else ""

    def _text_of(self, function: FunctionType) -> Method | None:
        """Return the definition of a function of the strategy's own files."""
        module = function.__module__
        if module.partition(".")[0] != self._strategy.__module__.partition(".")[0]:
            return None
        if module not in self._trees:
            self._trees[module] = ast.parse(source_of(sys.modules[module]))
        for node in ast.walk(self._trees[module]):
            if isinstance(node, ast.FunctionDef) and node.lineno == function.__code__.co_firstlineno:
                return Method(node, function.__globals__, function.__code__.co_filename)
        return None


def _uses(method: Method, holders: Mapping[str, str]) -> Iterator[tuple[ast.Attribute, str]]:
    """Yield what a function reads, calls or changes of the market or the strategy, and of which of the two."""
    for node in ast.walk(method.definition):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in holders:
            yield node, holders[node.value.id]


def _holders(definition: ast.FunctionDef, arguments_as: Mapping[str, str]) -> dict[str, str]:
    """Return the names that hold the market or the strategy all through a function: arguments, and copies of them."""
    copies = [
        (node.targets[0], node.value.id)
        for node in ast.walk(definition)
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Name) and isinstance(node.targets[0], ast.Name)
    ]
    holders = dict(arguments_as)
    for _ in copies:
        holders |= {to.id: holders[value] for to, value in copies if isinstance(to, ast.Name) and value in holders}
    copied = {id(target) for target, value in copies if value in holders}
    arguments = {id(argument) for argument in ast.walk(definition.args)}
    for node in ast.walk(definition):
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load) and id(node) not in copied:
            holders.pop(node.id, None)
        elif isinstance(node, ast.arg) and id(node) not in arguments:
            holders.pop(node.arg, None)
    return holders


def _functions_of(owner: type) -> list[FunctionType]:
    members = [getattr(value, "__func__", getattr(value, "fget", value)) for value in vars(owner).values()]
    return [member for member in members if isinstance(member, FunctionType) and member.__module__ == owner.__module__]


def _names(code: CodeType, operation: str) -> Iterator[tuple[str, CodeType, int | None]]:
    """Yield the names that a function, or one within it, loads or stores in one way, with its code and line."""
    for instruction in dis.get_instructions(code):
        if instruction.opname == operation:
            yield instruction.argval, code, instruction.positions.lineno if instruction.positions else None
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            yield from _names(inner, operation)


def _filling(strategy: type[Strategy]) -> frozenset[str]:
    """Return the actions that call on_fill before they return."""
    methods = strategy_methods(Side) | strategy_methods(strategy.rules)
    return frozenset(action for action in strategy.rules.actions if "on_fill" in _reached(action, methods))


def _reached(name: str, methods: Mapping[str, Method]) -> set[str]:
    """Return the names of all that a method calls, and what is called there, itself included."""
    reached: set[str] = set()
    waiting = {name}
    while waiting:
        reached.add(at := waiting.pop())
        if at in methods:
            waiting |= {node.attr for node in ast.walk(methods[at].definition) if isinstance(node, ast.Attribute)}
            waiting -= reached
    return reached


def _arguments(method: Method) -> list[str]:
    arguments = method.definition.args
    return [argument.arg for argument in (*arguments.posonlyargs, *arguments.args)]
