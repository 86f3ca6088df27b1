"""Parameters of words, and what a strategy knows of its security: alike in both engines, alone and together."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import api
from pipeline.engine.compiler.names import check_names
from pipeline.engine.compiler.specialise import loop_source
from pipeline.engine.execution import make_execution
from pipeline.engine.word_codes import word_code
from pipeline.errors import ConfigError, NotCompilable, StrategyError
from pipeline.markets.phases import EVER
from pipeline.markets.tick_tables import LotSize
from pipeline.replay.exchanges import strategy_error
from pipeline.replay.simulate import CLASSIC, simulate
from tests.engine.replays import ADX, HEADER, random_ticks, strategy_of
from tests.engine.walks import alone, settings_of, together
from tests.made import make_store

if TYPE_CHECKING:
    from pathlib import Path

OWN: Final = """\
MICRO = "micro"


class Own(Strategy):
    mode: str = parameter("mid", choices=("mid", "micro", "a much longer word"))
    side: str = parameter("both", choices=("both", "bid", "ask"))
    label: str = parameter("any text at all")
    step: Shares = parameter(10)
    n: int = 0

    def on_tick(self, m):
        many = self.step if self.mode == MICRO else 3 * self.step
        if m.ticker in ("FAB", "ADCB") and "USD" != m.currency:
            many += m.lot
        if self.side == self.mode or m.ticker == self.label:
            self.n += 1
        if m.bid_size > 0 and self.side not in ("ask",):
            m.quote_bid(m.bid, self.count(many))
        if m.ask_size > 0 and self.side in ["both", "ask"]:
            m.quote_ask(m.ask, many)

    def count(self, many):
        return many + 5 if self.mode != "a much longer word" else many
"""
SOME: Final = {
    "mode": ("mid", "micro", "a much longer word"),
    "side": ("both", "bid", "ask"),
    "label": ("any text at all", "FAB", ""),
}
NEW_LINE: Final = "\n"
LOTS: Final = replace(ADX, lot_sizes=(LotSize(EVER, 7.0),))


def test_both_engines_and_a_walk_of_all_settings_find_the_same(tmp_path: Path) -> None:
    strategy, ticks = strategy_of(tmp_path, OWN), random_ticks()
    values = [
        {"mode": mode, "side": side, "label": label}
        for mode in SOME["mode"]
        for side in SOME["side"]
        for label in SOME["label"]
    ]
    settings = settings_of(strategy, values, [CLASSIC, make_execution("strict", {}, "here")])
    for ticker, currency in (("FAB", "AED"), ("FAB", "USD"), ("OTHER", "AED")):
        market = replace(LOTS, currency=currency).of_security(ticker)
        found = [alone(ticks, strategy, setting, market) for setting in settings]
        assert found == [alone(ticks, strategy, setting, market, "python") for setting in settings]
        assert found == together(ticks, strategy, settings, market)
        assert len({str(one) for one in found}) > len(SOME["mode"]) * len(SOME["side"])


def test_what_a_strategy_knows_of_its_security_by_hand(tmp_path: Path) -> None:
    body = """\
class Own(Strategy):
    fab: int = 0
    dirhams: int = 0
    lots: int = 0
    counters = ("fab", "dirhams", "lots")

    def on_tick(self, m):
        self.fab += 1 if m.ticker == "FAB" else 0
        self.dirhams += 1 if m.currency == "AED" else 0
        self.lots += m.lot
"""
    strategy, ticks = strategy_of(tmp_path, body), random_ticks(50)
    for ticker, currency, fab, dirhams in (("FAB", "AED", 1, 1), ("ADCB", "AED", 0, 1), ("FAB", "GBP", 1, 0)):
        market = replace(LOTS, currency=currency).of_security(ticker)
        for engine in ("compiled", "python"):
            found = simulate(ticks, strategy, {}, market, CLASSIC, engine)  # type: ignore[arg-type]
            events = found.session_rows
            assert found.counters == {"fab": fab * events, "dirhams": dirhams * events, "lots": 7 * events}


def test_the_lot_is_asked_for_where_it_is_not_one_number(tmp_path: Path) -> None:
    strategy = strategy_of(
        tmp_path, "class Own(Strategy):\n    def on_tick(self, m):\n        m.quote_bid(m.bid, m.lot)\n"
    )
    lots = {"is not known": (), "is no whole number": (LotSize(EVER, 0.5),)}
    lots["has changed"] = (LotSize(EVER, 1.0), LotSize(EVER, 100.0))
    for why, sizes in lots.items():
        error = strategy_error(replace(ADX, lot_sizes=sizes), strategy, "own", CLASSIC)
        assert error is not None
        assert f"own asks for the lot, and that of {ADX.name} {why}." in error
    assert strategy_error(LOTS, strategy, "own", CLASSIC) is None


def test_loops_of_strategies_without_words_are_given_none(tmp_path: Path) -> None:
    bare = strategy_of(tmp_path, "class Own(Strategy):\n    def on_tick(self, m):\n        m.quote_bid(m.bid, 5)\n")
    assert not [name for name in ("m_ticker", "m_currency", "m_lot") if name in loop_source(bare, {})]
    assert "m_ticker" in loop_source(strategy_of(tmp_path, OWN, "words.py"), {})
    body = "    lot: Shares = parameter(5)\n    def on_tick(self, m):\n        m.quote_bid(m.bid, self.lot)\n"
    assert "m_lot" not in loop_source(strategy_of(tmp_path, f"class Own(Strategy):\n{body}", "own_lot.py"), {})


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('if self.mode == "micor":', "mode is never 'micor'; it is mid or micro. Did you mean 'micro'?"),
        ('if self.mode in ("mid", "mirco"):', "mode is never 'mirco'"),
    ],
)
def test_a_word_that_cannot_be_is_refused_at_its_line(tmp_path: Path, line: str, words: str) -> None:
    field = 'mode: str = parameter("mid", choices=("mid", "micro"))'
    body = f"class Own(Strategy):\n    {field}\n    def on_tick(self, m):\n        {line}\n            m.cancel_bid()\n"
    with pytest.raises(StrategyError) as refused:
        check_names(strategy_of(tmp_path, body))
    assert f"line {HEADER.count(NEW_LINE) + 4}: {words}" in str(refused.value)


@pytest.mark.parametrize(
    "text", ["len(self.mode)", "self.mode + 'x'", "self.mode < 'x'", "self.mode == m.price", "m.ticker"]
)
def test_what_else_is_done_with_words_runs_as_plain_python(tmp_path: Path, text: str) -> None:
    body = f'class Own(Strategy):\n    mode: str = parameter("mid")\n    def on_tick(self, m):\n        x = {text}\n'
    strategy = strategy_of(tmp_path, body)
    check_names(strategy)
    with pytest.raises(
        NotCompilable, match=r"is a word, which a loop only compares|outside what can be compiled|is not a function"
    ):
        loop_source(strategy, {})


@pytest.mark.parametrize(
    ("field", "words"),
    [
        ('mode: str = parameter("x", choices=("mid", "micro"))', 'mode is "x"; it takes mid or micro.'),
        ('mode: str = parameter("mid", choices=("mid", "mid"))', "choices are words, each once."),
        ("mode: str = parameter(5)", "mode is 5; it takes a text."),
        ('mode: int = parameter(1, choices=("mid", "micro"))', "choices are words; its type is `str`."),
    ],
)
def test_a_declaration_that_cannot_be_is_refused(tmp_path: Path, field: str, words: str) -> None:
    body = f"class Own(Strategy):\n    {field}\n    def on_tick(self, m):\n        pass\n"
    own = strategy_of(tmp_path, body)
    with pytest.raises(StrategyError) as refused:
        check_names(own)
    assert words in str(refused.value)


@given(st.text(max_size=12), st.text(max_size=12))
def test_words_have_one_code_each(one: str, other: str) -> None:
    assert (word_code(one) == word_code(other)) == (one == other)
    assert 0 <= word_code(one) < 2**60


def test_a_config_says_words_and_a_sweep_varies_them(tmp_path: Path) -> None:
    store, folder = make_store(tmp_path / "parquet"), tmp_path / "desk"
    folder.mkdir()
    strategy_of(folder, OWN.replace("m.lot", "1"))
    config = folder / "own.json"
    options: dict[str, Any] = {"config": config, "parquet_dir": store}
    config.write_text(json.dumps({"_defaults": {}, "FAB": {"mode": "mico"}}), encoding="utf-8")
    with pytest.raises(ConfigError, match=r'FAB: mode is "mico"; it takes mid or micro or .*Did you mean .micro.\?'):
        api.backtest(str(folder / "own.py"), output_dir=tmp_path / "run", **options)
    config.write_text(json.dumps({"_defaults": {"mode": "micro"}, "FAB": {"side": "bid"}}), encoding="utf-8")
    run = api.backtest(str(folder / "own.py"), output_dir=tmp_path / "run", parameters={"label": "7"}, **options)
    content = json.loads((tmp_path / "run" / "run.json").read_text(encoding="utf-8"))
    assert content["how"]["engine"] == "compiled"
    assert content["parameters"]["FAB"] == {"mode": "micro", "side": "bid", "label": "7", "step": 10}
    assert run.summary is not None
    assert "micro" in (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
    assert api.explain("FAB", 1, tmp_path / "run", parquet_dir=store, strategy=str(folder / "own.py"))
    grid = {"mode": ["mid", "micro"], "step": [10, 20]}
    api.sweep(grid=grid, strategy=str(folder / "own.py"), output_dir=tmp_path / "sweep", **options)
    rows = pq.read_table(tmp_path / "sweep" / "sweep.parquet").to_pylist()
    assert {(row["mode"], row["step"], row["side"]) for row in rows if row["security"] == "FAB"} == {
        (mode, step, "bid") for mode in grid["mode"] for step in grid["step"]
    }
    for row in rows:
        if row["security"] == "FAB" and (row["mode"], row["step"]) == ("micro", 10):
            assert row["fills"] == len(pq.read_table(tmp_path / "run" / "trades" / "FAB.parquet"))
    with pytest.raises(ConfigError, match='mode is "mild"; it takes mid or micro'):
        api.sweep(grid={"mode": ["mild"]}, strategy=str(folder / "own.py"), output_dir=tmp_path / "no", **options)
