"""Nothing in a cell becomes code: no formula in a CSV, no tag in a page, no pickle from the disk."""

from __future__ import annotations

import ast
import csv
import io
import json
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import pipeline
from pipeline.runs.csv_cells import csv_cell, text_of_cell, with_csv_cells
from pipeline.runs.reader import read_run
from pipeline.runs.writer import csv_text
from pipeline.store.parquet import read_table
from tests.made import make_config, make_store, make_strategy

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / "pipeline").rglob("*.py"))
STARTS = ("=", "+", "-", "@", "\t", "\r")
texts = st.one_of(
    st.text(max_size=20), st.builds(str.__add__, st.sampled_from([*STARTS, "'", "'="]), st.text(max_size=8))
)


@given(texts)
def test_a_text_is_never_a_formula_in_a_csv_and_is_read_back_as_it_was(text: str) -> None:
    cell = csv_cell(text)
    assert not cell.startswith(STARTS)
    assert text_of_cell(cell) == text
    if not text.startswith((*STARTS, "'")):
        assert cell == text


@given(st.one_of(st.floats(), st.integers(), st.booleans()))
def test_a_number_stays_a_number(value: float) -> None:
    assert csv_cell(value) is value
    (_, row) = csv.reader(io.StringIO(csv_text(["x"], [{"x": value}]).decode()))
    assert row == [str(value)]


@given(st.lists(st.fixed_dictionaries({"a": st.one_of(st.none(), texts), "b": st.floats(allow_nan=False)}), max_size=5))
def test_every_row_of_a_csv_comes_back(rows: list[dict[str, Any]]) -> None:
    text = csv_text(["a", "b"], rows).decode()
    found = list(csv.DictReader(io.StringIO(text, newline="")))
    assert [text_of_cell(row["a"]) for row in found] == [row["a"] or "" for row in rows]
    assert [float(row["b"]) for row in found] == [row["b"] for row in rows]
    assert not any(row["a"].startswith(STARTS) for row in found)


def test_a_column_of_a_table_is_quoted_and_the_table_kept() -> None:
    table = pa.table({"n": [-1, 2], "trade_type": ["=cmd|' /C calc'!A0", "exit"]})
    assert with_csv_cells(table, "trade_type").column("trade_type").to_pylist() == ["'=cmd|' /C calc'!A0", "exit"]
    assert table.column("trade_type").to_pylist()[0].startswith("=")
    assert with_csv_cells(table, "other") is table


BROKEN = """
quote_size: int = 10
def on_tick(self, m: Market) -> None:
    raise ValueError("=HYPERLINK(1) <script>alert(1)</script><img src=x onerror=alert(2)>")
"""


@pytest.fixture
def hostile_run(tmp_path: Path) -> Path:
    """A run whose strategy, config and error are named as an attacker would name them."""
    store = make_store(tmp_path / "store", ("FAB",))
    strategy = make_strategy(tmp_path / "=<img src=x onerror=alert(3)>.py", BROKEN)
    config = strategy.with_suffix(".json")
    pipeline.backtest(str(strategy), config=config, parquet_dir=store, output_dir=tmp_path / "run", engine="python")
    return tmp_path / "run"


def test_no_text_of_a_run_is_a_formula_and_its_error_is_read_back(hostile_run: Path) -> None:
    for path in hostile_run.rglob("*.csv"):
        for row in csv.reader(io.StringIO(path.read_text(encoding="utf-8"), newline="")):
            assert not [cell for cell in row if cell.startswith(STARTS) and not _is_number(cell)]
    assert "=HYPERLINK(1)" in read_run(hostile_run).errors["FAB"]


class _Page(HTMLParser):
    """What elements a page has, and what it would run."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.images: list[str] = []
        self.handlers: list[str] = []
        self.scripts = 0
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.scripts += tag == "script"
        self.images += [tag] * (tag == "img")
        self.handlers += [name for name, _ in attrs if name.startswith("on")]


def test_no_text_of_a_run_is_a_tag_in_its_page(hostile_run: Path, tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    store = make_store(tmp_path / "other", ("FAB",))
    pipeline.backtest(parquet_dir=store, config=make_config(tmp_path / "c.json", ("FAB",)), output_dir=plain)
    expected = _Page((plain / "report.html").read_text(encoding="utf-8"))
    text = (hostile_run / "report.html").read_text(encoding="utf-8")
    assert "alert(1)" in text
    assert "alert(3)" in text
    page = _Page(text)
    assert (page.images, page.handlers) == ([], [])
    assert page.scripts == expected.scripts


AUCTION = """
from pipeline.engine.market import AuctionMarket
from pipeline.engine.strategy import Strategy


class Own(Strategy):
    rules = AuctionMarket
    trade_types = ("=1+1", "@exit", "plain")

    def on_tick(self, m: AuctionMarket) -> None:
        if m.event % 500 == 1 and m.price > 0.0:
            m.trade(1, m.price, 1, 0.0, m.event // 500 % 3, m.price, m.event)

    def on_day_end(self, m: AuctionMarket) -> None:
        pass
"""


def test_a_kind_of_trade_is_no_formula_in_the_csv_of_fills(tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text(AUCTION)
    (tmp_path / "own.json").write_text('{"_defaults": {}}')
    pipeline.backtest(
        str(tmp_path / "own.py"),
        config=tmp_path / "own.json",
        parquet_dir=make_store(tmp_path / "store", ("FAB",)),
        output_dir=tmp_path / "run",
        engine="python",
    )
    exact = read_table(tmp_path / "run" / "trades" / "FAB.parquet", ["trade_type"]).column(0).to_pylist()
    with (tmp_path / "run" / "fab_trades_timeseries.csv").open(newline="") as file:
        kinds = [row["trade_type"] for row in csv.DictReader(file)]
    assert set(exact) == {"=1+1", "@exit", "plain"}
    assert kinds == [kind if kind == "plain" else f"'{kind}" for kind in exact]


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


LOADERS = {"pickle", "cPickle", "_pickle", "cloudpickle", "dill", "jsonpickle", "shelve", "marshal", "yaml", "torch"}
CALLS = ("joblib.load", "joblib.Memory", "read_pickle", "to_pickle", "loadtxt", "deserialize_pandas")


def loads_of_code(tree: ast.AST) -> list[str]:
    """What in a file could make objects of what stands on the disk."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names if alias.name.split(".", maxsplit=1)[0] in LOADERS]
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".", maxsplit=1)[0] in LOADERS:
            found.append(str(node.module))
        elif isinstance(node, ast.Call):
            name = ast.unparse(node.func)
            literal = [str(each.value) for each in node.args if isinstance(each, ast.Constant)]
            found += [name] * name.endswith(CALLS)
            found += [each for each in literal if name.endswith("import_module") and each.split(".")[0] in LOADERS]
            found += [word.arg for word in node.keywords if word.arg == "allow_pickle"]
        elif isinstance(node, ast.Attribute | ast.alias | ast.Name):
            name = (
                node.attr if isinstance(node, ast.Attribute) else node.name if isinstance(node, ast.alias) else node.id
            )
            # Jinja2 keeps templates as pickles.
            found += [name] * name.endswith("BytecodeCache")
    return found


@pytest.mark.parametrize(
    "text",
    [
        "import pickle",
        "from pickle import load",
        "import a, marshal",
        "numpy.load(path, allow_pickle=True)",
        "pandas.read_pickle(path)",
        "importlib.import_module('dill')",
        "joblib.load(path)",
        "import yaml",
        "from jinja2 import FileSystemBytecodeCache",
    ],
)
def test_a_load_of_code_would_be_seen(text: str) -> None:
    assert loads_of_code(ast.parse(text))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.relative_to(ROOT).as_posix())
def test_no_file_of_the_product_loads_pickles_or_their_like(file: Path) -> None:
    assert loads_of_code(ast.parse(file.read_text(encoding="utf-8"))) == []


WATCHED = """
import json, sys
from pathlib import Path
seen = []
def hook(event, args):
    if event == "pickle.find_class":
        seen.append(str(args))
    elif event in ("socket.connect", "socket.getaddrinfo", "subprocess.Popen", "os.system", "os.exec", "os.fork"):
        seen.append(event)
sys.addaudithook(hook)
import pipeline
from pipeline.conversion.sample import write_sample
folder = Path(sys.argv[1])
write_sample(folder / "ticks.xlsx")
pipeline.convert(folder / "ticks.xlsx", folder / "store")
for _ in range(2):
    pipeline.backtest(parquet_dir=folder / "store", output_dir=folder / "run", workers=2, backend="threading")
print(json.dumps(seen))
"""


@pytest.mark.usefixtures("loops")
def test_a_conversion_and_two_backtests_load_no_pickle_and_start_and_call_nothing(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", WATCHED, str(tmp_path)], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == []


def test_the_documents_say_that_a_strategy_is_code() -> None:
    for document in ("SECURITY.md", "docs/use/strategies.md"):
        told = " ".join((ROOT / document).read_text(encoding="utf-8").split())
        assert "A strategy file is code and runs as you." in told
