"""docs/use/strategies.md: its example runs as printed, its tables are what the engine shows."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Final

import pyarrow.parquet as pq
import pytest

from pipeline.engine.compiler.lower import CONVERSIONS, EXACT_MATH, LIBRARY_MATH
from pipeline.engine.compiler.objects import hidden_in
from pipeline.engine.compiler.specialise import market_fields
from pipeline.engine.facts_read import facts_in
from pipeline.engine.memory import KINDS
from pipeline.engine.rules.auction import AuctionMarket
from pipeline.engine.rules.ladder import LadderMarket
from pipeline.engine.rules.market import Market
from pipeline.engine.rules.replay_state import ReplayState
from pipeline.engine.strategy import Strategy
from tests.made import make_store, results

ROOT: Final = Path(__file__).parents[2]
PAGE: Final = (ROOT / "docs" / "use" / "strategies.md").read_text(encoding="utf-8")


def section(title: str) -> str:
    return PAGE.split(f"\n## {title}\n")[1].split("\n## ")[0]


def first_cells(text: str) -> list[list[str]]:
    """Return the code words in the first column of each table."""
    tables = re.findall(r"(?:^\|.*\n)+", text, flags=re.MULTILINE)
    return [re.findall(r"`([^`]+)`", "\n".join(row.split("|")[1] for row in table.splitlines())) for table in tables]


def fields(rules: type[ReplayState]) -> set[str]:
    fields_of_rules = market_fields(rules)
    names = {*fields_of_rules.inputs, *fields_of_rules.state} - hidden_in(fields_of_rules)
    return names | facts_in(rules).keys()


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Run the printed commands on the printed files, in a folder with ticks where they are looked for."""
    folder = tmp_path_factory.mktemp("desk")
    make_store(folder / "data" / "parquet")
    for name, content in re.findall(r"^`(desk/[\w.]+)`:\n\n```\w+\n(.*?)^```", PAGE, flags=re.MULTILINE | re.DOTALL):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(content, encoding="utf-8")
    commands = re.findall(r"^python (-m pipeline backtest .*)$", PAGE, flags=re.MULTILINE)
    assert len(commands) == 2
    for command in commands:
        done = subprocess.run(
            [sys.executable, *shlex.split(command)],
            capture_output=True,
            text=True,
            check=False,
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        assert done.returncode == 0, done.stderr
        assert "it cannot be compiled" not in done.stderr
    return folder


@pytest.mark.slow
def test_the_example_runs_as_printed_compiled_and_plain_with_equal_bytes(desk: Path) -> None:
    compiled, plain = results(desk / "output" / "wide_spread"), results(desk / "output" / "wide_spread_plain")
    assert "trades/FAB.parquet" in compiled
    assert compiled == plain
    assert (desk / "output" / "wide_spread" / "sensitivity.csv").exists()


@pytest.mark.slow
def test_the_example_trades_as_its_config_says(desk: Path) -> None:
    trades = {
        ticker: pq.read_table(desk / "output" / "wide_spread" / "trades" / f"{ticker}.parquet")
        for ticker in ("FAB", "EMAAR")
    }
    assert min(len(table) for table in trades.values()) > 20
    assert {max(map(abs, table["position"].to_pylist())) for table in trades.values()} <= set(range(2_001))
    flattens = 2  # a day's last fill closes whatever is open
    above = [quantity for quantity in trades["EMAAR"]["fill_qty"].to_pylist() if quantity > 500]
    assert len(above) <= flattens


def test_the_example_is_short(desk: Path) -> None:
    assert len((desk / "desk" / "wide_spread.py").read_text().splitlines()) < 50


def test_the_tables_list_exactly_the_fields_a_strategy_sees() -> None:
    everywhere, quoting = first_cells(section("What it sees"))
    everywhere, quoting = ([name for name in names if name != "field"] for names in (everywhere, quoting))
    assert sorted(everywhere) == sorted(fields(ReplayState))
    assert sorted(quoting) == sorted(fields(Market) - fields(ReplayState))


def test_the_table_lists_exactly_the_verbs_with_their_arguments() -> None:
    [verbs] = first_cells(section("What it can do"))
    assert sorted(verbs) == sorted(map(called, Market.actions))


def called(verb: str, market: type[ReplayState] = Market) -> str:
    code = getattr(market, verb).__code__
    return f"{verb}({', '.join(code.co_varnames[1 : code.co_argcount])})"


def test_the_section_on_levels_has_their_verbs_and_fields() -> None:
    text = (ROOT / "docs" / "use" / "levels.md").read_text(encoding="utf-8")
    [verbs] = first_cells(text)
    assert sorted(verbs) == sorted(called(verb, LadderMarket) for verb in {*LadderMarket.actions} - {*Market.actions})
    for name in fields(LadderMarket) - fields(Market):
        assert f"`m.{name}`" in text
    for name in {*LadderMarket.actions} & {*Market.actions} - {*ReplayState.actions}:
        assert f"`{name}`" in text


def test_the_table_lists_exactly_the_methods_that_are_called() -> None:
    [methods] = first_cells(section("When it is called"))
    hooks = {name for name in vars(Strategy) if name.startswith("on_")}
    assert {name.split("(")[0] for name in methods} == hooks - {"on_day_end"}


def test_the_auction_paragraph_names_what_only_its_market_has() -> None:
    text = section("The closing auction")
    for name in (*(fields(AuctionMarket) - fields(ReplayState)), *AuctionMarket.actions, "on_day_end", "trade_types"):
        assert f"`{name}" in text
    code = AuctionMarket.trade.__code__
    assert f"trade({', '.join(code.co_varnames[1 : code.co_argcount])})" in text


def test_memory_of_several_numbers_is_told_with_all_that_it_does() -> None:
    text = section("Parameters and memory")
    for kind in KINDS:
        assert f"`{kind.__name__}(" in text
        for action in kind.actions:
            assert f"`{action}(" in text


def test_the_functions_that_compile_are_all_named() -> None:
    text = section("What is compiled")
    for name in (*CONVERSIONS, *EXACT_MATH, *LIBRARY_MATH, "min", "max"):
        assert f"`{name}`" in text
