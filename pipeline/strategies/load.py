"""A strategy's name or file in, its class out; a file's text travels, so that workers elsewhere need not have it."""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import linecache
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Final

from pipeline.engine.parts import SOURCE
from pipeline.engine.strategy import Strategy
from pipeline.errors import StrategyError, UnknownStrategy, nearest

FOLDER: Final = Path(__file__).resolve().parent
NOT_STRATEGIES: Final = ("__init__", "load")


@dataclass(frozen=True, slots=True, eq=False)
class StrategySource:
    """What a strategy is loaded from, here or on a worker elsewhere.

    name: as the user gave it. file, text: of a strategy file, its full path where it was read, and what it held.
    """

    name: str
    file: str = ""
    text: bytes | None = None


_loading = threading.Lock()


def strategy_names() -> list[str]:
    """Return the names of the strategies that come with the product, sorted, without importing them."""
    files = [file for file in FOLDER.iterdir() if file.suffix == ".py"]
    return sorted(file.stem for file in files if file.stem not in NOT_STRATEGIES)


def strategy_source(name: str) -> StrategySource:
    """Return what the strategy of that name, or in that file, is loaded from.

    Raises UnknownStrategy for a name or file that is not there.
    """
    if not name.endswith(".py"):
        _check_known(name)
        return StrategySource(name)
    try:
        return StrategySource(name, str(Path(name).resolve()), Path(name).read_bytes())
    except OSError as error:
        raise UnknownStrategy(f"{Path(name)}: no strategy file there can be read ({error.strerror}).") from error


def load_strategy(source: str | StrategySource) -> type[Strategy]:
    """Return the strategy class of that name, or the one in that file.

    Raises UnknownStrategy for a name or file that is not there, StrategyError for a file without exactly one strategy.
    """
    if isinstance(source, str):
        source = strategy_source(source)
    module = _from_package(source.name) if source.text is None else _from_text(source.file, source.text, source.name)
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


def _check_known(name: str) -> None:
    known = strategy_names()
    if name not in known:
        raise UnknownStrategy(
            f"Unknown strategy '{name}'.{nearest(name, known)} There are: {', '.join(known)}; or give a .py file."
        )


def _from_package(name: str) -> ModuleType:
    module = f"pipeline.strategies.{name}"
    if module not in sys.modules:
        _check_known(name)
    return importlib.import_module(module)


def _from_text(file: str, text: bytes, given: str) -> ModuleType:
    name = f"strategy_file_{hashlib.sha256(file.encode() + text).hexdigest()[:16]}"
    with _loading:
        # For tracebacks. Without a time of modification it is kept where the file is missing or has changed.
        linecache.cache[file] = (len(text), None, text.decode(errors="replace").splitlines(keepends=True), file)
        if name in sys.modules:
            return sys.modules[name]
        spec = importlib.util.spec_from_file_location(name, file)
        assert spec is not None  # noqa: S101 - the file ends in .py
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        try:
            # Not by the loader: it takes a .pyc of equal size and whole second of modification for this text.
            exec(compile(text, file, "exec", dont_inherit=True), module.__dict__)  # noqa: S102 - the user's file
            module.__dict__[SOURCE] = importlib.util.decode_source(text)
        except Exception as error:
            del sys.modules[name]
            raise StrategyError(f"{Path(given)}: cannot be imported ({type(error).__name__}: {error}).") from error
        return module
