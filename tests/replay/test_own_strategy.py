"""A strategy file of the user's own: by path, compiled or not, and refused before anything runs where it is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pytest

from pipeline import api
from pipeline.errors import NotCompilable, PipelineError, StrategyError
from tests.made import make_store, make_strategy, results

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pipeline.replay.plan import Plan
    from pipeline.runs.backtest import BacktestRun

QUOTES: Final = """
size: Shares = parameter(300, minimum=1)
pause: Duration = parameter(20, key="pause_sec", minimum=0)
quiet_until: Nanoseconds = 0

def on_tick(self, m):
    if m.bid_size > 0 and m.now >= self.quiet_until:
        m.quote_bid(m.bid, self.size)
    if m.ask_size > 0 and m.now >= self.quiet_until:
        m.quote_ask(m.ask, self.size)

def on_fill(self, m, side, price, quantity):
    self.quiet_until = m.now + self.pause
"""

REMEMBERS: Final = """
recent: list = []

def on_start(self):
    self.recent.append(10.0)

def on_tick(self, m):
    self.recent = [*self.recent[-20:], m.price]
    if m.bid_size > 0 and m.bid < fmean(self.recent):
        m.quote_bid(m.bid, 200)
    if m.ask_size > 0 and m.ask > fmean(self.recent):
        m.quote_ask(m.ask, 200)
"""

CALLS: Final = """
def on_tick(self, m):
    if m.bid_size > 0 and m.price < fmean((m.bid, m.ask)):
        m.quote_bid(m.bid, 200)
"""

KEEPS_A_LIST: Final = """
def on_tick(self, m):
    sizes = [100, 200]
    if m.bid_size > 0:
        m.quote_bid(m.bid, sizes[m.event % 2])
"""

UNCOMPILED: Final = {
    "memory that is a list": (REMEMBERS, "recent: list", "recent is no number"),
    "a library's function": (CALLS, "fmean((", "(m.bid, m.ask)"),
    "a list": (KEEPS_A_LIST, "sizes = [", "[100, 200]"),
}


def line_of(file: Path, text: str) -> int:
    return next(number for number, line in enumerate(file.read_text().splitlines(), 1) if text in line)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_store(tmp_path_factory.mktemp("made") / "parquet", ("FAB", "EMAAR"))


@pytest.fixture
def run(store: Path, tmp_path: Path) -> Callable[..., BacktestRun]:
    def of(file: Path, name: str, **options: Any) -> BacktestRun:
        options = {"config": file.with_suffix(".json"), "output_dir": tmp_path / name} | options
        return api.backtest(str(file), parquet_dir=store, **options)

    return of


@pytest.mark.parametrize("execution", ["classic", "strict"])
def test_a_file_of_ones_own_gives_equal_bytes_compiled_and_plain(run: Any, tmp_path: Path, execution: str) -> None:
    file = make_strategy(tmp_path / "own.py", QUOTES)
    options = {"execution": execution, "parameters": {"pause_sec": 5}, "sensitivity": False}
    compiled = run(file, "compiled", **options)
    plain = run(file, "plain", **options, engine="python", backend="sequential")
    assert (compiled.plan.engine, plain.plan.engine) == ("compiled", "python")
    assert compiled.plan.strategy == "own"
    assert compiled.summary["trades"].min() > 50
    assert results(tmp_path / "compiled") == results(tmp_path / "plain")


@pytest.mark.parametrize("case", UNCOMPILED)
def test_what_cannot_be_compiled_runs_as_plain_python_in_processes(run: Any, tmp_path: Path, case: str) -> None:
    body, _, why = UNCOMPILED[case]
    file = make_strategy(tmp_path / "own.py", body)
    planned: list[Plan] = []
    by_itself = run(file, "by itself", on_plan=planned.append)
    run(file, "asked for", engine="python", backend="sequential")
    assert (planned[0].engine, planned[0].backend) == ("python", "loky")
    assert why in (planned[0].why_plain or "")
    assert "anything else runs as plain Python" not in (planned[0].why_plain or "")
    assert by_itself.failed == {}
    assert by_itself.summary["trades"].min() > 20
    assert by_itself.sensitivity.empty
    assert results(tmp_path / "by itself") == results(tmp_path / "asked for")


@pytest.mark.parametrize(
    "case",
    list(UNCOMPILED),
)
def test_the_compiled_engine_refuses_it_by_file_and_line_when_asked_for(run: Any, tmp_path: Path, case: str) -> None:
    body, culprit, why = UNCOMPILED[case]
    file = make_strategy(tmp_path / "own.py", body)
    with pytest.raises(NotCompilable) as refused:
        run(file, "run", engine="compiled")
    assert refused.value.exit_status == 2
    assert str(refused.value).startswith(f"{file}, line {line_of(file, culprit)}: ")
    assert why in str(refused.value)
    assert not (tmp_path / "run").exists()


WRONG: Final = {
    "a misspelt market field": ("m.quote_bid(m.bidd, 100)", "the market has no 'bidd'. Did you mean 'bid'?"),
    "a misspelt verb": ("m.quote_bif(m.bid, 100)", "'quote_bif'. Did you mean 'quote_bid'?"),
    "a misspelt parameter": ("m.quote_bid(m.bid, self.sise)", "Own has no 'sise'. Did you mean 'size'?"),
    "memory that is not declared": ("self.sizes = 3", "Own has no 'sizes'. Did you mean 'size'?"),
    "a field in a method of one's own": ("m.quote_ask(m.ask, m.ask_sise)", "'ask_sise'. Did you mean 'ask_size'?"),
}
IN_A_METHOD: Final = "a field in a method of one's own"
RUNS: Final = {
    "compiled by itself": (None, ""),
    "compiled": ("compiled", ""),
    "plain by itself": (None, "seen: list = []\n"),
    "plain": ("python", ""),
}


@pytest.mark.parametrize(
    ("case", "how"),
    [(case, how) for case in WRONG for how in RUNS],
)
def test_a_name_that_does_not_exist_is_refused_before_the_first_tick(
    run: Any, tmp_path: Path, case: str, how: str
) -> None:
    statement, words = WRONG[case]
    engine, memory = RUNS[how]
    body = f"size: Shares = parameter(100)\n{memory}\ndef on_tick(self, m):\n"
    body += "    self.look(m)\n\ndef look(self, m):\n" if case == IN_A_METHOD else ""
    file = make_strategy(tmp_path / "own.py", f"{body}    {statement}\n")
    with pytest.raises(StrategyError) as refused:
        run(file, "run", engine=engine)
    assert refused.value.exit_status == 2
    assert str(refused.value).startswith(f"{file}, line {line_of(file, statement)}: ")
    assert words in str(refused.value)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("engine", [None, "python"])
@pytest.mark.parametrize("statement", ["m.position = 5", "m.bid += 0.01", "self.size = 7"])
def test_the_market_and_the_parameters_are_read_only_on_either_engine(
    run: Any, tmp_path: Path, statement: str, engine: str | None
) -> None:
    body = f"size: Shares = parameter(100)\n\ndef on_tick(self, m):\n    {statement}\n"
    file = make_strategy(tmp_path / "own.py", body)
    with pytest.raises(PipelineError) as refused:
        run(file, "run", engine=engine)
    assert str(refused.value).startswith(f"{file}, line {line_of(file, statement)}: ")
    assert not (tmp_path / "run").exists()


def test_a_line_that_divides_by_zero_ends_its_security_and_no_other(run: Any, tmp_path: Path) -> None:
    tick = "    if m.bid > 0:\n        m.quote_bid(m.bid / self.limit, 1)\n"
    body = f"limit: Shares = parameter(5)\n\ndef on_tick(self, m):\n{tick}"
    file = make_strategy(tmp_path / "own.py", body)
    file.with_suffix(".json").write_text('{"_defaults": {}, "FAB": {"limit": 0}}')
    done = run(file, "run", sensitivity=False)
    assert list(done.failed) == ["FAB"]
    assert f"{file}, line {line_of(file, 'm.bid /')}: a division by zero" in done.failed["FAB"]


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["compiled", "python"])
def test_a_strategy_that_fills_without_end_in_one_event_is_stopped_in_words(
    run: Any, tmp_path: Path, engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.engine.outcome.MOST_FILLS", 20_000)
    body = "def on_tick(self, m):\n    for _ in range(5_000):\n        m.buy_at_ask(1)\n        m.sell_at_bid(1)\n"
    file = make_strategy(tmp_path / "own.py", body)
    finished = run(file, "run", engine=engine, backend="sequential", sensitivity=False)
    assert set(finished.failed) == {"FAB", "EMAAR"}
    assert all("does the strategy trade with itself?" in error for error in finished.failed.values())


@pytest.mark.parametrize("engine", ["compiled", "python"])
def test_a_strategy_may_fill_many_times_in_one_event(run: Any, tmp_path: Path, engine: str) -> None:
    body = (
        "done: bool = False\n\ndef on_tick(self, m):\n"
        "    if m.ask_size > 3_000 and m.bid_size > 3_000 and not self.done:\n"
        "        self.done = True\n"
        "        for _ in range(3_000):\n            m.buy_at_ask(1)\n            m.sell_at_bid(1)\n"
    )
    file = make_strategy(tmp_path / "own.py", body)
    finished = run(file, "run", engine=engine, backend="sequential", sensitivity=False)
    assert finished.failed == {}
    assert finished.summary["trades"].tolist() == [6_000, 6_000]
