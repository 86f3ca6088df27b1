"""The key of a replay in the result cache: the hash of everything that its result depends on."""

from __future__ import annotations

import ast
import importlib.machinery
import importlib.util
import platform
import sys
import uuid
from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from weakref import WeakKeyDictionary

import numpy as np

from pipeline import __version__
from pipeline.engine.compiler.parts import SOURCE, source_of
from pipeline.engine.strategy import fields_of
from pipeline.sources import digest_of, imported_names

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from types import ModuleType

    from pipeline.engine.execution import Execution
    from pipeline.engine.strategy import Strategy
    from pipeline.markets.market import MarketFacts
    from pipeline.replay.simulate import Engine
    from pipeline.settings import Parameter, Value, Values

STANDARD_LIBRARY: Final = Path(ast.__file__).parent

KEY_BYTES: Final = 20
NAME_BYTES: Final = 16

WITHOUT_EFFECT: Final = {
    *("exchange", "name", "codes", "calendar", "tickers", "closed_days", "known_from", "known_to", "tentative_days"),
    *("price_unit", "from_calendar", "is_known"),
}
"""What a market's facts say that no replay reads; of the exchange it is the charges that count."""

_first_seen: WeakKeyDictionary[ModuleType, bytes] = WeakKeyDictionary()
"""The content of imported modules' files when they were first hashed: a module stays what it was imported as."""


class _Module(NamedTuple):
    name: str
    file: str | None


class Identity:
    """Names the results of one strategy, whose `strategy_text` is given, on one security's ticks.

    made_by: the names of the modules whose functions make a result; what these import counts with them.
    """

    def __init__(
        self,
        strategy: type[Strategy],
        text: str,
        digest: str,
        market: MarketFacts,
        engine: Engine,
        purpose: str,
        made_by: Sequence[str],
    ) -> None:
        self._fields = fields_of(strategy)
        self._exchange = market.exchange
        self._executions: dict[int, tuple[Execution, str]] = {}
        facts = {name: getattr(market, name) for name in market.__slots__ if name not in WITHOUT_EFFECT}
        ticks_and_code = [purpose, digest, engine, repr(facts), *code_version(made_by), text]
        self._base = blake2b("\0".join(ticks_and_code).encode(), digest_size=KEY_BYTES)

    @property
    def kind(self) -> str:
        """What all results share that this names."""
        return self._base.hexdigest()

    def names(
        self, parameters: Values, changes: Mapping[str, Any], executions: Sequence[Execution], models: Any
    ) -> Any:
        """Return the names, within `kind`, of the results under many settings, uint64 of shape (settings, 2).

        A name is the exclusive or of a digest of each value, so that one is computed a value and not a setting.

        Args:
            parameters: Checked values by config key; those of keys that are varied are not looked at.
            changes: The `value_digests` of what is varied, one a setting, by config key.
            executions: The execution models.
            models: Which of them each setting has, shape (settings,).
        """
        names = _digests(map(self._text_of, executions))[models]
        for name, parameter in self._fields.parameters.items():
            varied = changes.get(parameter.key)
            names ^= value_digests(name, parameter, [parameters[parameter.key]]) if varied is None else varied
        return names

    def _text_of(self, execution: Execution) -> str:
        if id(execution) not in self._executions:
            costs = execution.costs(self._exchange)
            self._executions[id(execution)] = (
                execution,
                repr((sorted(execution.fields().items()), costs, sorted(execution.ignored), execution.break_rule)),
            )
        return self._executions[id(execution)][1]


def value_digests(name: str, parameter: Parameter, values: Iterable[Value]) -> Any:
    """Return a digest of each checked value of a strategy's field, uint64 of shape (values, 2)."""
    return _digests(repr((name, parameter.as_field(value))) for value in values)


def _digests(texts: Iterable[str]) -> Any:
    joined = b"".join(blake2b(text.encode(), digest_size=NAME_BYTES).digest() for text in texts)
    return np.frombuffer(joined, "<u8").reshape(-1, NAME_BYTES // 8)


def code_version(made_by: Sequence[str]) -> list[str]:
    """Return the versions of what computes results, and a digest of the modules named and all that they import."""
    return [__version__, platform.python_version(), np.__version__, digest_of(*made_by)]


def strategy_text(strategy: type[Strategy]) -> str:
    """Return the text of a strategy, of what it is built on, and of the user's own modules that these import."""
    wanted = [_Module(base.__module__, sys.modules[base.__module__].__file__) for base in strategy.__mro__[:-1]]
    seen: dict[str, str] = {}
    while wanted:
        module = wanted.pop()
        if module.name not in seen and _is_own(module):
            seen[module.name] = _text_of(module)
            wanted += _imported_by(module, seen[module.name])
    files = (f"{name}\0{blake2b(content).hexdigest()}" for name, content in sorted(strategy.sources.items()))
    return "\0".join([strategy.__qualname__, *(f"{name}\0{seen[name]}" for name in sorted(seen)), *files])


def _text_of(module: _Module) -> str:
    """Return a module's text; of one that this process has and whose file has changed since, one that no other has."""
    loaded = sys.modules.get(module.name)
    if loaded is not None and SOURCE in vars(loaded):
        return source_of(loaded)
    content = Path(module.file or "").read_bytes()
    if loaded is not None and _first_seen.setdefault(loaded, content) != content:
        return f"{module.file} changed under {uuid.uuid4()}"
    return content.decode(errors="backslashreplace")


def _imported_by(module: _Module, text: str) -> list[_Module]:
    is_package = module.file is not None and Path(module.file).stem == "__init__"
    names = imported_names(text, module.name if is_package else module.name.rpartition(".")[0])
    return [_Module(name, file) for name in sorted({*names}) if (file := _file_of(name)) is not None]


def _file_of(name: str) -> str | None:
    """Return the file of a module, also of one that is imported only when the strategy runs."""
    loaded = sys.modules.get(name)
    if loaded is not None:
        return getattr(loaded, "__file__", None)
    try:
        spec = _spec_of(name)
    except (ImportError, ValueError):
        return None
    return None if spec is None else spec.origin


def _spec_of(name: str) -> importlib.machinery.ModuleSpec | None:
    folder = name.rpartition(".")[0]
    above = _spec_of(folder) if folder else None
    if not name or (folder and (above is None or above.submodule_search_locations is None)):
        return None
    return importlib.machinery.PathFinder.find_spec(name, above.submodule_search_locations if above else None)


def _is_own(module: _Module) -> bool:
    """Return whether a module is the user's: not Python's, not an installed library's, not the engine's."""
    if module.file is None or not Path(module.file).is_file():
        return _has_text(module)
    if module.name.partition(".")[0] == "pipeline":
        return module.name.startswith("pipeline.strategies.")
    if Path(module.file).is_relative_to(STANDARD_LIBRARY):
        return False
    return not any(Path(module.file).is_relative_to(folder) for folder in _library_folders())


@cache
def _library_folders() -> frozenset[Path]:
    import sysconfig  # 2 ms, for strategies that import more than the standard library and ours

    folders = {sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    return frozenset(Path(folder) for folder in folders if folder)


def _has_text(module: _Module) -> bool:
    """Return whether a module is a strategy's file, which carries its text; the file itself may be gone."""
    loaded = sys.modules.get(module.name)
    return loaded is not None and SOURCE in vars(loaded)
