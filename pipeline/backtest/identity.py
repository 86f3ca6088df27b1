"""A replay in, the name its result is kept under out: the hash of everything the result depends on."""

from __future__ import annotations

import ast
import importlib.util
import sys
import sysconfig
from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pipeline
from pipeline.engine.parts import source_of
from pipeline.engine.strategy import fields_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import ModuleType

    from pipeline.backtest.many import Setting
    from pipeline.backtest.simulate import Engine
    from pipeline.engine.execution import Execution
    from pipeline.engine.strategy import Strategy
    from pipeline.market.facts import MarketFacts

ROOMS: Final = ("engine", "backtest", "results/metrics.py", "results/measure.py", "settings.py", "ticks.py")
"""What decides the figures of a replay, below the package."""

KEY_BYTES: Final = 20


class Identity:
    """Names the results of one strategy on one security's ticks."""

    def __init__(
        self, strategy: type[Strategy], digest: str, market: MarketFacts, engine: Engine, purpose: str
    ) -> None:
        self._fields = fields_of(strategy)
        self._exchange = market.exchange
        self._executions: dict[int, tuple[Execution, str]] = {}
        facts = repr((market.continuous, market.closing_auction, market.tick_sizes))
        ticks_and_code = [purpose, digest, engine, facts, engine_version(), _source_of(strategy)]
        self._base = blake2b("\0".join(ticks_and_code).encode(), digest_size=KEY_BYTES)

    def of(self, setting: Setting) -> str:
        """Return the name of the result under one setting; how its values were written makes no difference."""
        held = self._fields.held(setting.parameters)
        name = self._base.copy()
        name.update(repr((list(held.items()), self._told(setting.execution))).encode())
        return name.hexdigest()

    def _told(self, execution: Execution) -> str:
        if id(execution) not in self._executions:
            fees = execution.fees_bps(self._exchange)
            self._executions[id(execution)] = execution, repr((sorted(execution.fields().items()), fees))
        return self._executions[id(execution)][1]


@cache
def engine_version() -> str:
    """Return the version of what computes results: the package's, and a digest of the rooms that decide them."""
    folder = Path(pipeline.__file__).parent
    files = sorted(file for room in ROOMS for file in _python_files(folder / room))
    content = blake2b(b"\0".join(file.read_bytes() for file in files), digest_size=KEY_BYTES)
    return f"{pipeline.__version__} {content.hexdigest()}"


def _python_files(place: Path) -> Iterable[Path]:
    return place.glob("*.py") if place.is_dir() else [place] if place.exists() else []


def _source_of(strategy: type[Strategy]) -> str:
    """Return the text of a strategy, of what it is built on, and of the user's own modules that these import."""
    wanted = [sys.modules[base.__module__] for base in strategy.__mro__[:-1]]
    seen: dict[str, str] = {}
    while wanted:
        module = wanted.pop()
        if module.__name__ not in seen and _is_own(module):
            seen[module.__name__] = source_of(module)
            wanted += _imported_by(module, seen[module.__name__])
    return "\0".join([strategy.__qualname__, *sorted(seen.values())])


def _imported_by(module: ModuleType, text: str) -> list[ModuleType]:
    names: list[str] = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            source = "." * node.level + (node.module or "")
            whole = importlib.util.resolve_name(source, module.__package__) if node.level else source
            names += [whole, *(f"{whole}.{alias.name}" for alias in node.names)]
    return [sys.modules[name] for name in names if name in sys.modules]


def _is_own(module: ModuleType) -> bool:
    """Tell whether a module is the user's: not Python's, not an installed library's, not the engine's."""
    file = getattr(module, "__file__", None)
    if file is None or (
        module.__name__.startswith("pipeline.") and not module.__name__.startswith("pipeline.strategies.")
    ):
        return False
    library = {sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    return not any(Path(file).is_relative_to(Path(folder)) for folder in library if folder)
