"""The house keeps its order: who may import whom, one outside library in one place, nothing POSIX-only, short files."""

from __future__ import annotations

import ast
import functools
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

import pipeline
from tests.made import make_config, make_store

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT: Final = Path(__file__).parents[1]
FILES: Final = sorted((ROOT / "pipeline").rglob("*.py"))

BASE: Final = (
    *("errors", "folders", "interrupt", "malloc", "notebook", "notebook_charts", "numbers"),
    *("settings", "sources", "spark", "system", "ticks", "times"),
)
RULES: Final = (*BASE, "markets", "native", "engine", "engine.rules", "engine.strategy")
REPLAY: Final = (*RULES, "strategies", "replay.charges", "replay.simulate")
PLAN: Final = (
    *REPLAY,
    "store",
    *("replay.batch", "replay.prints", "replay.observe", "replay.result_key", "replay.exchanges", "replay.memory"),
    *("replay.workers", "replay.other_touch", "replay.signals", "replay.task", "replay.parts", "replay.loop_sum"),
    *("replay.model_check", "replay.fx", "replay.currencies"),
)
METRICS: Final = (*PLAN, "replay.plan", "replay.identities")
RUNS: Final = (*METRICS, "metrics", "inspection")
MAY_IMPORT: Final = {
    "errors": (),
    **dict.fromkeys(("folders", "interrupt", "malloc", "numbers", "system", "times"), ()),
    "spark": ("ticks",),
    "notebook": ("spark",),
    "notebook_charts": ("errors", "numbers", "spark", "system"),
    "ticks": ("errors",),
    "settings": ("errors", "system"),
    "sources": ("errors",),
    "store": BASE,
    "markets": BASE,
    "native": (*BASE, "store"),
    "inspection": (*BASE, "store", "markets", "native"),
    "conversion": (*BASE, "store", "markets", "native", "inspection"),
    "engine.rules": (*BASE, "engine.strategy"),
    "engine.strategy": (*BASE, "engine", "engine.rules"),
    "engine": (*BASE, "markets", "native", "engine.rules", "engine.strategy"),
    "strategies": RULES,
    "replay.charges": RULES,
    "replay.simulate": (*RULES, "strategies", "replay.charges"),
    "replay.batch": REPLAY,
    "replay.prints": RULES,
    "replay.loop_observe": (*RULES, "replay.prints"),
    "replay.observe": (*REPLAY, "replay.prints", "replay.loop_observe"),
    "replay.result_key": (*REPLAY, "replay.batch"),
    "replay.exchanges": (*REPLAY, "replay.batch", "replay.result_key"),
    "replay.cluster": RULES,
    "replay.memory": (),
    "replay.workers": (*REPLAY, "replay.cluster", "replay.memory"),
    "replay.other_touch": (*RULES, "store"),
    "replay.signals": (*RULES, "store", "replay.other_touch"),
    "replay.parts": (*REPLAY, "store", "replay.observe", "replay.signals"),
    "replay.fx": BASE,
    "replay.task": (*REPLAY, "store", "replay.batch", "replay.memory", "replay.signals", "replay.fx"),
    "replay.currencies": (*RULES, "store", "replay.fx", "replay.task"),
    "replay.loop_sum": BASE,
    "replay.model_check": (*REPLAY, "replay.batch", "replay.task", "replay.loop_sum"),
    "replay.plan": PLAN,
    "replay.identities": (*PLAN, "replay.plan"),
    "metrics": METRICS,
    "runs": RUNS,
    "sweeps": (*RUNS, "runs"),
    "pages": (*RUNS, "runs", "sweeps"),
    "workbook": (*RUNS, "runs", "sweeps", "pages"),
    "tracing": (*RUNS, "runs", "sweeps"),
}
OUTSIDE: Final = (
    "",
    "__main__",
    "api",
    "bench",
    "cli",
    "console",
    "option_values",
    "options",
    "recorded",
    "sampled",
    "validation",
)
"""What stands at the door may import anything; nothing further in may import it."""

ONE_PLACE: Final[dict[str, str | tuple[str, ...]]] = {
    "openpyxl": ("conversion/verify.py", "workbook/"),
    "isal": "conversion/inflate.py",
    "xlrd": "conversion/excel/old_excel.py",
    "zipfile": ("conversion/excel/", "conversion/verify.py", "workbook/writing.py"),
    "pyarrow.fs": "store/path.py",
    "pyarrow.csv": ("conversion/tables/csv_block.py", "runs/csv_cells.py"),
    "pyarrow.parquet": "store/parquet.py",
    "joblib": "replay/workers.py",
    "distributed": "replay/cluster.py",
    "ray": "replay/cluster.py",
    "psutil": ("replay/memory.py", "replay/workers.py", "strategies/loading/own.py", "bench/process.py"),
    "llvmlite": "native/",
    "filelock": "store/lock.py",
    "platformdirs": "folders.py",
    "typer": "cli/",
    "rich": "console/",
    "jinja2": "pages/page.py",
    "markupsafe": "pages/html.py",
    "plotly": "notebook_charts.py",
    "kaleido": "pages/images.py",
    "exchange_calendars": "markets/calendars.py",
}

POSIX_MODULES: Final = {
    "crypt",
    "fcntl",
    "grp",
    "posix",
    "pty",
    "pwd",
    "readline",
    "resource",
    "syslog",
    "termios",
    "tty",
}
POSIX_NAMES: Final = {
    **dict.fromkeys(("fork", "forkpty", "uname", "getuid", "geteuid", "getgid", "getpgid", "killpg", "setsid"), "os"),
    **dict.fromkeys(("chown", "getloadavg", "mkfifo", "nice", "pread", "pwrite", "sched_getaffinity", "statvfs"), "os"),
    **dict.fromkeys(("sysconf", "sync", "posix_fadvise", "posix_spawn", "sendfile", "O_DIRECTORY"), "os"),
    **dict.fromkeys(("SIGKILL", "SIGALRM", "SIGHUP", "SIGUSR1", "SIGUSR2", "alarm", "setitimer", "pause"), "signal"),
}

HEAVY: Final = ("numpy", "pyarrow", "pandas", "numba", "llvmlite", "joblib", "fastexcel", "openpyxl", "rich", "jinja2")
CLUSTERS: Final = ("dask", "distributed", "ray")


def imported(tree: ast.AST) -> Iterator[str]:
    """Yield the dotted name of everything imported, wherever the import stands, `import_module("x")` included."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{'.' * node.level}{node.module or ''}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module"):
            yield from (name for argument in node.args if isinstance(name := getattr(argument, "value", None), str))


def room_of(dotted: str) -> str:
    """Return the room a dotted name below `pipeline.` stands in; a name of `pipeline` itself is of no room."""
    rooms = [room for room in (*MAY_IMPORT, *OUTSIDE[1:]) if dotted == room or dotted.startswith(f"{room}.")]
    return rooms[0] if rooms else ""


def dotted_of(file: Path) -> str:
    parts = file.relative_to(ROOT / "pipeline").with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@functools.cache
def tree_of(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"))


@functools.cache
def imports_of(file: Path) -> tuple[str, ...]:
    return tuple(imported(tree_of(file)))


def test_imports_are_read_wherever_they_stand() -> None:
    text = "import a.b\ndef f():\n    from c import d, e\nif x:\n    from . import g\nimportlib.import_module('h')\n"
    assert sorted(imported(ast.parse(text))) == ["..g", "a.b", "c.d", "c.e", "h"]


@pytest.mark.parametrize("file", FILES, ids=dotted_of)
def test_no_import_runs_against_the_direction(file: Path) -> None:
    room = room_of(dotted_of(file))
    if room == "":
        assert dotted_of(file) in ("", "replay"), f"{file}: say in MAY_IMPORT what this room may import"
    if room in OUTSIDE:
        return
    names = imports_of(file)
    assert not [name for name in names if name.startswith(".")], "imports are written out in full"
    rooms = {room_of(name.removeprefix("pipeline.")) for name in names if name.startswith("pipeline.")} - {""}
    assert rooms <= {room, *MAY_IMPORT[room]}


@pytest.mark.parametrize("library", ONE_PLACE)
def test_an_outside_library_is_imported_in_one_place(library: str) -> None:
    places = {
        file.relative_to(ROOT / "pipeline").as_posix()
        for file in FILES
        for name in imports_of(file)
        if f"{name}.".startswith(f"{library}.")
    }
    assert places
    assert not [place for place in places if not place.startswith(ONE_PLACE[library])]


@pytest.mark.parametrize("file", FILES, ids=dotted_of)
def test_nothing_is_for_posix_only(file: Path) -> None:
    tree = tree_of(file)
    names = {*imports_of(file)} | {ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    forbidden = {f"{module}.{name}" for name, module in POSIX_NAMES.items()}
    assert not names & forbidden
    assert not {name.split(".")[0] for name in imports_of(file)} & POSIX_MODULES


@pytest.mark.parametrize("folder", ["pipeline", "tests"])
def test_no_file_is_longer_than_350_lines(folder: str) -> None:
    lengths = {file: len(file.read_text(encoding="utf-8").splitlines()) for file in (ROOT / folder).rglob("*.py")}
    assert len(lengths) > 20
    assert {file: length for file, length in lengths.items() if length > 350} == {}


@pytest.mark.parametrize("file", FILES, ids=dotted_of)
def test_a_file_says_what_it_is_in_its_first_line(file: Path) -> None:
    assert ast.get_docstring(tree_of(file))


def said_by(program: str) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_the_command_line_loads_nothing_heavy() -> None:
    loaded = said_by("import sys, pipeline.cli; print(*sorted({name.split('.')[0] for name in sys.modules}))").split()
    assert "typer" in loaded
    assert not [name for name in (*HEAVY, *CLUSTERS) if name in loaded]


def test_a_backtest_with_compiled_code_at_hand_loads_no_compiler_and_no_pandas(tmp_path: Path) -> None:
    store, config = make_store(tmp_path / "store"), make_config(tmp_path / "config.json")
    run = f"pipeline.backtest(config={str(config)!r}, parquet_dir={str(store)!r}, output_dir={str(tmp_path / 'run')!r}"
    program = f"import sys, pipeline\n{run}, report=False)\nprint(*(n for n in sys.modules))"
    said_by(program)
    loaded = said_by(program).split()
    assert "pyarrow.parquet" in loaded
    assert not [name for name in ("numba", "pandas", "numpy.ma", "joblib", "rich") if name in loaded]


@pytest.mark.parametrize("backend", ["sequential", "threading", "loky"])
def test_a_pool_on_this_machine_loads_no_clusters_library(backend: str) -> None:
    program = (
        "import sys\nfrom pipeline.replay.workers import run_all, workers_for\n"
        f"assert workers_for('{backend}', [1, 1], 2) == 2\n"
        f"assert sorted(run_all(abs, [-1, -2], '{backend}', 2)) == [1, 2]\n"
        "print(*sorted({name.split('.')[0] for name in sys.modules}))"
    )
    loaded = said_by(program).split()
    assert "pipeline" in loaded
    assert not [name for name in CLUSTERS if name in loaded]


def private_names(file: Path) -> Iterator[str]:
    """Yield what a test takes of `pipeline` that begins with an underscore, as imported and as an attribute."""
    ours = set()
    tree = tree_of(file)
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "pipeline":
            yield from (alias.name for alias in node.names if alias.name.startswith("_") and alias.name[1] != "_")
            ours |= {alias.asname or alias.name for alias in node.names}
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(value=ast.Name(id=owner), attr=name) if owner in ours and re.match("_[^_]", name):
                yield f"{owner}.{name}"


@pytest.mark.parametrize(
    "file", sorted((ROOT / "tests").rglob("*.py")), ids=lambda file: file.relative_to(ROOT).as_posix()
)
def test_a_test_uses_public_names_alone(file: Path) -> None:
    assert list(private_names(file)) == []


def test_no_public_function_has_the_name_of_a_room() -> None:
    rooms = {file.parent.name for file in FILES if file.name == "__init__.py"}
    assert {"conversion", "replay", "sweeps"} <= rooms
    assert not rooms & set(pipeline.__all__)


UV_PACKAGES: Final = tomllib.loads((ROOT / "uv.lock").read_text(encoding="utf-8"))["package"]
MAKEFILE: Final = (ROOT / "Makefile").read_text(encoding="utf-8")


def pinned(name: str) -> set[tuple[str, str]]:
    """Return the names and versions that one of pip's lock files pins."""
    text = (ROOT / name).read_text(encoding="utf-8")
    return set(re.findall(r"^([a-z0-9.-]+)==([^\s;\\]+)", text, flags=re.MULTILINE))


def test_pips_lock_files_pin_the_versions_that_uvs_does() -> None:
    of_uv = {(package["name"], package["version"]) for package in UV_PACKAGES if "registry" in package["source"]}
    of_pip = pinned("requirements-dev.lock")
    assert {name for name, _ in of_uv} >= {"numpy", "numba", "pyarrow", "pytest"}
    assert of_pip <= of_uv
    assert {name for name, _ in of_uv - of_pip} <= _needed_by(["ray"])


def test_the_lock_file_for_running_has_what_running_needs_and_no_more() -> None:
    [project] = [package for package in UV_PACKAGES if package["name"] == "tick-pipeline"]
    needs = [need["name"] for need in (*project["dependencies"], *project["dev-dependencies"]["build"])]
    assert {name for name, _ in pinned("requirements.lock")} == _needed_by(needs)
    assert pinned("requirements.lock") < pinned("requirements-dev.lock")


def test_pip_takes_what_is_locked_and_looks_for_nothing_else() -> None:
    """Without `--no-deps` pip looks for `coverage[toml]` anew and stops when one newer than the locked has come out."""
    [pip] = re.findall(r"^PIP := (.*)$", MAKEFILE, flags=re.MULTILINE)
    text = MAKEFILE.replace("$(PIP)", pip) + (ROOT / "README.md").read_text(encoding="utf-8")
    asked = [one for one in re.split(r"&&|\n", text) if "pip install" in one and ".lock" in one]
    assert len(asked) == 3
    assert [one for one in asked if not ("--require-hashes" in one and "--no-deps" in one)] == []


def test_what_runs_is_made_ready_to_run_and_what_develops_to_develop() -> None:
    rules = re.findall(r"^([a-z-]+): (.*?) ## .*\n((?:\t.*\n)+)", MAKEFILE, flags=re.MULTILINE)
    runs = {name for name, needs, recipe in rules if needs == "setup" and "$(RUN_PIPELINE)" in recipe}
    develops = {name for name, needs, recipe in rules if needs == "setup-dev" and "$(RUN_PIPELINE)" not in recipe}
    assert runs >= {"demo", "convert", "backtest", "sweep", "report", "validate"}
    assert develops >= {"test", "test-long", "coverage", "lint", "types", "audit"}
    assert {name for name, *_ in rules} == runs | develops


def _needed_by(names: list[str]) -> set[str]:
    """Return packages and all that they need, as uv has locked them."""
    packages = {package["name"]: package for package in UV_PACKAGES}
    found: set[str] = set()
    wanted = list(names)
    while wanted:
        found.add(one := wanted.pop())
        wanted += [need["name"] for need in packages[one].get("dependencies", []) if need["name"] not in found]
    return found
