"""Modules beside a strategy's file are its own: found, carried, told apart, named in errors; so are its data files."""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
from typing import TYPE_CHECKING, Any, Final

import pytest

from pipeline import api
from pipeline.engine.compiled import compiled_replay
from pipeline.engine.compiler.keys import code_key
from pipeline.engine.compiler.names import check_names
from pipeline.engine.strategy import fields_of
from pipeline.errors import NotCompilable, StrategyError
from pipeline.replay.result_key import strategy_text
from pipeline.strategies.loading import own
from pipeline.strategies.loading.load import load_strategy, strategy_source
from tests.engine.replays import plain, random_ticks
from tests.made import make_store, results

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

QUOTES: Final = """\
from __future__ import annotations

from pipeline.engine.strategy import Shares, Strategy, parameter
from helpers import LIMIT, mid


class Own(Strategy):
    size: Shares = parameter(300)
    calls: int = 0

    def on_tick(self, m):
        if m.bid_size > 0 and m.ask_size > 0 and mid(m) > m.bid and m.position < LIMIT:
            m.quote_bid(m.bid, self.size)
            self.calls += 1
"""
HELPERS: Final = {
    "helpers.py": "from rules.limits import LIMIT\nimport rules.limits\n\n"
    "def mid(m):\n    from late import HALF\n    return (m.bid + m.ask) * HALF\n",
    "rules/__init__.py": "",
    "rules/limits.py": "from . import most\n\nLIMIT = most.MOST\n",
    "rules/most.py": "MOST = 900\n",
    "late.py": "HALF = 0.5\n",
}


def folder_of(folder: Path, strategy: str = QUOTES, **files: str) -> str:
    """Write a strategy and what stands beside it, and return its path."""
    for name, text in {"own.py": strategy, **HELPERS, **files}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    (folder / "own.json").write_text('{"_defaults": {}}', encoding="utf-8")
    return str(folder / "own.py")


def test_what_a_strategy_imports_beside_it_is_found_however_deep(tmp_path: Path) -> None:
    name = folder_of(tmp_path, **{"unused.py": "1 / 0\n"})
    assert sorted(strategy_source(name).contents) == sorted(["own.py", *HELPERS])
    strategy = load_strategy(name)
    check_names(strategy)
    outcome = plain(strategy, random_ticks(200))
    assert 0 < outcome.final["s_calls"] <= 200
    assert not {"helpers", "rules", "late"} & sys.modules.keys()
    assert {path.name for path in tmp_path.iterdir()} == {
        "own.py",
        "own.json",
        "helpers.py",
        "rules",
        "late.py",
        "unused.py",
    }


def test_two_strategies_have_a_helper_of_one_name_each(tmp_path: Path) -> None:
    one = load_strategy(folder_of(tmp_path / "one", **{"rules/most.py": "MOST = 1\n"}))
    other = load_strategy(folder_of(tmp_path / "other", **{"rules/most.py": "MOST = 2\n"}))
    assert [vars(sys.modules[own.__module__])["LIMIT"] for own in (one, other)] == [1, 2]
    assert one is load_strategy(str(tmp_path / "one" / "own.py"))


def test_a_module_beside_is_found_by_its_place_alone(tmp_path: Path) -> None:
    own = QUOTES.replace("from helpers import LIMIT, mid", "from . import helpers\n\nLIMIT, mid = 1, helpers.mid")
    assert sorted(strategy_source(folder_of(tmp_path, own)).contents) == sorted(["own.py", *HELPERS])
    check_names(load_strategy(str(tmp_path / "own.py")))


def test_the_text_that_was_read_travels_and_is_what_runs(tmp_path: Path) -> None:
    travels = pickle.dumps(strategy_source(folder_of(tmp_path)))
    for file in [*tmp_path.rglob("*.py")]:
        file.unlink()
    script = "import pickle, sys; from pipeline.strategies.loading.load import load_strategy\n"
    script += "own = load_strategy(pickle.load(sys.stdin.buffer)); print(sys.modules[own.__module__].LIMIT)"
    done = subprocess.run([sys.executable, "-c", script], input=travels, capture_output=True, check=True, cwd=tmp_path)
    assert done.stdout.split() == [b"900"]


def test_a_base_class_beside_the_strategy_is_compiled_with_it(tmp_path: Path) -> None:
    base = QUOTES.replace("from helpers import LIMIT, mid\n", "").replace(
        "mid(m) > m.bid and m.position < LIMIT", "self.mid(m) > m.bid"
    )
    base += "\n    def mid(self, m):\n        return (m.bid + m.ask) / 2\n"
    own = "from base import Own as Base\n\n\nclass Own(Base):\n    extra: int = 0\n"
    strategy = load_strategy(folder_of(tmp_path, own, **{"base.py": base}))
    compiled = compiled_replay(strategy).run
    assert compiled is not None
    assert "extra" in fields_of(strategy).memory


def test_a_function_beside_the_strategy_runs_as_plain_python_and_says_so(tmp_path: Path) -> None:
    with pytest.raises(
        NotCompilable, match=r"own.py, line 12: mid is a function outside the class; a method, self.mid"
    ):
        compiled_replay(load_strategy(folder_of(tmp_path)))


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"rules/most.py": "MOST = 1 / 0\n"}, "rules/most.py, line 1: cannot be imported (ZeroDivisionError: division"),
        (
            {"late.py": "HALF = = 1\n", "helpers.py": "from late import HALF as LIMIT, HALF as mid\n"},
            "late.py, line 1: ",
        ),
        ({"helpers.py": "LIMIT = 5\n"}, "own.py, line 4: cannot be imported (ImportError: cannot import name 'mid'"),
        ({"helpers.py": "import nothere\n"}, "Install it, or put nothere.py beside the strategy's file."),
        ({"helpers.py": "raise SystemExit(3)\n"}, "helpers.py, line 1: cannot be imported (SystemExit: 3)."),
    ],
)
def test_a_module_that_cannot_be_imported_is_named_with_its_line(
    files: dict[str, str], words: str, tmp_path: Path
) -> None:
    name = folder_of(tmp_path, **files)
    for _ in range(2):
        with pytest.raises(StrategyError) as refused:
            load_strategy(name)
        assert words in str(refused.value)
        assert "strategy_" not in str(refused.value)


@pytest.mark.parametrize(
    ("helpers", "words"),
    [
        (
            "def mid(m):\n    return m.best_bid\n",
            "helpers.py, line 3: the market has no 'best_bid'. Did you mean 'bid'?",
        ),
        (
            "def mid(m):\n    book = m\n    return book.bidd\n",
            "helpers.py, line 4: the market has no 'bidd'. Did you me",
        ),
        (
            "def mid(m):\n    m.position = 0\n    return 1\n",
            "helpers.py, line 3: `m.position` can be read, not assigned",
        ),
        (
            "def mid(book):\n    return inner(1, of=book)\n\ndef inner(a, of):\n    return of.spread\n",
            "line 6: the market",
        ),
        (
            "class Mid:\n    def __init__(self, m):\n        self.x = m.bidd\nmid = Mid\n",
            "helpers.py, line 4: the market",
        ),
    ],
)
def test_the_market_is_followed_into_the_functions_it_is_passed_to(helpers: str, words: str, tmp_path: Path) -> None:
    name = folder_of(tmp_path, **{"helpers.py": f"LIMIT = 5\n{helpers}"})
    with pytest.raises(StrategyError) as refused:
        check_names(load_strategy(name))
    assert words in str(refused.value)


def test_the_standard_library_and_this_project_are_never_replaced(tmp_path: Path) -> None:
    own = QUOTES.replace("from helpers import LIMIT, mid", "import random\n\nLIMIT = random.randint(3, 3)\nmid = float")
    source = strategy_source(folder_of(tmp_path, own, **{"random.py": "1 / 0\n", "pipeline/__init__.py": "1 / 0\n"}))
    load_strategy(source)
    assert list(source.contents) == ["own.py"]


CHANGES: Final = {
    "a helper": ("helpers.py", HELPERS["helpers.py"] + "OTHER = 1\n"),
    "what a helper imports": ("rules/most.py", "MOST = 800\n"),
    "what is imported late": ("late.py", "HALF = 0.25 + 0.25\n"),
    "a data file": ("model.json", "[2]"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_beside_the_strategy_changes_the_keys_of_results_and_of_loops(change: str, tmp_path: Path) -> None:
    own = QUOTES.replace("    size:", '    files = ("model.json",)\n    size:')

    def keys() -> tuple[str, str]:
        strategy = load_strategy(str(tmp_path / "own.py"))
        return strategy_text(strategy), code_key(strategy, "x")

    folder_of(tmp_path, own, **{"model.json": "[1]"})
    before = keys()
    file, text = CHANGES[change]
    (tmp_path / file).write_text(text, encoding="utf-8")
    assert not set(before) & set(keys())
    folder_of(tmp_path, own, **{"model.json": "[1]"})
    assert keys() == before


def test_what_a_helper_imports_from_elsewhere_and_what_is_installed_change_the_key_of_results(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path / "elsewhere")
    monkeypatch.syspath_prepend(tmp_path / "site")
    monkeypatch.setattr(own, "LIBRARIES", (f"{tmp_path / 'site'}{os.sep}",))
    installed = {"site/library-1.0.dist-info/METADATA": "", "site/library.py": "", "elsewhere/own_used.py": ""}
    name = folder_of(tmp_path, **{"rules/most.py": "MOST = 900\n\ndef late():\n    import own_used\n"}, **installed)

    def key() -> str:
        own.installed.cache_clear()
        return strategy_text(load_strategy(name))

    keys = [key(), key()]
    (tmp_path / "elsewhere" / "own_used.py").write_text("import library\n")
    keys.append(key())
    (tmp_path / "site" / "library-1.0.dist-info").rename(tmp_path / "site" / "library-1.1.dist-info")
    keys.append(key())
    assert keys[0] == keys[1]
    assert len({*keys}) == 3


READS: Final = """\
import json
from pathlib import Path

from pipeline.engine.strategy import Shares, Strategy, parameter


class Own(Strategy):
    {declared}
    size: Shares = parameter(300)
    weights: list = []

    def on_start(self):
        self.weights = json.loads({read})

    def on_tick(self, m):
        if m.bid_size > 0:
            m.quote_bid(m.bid, self.size * self.weights[0])
"""
DECLARED: Final = 'files = ("model.json",)'
BESIDE: Final = 'Path(__file__).with_name("model.json").read_text()'


def test_a_declared_file_is_read_as_it_was_when_the_run_was_planned(tmp_path: Path) -> None:
    own = READS.format(declared=DECLARED, read='self.read("model.json")')
    name = folder_of(tmp_path, own, **{"model.json": "[2]"})
    travels = pickle.dumps(strategy_source(name))
    (tmp_path / "model.json").unlink()
    strategy = load_strategy(pickle.loads(travels))  # noqa: S301 - our own
    assert plain(strategy, random_ticks(100)).final["m_bid_remaining"] in range(601)
    assert strategy.read("model.json") == b"[2]"


@pytest.mark.parametrize(
    ("declared", "words"),
    [
        (DECLARED, "line 8: 'model.json' cannot be read (No such file or directory); it is looked for in "),
        ('files = ("model.json")', 'line 8: files lists names as they stand, as in `files = ("model.json",)`.'),
        ('files = tuple(["model.json"])', 'line 8: files lists names as they stand, as in `files = ("model.json",)`.'),
    ],
)
def test_a_file_declared_wrong_is_refused_with_its_line(declared: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(StrategyError) as refused:
        strategy_source(folder_of(tmp_path, READS.format(declared=declared, read='self.read("model.json")')))
    assert words in str(refused.value)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_store(tmp_path_factory.mktemp("made") / "parquet", ("FAB", "EMAAR"))


@pytest.fixture
def run(store: Path, tmp_path: Path, kept_results: Path) -> Callable[..., Any]:
    assert not kept_results.exists()
    options: dict[str, Any] = {"config": tmp_path / "own.json", "parquet_dir": store}
    return lambda name, **how: api.backtest(str(tmp_path / "own.py"), output_dir=tmp_path / name, **options, **how)


@pytest.mark.parametrize("backend", ["sequential", "threading", "loky"])
def test_modules_and_files_beside_a_strategy_go_to_every_worker(run: Any, tmp_path: Path, backend: str) -> None:
    own = READS.format(declared=DECLARED, read='self.read("model.json")').replace(
        "import json", "from tools import json"
    )
    folder_of(tmp_path, own, **{"model.json": "[2]", "tools.py": "import json\n"})
    done = run(backend, backend=backend, fresh=True, workers=2)
    assert done.failed == {}
    again = run("again", backend="sequential")
    assert all(result.cached for result in again.results)
    assert results(tmp_path / backend) == results(tmp_path / "again")
    assert not [text for text in warnings_of(tmp_path / backend) if "declare" in text]


@pytest.mark.parametrize("read", [BESIDE, "MODEL"])
@pytest.mark.parametrize("backend", ["sequential", "loky"])
def test_a_file_that_is_opened_and_not_declared_is_told_and_its_results_are_not_kept(
    run: Any, tmp_path: Path, backend: str, read: str
) -> None:
    own = READS.format(declared="", read=read).replace(
        "\n\n\n", f"\n\nMODEL = {BESIDE}\n\n" if read == "MODEL" else "\n\n\n", 1
    )
    folder_of(tmp_path, own, **{"model.json": "[2]"})
    for name in ("first", "second"):
        done = run(name, backend=backend)
        assert done.failed == {}
        assert not any(result.cached for result in done.results)
        [told] = [text for text in warnings_of(tmp_path / name) if "declare" in text]
        assert told.startswith("The strategy opened model.json, which it does not declare: ")
        assert 'Write `files = ("model.json",)` in the class' in told


def warnings_of(folder: Path) -> list[str]:
    found: list[str] = json.loads((folder / "run.json").read_text(encoding="utf-8"))["warnings"]
    return found


def test_a_strategy_named_as_a_module_that_it_imports_imports_that_one(tmp_path: Path) -> None:
    text = "import random\nfrom pipeline.engine.strategy import Strategy\n\nclass Own(Strategy):\n"
    text += "    n: int = random.Random(1).randint(5, 5)\n    def on_tick(self, m):\n        pass\n"
    for name in ("random.py", "pipeline.py"):
        (tmp_path / name).write_text(text, encoding="utf-8")
        assert fields_of(load_strategy(str(tmp_path / name))).memory["n"].start == 5


def test_a_file_that_is_not_utf_8_is_told_to_be_saved_so(tmp_path: Path) -> None:
    (tmp_path / "own.py").write_bytes("# größe\n".encode("latin-1"))
    with pytest.raises(StrategyError, match=r"own\.py: cannot be imported \(SyntaxError: .*\)\. Save it as UTF-8\."):
        load_strategy(str(tmp_path / "own.py"))
