"""The modules next to a strategy's file: found by its imports, sent as text, imported under a private package name."""

from __future__ import annotations

import ast
import builtins
import importlib.util
import linecache
import sys
from dataclasses import dataclass
from importlib.abc import Loader, MetaPathFinder
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final

from pipeline.engine.compiler.parts import SOURCE
from pipeline.errors import StrategyError
from pipeline.sources import imported_names, importing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from importlib.machinery import ModuleSpec

PACKAGE_FILE: Final = "__init__.py"


@dataclass(frozen=True, slots=True, eq=False)
class ModuleText:
    """One module: its dotted name as seen from the strategy's folder, its full path where it was read, what it held."""

    name: str
    file: str
    text: bytes
    is_package: bool = False


def modules_of(file: Path, text: bytes) -> tuple[ModuleText, ...]:
    """Return a strategy's file and the modules beside it that it imports, directly or through one another, by name.

    As for a script, what stands beside comes first; the standard library and this project are never replaced.
    Raises StrategyError for a module that is there and cannot be read.
    """
    own = ModuleText(module_name(file), str(file), text)
    by_name = {own.name: own}
    waiting = [own]
    while waiting:
        module = waiting.pop()
        package = module.name if module.is_package else module.name.rpartition(".")[0]
        for name in imported_names(module.text, package):
            if name not in by_name and (neighbour := _beside(file.parent, name)) is not None:
                by_name[name] = neighbour
                waiting.append(neighbour)
    return tuple(by_name[name] for name in sorted(by_name))


def module_name(file: Path) -> str:
    """Return the name of a strategy's file as a module, which is none that it may import, as `random` is."""
    name = file.stem.replace(".", "_")
    return f"{name}_" if name == "pipeline" or name in sys.stdlib_module_names else name


def declared_files(module: ModuleText) -> Iterator[tuple[int, object]]:
    """Yield each `files = ...` of the classes in a module, as far as it is a literal, with its line."""
    for node in ast.walk(_parsed(module)):
        for member in node.body if isinstance(node, ast.ClassDef) else ():
            targets = member.targets if isinstance(member, ast.Assign) else [getattr(member, "target", None)]
            value = getattr(member, "value", None)
            if value is not None and any(isinstance(target, ast.Name) and target.id == "files" for target in targets):
                try:
                    yield member.lineno, ast.literal_eval(value)
                except ValueError:
                    yield member.lineno, None


def _parsed(module: ModuleText) -> ast.Module:
    try:
        return ast.parse(module.text)
    except (SyntaxError, ValueError):  # said when it is imported
        return ast.Module([], [])


def _beside(folder: Path, name: str) -> ModuleText | None:
    top = name.partition(".")[0]
    if not name or top == "pipeline" or top in sys.stdlib_module_names:
        return None
    path = folder.joinpath(*name.split("."))
    file, package_file = path.with_name(f"{path.name}.py"), path / PACKAGE_FILE
    try:
        if package_file.is_file():
            return ModuleText(name, str(package_file), package_file.read_bytes(), is_package=True)
        if file.is_file():
            return ModuleText(name, str(file), file.read_bytes())
    except OSError as error:
        raise StrategyError(f"{error.filename}: the strategy imports it, and it cannot be read ({error}).") from error
    return ModuleText(name, str(package_file), b"", is_package=True) if any(path.glob("*.py")) else None


_texts: dict[str, ModuleText] = {}
"""Every module text this process was given, by the name it is imported under."""


def texts_of(package: str) -> list[ModuleText]:
    """Return the modules that this process was given for a package."""
    return [module for name, module in sorted(_texts.items()) if name.partition(".")[0] == package]


def import_texts(package: str, modules: Sequence[ModuleText], name: str) -> ModuleType:
    """Import one of the modules as part of a package that only they can see; what they import beside them is theirs.

    Raises whatever their text raises.
    """
    if package not in sys.modules:
        _texts.update({f"{package}.{module.name}": module for module in modules})
        above = ModuleType(package)
        above.__path__ = []
        sys.modules.setdefault(package, above)
    if FINDER not in sys.meta_path:
        sys.meta_path.append(FINDER)
    with importing:
        return importlib.import_module(f"{package}.{name}")


def imported_again(name: str) -> ModuleType:
    """Import a module of texts once more, by its full name, with all that it imports of its package."""
    package = f"{name.partition('.')[0]}."
    with importing:
        for module in [module for module in list(sys.modules) if module.startswith(package)]:
            del sys.modules[module]
        return importlib.import_module(name)


class _Finder(MetaPathFinder, Loader):
    """Finds modules in `_texts`, and makes them from there: no file is read again, and no .pyc is written or taken."""

    def find_spec(self, fullname: str, path: object = None, target: object = None) -> ModuleSpec | None:
        module = _texts.get(fullname)
        if module is None:
            return None
        locations: list[str] | None = [] if module.is_package else None
        return importlib.util.spec_from_file_location(
            fullname, module.file, loader=self, submodule_search_locations=locations
        )

    def create_module(self, spec: ModuleSpec) -> None:
        return None

    def exec_module(self, module: ModuleType) -> None:
        module_text, scope = _texts[module.__name__], vars(module)
        lines = module_text.text.decode(errors="replace").splitlines(keepends=True)
        # For tracebacks. Without a time of modification it is kept where the file is missing or has changed.
        linecache.cache[module_text.file] = (len(module_text.text), None, lines, module_text.file)
        scope["__builtins__"] = vars(builtins) | {"__import__": _importer(module.__name__.partition(".")[0])}
        scope[SOURCE] = importlib.util.decode_source(module_text.text)
        exec(compile(module_text.text, module_text.file, "exec", dont_inherit=True), scope)  # noqa: S102 - the user's file


FINDER: Final = _Finder()


def _importer(package: str) -> Callable[..., Any]:
    """Return what an import statement calls in the modules of a package: names beside them are looked up there."""

    def import_module(
        name: str, scope: Any = None, names: Any = None, wanted: Sequence[str] | None = (), level: int = 0
    ) -> Any:
        top = f"{package}.{name.partition('.')[0]}"
        if level or top not in _texts:
            return builtins.__import__(name, scope, names, wanted or (), level)
        imported = builtins.__import__(f"{package}.{name}", scope, names, wanted or ())
        return imported if wanted else sys.modules[top]

    return import_module
