"""What a backtest and its assumption check say on the screen."""

from __future__ import annotations

import csv
import json
import re
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from pipeline import api
from pipeline.console import backtest as screens
from pipeline.console.output import console
from pipeline.console.sensitivity import show_sensitivity
from pipeline.engine.execution import SWITCHES
from pipeline.replay.currencies import Currencies
from tests.made import make_config, make_strategy, random_ticks, write_ticks

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


QUEUES = ("front", "power1", "power2", "power3")


@pytest.fixture
def screen(store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[str, str]]:
    """Return what a run prints on stdout and stderr, as the commands print it."""

    def of(show: Any = screens.show_backtest, **options: Any) -> tuple[str, str]:
        options = {"config": make_config(tmp_path / "v1.json"), "parquet_dir": store} | options
        with screens.BacktestProgress() as progress:
            run = api.backtest(
                **options, output_dir=tmp_path / "run", on_plan=progress.planned, on_compile=progress.compiling
            )
        console().close(show(run))
        output = capsys.readouterr()
        return output.out, output.err

    return of


def total_of(tmp_path: Path, model: str) -> str:
    with (tmp_path / "run" / "sensitivity.csv").open(newline="") as file:
        rows = {row["execution"]: row for row in csv.DictReader(file) if row["security"] == "total"}
    return f"{float(rows[model]['net_pnl']):,.2f}"


def test_the_closing_table_ends_with_four_lines_of_the_check(screen: Any, tmp_path: Path) -> None:
    lines = screen()[0].splitlines()[-6:-1]
    assert lines.pop() == "2 market days: too few to say how much of the P&L is chance; it takes 10."
    assert lines[0].startswith("Net P&L, AED: under the classic fill rules")
    assert lines[1].startswith("              as an exchange would fill them (strict)")
    worst = re.match(r" {14}worst switch alone: ([\w=.:]+) ", lines[3])
    assert worst is not None
    assert [lines[at].split()[-1] for at in (0, 1, 3)] == [
        total_of(tmp_path, model) for model in ("classic", "strict", worst[1])
    ]
    queues = [total_of(tmp_path, model) for model in ("strict", *(f"strict queue={queue}" for queue in QUEUES))]
    queues.sort(key=lambda text: float(text.replace(",", "")))
    assert lines[2].endswith(f" {queues[0]} to {queues[-1]}")
    assert max(map(len, lines)) <= 80


def test_the_closing_lines_say_how_much_may_be_chance(screen: Any, tmp_path: Path) -> None:
    (tmp_path / "days").mkdir()
    write_ticks(tmp_path / "days" / "FAB.parquet", random_ticks(1, days=12, a_day=100), {"exchange": "ADX"})
    lines = screen(parquet_dir=tmp_path / "days", sensitivity=False)[0].splitlines()[-4:-1]
    figures = json.loads((tmp_path / "run" / "metrics.json").read_text())["portfolio"]
    ends = {name: " to ".join(f"{end:,.2f}" for end in figures["intervals"][name]) for name in ("net_pnl", "sharpe")}
    probable = min(max(figures["probabilistic_sharpe"], 0.001), 0.999)
    assert [" ".join(line.split()) for line in lines[:2]] == [
        f"Net P&L, AED: 95 % interval over 12 market days {ends['net_pnl']}",
        f"Sharpe ratio {figures['sharpe']:,.2f}, annualised: 95 % interval {ends['sharpe']}",
    ]
    assert re.fullmatch(rf" +probability that the true one is above 0 +(over |under )?{probable * 100:.1f} %", lines[2])
    assert max(map(len, lines)) <= 80


def test_the_closing_lines_name_the_drawdown_and_what_was_written(screen: Any, tmp_path: Path) -> None:
    def show(run: Any) -> Any:
        return screens.show_backtest(run, page=True, workbook=True)

    lines = screen(show, sensitivity=False)[0].splitlines()
    fall = json.loads((tmp_path / "run" / "metrics.json").read_text())["portfolio"]["max_drawdown"]
    shown = [" ".join(line.split()) for line in lines]
    assert f"Max drawdown, AED, of all securities together {fall:,.2f}" in shown
    assert lines[-3:-1] == [
        f"Page: {tmp_path / 'run' / 'report.html'}",
        f"Workbook: {tmp_path / 'run' / 'results.xlsx'}",
    ]


@pytest.mark.parametrize("options", [{"sensitivity": False}, {"engine": "python", "backend": "sequential"}])
def test_there_are_no_such_lines_without_a_check(screen: Any, options: Any) -> None:
    assert "Net P&L, AED" not in screen(**options)[0]


def test_the_table_names_the_execution_model(screen: Any) -> None:
    assert screen(execution="strict")[0].startswith("v1_baseline, strict execution")
    single = {"execution.fill_price": "order"}
    assert screen(parameters=single, sensitivity=False)[0].startswith("v1_baseline, classic fill_price=order execution")


def test_the_table_has_fees_and_net_where_fees_are_charged(screen: Any) -> None:
    out, _ = screen(parameters={"execution.fees_bps": 5}, sensitivity=False)
    assert "fees" in out
    assert "net P&L" in out
    numbers = {
        row.split()[0]: [float(cell.replace(",", "")) for cell in row.split()[1:5]]
        for row in out.splitlines()
        if row.split()[:1] and row.split()[0] in ("EMAAR", "FAB", "MODON", "total")
    }
    for _fills, gross, fees, net in numbers.values():
        assert net == pytest.approx(gross - fees, abs=0.02)
    assert max(map(len, out.splitlines()[:-1])) <= 80


def test_sensitivity_shows_every_model_by_security_and_in_total(screen: Any, tmp_path: Path) -> None:
    out, _ = screen(show_sensitivity)
    table, _, path = out.partition("From classic to strict, AED")
    rows = {line[:27].strip(): line[27:].split() for line in table.splitlines() if len(line[27:].split()) == 4}
    assert rows.pop("execution") == ["EMAAR", "FAB", "MODON", "total"]
    assert list(rows)[:2] == ["classic", "strict"]
    assert list(rows)[-4:] == [f"strict queue={queue}" for queue in QUEUES]
    assert {model.split("=")[0] for model in list(rows)[2:-4]} == set(SWITCHES)
    for model, shown in rows.items():
        assert shown[3] == total_of(tmp_path, model)
        parts = [float(number.replace(",", "")) for number in shown]
        assert parts[3] == pytest.approx(sum(parts[:3]), abs=0.03)
    steps = [line.split() for line in path.splitlines() if "=" in line and len(line.split()) == 3]
    assert [step[0].split("=")[0] for step in steps] == [
        key for key, one in SWITCHES.items() if one.classic != one.strict
    ]
    assert steps[-1][2] == rows["strict"][3]
    changes = sum(float(step[1].replace(",", "")) for step in steps)
    assert float(rows["classic"][3].replace(",", "")) + changes == pytest.approx(
        float(rows["strict"][3].replace(",", "")), abs=0.1
    )
    assert max(map(len, out.splitlines())) <= 80


@pytest.mark.parametrize("size", [1.0, 1e6, 1e12])
def test_sensitivity_shows_every_figure_whole_within_80_columns(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], size: float
) -> None:
    securities = [*(f"TICKER{number}" for number in range(16)), "total"]
    models = ["classic", "strict", *(f"{key}={switch.alone}" for key, switch in SWITCHES.items())]
    rows = [
        {"security": security, "execution": model, "net_pnl": -size * (1 + at)}
        for at, security in enumerate(securities)
        for model in models
    ]
    monkeypatch.setattr("pipeline.console.sensitivity.sensitivity_rows", lambda _: rows)
    plan = {"switches_apply": True, "strategy": "v1", "engine": "compiled", "backend": "threading", "workers": 1}
    plan |= {"execution": SimpleNamespace(name="classic"), "currencies": Currencies({"FAB": "AED"})}
    shown: Any = SimpleNamespace(
        currency="AED", results=[], seconds={}, failed={}, warnings=(), plan=SimpleNamespace(**plan)
    )
    show_sensitivity(shown)
    out = capsys.readouterr().out
    assert max(map(len, out.splitlines())) <= 80
    for row in rows:
        assert f"{row['net_pnl']:,.2f}" in out
        assert str(row["security"]) in out
        assert str(row["execution"]) in out
    assert "…" not in out


def test_a_fallback_to_the_plain_engine_is_one_line_that_says_why(screen: Any, tmp_path: Path) -> None:
    body = "seen: list = []\n\ndef on_tick(self, m):\n    self.seen.append(m.price)\n"
    file = make_strategy(tmp_path / "own.py", body)
    _, err = screen(strategy=str(file), config=file.with_suffix(".json"))
    lines = [line for line in err.splitlines() if "cannot be compiled" in line]
    assert len(lines) == 1
    assert lines[0].startswith("Warning: ")
    assert "seen" in lines[0]


@pytest.mark.slow
def test_a_strategys_two_loops_are_said_to_be_compiled_once(screen: Any, tmp_path: Path) -> None:
    # Loops are kept from one run of the tests to the next, so that these are to be of no strategy that there was.
    body = f"def on_tick(self, m):\n    if m.bid_size > 0:\n        m.quote_bid(m.bid, 7 + 0 * {uuid4().int % 10**9})\n"
    file = make_strategy(tmp_path / "own.py", body)
    _, err = screen(strategy=str(file), config=file.with_suffix(".json"))
    assert err.count("Compiling Own") == 1
