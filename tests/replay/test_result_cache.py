"""What was computed is computed again only when something that it depends on has changed, in backtests and sweeps."""

from __future__ import annotations

import importlib
import json
import os
import py_compile
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pytest

from pipeline import api
from pipeline.store.result_cache import PARTS, SINGLE, ResultCache
from tests.copied_code import copied_code, forget_texts
from tests.made import contents, make_config, make_store, make_strategy, random_ticks, results, write_ticks

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipeline.runs.backtest import BacktestRun
    from pipeline.sweeps.replays import ReadyResults
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
class Desk:
    """A store, a plain strategy of one's own and its config, which the tests change between two runs."""

    folder: Path
    store: Path
    strategy: Path
    computed: list[str] = field(default_factory=list)
    """The securities of which the last sweep computed a setting."""

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
        ready: list[ReadyResults] = []
        options = self.options(**more) | {"fresh": fresh, "on_result": ready.append}
        run = api.sweep(grid=grid, strategy=str(self.strategy), **options)
        self.computed = sorted({some.ticker for some in ready if not some.cached})
        return run


@pytest.fixture
def desk(tmp_path: Path, kept_results: Path) -> Desk:
    assert not kept_results.exists()
    new = Desk(tmp_path, make_store(tmp_path / "parquet", TICKERS), make_strategy(tmp_path / "own.py", PLAIN))
    for seed, ticker in enumerate(TICKERS):
        write(new, ticker, seed)
    new.configure()
    return new


def replayed(run: BacktestRun) -> list[str]:
    return [result.ticker for result in run.results if not result.cached]


def touch(*paths: Path) -> None:
    for path in paths:
        os.utime(path, (1, 1))


def write(desk: Desk, ticker: str, seed: int, a_day: int = 400) -> None:
    ticks = random_ticks(seed, a_day=a_day)
    write_ticks(desk.store / f"{ticker}.parquet", ticks, {"exchange": "ADX"})


def say(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


NOBODY: Final[tuple[str, ...]] = ()
CHANGES: Final[dict[str, tuple[Callable[[Desk], dict[str, Any] | None], tuple[str, ...]]]] = {
    "nothing": (lambda _: None, NOBODY),
    "files touched": (lambda desk: touch(*desk.store.iterdir(), desk.config, desk.strategy), NOBODY),
    "a comment in the config": (lambda desk: say(desk.config, "as before", "otherwise"), NOBODY),
    "numbers written otherwise": (lambda desk: say(desk.config, "150", "150.0"), NOBODY),
    "the store moved": (lambda desk: {"parquet_dir": desk.store.rename(desk.folder / "elsewhere")}, NOBODY),
    "another backend": (lambda _: {"backend": "threading", "workers": 2}, NOBODY),
    "one ticker's parameters": (lambda desk: desk.configure(MODON={"size": 151}), ("MODON",)),
    "one ticker's ticks": (lambda desk: write(desk, "FAB", 77), ("FAB",)),
    "one ticker's exchange": (lambda desk: desk.configure(MODON={"size": 150, "exchange": "DFM"}), ("MODON",)),
    "fees of an exchange that none trades on": (lambda _: {"parameters": {"execution.fees_bps": {"DFM": 3}}}, NOBODY),
    "a fee": (lambda _: {"parameters": {"execution.fees_bps": 3}}, TICKERS),
    "a switch": (lambda _: {"parameters": {"execution.fill_price": "order"}}, TICKERS),
    "the strategy's text": (lambda desk: say(desk.strategy, "-20:", "-19:"), TICKERS),
    "asked for": (lambda _: {"fresh": True}, TICKERS),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_second_run_computes_what_changed_and_says_what_a_first_would(desk: Desk, change: str) -> None:
    apply, expected = CHANGES[change]
    desk.sweep()
    assert (replayed(desk.backtest()), desk.computed) == ([*TICKERS], [*TICKERS])
    more = apply(desk) or {}
    again, swept = desk.backtest(output_dir=desk.folder / "again", **more), desk.sweep(**more)
    assert (tuple(replayed(again)), tuple(desk.computed)) == (expected, expected)
    anew = more | {"fresh": True}
    desk.backtest(output_dir=desk.folder / "anew", **anew)
    assert results(desk.folder / "again") == results(desk.folder / "anew")
    assert swept.table.equals(desk.sweep(**anew).table)
    assert again.summary["trades"].min() > 20


def test_a_change_of_the_code_computes_again_what_that_code_makes(desk: Desk, tmp_path: Path) -> None:
    desk.backtest()
    desk.sweep()
    with copied_code(tmp_path) as folder:
        for changed, expected in (("__main__", (0, 0)), ("metrics/formulas", (3, 3)), ("engine/rules/orders", (3, 3))):
            say(folder / f"{changed}.py", "from __future__", "#\nfrom __future__")
            forget_texts()
            desk.sweep()
            assert (len(replayed(desk.backtest())), len(desk.computed)) == expected, changed


def test_another_value_computes_its_own_settings_only(desk: Desk) -> None:
    desk.sweep()
    more = desk.sweep(delays=(*DELAYS, 300))
    assert (more.results.cached, more.results.computed) == (6, 3)
    assert desk.sweep(delays=(300, 200)).results.computed == 0


def test_a_damaged_result_of_a_backtest_is_replayed_again_and_the_others_are_not(
    desk: Desk, kept_results: Path
) -> None:
    desk.backtest(output_dir=desk.folder / "first")
    file = max((kept_results / SINGLE).glob("*/*"), key=lambda path: path.stat().st_size)
    file.write_bytes(file.read_bytes()[:-1])
    assert len(replayed(desk.backtest(output_dir=desk.folder / "again"))) == 1
    assert results(desk.folder / "again") == results(desk.folder / "first")
    assert replayed(desk.backtest()) == []


@pytest.mark.parametrize("backend", ["sequential", "threading", "loky"])
def test_every_backend_caches_what_it_replays_or_warns_once_that_it_cannot(
    desk: Desk, kept_results: Path, backend: str
) -> None:
    kept_results.write_text("a file stands where the cache would be")
    with pytest.warns(UserWarning, match="Results cannot be cached in") as caught:
        assert desk.backtest(backend=backend, workers=2).failed == {}
    assert len(caught) == 1
    kept_results.unlink()
    assert replayed(desk.backtest(backend=backend, workers=2)) != []
    assert replayed(desk.backtest()) == []


def test_a_flipped_bit_in_a_kept_result_is_computed_again(desk: Desk, kept_results: Path) -> None:
    first = desk.sweep()
    pnl = np.float64(first.frame.set_index(["setting", "security"]).loc[(2, "FAB"), "net_pnl"]).tobytes()
    [part] = [file for file in (kept_results / PARTS).glob("*/*") if pnl in file.read_bytes()]
    raw = bytearray(part.read_bytes())
    raw[raw.index(pnl) + 2] ^= 0x04
    part.write_bytes(raw)
    second = desk.sweep()
    assert (desk.computed, second.results.cached, second.results.computed) == (["FAB"], 4, 2)
    assert second.table.equals(first.table)
    assert desk.sweep().results.computed == 0


def test_what_is_kept_stays_below_the_limit_and_what_was_of_use_last_stays(
    desk: Desk, kept_results: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIPELINE_RESULTS_MB", "4")
    assert replayed(desk.backtest()) == [*TICKERS]
    cache = ResultCache(kept_results)
    cache.put("unused from here on", bytes(4_000_000))
    for size in range(1, 4):
        assert replayed(desk.backtest(parameters={"size": size})) == [*TICKERS]
        assert replayed(desk.backtest()) == []
    assert 30_000 < cache.size() < 4 * 2**20
    assert cache.get("unused from here on") is None


def test_a_kept_backtest_of_a_shipped_strategy_gives_the_same_bytes_its_check_included(
    desk: Desk, tmp_path: Path
) -> None:
    options: dict[str, Any] = {"config": make_config(tmp_path / "v1.json"), "parquet_dir": desk.store}
    for name in ("first", "second"):
        run = api.backtest(**options, output_dir=tmp_path / name, sensitivity=True)
        assert all(result.cached == (name == "second") for result in run.results)
    first, second = contents(tmp_path / "first"), contents(tmp_path / "second")
    assert "sensitivity.csv" in first
    assert {name for name in first if first[name] != second[name]} <= {"run.json"}
    assert replayed(api.backtest(**options, sensitivity=False)) == [*TICKERS]
    assert replayed(api.backtest(**options, engine="python", securities=["FAB"])) == ["FAB"]


def test_a_strategy_that_counts_with_numpy_is_kept_like_any(desk: Desk) -> None:
    say(desk.strategy, "from statistics import fmean", "from statistics import fmean\nimport numpy as np")
    say(desk.strategy, "m.bid, self.size)", "np.float64(m.bid), np.int64(self.size))")
    first = desk.backtest(output_dir=desk.folder / "first")
    assert first.failed == {}
    assert replayed(desk.backtest(output_dir=desk.folder / "second")) == []
    assert results(desk.folder / "first") == results(desk.folder / "second")


MODULES: Final = ("own_top.py", "own_package/rules.py", "own_inner.py", "own_late.py")
IMPORTS: Final = """
from own_top import LOOK_BACK
from own_package.rules import LOOK_BACK as SECOND
from own_between import THIRD

def look_back():
    from own_late import LOOK_BACK as FOURTH
    return max(LOOK_BACK, SECOND, THIRD, FOURTH)
"""


def in_a_process(desk: Desk, *words: str) -> str:
    """Sweep as the command line does, where the strategy finds modules beside it, and return what it says."""
    command = [
        sys.executable,
        "-m",
        "pipeline",
        "sweep",
        "--strategy",
        str(desk.strategy),
        "--config",
        str(desk.config),
    ]
    command += ["--parquet-dir", str(desk.store), "--output-dir", str(desk.folder / "out"), "--backend", "loky"]
    command += ["--grid", "size=100,200", "--securities", "FAB", "--workers", "2", *words]
    environment = os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}{desk.folder}", "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=desk.folder, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_changed_module_that_a_strategy_imports_is_a_changed_strategy(desk: Desk) -> None:
    files = [desk.folder / name for name in MODULES]
    files[1].parent.mkdir()
    for file in files:
        file.write_text("LOOK_BACK = 20\n")
    (desk.folder / "own_between.py").write_text("from own_inner import LOOK_BACK as THIRD\n")
    say(desk.strategy, "from statistics import fmean", f"from statistics import fmean\n{IMPORTS}")
    say(desk.strategy, "[-20:]", "[-look_back():]")
    assert "0 cached, 2 computed, 0 failed" in in_a_process(desk)
    touch(*files)
    assert "2 cached, 0 computed, 0 failed" in in_a_process(desk)
    for file in files:
        say(file, "20", "10")
        assert "0 cached, 2 computed, 0 failed" in in_a_process(desk), file


def test_a_module_without_its_text_counts_by_its_bytes(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(desk.folder)
    text = desk.folder / "own_text.py"
    text.write_text("LOOK_BACK = 20\n")
    py_compile.compile(str(text), str(desk.folder / "own_blob.pyc"))
    touch(desk.folder / "own_blob.pyc")
    say(desk.strategy, "from statistics import fmean", "from statistics import fmean\n\nimport own_blob")
    say(desk.strategy, "[-20:]", "[-own_blob.LOOK_BACK:]")
    assert (desk.sweep().results.computed, desk.sweep().results.computed) == (6, 0)


def test_a_module_changed_under_a_running_session_is_never_kept_under_its_new_text(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = desk.folder / "elsewhere" / "own_module_once.py"
    module.parent.mkdir()
    monkeypatch.syspath_prepend(module.parent)
    module.write_text("LOOK_BACK = 20\n")
    importlib.import_module("own_module_once")
    say(module, "20", "10")  # what is loaded still looks back by 20
    say(desk.strategy, "from statistics import fmean", "from statistics import fmean\n\nimport own_module_once")
    say(desk.strategy, "[-20:]", "[-own_module_once.LOOK_BACK:]")
    assert (desk.sweep().results.computed, desk.sweep().results.computed) == (6, 6)
    monkeypatch.delitem(sys.modules, "own_module_once")
    monkeypatch.delitem(sys.modules, type_of(desk).__module__)
    touch(module)
    assert (desk.sweep().results.computed, desk.sweep().results.computed) == (6, 0)
    say(module, "10", "20")
    touch(module)
    assert desk.sweep().results.computed == 6


def type_of(desk: Desk) -> Any:
    from pipeline.strategies.loading.load import load_strategy

    return load_strategy(str(desk.strategy))
