"""The user's own modules that a strategy is made of, wherever they stand, and what of theirs no key of a result has."""

from __future__ import annotations

import ast
import importlib.machinery
import os
import sys
import sysconfig
import uuid
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final
from weakref import WeakKeyDictionary

from pipeline.engine.strategy import Strategy
from pipeline.sources import imported_names
from pipeline.strategies.loading.modules import texts_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import ModuleType

STANDARD_LIBRARY: Final = f"{Path(ast.__file__).parent}{os.sep}"
LIBRARIES: Final = tuple(sorted({f"{sysconfig.get_path(name)}{os.sep}" for name in ("purelib", "platlib")}))
KNOWN: Final = frozenset({*sys.stdlib_module_names, "numpy", "pipeline"})
"""Modules whose version, or text, is in the key of every result."""

ENVIRONMENT: Final = frozenset({"environ", "environb", "getenv", "getenvb"})
UNSEEN_MODULES: Final = frozenset(
    {
        *("pyarrow", "polars", "duckdb", "h5py", "tables", "netCDF4", "xarray", "cv2", "lmdb", "torch", "tensorflow"),
        *("xgboost", "lightgbm", "catboost", "onnxruntime", "sqlite3", "ctypes", "cffi", "subprocess", "socket"),
        *("requests", "httpx", "aiohttp", "urllib.request", "http.client", "os.popen", "os.system"),
    }
)
UNSEEN_FUNCTIONS: Final = frozenset({"read_parquet", "read_orc", "read_hdf", "import_module", "__import__"})
"""What may read a file, a program or a network although Python opens no file then."""

_first_seen: WeakKeyDictionary[ModuleType, bytes] = WeakKeyDictionary()
"""The content of imported modules' files when they were first looked at: a module stays what it was imported as."""


@dataclass(frozen=True, slots=True)
class OwnModule:
    """A module by its name, its file and its text."""

    name: str
    file: str
    text: str


def own_modules(strategy: type[Strategy]) -> tuple[list[OwnModule], bool]:
    """Return the user's modules that a strategy is built on or that these import, by name, and whether any library is.

    A library is what is installed, and not this project nor what it needs to replay.
    """
    seen = {module.name: module for module in _beside(strategy.__module__.partition(".")[0])}
    wanted = [(base.__module__, sys.modules[base.__module__].__file__ or "") for base in strategy.__mro__[:-1]]
    wanted += [each for module in seen.values() for each in _imported_by(module)]
    uses_library = False
    while wanted:
        name, file = wanted.pop()
        if name in seen:
            continue
        if _is_own(name, file):
            seen[name] = OwnModule(name, file, _text_of(name, file))
            wanted += _imported_by(seen[name])
        elif name.partition(".")[0] not in KNOWN:
            uses_library = True
    return [seen[name] for name in sorted(seen)], uses_library


def _beside(package: str) -> list[OwnModule]:
    """Return the modules that a strategy's file brings along, itself among them, as they were read."""
    modules = ((f"{package}.{each.name}", each.file, each.text) for each in texts_of(package))
    return [OwnModule(name, file, text.decode(errors="backslashreplace")) for name, file, text in modules]


@cache
def installed() -> str:
    """Return which libraries are installed, each with its version and since when."""
    folders = [entry for folder in LIBRARIES if os.path.isdir(folder) for entry in os.scandir(folder)]  # noqa: PTH112
    return repr(sorted((each.name, each.stat().st_mtime_ns) for each in folders if each.name.endswith("-info")))


def unseen(strategy: type[Strategy], modules: Iterable[OwnModule]) -> set[str]:
    """Return what modules of a strategy use by which they may read what no key has, where its class does not say.

    A class that says its `files`, if only that there are none, says all that it reads but variables of the environment.
    """
    used: set[str] = set()
    for module in modules:
        imported, names = {*imported_names(module.text, "")}, _names_in(module.text)
        used |= (names | {name.rpartition(".")[2] for name in imported}) & (ENVIRONMENT | UNSEEN_FUNCTIONS)
        used |= (names | imported) & UNSEEN_MODULES
    says_files = next(base for base in strategy.__mro__ if "files" in vars(base)) is not Strategy
    return used & ENVIRONMENT if says_files else used


def _names_in(text: str) -> set[str]:
    """Return the attributes and the built-in names that a text reads: `environ` of `os.environ["X"]`, and `os.environ`.

    What is only set is not read.
    """
    try:
        nodes = [*ast.walk(ast.parse(text))]
    except (SyntaxError, ValueError):
        return set()
    calls = [node.value.func for node in nodes if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)]
    set_only = {node.value for node in nodes if isinstance(node, ast.Subscript) and not isinstance(node.ctx, ast.Load)}
    set_only |= {call.value for call in calls if isinstance(call, ast.Attribute)}
    attributes = {node for node in nodes if isinstance(node, ast.Attribute)} - set_only
    names = {node.id for node in nodes if isinstance(node, ast.Name) and node.id.startswith("__")}
    return names | {node.attr for node in attributes} | {ast.unparse(node) for node in attributes}


def _text_of(name: str, file: str) -> str:
    """Return a module's text; of one that this process has and whose file may be another, one that no other has."""
    content, loaded = Path(file).read_bytes(), sys.modules.get(name)
    text = content.decode(errors="backslashreplace")
    is_other = loaded is not None and (_first_seen.setdefault(loaded, content) != content or _is_newer(file))
    return f"{text}\n# not what is loaded: {uuid.uuid4()}" if is_other else text


def _is_newer(file: str) -> bool:
    """Return whether a file was written while this process ran, after a module may have been made from it."""
    import psutil  # 5 ms, for strategies that import modules from elsewhere

    return Path(file).stat().st_mtime >= psutil.Process().create_time()


def _imported_by(module: OwnModule) -> list[tuple[str, str]]:
    is_package = Path(module.file).stem == "__init__"
    names = imported_names(module.text, module.name if is_package else module.name.rpartition(".")[0])
    return [(name, file) for name in sorted({*names}) if (file := _file_of(name)) is not None]


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


def _is_own(name: str, file: str) -> bool:
    """Return whether a module is the user's: not Python's, not an installed library's, not the engine's."""
    if name.partition(".")[0] == "pipeline":
        return name.startswith("pipeline.strategies.")
    return Path(file).is_file() and not file.startswith((STANDARD_LIBRARY, *LIBRARIES))
