"""What a strategy's class declares: every field with its type, the hooks by their names, and no constructor.

It is looked at as it stands in memory, which costs nothing; its text is read only to name a line.
"""

from __future__ import annotations

import ast
import inspect
import re
import sys
from difflib import get_close_matches
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import TYPE_CHECKING, Any, Final

from pipeline.engine.compiler.parts import names_in, source_of
from pipeline.engine.rules.ladder_side import MOST_LEVELS
from pipeline.engine.rules.market import Market
from pipeline.engine.rules.replay_state import ReplayState
from pipeline.errors import StrategyError, shown
from pipeline.settings import COMMENT, EXCHANGE

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from pipeline.settings import Parameter

CONSTRUCTORS: Final = ("__init__", "__new__", "__post_init__")
NEVER_RUNS: Final = inspect.CO_GENERATOR | inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR
LIKE_A_HOOK: Final = 0.75
"""How like a hook's name a method's has to be to be taken for one misspelt: `tick` and `on_ticks` are."""

EVENT: Final = re.compile(r"on_?(trade|print|quote|bid|ask|book|event|bar|data|update|market|price|order_?book)")
ON_FILL: Final = "on_fill"
CALLS: Final = ("on_time", "on_open", "on_close", "on_outside")
"""The hooks for which a strategy gets a market that calls them."""

CALLED_BY_ITS_NAME: Final = re.compile(
    r"on_|on[A-Z]|((pre)?next|stop|init|initiali[sz]e|setup|handle_data|(notify|populate|before|after)_\w+)$"
)
"""How methods begin, or are named, that an engine calls, in this system or in others."""


def check_declared(strategy: type, base: type, typed: Collection[str]) -> None:
    """Raise StrategyError, with file and line, for a class that would not do what it says.

    base: what all strategies are built on. typed: the names that have an annotation. Refused are an attribute without
    one, a constructor, a method that is nearly a hook and that nothing calls, and a hook that the engine cannot call.
    """
    for owner in own_classes(strategy, base):
        for name, value in vars(owner).items():
            if name in CONSTRUCTORS:
                raise _constructor(owner, name)
            if name not in typed and not name.startswith(("__", "_abc_")) and not _is_method(value):
                raise _untyped(owner, name, value)
    _check_hooks(strategy, base)


def check_own_name(strategy: type, name: str, base: type) -> None:
    """Raise StrategyError for the name of a field that the engine, or Python, has another meaning for."""
    if name.startswith("on_") and callable(getattr(base, name, None)):
        raise wrong(strategy, name, " is a method that the engine calls; give the field another name.")
    if "__" not in name:
        return
    begins = [f"_{owner.__name__.lstrip('_')}__" for owner in strategy.__mro__]
    mangled = next((name.removeprefix(begin) for begin in begins if name.startswith(begin)), "")
    why = f".{name} has two underscores in a row, which the engine's own names have; write one."
    if mangled:
        why = f".__{mangled}: a name that begins with two underscores is another in Python; write `_{mangled}`."
    raise StrategyError(f"{declaration(strategy, name)}: {strategy.__name__}{why}")


def check_market(strategy: Any) -> None:
    """Raise StrategyError for what is no market, and for more orders a side than there may be."""
    if not (isinstance(strategy.rules, type) and issubclass(strategy.rules, ReplayState)):
        raise wrong(strategy, "rules", f" is {strategy.rules!r}; it is a market of pipeline.engine.market.")
    if type(strategy.levels) is not int or not 0 <= strategy.levels <= MOST_LEVELS:
        raise wrong(strategy, "levels", f" is {strategy.levels!r}; a side holds 1 to {MOST_LEVELS} orders.")


def check_keys(strategy: type, parameters: Mapping[str, Parameter]) -> None:
    """Raise StrategyError for a parameter whose config key is another's, or says something else in a config."""
    by_key = dict.fromkeys((EXCHANGE, COMMENT), "the engine")
    for name, parameter in parameters.items():
        if (of := by_key.setdefault(parameter.key, name)) != name:
            raise wrong(strategy, name, f": the config key '{parameter.key}' is that of {of}; `key=` gives it another.")


def wrong(strategy: type, name: str, why: str) -> StrategyError:
    """Return an error for what a class declares by a name, at its line."""
    return StrategyError(f"{declaration(strategy, name)}: {strategy.__name__}.{name}{why}")


def own_classes(strategy: type, base: type) -> list[type]:
    """Return the user's classes that a strategy is made of."""
    return [owner for owner in strategy.__mro__ if owner not in base.__mro__]


def declaration(strategy: type, name: str) -> str:
    """Return the file and line where a strategy, or a class it is built on, declares a field or a method."""
    for owner in strategy.__mro__:
        if name in vars(owner) or name in vars(owner).get("__annotations__", {}):
            return where(owner, _statement(owner, name))
    return where(strategy, None)


def where(owner: type, statement: ast.stmt | None) -> str:
    """Return the file, and where it is known the line, of a statement in a class."""
    file = getattr(sys.modules.get(owner.__module__), "__file__", owner.__module__)
    node = statement or _class_of(owner)
    return str(file) if node is None else f"{file}, line {node.lineno}"


def _class_of(owner: type) -> ast.ClassDef | None:
    try:
        tree = ast.parse(source_of(sys.modules[owner.__module__]))
    except (KeyError, OSError, TypeError, SyntaxError):
        return None
    classes = [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef) and node.name == owner.__name__]
    return classes[-1] if classes else None


def _statement(owner: type, name: str) -> ast.stmt | None:
    """Return the last statement of a class's body that gives a name its value."""
    node = _class_of(owner)
    statements = [inner for inner in ast.walk(node) if isinstance(inner, ast.stmt)] if node else []
    giving = [statement for statement in statements if _gives(statement, name)]
    return max(giving, key=lambda statement: statement.lineno, default=None)


def _gives(node: ast.stmt, name: str) -> bool:
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return node.name == name
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        return any(name == (alias.asname or alias.name.partition(".")[0]) for alias in node.names)
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    return any(name in names_in(target) for target in targets if target)


def _is_method(value: object) -> bool:
    return hasattr(value, "__get__") or isinstance(value, (type, BuiltinFunctionType))


def _untyped(owner: type, name: str, value: object) -> StrategyError:
    statement = _statement(owner, name)
    if isinstance(value, ModuleType):
        return StrategyError(f"{where(owner, statement)}: {owner.__name__}.{name} is a module: import above the class.")
    default = getattr(value, "default", value)
    kind = "float | None" if default is None else type(default).__name__
    start = getattr(statement, "value", None)
    text = shown(ast.unparse(start)) if start is not None else repr(default)
    meant = "a parameter" if default is not value else "memory"
    constant = "" if default is not value else " A constant stands above the class."
    return StrategyError(
        f"{where(owner, statement)}: {owner.__name__}.{name} has no type, so it is neither a parameter nor memory. "
        f"For {meant} write `{name}: {kind} = {text}`.{constant}"
    )


def _constructor(owner: type, name: str) -> StrategyError:
    if "__dataclass_fields__" in vars(owner):
        return StrategyError(
            f"{where(owner, None)}: {owner.__name__} is a @dataclass: remove that; its typed fields are enough."
        )
    return StrategyError(
        f"{where(owner, _statement(owner, name))}: {owner.__name__}.{name} would not be called. Give each field its "
        "first value in the class, as in `x: int = 5`; compute what depends on parameters in `def on_start(self):`."
    )


def _functions(strategy: type, base: type) -> Iterator[tuple[type, str, FunctionType]]:
    for owner in own_classes(strategy, base):
        for name, value in vars(owner).items():
            function = getattr(value, "__func__", value)
            if isinstance(function, FunctionType):
                yield owner, name, function


def _check_hooks(strategy: Any, base: type) -> None:
    standard = {name: value for name, value in vars(base).items() if name.startswith("on_")}
    called = {"on_start", *_called_by(strategy.rules), *(CALLS if issubclass(strategy.rules, Market) else ())}
    for owner, name, function in _functions(strategy, base):
        if name in called:
            _check_hook(owner, name, function, _arguments(standard[name], strategy if name == ON_FILL else None))
        elif not name.startswith("_") and (close := _nearly(name, called)) and name not in _used(strategy, base):
            raise StrategyError(f"{where(owner, _statement(owner, name))}: nothing calls {name}.{close}")


def _called_by(rules: type) -> set[str]:
    """Return the hooks that a market calls."""
    functions = (value for owner in rules.__mro__ for value in vars(owner).values())
    named = (name for value in functions if isinstance(value, FunctionType) for name in value.__code__.co_names)
    return {name for name in named if name.startswith("on_") and name != "on_event"}


def takes_order(strategy: Any) -> bool:
    """Return whether a strategy's on_fill takes the order as well, which only one with several orders a side may."""
    return strategy.levels > 0 and len(inspect.signature(strategy.on_fill).parameters) > len(
        inspect.signature(strategy.__mro__[-2].on_fill).parameters
    )


def _arguments(standard: Any, strategy: Any) -> list[str]:
    """Return what a hook is given; strategy: the one whose on_fill it is, which may take the order as well."""
    arguments = list(inspect.signature(standard).parameters)
    return [*arguments, "order"] if strategy is not None and takes_order(strategy) else arguments


def _check_hook(owner: type, name: str, function: FunctionType, arguments: list[str]) -> None:
    if function.__code__.co_flags & NEVER_RUNS:
        what = "yields" if function.__code__.co_flags & inspect.CO_GENERATOR else "is async"
        raise StrategyError(
            f"{where(owner, _statement(owner, name))}: {name} {what}, so that calling it runs none of it. Write a "
            "plain method."
        )
    if isinstance(vars(owner)[name], FunctionType) and not _takes(function, arguments):
        taken = ", ".join(list(inspect.signature(function).parameters)[1:]) or "nothing"
        raise StrategyError(
            f"{where(owner, _statement(owner, name))}: {name} takes {taken}; the engine gives it "
            f"{', '.join(arguments[1:]) or 'nothing'}. Write `def {name}({', '.join(arguments)})`."
        )


def _takes(function: FunctionType, given: list[str]) -> bool:
    """Tell whether a hook can be called, and calls nothing that it is given by the name of another."""
    signature = inspect.signature(function)
    try:
        signature.bind(*given)
    except TypeError:
        return False
    return not any(name in given and name != other for name, other in zip(signature.parameters, given, strict=False))


def _nearly(name: str, hooks: Collection[str]) -> str:
    """Return what to write instead of a name that is nearly a hook's; empty for any other name."""
    folded = {hook.replace("_", ""): hook for hook in sorted(hooks)}
    close = get_close_matches(name.replace("_", "").lower(), folded, n=1, cutoff=LIKE_A_HOOK)
    if close:
        return f" Did you mean '{folded[close[0]]}'?"
    if EVENT.match(name.lower()):
        return " on_tick is called on each quote and print, and `m.kind` says which it is."
    return f" This market calls {', '.join(sorted(hooks))}." if CALLED_BY_ITS_NAME.match(name) else ""


def _used(strategy: type, base: type) -> set[str]:
    """Return all names that stand behind a dot in the files of a strategy's classes."""
    modules = {owner.__module__ for owner in own_classes(strategy, base)}
    nodes = (node for name in sorted(modules) for node in ast.walk(ast.parse(source_of(sys.modules[name]))))
    return {node.attr for node in nodes if isinstance(node, ast.Attribute)}
