"""Reads the methods of a strategy, of a market or of a side of it from the text of their classes."""

from __future__ import annotations

import ast
import sys
from typing import Any, Final

from pipeline.engine.compiler.parts import Method, source_of
from pipeline.engine.strategy import Strategy
from pipeline.errors import StrategyError

ATTRIBUTE_HOOKS: Final = ("__getattr__", "__getattribute__", "__setattr__", "__delattr__")


def definitions_in(module: Any) -> dict[str, Any]:
    """Return the classes and functions of a module as `ast`, by name."""
    tree = ast.parse(source_of(module))
    return {node.name: node for node in tree.body if isinstance(node, (ast.ClassDef, ast.FunctionDef))}


def strategy_methods(subject: type) -> dict[str, Method]:
    """Return the methods of a strategy or of a market, with those it is built on, by name."""
    methods: dict[str, Method] = {}
    for number, base in reversed(list(enumerate(subject.__mro__[:-1]))):
        module = sys.modules[base.__module__]
        definition = definitions_in(module).get(base.__name__)
        if not isinstance(definition, ast.ClassDef):
            raise StrategyError(
                f"{module.__file__}: {base.__name__} is not in its text; write `class {base.__name__}` at the margin."
            )
        for member in definition.body:
            if isinstance(member, ast.FunctionDef) and not (
                base is Strategy and member.name in ("__init__", "__init_subclass__", "read")
            ):
                methods[member.name] = Method(member, vars(module), str(module.__file__), number)
    return methods


def check_as_written(strategy: type[Strategy]) -> None:
    """Raise NotCompilable for a class that is not what its text says: a loop is made of the text alone."""
    for number, base in enumerate(strategy.__mro__):
        if base in Strategy.__mro__:
            continue
        module = sys.modules[base.__module__]
        text = definitions_in(module)[base.__name__]
        members = {member.name: member for member in text.body if isinstance(member, ast.FunctionDef)}
        codes = {name: getattr(value, "__code__", None) for name, value in vars(base).items()}
        named = members.keys() | {name for name, code in codes.items() if code or name.startswith("on_")}
        changed = [base.__name__] if text.decorator_list else []
        for name in sorted(named):
            code, member = codes.get(name), members.get(name)
            decorated = member is not None and member.decorator_list
            if name in ATTRIBUTE_HOOKS or not (decorated or (code and member and code.co_firstlineno == member.lineno)):
                changed.append(name)
        if changed:
            private = changed[0].removeprefix(f"_{base.__name__.lstrip('_')}")
            definition = members.get(private, members.get(changed[0], text))
            if private != changed[0] and private in members:
                why = f"{private}: a name that begins with two underscores is another in Python; write `{private[1:]}`."
                raise Method(definition, {}, str(module.__file__), number).refusal(definition, why)
            why = f"{changed[0]} is more than a method written out in the class, which is all that a loop is made of."
            raise Method(definition, {}, str(module.__file__), number).refusal(definition, why)
