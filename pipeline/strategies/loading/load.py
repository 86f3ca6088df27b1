"""Loads a strategy's class by name or from a file, whose text is sent along so that remote workers need not have it.

With the text go the modules next to it that it imports, and the data files that it declares.
"""

from __future__ import annotations

import hashlib
import importlib
import sys
import traceback
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import TYPE_CHECKING, Final

from pipeline.engine.strategy import Strategy, fields_of
from pipeline.errors import PipelineError, StrategyError, UnknownStrategy, nearest
from pipeline.sources import importing
from pipeline.system import refusal

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pipeline.strategies.loading.modules import ModuleText

FOLDER: Final = Path(__file__).resolve().parents[1]


@dataclass(frozen=True, slots=True, eq=False)
class StrategySource:
    """What a strategy is loaded from, here or on a worker elsewhere.

    name: as the user gave it. file, text: of a strategy file, its full path where it was read, and what it held.
    modules: it, and those beside it that it imports. files: what it declares, by name. package: a name for all this.
    """

    name: str
    file: str = ""
    text: bytes | None = None
    modules: tuple[ModuleText, ...] = ()
    files: tuple[tuple[str, bytes], ...] = ()
    package: str = ""

    @property
    def contents(self) -> Mapping[str, bytes]:
        """What each file held, modules included, by its path from the strategy's folder."""
        folder = Path(self.file).parent
        texts = {Path(module.file).relative_to(folder).as_posix(): module.text for module in self.modules}
        return texts | dict(self.files)


def strategy_names() -> list[str]:
    """Return the names of the strategies that come with the product, sorted, without importing them."""
    return sorted(file.stem for file in FOLDER.glob("[!_]*.py"))


def strategy_source(name: str) -> StrategySource:
    """Return what the strategy of that name, or in that file, is loaded from.

    Raises UnknownStrategy for a name or file that is not there, StrategyError for what it imports or declares and
    cannot be read.
    """
    if not name.endswith(".py"):
        if name not in (known := strategy_names()):
            there = f"There are: {', '.join(known)}; or give a .py file."
            raise UnknownStrategy(f"Unknown strategy '{name}'.{nearest(name, known)} {there}")
        return StrategySource(name)
    from pipeline.strategies.loading.modules import modules_of  # strategies that come with the product do without

    file = Path(name).resolve()
    try:
        text = file.read_bytes()
    except OSError as error:
        raise UnknownStrategy(f"{Path(name)}: no strategy file there can be read ({refusal(file, error)}).") from error
    modules = modules_of(file, text)
    files = tuple(sorted(_files(file.parent, modules)))
    every = hashlib.sha256(str(file).encode())
    for label, content in [*((module.name, module.text) for module in modules), *files]:
        every.update(f"\0{label}\0{len(content)}\0".encode() + content)
    return StrategySource(name, str(file), text, modules, files, f"strategy_{every.hexdigest()[:16]}")


def load_strategy(source: str | StrategySource) -> type[Strategy]:
    """Return the strategy class of that name, or the one in that file.

    Raises UnknownStrategy for a name or file that is not there, StrategyError for a file without exactly one strategy.
    """
    if isinstance(source, str):
        source = strategy_source(source)
    if source.text is None:
        return _only_strategy(importlib.import_module(f"pipeline.strategies.{source.name}"))
    strategy = _only_strategy(_from_texts(source))
    if not strategy.sources:
        strategy.sources = MappingProxyType(source.contents)
        for name in strategy.files:
            strategy.read(name)
    return strategy


def anew(strategy: type[Strategy]) -> type[Strategy]:
    """Return a strategy as one more import of its files makes it: what its modules and its class hold starts anew."""
    if not strategy.sources:
        return strategy
    from pipeline.strategies.loading.modules import imported_again

    with importing:
        again = _only_strategy(imported_again(strategy.__module__))
        again.sources = strategy.sources
        fields_of(again)  # by its module, which another thread may take away next
        return again


def strategy_label(name: str) -> str:
    """Return the name a strategy's config and run go by: the name itself, or its file's."""
    return Path(name).stem if name.endswith(".py") else name


def undeclared_files(strategy: type[Strategy]) -> tuple[str, ...]:
    """Return what results of a strategy may depend on that no key of theirs has.

    These are the data files that it has opened so far in this process without declaring them, and, in backquotes, what
    it uses to read others.
    """
    if not strategy.sources:
        return ()
    from pipeline.strategies.loading.opened import undeclared

    with importing:
        folder = Path(str(sys.modules[strategy.__module__].__file__)).parent
        modules, used = _noticed(strategy)
    known = [*modules, *(str(folder / name) for name in strategy.sources)]
    return (*undeclared(strategy.__module__.partition(".")[0], folder, known), *used)


def undeclared_words(found: Sequence[str]) -> str:
    """Say what follows from what `undeclared_files` found."""
    used = [name for name in found if name.startswith("`")]
    opened = [name for name in found if name not in used]
    words = []
    if opened:
        listed, names = ", ".join(opened), ", ".join(f'"{file}"' for file in opened)
        words.append(
            f"The strategy opened {listed}, which it does not declare: the results depend on it, so they are not kept, "
            f"and no other machine has it. Write `files = ({names},)` in the class and read it with self.read(name)."
        )
    if used:
        words.append(
            f"The strategy uses {', '.join(used)}, by which it may read what no cache notices a change of, so its "
            "results are not kept. A variable of the environment is better a parameter; a class that says all files "
            "that it reads, as in `files = ()` for none, answers for the rest."
        )
    return " ".join(words)


_noticed_of: dict[type[Strategy], tuple[list[str], list[str]]] = {}


def _noticed(strategy: type[Strategy]) -> tuple[list[str], list[str]]:
    """Return the files of the modules that a strategy is made of, and what they use to read others."""
    from pipeline.strategies.loading.own import own_modules, unseen

    if strategy not in _noticed_of:
        modules, _ = own_modules(strategy)
        used = [f"`{name}`" for name in sorted(unseen(strategy, modules))]
        _noticed_of[strategy] = [module.file for module in modules], used
    return _noticed_of[strategy]


def _files(folder: Path, modules: Sequence[ModuleText]) -> Iterator[tuple[str, bytes]]:
    """Yield the data files that the classes of these modules declare, by name, with what they hold."""
    from pipeline.strategies.loading.modules import declared_files

    for module in modules:
        for line, names in declared_files(module):
            where = f"{module.file}, line {line}"
            if not isinstance(names, (tuple, list)) or not all(isinstance(name, str) for name in names):
                raise StrategyError(f'{where}: files lists names as they stand, as in `files = ("model.json",)`.')
            for name in names:
                try:
                    yield name, (folder / name).read_bytes()
                except OSError as error:
                    why = refusal(folder / name, error)
                    raise StrategyError(
                        f"{where}: '{name}' cannot be read ({why}); it is looked for in {folder}."
                    ) from error


def _only_strategy(module: ModuleType) -> type[Strategy]:
    """Return the strategy that a module defines and builds no other on."""
    own = [value for value in vars(module).values() if isinstance(value, type) and value.__module__ == module.__name__]
    strategies = [owned for owned in own if issubclass(owned, Strategy)]
    last = {strategy for strategy in strategies if not any(strategy in other.__mro__[1:] for other in strategies)}
    if len(last) != 1:
        names = ", ".join(sorted(strategy.__name__ for strategy in last)) or "none"
        close = [owned.__name__ for owned in own if hasattr(owned, "on_tick")] if not last else []
        hint = f" Write `class {close[0]}(Strategy):`." if close else ""
        hint = " Keep one in the file, and put each other into a file of its own." if last else hint
        raise StrategyError(
            f"{module.__file__}: a strategy file holds one class built on Strategy; found {names}.{hint}"
        )
    return last.pop()


def _from_texts(source: StrategySource) -> ModuleType:
    from pipeline.strategies.loading.modules import import_texts, module_name
    from pipeline.strategies.loading.opened import watch

    watch(source.package)
    try:
        return import_texts(source.package, source.modules, module_name(Path(source.file)))
    except (Exception, SystemExit) as error:
        raise StrategyError(_not_imported(source, error)) from error


def _not_imported(source: StrategySource, error: BaseException) -> str:
    """Say at which line of the user's own an import ended, and why."""
    where, what = source.file, f"{type(error).__name__}: {error}".replace(f"{source.package}.", "")
    files = {module.file for module in source.modules}
    if isinstance(error, SyntaxError) and error.filename in files:
        where, what = f"{error.filename}, line {error.lineno}", f"SyntaxError: {error.msg}"
    elif own := [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename in files]:
        where = f"{own[-1].filename}, line {own[-1].lineno}"
    if isinstance(error, PipelineError):
        return f"{where}: {error}"
    hint = " Save it as UTF-8." if "encoding declaration" in what else ""
    if isinstance(error, ModuleNotFoundError) and error.name:
        hint = f" Install it, or put {error.name.partition('.')[0]}.py beside the strategy's file."
    return f"{where}: cannot be imported ({what}).{hint}"
