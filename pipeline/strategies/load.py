"""A strategy's name or file in, its class out."""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Final

from pipeline.engine.strategy import Strategy
from pipeline.errors import StrategyError, UnknownStrategy, nearest

FOLDER: Final = Path(__file__).resolve().parent
NOT_STRATEGIES: Final = ("__init__", "load")


def strategy_names() -> list[str]:
    """Return the names of the strategies that come with the product, sorted, without importing them."""
    return sorted(file.stem for file in FOLDER.glob("*.py") if file.stem not in NOT_STRATEGIES)


def load_strategy(name: str) -> type[Strategy]:
    """Return the strategy class of that name, or the one in that file.

    Raises UnknownStrategy for a name or file that is not there, StrategyError for a file without exactly one strategy.
    """
    module = _from_file(Path(name)) if name.endswith(".py") else _from_package(name)
    found = [
        value
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, Strategy) and value.__module__ == module.__name__
    ]
    if len(found) != 1:
        names = ", ".join(sorted(one.__name__ for one in found)) or "none"
        raise StrategyError(f"{module.__file__}: a strategy file holds one class built on Strategy; found {names}.")
    return found[0]


def strategy_label(name: str) -> str:
    """Return the name a strategy's config and run go by: the name itself, or its file's."""
    return Path(name).stem if name.endswith(".py") else name


def _from_package(name: str) -> ModuleType:
    known = strategy_names()
    if name not in known:
        raise UnknownStrategy(
            f"Unknown strategy '{name}'.{nearest(name, known)} There are: {', '.join(known)}; or give a .py file."
        )
    return importlib.import_module(f"pipeline.strategies.{name}")


def _from_file(path: Path) -> ModuleType:
    try:
        text = path.read_bytes()
    except OSError as error:
        raise UnknownStrategy(f"{path}: no strategy file there can be read ({error.strerror}).") from error
    name = f"strategy_file_{hashlib.sha256(str(path.resolve()).encode() + text).hexdigest()[:16]}"
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, path.resolve())
    assert spec is not None  # noqa: S101 - the path ends in .py
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        # Not by the loader: it takes a .pyc of equal size and whole second of modification for this text.
        exec(compile(text, path.resolve(), "exec", dont_inherit=True), module.__dict__)  # noqa: S102 - the user's file
    except Exception as error:
        del sys.modules[name]
        raise StrategyError(f"{path}: cannot be imported ({type(error).__name__}: {error}).") from error
    return module
