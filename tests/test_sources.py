"""What is cached is keyed by every module that makes it: changed or moved, each changes the key; no other does."""

from __future__ import annotations

import ast
import re
import sys
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from pipeline.engine.compiler import keys
from pipeline.errors import MissingModule
from pipeline.replay.plan import Plan, Request, plan
from pipeline.runs.fill_tables import encode_trades
from pipeline.runs.replaying import result_names
from pipeline.runs.security import Destination, run_security
from pipeline.sources import digest_of, sources_of
from pipeline.strategies.loading.load import load_strategy
from pipeline.sweeps import tasks as sweep_tasks
from pipeline.sweeps.codec import encode_figures
from tests.copied_code import PACKAGE, copied_code, forget_texts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ENTRIES: Final = {
    "results": ("pipeline.runs.security", "pipeline.runs.result_codec"),
    "swept figures": ("pipeline.sweeps.tasks", "pipeline.sweeps.codec"),
    "swept fills": ("pipeline.sweeps.tasks", "pipeline.runs.fill_tables"),
    "loops": ("pipeline.engine.batch",),
}
OTHERS: Final = ("pages", "console", "cli", "conversion", "inspection", "tracing", "api.py")


@pytest.fixture
def planned(inputs: tuple[Path, Path]) -> Plan:
    store, config = inputs
    return plan(Request(config=config, parquet_dir=store, securities=["FAB"]))


@dataclass
class Copied:
    """A copy of the package that takes its place where the texts of modules are read."""

    folder: Path
    planned: Plan

    def file(self, name: str) -> Path:
        path = self.folder.joinpath(*name.split(".")[1:])
        return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")

    def keys(self) -> dict[str, str]:
        forget_texts()
        return {
            "results": result_names(self.planned)["FAB"],
            "loops": keys.code_key(load_strategy("v1_baseline"), "any"),
            "swept figures": digest_of(sweep_tasks.__name__, encode_figures.__module__),
            "swept fills": digest_of(sweep_tasks.__name__, encode_trades.__module__),
        }


@pytest.fixture
def copied(planned: Plan, tmp_path: Path) -> Iterator[Copied]:
    before = Copied(PACKAGE, planned).keys()
    with copied_code(tmp_path) as folder:
        inputs = Copied(folder, planned)
        assert inputs.keys() == before, "where a package is installed makes no difference"
        yield inputs


@cache
def reached(entries: tuple[str, ...]) -> set[str]:
    """Return the modules of the package that running others can import, by what Python itself reads in them."""
    names: set[str] = set()
    wanted = list(entries)
    while wanted:
        name = wanted.pop()
        path = PACKAGE.joinpath(*name.split(".")[1:])
        file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
        if name in names or name.partition(".")[0] != "pipeline" or "." not in name or not file.is_file():
            continue
        names.add(name)
        wanted += [name.rpartition(".")[0], *_imports(ast.parse(file.read_text(encoding="utf-8")))]
    return names


def _imports(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
        return
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        assert node.level == 0
        yield from (str(node.module), *(f"{node.module}.{alias.name}" for alias in node.names))
    for inner in ast.iter_child_nodes(node):
        yield from _imports(inner)


def run_by(work: Callable[[], Any]) -> set[str]:
    """Return the modules of the package of which a function is called meanwhile."""
    files: set[str] = set()
    sys.setprofile(lambda frame, *_: files.add(frame.f_code.co_filename))
    try:
        work()
    finally:
        sys.setprofile(None)
    inside = [Path(file).relative_to(PACKAGE).with_suffix("") for file in files if file.startswith(f"{PACKAGE}/")]
    return {".".join(("pipeline", *file.parts)) for file in inside} - {"pipeline.strategies.v1_baseline"}


@pytest.mark.parametrize("kind", ENTRIES)
def test_the_modules_of_a_key_are_those_that_python_would_import(kind: str) -> None:
    assert set(sources_of(*ENTRIES[kind])) == reached(ENTRIES[kind])


def test_the_modules_that_make_a_result_are_in_its_key(planned: Plan) -> None:
    def replay() -> None:
        for engine in ("compiled", "python"):
            task = replace(planned.tasks[0], engine=engine, alternatives={})
            assert run_security(task, Destination()).files

    replay()  # what is compiled, is compiled now: the compiler's calls need not be looked at
    modules = run_by(replay)
    assert {"pipeline.engine.rules.replay_state", "pipeline.engine.compiled", "pipeline.store.seal"} <= modules
    assert modules <= sources_of(*ENTRIES["results"]).keys()


def test_a_change_in_any_module_that_makes_it_changes_a_key_and_no_other_change_does(copied: Copied) -> None:
    assert [other for other in OTHERS if not (copied.folder / other).exists()] == []
    before = copied.keys()
    for file in (file for other in OTHERS for file in [copied.folder / other, *(copied.folder / other).rglob("*.py")]):
        if file.is_file():
            file.write_text(file.read_text(encoding="utf-8") + "#\n", encoding="utf-8")
    assert copied.keys() == before
    for name in set().union(*map(reached, ENTRIES.values())):
        file, text = copied.file(name), copied.file(name).read_text(encoding="utf-8")
        file.write_text(text + "#\n", encoding="utf-8")
        changed = {kind for kind, key in copied.keys().items() if key != before[kind]}
        assert changed == {kind for kind, entries in ENTRIES.items() if name in reached(entries)}, name
        file.write_text(text, encoding="utf-8")


def test_a_module_that_is_moved_changes_the_key_and_one_that_is_not_there_is_named(copied: Copied) -> None:
    before = copied.keys()
    texts = {path: path.read_text(encoding="utf-8") for path in copied.folder.rglob("*.py")}
    for name in reached(ENTRIES["loops"]) - set(ENTRIES["loops"]):
        file = copied.file(name)
        if file.name == "__init__.py":
            continue
        moved = file.rename(file.with_name("elsewhere.py"))
        with pytest.raises(MissingModule, match=rf"{file.name} cannot be read .*, and pipeline\.\S+ needs it"):
            copied.keys()
        importers = [path for path, text in texts.items() if _renamed(text, name) != text]
        for path in importers:
            path.write_text(_renamed(texts[path], name), encoding="utf-8")
        assert not copied.keys().items() & before.items(), name
        for path in importers:
            path.write_text(texts[path], encoding="utf-8")
        moved.rename(file)
    assert copied.keys() == before


def _renamed(text: str, name: str) -> str:
    package, _, own = name.rpartition(".")
    text = re.sub(rf"\bfrom {re.escape(name)} import", f"from {package}.elsewhere import", text)
    return re.sub(rf"(from {re.escape(package)} import [^\n]*?)\b{own}\b", r"\1elsewhere", text)
