"""One security of a run on the screen: its figures, and its fills within 80 columns."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from pipeline import api
from pipeline.results.security import RecordedSecurity, Selection, read_security
from pipeline.terminal import look
from tests.made import make_config, make_store

if TYPE_CHECKING:
    from collections.abc import Mapping

RUN: Any = SimpleNamespace(folder=Path("output/x"), strategy="v1_baseline", execution_name="classic")


class Made(RecordedSecurity):
    """A security whose fills are given."""

    def fills(self) -> list[dict[str, Any]]:
        return MADE


MADE: list[dict[str, Any]] = []


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
    look.show_fills(Made(RUN, "FAB", "ADX", {}), selection or Selection())
    return capsys.readouterr().out.splitlines()


def figures(capsys: pytest.CaptureFixture[str], told: Mapping[str, Any]) -> str:
    look.show_security(RecordedSecurity(RUN, "FAB", "ADX", told))
    return capsys.readouterr().out


def test_fills_stand_in_columns_below_their_day(capsys: pytest.CaptureFixture[str]) -> None:
    made = [fill(1), fill(2, side="buy", price=13.36), fill(3, time="2025-01-07T14:55:00.000")]
    assert screen(capsys, made) == [
        "FAB, output/x",
        "v1_baseline, classic execution",
        "",
        " fill  time      side  shares  price  realised  position       P&L",
        " 2025-01-06",
        "    1  10:00:01  sell   2,400  13.40      0.00    -2,400  1,234.57",
        "    2  10:00:01  buy    2,400  13.36      0.00    -2,400  1,234.57",
        " 2025-01-07",
        "    3  14:55:00  sell   2,400  13.40      0.00    -2,400  1,234.57",
    ]


def test_milliseconds_are_shown_where_there_are_any(capsys: pytest.CaptureFixture[str]) -> None:
    lines = screen(capsys, [fill(1), fill(2, time="2025-01-06T10:00:01.250")])
    assert [line.split()[1] for line in lines[5:7]] == ["10:00:01.000", "10:00:01.250"]


def test_twenty_are_shown_unless_a_count_is_given(capsys: pytest.CaptureFixture[str]) -> None:
    made = [fill(number) for number in range(1, 31)]
    assert "20 of 30 fills; --first, --last, --from, --to and --side choose." in screen(capsys, made)
    assert "25 of 30 fills; --first, --last, --from, --to and --side choose." in screen(capsys, made, Selection(25))
    assert len(screen(capsys, made, Selection(first=30))) == 5 + 30


def test_no_fills_and_none_chosen_are_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert screen(capsys, [])[-1] == "No fills."
    assert screen(capsys, [fill(1)], Selection(side="buy"))[-1] == "None of its 1 fills is among these."


@pytest.mark.parametrize("size", [1, 1_000, 1_000_000])
@pytest.mark.parametrize("extra", [{}, {"fee": 0.5}, {"trade_type": "auction_entry", "vwap_reference": 1.0}])
def test_all_of_it_is_within_80_columns(capsys: pytest.CaptureFixture[str], size: int, extra: dict[str, Any]) -> None:
    grown = {"quantity": 10 * size, "position": -10 * size, "realized_pnl": -1.5 * size, "pnl": 12.25 * size} | extra
    lines = screen(capsys, [fill(12_345, **grown)])
    assert max(map(len, lines)) <= 80
    assert f"{12.25 * size:,.2f}" in lines[5]
    assert len(lines) == 6 or lines[6].startswith("Left out for want of room: ")
    assert len(lines) == 6 or size == 1_000_000


def test_figures_have_names_units_and_what_stands_in_for_one_that_is_missing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    told = {
        "fills": 1_204,
        "realized_pnl": -0.5,
        "win_rate": 0.4961,
        "sharpe": None,
        "days_not_flat": ["2025-01-06"],
        "of_the_future": 1.5,
        "reasons": {"sharpe": "fewer than two market days, and a sentence that is too long to stand beside its figure"},
        "markouts": {"1s": {"aed": 1.25, "bps": None}, "10s": {"aed": -2.0, "bps": 0.5}},
        "pnl_by_hour": {"10": 12.5},
        "counters": {"stop_loss_triggers": 3},
    }
    out = figures(capsys, told)
    assert max(map(len, out.splitlines())) <= 80
    words = " ".join(out.split())
    for said in (
        "fills 1,204",
        "realised P&L, AED -0.50",
        "winning fills of those that realise P&L 49.6%",
        "Sharpe ratio, a year - fewer than two market days",
        "days that ended not flat 1",
        "of_the_future 1.50",
        "Mark-outs aed bps 1s 1.25 - 10s -2.00 0.50",
        "Net P&L by hour, AED 10 12.50",
        "What the strategy counted stop_loss_triggers 3",
    ):
        assert said in words


@pytest.fixture(scope="module")
def security(tmp_path_factory: pytest.TempPathFactory) -> RecordedSecurity:
    folder = tmp_path_factory.mktemp("run")
    store, config = make_store(folder / "parquet", ("FAB",)), make_config(folder / "v1.json", ("FAB",))
    api.backtest(config=config, parquet_dir=store, output_dir=folder / "run", sensitivity=False)
    return read_security(folder / "run", "FAB")


def test_every_figure_of_a_real_run_is_shown(security: RecordedSecurity, capsys: pytest.CaptureFixture[str]) -> None:
    look.show_security(security)
    out = capsys.readouterr().out
    named = {key: label for key, (label, _) in look.LABELS.items()} | look.TITLES | {"reasons": ""}
    for key, value in security.figures.items():
        assert key in named, f"{key} has no name here"
        assert value in ({}, []) or named[key] in out
    assert max(map(len, out.splitlines()[1:])) <= 80


def test_as_json_everything_is_there_and_sorted(security: RecordedSecurity, capsys: pytest.CaptureFixture[str]) -> None:
    look.show_security(security, as_json=True)
    text = capsys.readouterr().out
    told = json.loads(text)
    assert text == json.dumps(told, indent=1, sort_keys=True) + "\n"
    assert told["figures"] == security.figures
    look.show_fills(security, Selection(side="buy"), as_json=True)
    told = json.loads(capsys.readouterr().out)
    assert told["fills"] == [one for one in security.fills() if one["side"] == "buy"]
    assert told["of"] == len(security.fills()) > len(told["fills"]) > 20
    assert (told["security"], told["exchange"], told["strategy"]) == ("FAB", "ADX", "v1_baseline")


class Terminal:
    """Stands in for stderr."""

    def __init__(self, *, terminal: bool) -> None:
        self.said = ""
        self._terminal = terminal

    def isatty(self) -> bool:
        return self._terminal

    def write(self, text: str) -> None:
        self.said += text

    def flush(self) -> None:
        pass


@pytest.mark.parametrize("terminal", [False, True])
def test_progress_is_said_only_once_a_replay_takes_its_time(
    monkeypatch: pytest.MonkeyPatch,
    terminal: bool,  # noqa: FBT001
) -> None:
    stderr = Terminal(terminal=terminal)
    monkeypatch.setattr("sys.stderr", stderr)
    with look.ExplainProgress() as progress:
        progress.at(10, 100)
        assert stderr.said == ""
        monkeypatch.setattr(look, "PATIENCE", 0.0)
        progress.at(20, 100)
        progress.at(90, 100)
    lines = ["\rReplaying: 20 of 100 ticks", "\rReplaying: 90 of 100 ticks", "\r\x1b[K"]
    assert stderr.said == ("".join(lines) if terminal else "Replaying 100 ticks up to that fill\n")


def test_an_execution_with_many_switches_is_wrapped(capsys: pytest.CaptureFixture[str]) -> None:
    name = "strict " + " ".join(f"switch_number_{number}=value" for number in range(9))
    run: Any = SimpleNamespace(folder=Path("output/x"), strategy="v1_baseline", execution_name=name)
    look.show_security(replace(RecordedSecurity(RUN, "FAB", "ADX", {"fills": 1}), run=run))
    assert max(map(len, capsys.readouterr().out.splitlines())) <= 80
