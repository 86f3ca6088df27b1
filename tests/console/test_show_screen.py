"""One security of a run on the screen: its figures, and its fills within 80 columns."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from pipeline import api
from pipeline.console import show
from pipeline.console.output import Console, console, set_console
from pipeline.metrics.registry import BY_NAME
from pipeline.runs.recorded_security import RecordedSecurity, Selection, read_security
from pipeline.runs.run_money import IN_AED
from pipeline.tracing.explanation import Account, Explanation, Tick
from tests.made import make_config, make_store

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

RUN: Any = SimpleNamespace(
    money=IN_AED, folder=Path("output/x"), strategy="v1_baseline", execution_name="classic", warnings_about=lambda _: []
)


class Made(RecordedSecurity):
    """A security whose fills are given."""

    def fills(self, selection: Selection | None = None) -> list[dict[str, Any]]:
        return (selection or Selection()).of(MADE)


MADE: list[dict[str, Any]] = []


@pytest.fixture(autouse=True)
def speaking() -> Iterator[None]:
    before = console()
    yield
    set_console(before)


def fill(number: int, **changes: Any) -> dict[str, Any]:
    return {
        "fill": number,
        "time": "2025-01-06T10:00:01.000",
        "side": "sell",
        "price": 13.4,
        "quantity": 2_400,
        "realized_pnl": -0.001,
        "position": -2_400,
        "pnl": 1_234.567,
    } | changes


def screen(
    capsys: pytest.CaptureFixture[str], fills: list[dict[str, Any]], selection: Selection | None = None
) -> list[str]:
    MADE[:] = fills
    run: Any = SimpleNamespace(**vars(RUN), figures={"FAB": SimpleNamespace(fills=len(fills))})
    console().close(show.show_fills(Made(run, "FAB", "ADX", {}), selection or Selection()))
    return capsys.readouterr().out.splitlines()


def figures(capsys: pytest.CaptureFixture[str], explanation: Mapping[str, Any]) -> str:
    console().close(show.show_security(RecordedSecurity(RUN, "FAB", "ADX", explanation)))
    return capsys.readouterr().out


def test_fills_stand_in_columns_below_their_day(capsys: pytest.CaptureFixture[str]) -> None:
    executed = [fill(1), fill(2, side="buy", price=13.36), fill(3, time="2025-01-07T14:55:00.000")]
    assert screen(capsys, executed) == [
        "FAB, output/x",
        "v1_baseline, classic execution",
        "",
        "Fills",
        "",
        " fill      time  side  shares  price  realised  position       P&L",
        f" {'─' * 65}",
        " 2025-01-06",
        "    1  10:00:01  sell   2,400  13.40      0.00    -2,400  1,234.57",
        "    2  10:00:01  buy    2,400  13.36      0.00    -2,400  1,234.57",
        " 2025-01-07",
        "    3  14:55:00  sell   2,400  13.40      0.00    -2,400  1,234.57",
        "",
        "3 of 3 fills of FAB in output/x",
    ]


def test_milliseconds_are_shown_where_there_are_any(capsys: pytest.CaptureFixture[str]) -> None:
    lines = screen(capsys, [fill(1), fill(2, time="2025-01-06T10:00:01.250")])
    assert [line.split()[1] for line in lines[8:10]] == ["10:00:01.000", "10:00:01.250"]


def test_twenty_are_shown_unless_a_count_is_given(capsys: pytest.CaptureFixture[str]) -> None:
    executed = [fill(number) for number in range(1, 31)]
    for selection, count in ((None, 20), (Selection(first=25), 25), (Selection(last=3), 3)):
        assert screen(capsys, executed, selection)[-2:] == [
            "--first, --last, --from, --to and --side choose others.",
            f"{count} of 30 fills of FAB in output/x",
        ]
    assert screen(capsys, executed, Selection(first=30))[-3].startswith("   30  ")


def test_no_fills_and_none_chosen_are_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert screen(capsys, [])[-1] == "0 of 0 fills of FAB in output/x"
    assert screen(capsys, [fill(1)], Selection(side="buy"))[-1] == "0 of 1 fill of FAB in output/x"


@pytest.mark.parametrize("size", [1, 1_000, 1_000_000])
@pytest.mark.parametrize("extra", [{}, {"fee": 0.5}, {"trade_type": "auction_entry", "vwap_reference": 1.0}])
def test_all_of_it_is_within_80_columns(capsys: pytest.CaptureFixture[str], size: int, extra: dict[str, Any]) -> None:
    grown = {"quantity": 10 * size, "position": -10 * size, "realized_pnl": -1.5 * size, "pnl": 12.25 * size} | extra
    lines = screen(capsys, [fill(12_345, **grown)])
    assert max(map(len, lines)) <= 80
    words = " ".join(lines).split()
    expected = ("12,345", "10:00:01", f"{10 * size:,}", f"{-1.5 * size:,.2f}", f"{12.25 * size:,.2f}")
    assert set(expected) <= set(words)
    assert ("0.50" in words, "auction_entry" in words) == ("fee" in extra, "trade_type" in extra)


def test_figures_have_names_units_and_what_stands_in_for_one_that_is_missing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    explanation = {
        "fills": 1_204,
        "net_pnl": -1_234.5,
        "win_rate": 0.4961,
        "max_drawdown_pct": 0.571,
        "sharpe": None,
        "days_not_flat": ["2025-01-06"],
        "reasons": {
            "sharpe": "Fewer than two market days, and a sentence that is too long to stand beside its figure."
        },
        "pnl_by_hour": {"10": 12.5},
        "pnl_by_weekday": {"Tuesday": 1.0, "Monday": 2.0},
        "counters": {"stop_loss_triggers": 3},
    }
    out = figures(capsys, explanation)
    assert max(map(len, out.splitlines())) <= 80
    words = " ".join(out.split())
    for line in (
        "Fills 1,204",
        "Net P&L, AED -1,234.50",
        "Win rate, % 49.6",
        "Max drawdown, % of peak capital 0.6",
        "Sharpe ratio, annualised - Fewer than two market days",
        "Days not flat 1",
        "10 12.50",
        "Monday 2.00 Tuesday 1.00",
        "stop_loss_triggers 3",
    ):
        assert line in words
    assert out.splitlines()[-1] == "FAB in output/x: 1,204 fills, net P&L -1,234.50 AED"


@pytest.fixture(scope="module")
def security(tmp_path_factory: pytest.TempPathFactory) -> RecordedSecurity:
    folder = tmp_path_factory.mktemp("run")
    store, config = make_store(folder / "parquet", ("FAB",)), make_config(folder / "v1.json", ("FAB",))
    api.backtest(config=config, parquet_dir=store, output_dir=folder / "run", sensitivity=False)
    return read_security(folder / "run", "FAB")


def test_every_figure_of_a_real_run_is_shown(security: RecordedSecurity, capsys: pytest.CaptureFixture[str]) -> None:
    out = figures_of(security, capsys)
    for key, value in security.figures.items():
        if isinstance(value, (int, float)) or value is None:
            assert BY_NAME[key].label in out
    parts = ("Mark-out after 60s, bps", "Adverse selection after 1s, AED", "Fills marked after 300s")
    assert all(part in out for part in (*parts, "P&L by hour", "P&L by weekday"))
    assert f"{security.figures['net_pnl']:,.2f}" in out
    in_percent = security.figures["max_drawdown"] / security.figures["peak_capital"] * 100
    assert re.search(rf"Max drawdown, % of peak capital +{in_percent:.1f}\n", out)
    assert max(map(len, out.splitlines()[1:-1])) <= 80


def figures_of(security: RecordedSecurity, capsys: pytest.CaptureFixture[str]) -> str:
    show.show_security(security)
    return capsys.readouterr().out


def test_a_run_made_before_a_figure_was_shows_the_others(capsys: pytest.CaptureFixture[str]) -> None:
    out = figures(capsys, {"fills": 3, "net_pnl": 1.0})
    assert "Mark-out" not in out
    assert "Net P&L" in out


def test_as_json_everything_is_there(security: RecordedSecurity, capsys: pytest.CaptureFixture[str]) -> None:
    set_console(Console("show", json=True))
    console().close(show.show_security(security))
    explanation = json.loads(capsys.readouterr().out)
    assert explanation["figures"] == security.figures
    assert (explanation["security"], explanation["exchange"], explanation["strategy"]) == ("FAB", "ADX", "v1_baseline")
    console().close(show.show_fills(security, Selection(side="buy")))
    explanation = json.loads(capsys.readouterr().out)
    assert explanation["fills"] == [row for row in security.fills() if row["side"] == "buy"]
    assert explanation["of"] == len(security.fills()) > len(explanation["fills"]) > 20


def test_quiet_says_one_line(security: RecordedSecurity, capsys: pytest.CaptureFixture[str]) -> None:
    set_console(Console("show", quiet=True))
    console().close(show.show_security(security))
    console().close(show.show_fills(security, Selection()))
    assert len(capsys.readouterr().out.splitlines()) == 2


@pytest.mark.parametrize("verbose", [False, True])
def test_verbose_adds_what_the_strategy_knew(
    capsys: pytest.CaptureFixture[str],
    verbose: bool,  # noqa: FBT001
) -> None:
    tick = Tick(4, 1_736_157_600_000_000_000, "TRADE", 10.0, 5)
    account = Account(0, 0.0, 0.0, 0, 5, 0.0, 5, 10.0, 0.0, 0.0)
    explanation = Explanation(1, "buy", 10.0, 5, "print", tick, None, None, None, account, memory={"patience": 3})
    set_console(Console("explain", verbose=verbose))
    show.show_explanation(explanation)
    assert ("patience = 3" in capsys.readouterr().out) == verbose


def test_progress_counts_the_ticks_replayed(monkeypatch: pytest.MonkeyPatch) -> None:
    explanation: list[Any] = []
    monkeypatch.setattr(show.ExplainProgress, "stage", lambda _, text, total=None: explanation.append((text, total)))
    monkeypatch.setattr(show.ExplainProgress, "step", lambda _, done: explanation.append(done))
    with show.ExplainProgress() as progress:
        progress.at(0, 90)
        progress.at(50, 90)
    assert explanation == [("Replaying up to it", 90), 0, 50]


def test_an_execution_with_many_switches_is_wrapped(capsys: pytest.CaptureFixture[str]) -> None:
    name = "strict " + " ".join(f"switch_number_{number}=value" for number in range(9))
    run: Any = SimpleNamespace(
        folder=Path("output/x"),
        strategy="v1_baseline",
        execution_name=name,
        warnings_about=lambda _: [],
        money=IN_AED,
    )
    show.show_security(replace(RecordedSecurity(RUN, "FAB", "ADX", {"fills": 1, "net_pnl": 0.0}), run=run))
    assert max(map(len, capsys.readouterr().out.splitlines())) <= 80
