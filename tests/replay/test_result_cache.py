"""What was computed is computed again only when something that it depends on has changed, in backtests and sweeps."""

from __future__ import annotations

import json
import os
import py_compile
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from pipeline import api
from pipeline.store.result_cache import ResultCache
from tests.copied_code import copied_code, forget_texts
from tests.made import contents, make_config, make_store, make_strategy, random_ticks, results, write_ticks

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipeline.runs.run import BacktestRun
    from pipeline.sweeps.run import SweepRun

ROOT: Final = Path(__file__).resolve().parents[2]
TICKERS: Final = ("EMAAR", "FAB", "MODON")
DELAYS: Final = (0, 200)
PLAIN: Final = """
size: Shares = parameter(300, minimum=1)
recent: list = []

def on_tick(self, m):
    self.recent = [*self.recent[-20:], m.price]
    if m.bid_size > 0 and m.bid < fmean(self.recent):
        m.quote_bid(m.bid, self.size)
    if m.ask_size > 0 and m.ask > fmean(self.recent):
        m.quote_ask(m.ask, self.size)
"""


@dataclass
class Made:
    """A store, a plain strategy of one's own and its config, which the tests change between two runs."""

    folder: Path
    store: Path
    strategy: Path

    @property
    def config(self) -> Path:
        return self.strategy.with_suffix(".json")

    def configure(self, **blocks: object) -> None:
        tickers = {ticker: {"_comment": "as before", "size": 150} for ticker in TICKERS}
        self.config.write_text(json.dumps(tickers | blocks))

    def options(self, **more: Any) -> dict[str, Any]:
        return {"parquet_dir": self.store, "config": self.config, "backend": "sequential", **more}

    def backtest(self, *, fresh: bool = False, **more: Any) -> BacktestRun:
        return api.backtest(str(self.strategy), fresh=fresh, **self.options(**more))

    def sweep(self, *, fresh: bool = False, delays: tuple[int, ...] = DELAYS, **more: Any) -> SweepRun:
        grid = {"execution.latency_ms": delays}
        return api.sweep(grid=grid, strategy=str(self.strategy), fresh=fresh, **self.options(**more))


@pytest.fixture
def made(tmp_path: Path, kept_results: Path) -> Made:
    assert not kept_results.exists()
    found = Made(tmp_path, make_store(tmp_path / "parquet", TICKERS), make_strategy(tmp_path / "own.py", PLAIN))
    for seed, ticker in enumerate(TICKERS):
        write(found, ticker, seed)
    found.configure()
    return found


def replayed(run: BacktestRun) -> list[str]:
    return [one.ticker for one in run.results if not one.cached]


def computed(run: SweepRun) -> list[str]:
    return sorted({one.ticker for one in run.results.trial_results.values() if not one.cached})


def touch(*paths: Path) -> None:
    for path in paths:
        os.utime(path, (1, 1))


def write(made: Made, ticker: str, seed: int, a_day: int = 400) -> None:
    ticks = random_ticks(seed, a_day=a_day)
    write_ticks(made.store / f"{ticker}.parquet", ticks, {"exchange": "ADX"})


def say(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


NOBODY: Final[tuple[str, ...]] = ()
CHANGES: Final[dict[str, tuple[Callable[[Made], dict[str, Any] | None], tuple[str, ...]]]] = {
    "nothing": (lambda _: None, NOBODY),
    "files touched": (lambda made: touch(*made.store.iterdir(), made.config, made.strategy), NOBODY),
    "a comment in the config": (lambda made: say(made.config, "as before", "otherwise"), NOBODY),
    "numbers written otherwise": (lambda made: say(made.config, "150", "150.0"), NOBODY),
    "the store moved": (lambda made: {"parquet_dir": made.store.rename(made.folder / "elsewhere")}, NOBODY),
    "another backend": (lambda _: {"backend": "threading", "workers": 2}, NOBODY),
    "one ticker's parameters": (lambda made: made.configure(MODON={"size": 151}), ("MODON",)),
    "one ticker's ticks": (lambda made: write(made, "FAB", 77), ("FAB",)),
    "one ticker's exchange": (lambda made: made.configure(MODON={"size": 150, "exchange": "DFM"}), ("MODON",)),
    "fees of an exchange that none trades on": (lambda _: {"parameters": {"execution.fees_bps": {"DFM": 3}}}, NOBODY),
    "a fee": (lambda _: {"parameters": {"execution.fees_bps": 3}}, TICKERS),
    "a switch": (lambda _: {"parameters": {"execution.fill_price": "order"}}, TICKERS),
    "the strategy's text": (lambda made: say(made.strategy, "-20:", "-19:"), TICKERS),
    "asked for": (lambda _: {"fresh": True}, TICKERS),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_second_run_computes_what_changed_and_says_what_a_first_would(made: Made, change: str) -> None:
    apply, expected = CHANGES[change]
    assert (replayed(made.backtest()), computed(made.sweep())) == ([*TICKERS], [*TICKERS])
    more = apply(made) or {}
    again, swept = made.backtest(output_dir=made.folder / "again", **more), made.sweep(**more)
    assert (tuple(replayed(again)), tuple(computed(swept))) == (expected, expected)
    anew = more | {"fresh": True}
    made.backtest(output_dir=made.folder / "anew", **anew)
    assert results(made.folder / "again") == results(made.folder / "anew")
    assert swept.table.equals(made.sweep(**anew).table)
    assert again.summary["trades"].min() > 20


def test_a_change_of_the_code_computes_again_what_that_code_makes(made: Made, tmp_path: Path) -> None:
    made.backtest()
    made.sweep()
    with copied_code(tmp_path) as folder:
        for changed, expected in (("__main__", (0, 0)), ("metrics/formulas", (0, 3)), ("engine/rules/orders", (3, 3))):
            say(folder / f"{changed}.py", "from __future__", "#\nfrom __future__")
            forget_texts()
            assert (len(replayed(made.backtest())), len(computed(made.sweep()))) == expected, changed


def test_another_value_computes_its_own_settings_only(made: Made) -> None:
    made.sweep()
    more = made.sweep(delays=(*DELAYS, 300))
    assert (more.results.cached, more.results.computed) == (6, 3)
    assert made.sweep(delays=(300, 200)).results.computed == 0


def test_a_flipped_bit_in_a_kept_result_is_computed_again(made: Made, kept_results: Path) -> None:
    first = made.sweep()
    content = first.results.trial_results[2, "FAB"].encoded
    assert content is not None
    raw = bytearray(kept_results.read_bytes())
    at = raw.index(content[:64])  # its figures, which no other setting has
    raw[at + 20] ^= 0x04
    kept_results.write_bytes(raw)
    second = made.sweep()
    assert [key for key, one in second.results.trial_results.items() if not one.cached] == [(2, "FAB")]
    assert second.table.equals(first.table)
    assert made.sweep().results.computed == 0


def test_what_is_kept_stays_below_the_limit_and_what_was_of_use_last_stays(
    made: Made, kept_results: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIPELINE_RESULTS_MB", "2")
    assert replayed(made.backtest()) == [*TICKERS]
    kept = ResultCache(kept_results.parent)
    kept.put({"unused from here on": bytes(2_000_000)})
    kept.close()
    for size in range(1, 4):
        assert replayed(made.backtest(parameters={"size": size})) == [*TICKERS]
        assert replayed(made.backtest()) == []
    kept = ResultCache(kept_results.parent)
    assert 30_000 < kept.size() < 2 * 2**20
    assert kept.get(["unused from here on"]) == {}
    kept.close()


def test_a_kept_backtest_of_a_shipped_strategy_gives_the_same_bytes_its_check_included(
    made: Made, tmp_path: Path
) -> None:
    options: dict[str, Any] = {"config": make_config(tmp_path / "v1.json"), "parquet_dir": made.store}
    for name in ("first", "second"):
        run = api.backtest(**options, output_dir=tmp_path / name, sensitivity=True)
        assert all(one.cached == (name == "second") for one in run.results)
    first, second = contents(tmp_path / "first"), contents(tmp_path / "second")
    assert "sensitivity.csv" in first
    assert {name for name in first if first[name] != second[name]} <= {"run.json"}
    assert replayed(api.backtest(**options, sensitivity=False)) == [*TICKERS]
    assert replayed(api.backtest(**options, engine="python", securities=["FAB"])) == ["FAB"]


def test_a_strategy_that_counts_with_numpy_is_kept_like_any(made: Made) -> None:
    say(made.strategy, "from statistics import fmean", "from statistics import fmean\nimport numpy as np")
    say(made.strategy, "m.bid, self.size)", "np.float64(m.bid), np.int64(self.size))")
    first = made.backtest(output_dir=made.folder / "first")
    assert first.failed == {}
    assert replayed(made.backtest(output_dir=made.folder / "second")) == []
    assert results(made.folder / "first") == results(made.folder / "second")


MODULES: Final = ("own_top.py", "own_package/rules.py", "own_inner.py", "own_late.py")
IMPORTS: Final = """
from own_top import LOOK_BACK
from own_package.rules import LOOK_BACK as SECOND
from own_between import THIRD

def look_back():
    from own_late import LOOK_BACK as FOURTH
    return max(LOOK_BACK, SECOND, THIRD, FOURTH)
"""


def in_a_process(made: Made, *words: str) -> str:
    """Sweep as the command line does, where the strategy finds modules beside it, and return what it says."""
    command = [
        sys.executable,
        "-m",
        "pipeline",
        "sweep",
        "--strategy",
        str(made.strategy),
        "--config",
        str(made.config),
    ]
    command += ["--parquet-dir", str(made.store), "--output-dir", str(made.folder / "out"), "--backend", "loky"]
    command += ["--grid", "size=100,200", "--securities", "FAB", "--workers", "2", *words]
    environment = os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}{made.folder}", "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=made.folder, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_changed_module_that_a_strategy_imports_is_a_changed_strategy(made: Made) -> None:
    files = [made.folder / name for name in MODULES]
    files[1].parent.mkdir()
    for file in files:
        file.write_text("LOOK_BACK = 20\n")
    (made.folder / "own_between.py").write_text("from own_inner import LOOK_BACK as THIRD\n")
    say(made.strategy, "from statistics import fmean", f"from statistics import fmean\n{IMPORTS}")
    say(made.strategy, "[-20:]", "[-look_back():]")
    assert "0 cached, 2 computed, 0 failed" in in_a_process(made)
    touch(*files)
    assert "2 cached, 0 computed, 0 failed" in in_a_process(made)
    for file in files:
        say(file, "20", "10")
        assert "0 cached, 2 computed, 0 failed" in in_a_process(made), file


def test_a_module_without_its_text_counts_by_its_bytes(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(made.folder)
    text = made.folder / "own_text.py"
    text.write_text("LOOK_BACK = 20\n")
    py_compile.compile(str(text), str(made.folder / "own_blob.pyc"))
    say(made.strategy, "from statistics import fmean", "from statistics import fmean\n\nimport own_blob")
    say(made.strategy, "[-20:]", "[-own_blob.LOOK_BACK:]")
    assert (made.sweep().results.computed, made.sweep().results.computed) == (6, 0)


def test_a_module_changed_under_a_running_session_is_never_kept_under_its_new_text(
    made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = made.folder / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.syspath_prepend(elsewhere)
    (elsewhere / "own_module_once.py").write_text("LOOK_BACK = 20\n")
    say(made.strategy, "from statistics import fmean", "from statistics import fmean\n\nimport own_module_once")
    say(made.strategy, "[-20:]", "[-own_module_once.LOOK_BACK:]")
    made.sweep()
    assert made.sweep().results.computed == 0
    say(elsewhere / "own_module_once.py", "20", "10")  # what is loaded still looks back by 20
    assert made.sweep().results.computed == 6
    monkeypatch.delitem(sys.modules, "own_module_once")
    monkeypatch.delitem(sys.modules, type_of(made).__module__)
    assert made.sweep().results.computed == 6


def type_of(made: Made) -> Any:
    from pipeline.strategies.loading.load import load_strategy

    return load_strategy(str(made.strategy))
