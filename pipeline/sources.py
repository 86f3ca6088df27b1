"""Source text of a module and of every module of this package that it can reach through its imports.

Cache keys contain these texts, so that no list of files has to be kept in step with the code.
"""

from __future__ import annotations

import ast
import re
import threading
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pipeline.errors import MissingModule

if TYPE_CHECKING:
    from collections.abc import Mapping

importing: Final = threading.RLock()
"""Held while a strategy's modules are imported once more, and by whoever looks one up in `sys.modules` meanwhile."""

FOLDER: Final = Path(__file__).parent
INIT: Final = "__init__.py"
IMPORT: Final = re.compile(rb"from pipeline\.([\w.]+) import (\([^)]*\)|.*)")
IMPORTED_NAME: Final = re.compile(rb"(\w+)(?: as \w+)?")
COMMENT: Final = re.compile(rb"#.*")
FOR_TYPES_ONLY: Final = re.compile(rb"if TYPE_CHECKING:\n(?: .*\n|\n)*")


@cache
def digest_of(*entries: str) -> str:
    """Return a digest of what `sources_of` returns, the names of the modules included."""
    texts = (b"%s\0%s" % (name.encode(), text) for name, text in sources_of(*entries).items())
    return sha256(b"\0".join(texts)).hexdigest()


@cache
def sources_of(*entries: str) -> Mapping[str, bytes]:
    """Return the text of these modules and of all they import from this package, by name, sorted.

    An import within a function counts, one for type checkers does not. Not followed is the package's own `__init__`,
    which imports everything. Raises MissingModule where an import names a module that is not there.
    """
    texts: dict[str, bytes] = {}
    wanted = [(entry.partition(".")[2], "the key of what is cached") for entry in entries]
    while wanted:
        name, importer = wanted.pop()
        if name in texts:
            continue
        try:
            texts[name], imported = read_module(name)
        except OSError as error:
            why = f"{file_of(name)} cannot be read ({error.strerror}), and {importer} needs it"
            raise MissingModule(f"{why}. The installation is damaged: install tick-pipeline again.") from error
        wanted += [(module, f"pipeline.{name}") for module in imported]
    return {f"pipeline.{name}": texts[name] for name in sorted(texts)}


@cache
def read_module(name: str) -> tuple[bytes, list[str]]:
    """Return the text of a module, and the modules that it imports or lies in."""
    text = file_of(name).read_bytes()
    imported = [name.rpartition(".")[0]] if "." in name else []
    for dotted, names in IMPORT.findall(FOR_TYPES_ONLY.sub(b"", text)):
        module = dotted.decode()
        imported.append(module)
        if file_of(module).name == INIT:
            members = IMPORTED_NAME.findall(COMMENT.sub(b"", names))
            imported += [f"{module}.{member.decode()}" for member in members]
    return text, imported


@cache
def file_of(name: str) -> Path:
    """Return the file of a module or package."""
    path = FOLDER / name.replace(".", "/")
    return path / INIT if path.is_dir() else path.with_name(f"{path.name}.py")


def imported_names(text: str | bytes, package: str) -> list[str]:
    """Return the dotted names that a module's text imports, each with the packages above it first.

    Args:
        text: The text; where it is not Python, what it imports cannot be told.
        package: The package that the module lies in, for relative imports.
    """
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        return []
    names: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: package.count(".") + 2 - node.level] if node.level and package else []
            whole = ".".join([*above, *filter(None, [node.module])])
            names += [whole, *(f"{whole}.{alias.name}" for alias in node.names)]
    parts = (name.removeprefix(".").split(".") for name in names if name)
    return [".".join(name[: end + 1]) for name in parts for end in range(len(name))]
