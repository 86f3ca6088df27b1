"""What a comparison says on the screen."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from pipeline.console.compare import show_comparison, show_comparisons
from pipeline.console.output import console
from pipeline.metrics.assumptions import Verdict
from pipeline.runs.compare import Comparison, compare
from pipeline.runs.reader import Figures, RecordedFills, RecordedRun

if TYPE_CHECKING:
    from collections.abc import Callable

SIXTEEN = tuple(f"TICKER{number:02}" for number in range(16))
EMPTY = RecordedFills(*(np.empty(0, kind) for kind in (np.int64, np.int8, np.float64, np.int64)))


def fills(prices: list[float]) -> RecordedFills:
    count = len(prices)
    clock = 1_736_157_600_123 + 1_000 * np.arange(count)
    return RecordedFills(clock, np.ones(count, np.int8), np.array(prices), np.full(count, 3_000))


def run(name: str, of: dict[str, RecordedFills], size: float = 1.0, **changes: Any) -> RecordedRun:
    """Return a run whose every security has `size` AED of P&L."""
    figures = {ticker: Figures(len(one), size, size, size) for ticker, one in of.items()}
    total = Figures(sum(map(len, of.values())), size * len(of), size * len(of), size)
    told: dict[str, Any] = {
        "folder": Path("output") / name,
        "strategy": "v1_baseline",
        "config": "v1_baseline.json",
        "execution_name": "classic",
        "execution": {"fill_price": "print"},
        "versions": {"numpy": "2.0"},
        "parameters": {ticker: {"quote_size": 100} for ticker in of},
        "digests": dict.fromkeys(of, "0123456789abcdef"),
        "figures": figures,
        "errors": {},
        "total": total,
        "read_fills": of.__getitem__,
    }
    return RecordedRun(**told | changes)


@pytest.fixture
def screen(capsys: pytest.CaptureFixture[str]) -> Callable[[Comparison], str]:
    def of(comparison: Comparison) -> str:
        console().close(show_comparison(comparison))
        return capsys.readouterr().out

    return of


def rows(out: str, start: str) -> list[list[str]]:
    """Return the rows that begin with a word, each as its cells."""
    return [re.split(r"\s{2,}", line.strip()) for line in out.splitlines() if line.strip().startswith(start)]


def test_the_same_run_is_one_line(screen: Any) -> None:
    one = run("one", {"FAB": fills([10.0] * 1_204)})
    assert (
        screen(compare(one, one))
        == f"{one.folder} and {one.folder} are the same: v1_baseline, 1 security, 1,204 fills.\n"
    )


def test_a_value_that_all_securities_share_is_one_row(screen: Any) -> None:
    of = dict.fromkeys(SIXTEEN, EMPTY)
    other = {ticker: {"quote_size": 200} for ticker in SIXTEEN} | {"TICKER03": {"quote_size": None}}
    out = screen(compare(run("a", of), run("b", of, parameters={ticker: {"quote_size": 200} for ticker in SIXTEEN})))
    assert rows(out, "quote_size") == [["quote_size", "all", "100", "200"]]
    assert len(rows(screen(compare(run("a", of), run("b", of, parameters=other))), "quote_size")) == 2


def test_settings_of_the_run_are_named_in_full(screen: Any) -> None:
    of = {"FAB": EMPTY}
    changes = {
        "strategy": "v3",
        "execution": {"fill_price": "order", "fees_bps": {"ADX": 5.0}},
        "versions": {"numpy": "2.1"},
        "digests": {"FAB": "fedcba9876543210"},
    }
    out = screen(compare(run("a", of), run("b", of, **changes)))
    assert rows(out, "strategy") == [["strategy", "all", "v1_baseline", "v3"]]
    assert rows(out, "execution.fill_price") == [["execution.fill_price", "all", "print", "order"]]
    assert rows(out, "execution.fees_bps") == [["execution.fees_bps", "all", "-", '{"ADX": 5.0}']]
    assert rows(out, "version of") == [["version of numpy", "all", "2.0", "2.1"]]
    assert rows(out, "ticks' digest") == [["ticks' digest", "all", "0123456789ab", "fedcba987654"]]


def test_parameters_of_one_strategy_are_left_out_between_two(screen: Any) -> None:
    of = {"FAB": EMPTY}
    other = {"FAB": {"quote_size": 200, "ladder": 3}}
    out = screen(compare(run("a", of), run("b", of, strategy="own", parameters=other)))
    assert "quote_size" in out
    assert "ladder" not in out
    assert "Parameters of only one of the strategies are left out; --json has them." in out
    assert "ladder" in screen(compare(run("a", of), run("b", of, parameters=other)))


def test_the_bands_of_both_runs_stand_side_by_side_where_there_was_a_check(screen: Any) -> None:
    of = {"FAB": fills([10.0])}
    checked = run("b", {"FAB": fills([10.1])}, check=Verdict(100.0, -40.0, -48.25, -35.5, None, 100.0))
    other = run("c", {"FAB": fills([10.2])}, check=Verdict(90.0, -50.0, -50.0, -45.0, "touch=fills", -9.0))
    out = screen(compare(checked, other))
    assert rows(out, "classic") == [["classic", "100.00", "90.00", "-10.00"]]
    assert rows(out, "strict") == [
        ["strict", "-40.00", "-50.00", "-10.00"],
        ["strict, lowest by queue", "-48.25", "-50.00", "-1.75"],
        ["strict, highest by queue", "-35.50", "-45.00", "-9.50"],
    ]
    assert rows(screen(compare(run("a", of), checked)), "strict, l") == [
        ["strict, lowest by queue", "-", "-48.25", "-"]
    ]
    assert "by assumption" not in screen(compare(run("a", of), run("b", {"FAB": fills([10.1])})))


def test_the_fill_where_they_part_is_shown_as_both_have_it(screen: Any) -> None:
    a, b = {"FAB": fills([10.0, 10.02, 10.04])}, {"FAB": fills([10.0, 10.0225])}
    out = screen(compare(run("a", a), run("b", b)))
    assert rows(out, "FAB")[-1] == ["FAB", "2", "A", "2025-01-06 10:00:01.123", "buy 3,000 at 10.02"]
    assert rows(out, "B  ")[-1] == ["B", "2025-01-06 10:00:01.123", "buy 3,000 at 10.0225"]


def test_prices_that_differ_in_a_bit_are_shown_to_that_bit(screen: Any) -> None:
    out = screen(compare(run("a", {"FAB": fills([10.02])}), run("b", {"FAB": fills([10.020000000000001])})))
    assert re.findall(r"10\.02\d*", out) == ["10.02", "10.020000000000001"]


@pytest.mark.parametrize(
    ("a", "b", "wording"),
    [
        ({"FAB": fills([10.0] * 412)}, {"FAB": fills([10.0] * 413)}, "FAB        413    A     ends after 412 fills"),
        ({"FAB": fills([10.0])}, {"FAB": fills([10.0] * 2)}, "A     ends after 1 fill"),
        ({"FAB": fills([10.0])}, {"FAB": EMPTY}, "B     no fills"),
        ({"FAB": EMPTY}, {"FAB": EMPTY, "EMAAR": EMPTY}, "A     not in this run"),
        ({"FAB": EMPTY}, {"FAB": EMPTY, "EMAAR": EMPTY}, "no fills in either"),
        ({"FAB": fills([10.0])}, {"FAB": fills([10.0]), "EMAAR": EMPTY}, "same fills (1)"),
    ],
)
def test_every_way_to_part_has_its_words(screen: Any, a: Any, b: Any, wording: str) -> None:
    out = screen(compare(run("a", a), run("b", b)))
    assert re.sub(" +", " ", wording) in re.sub(" +", " ", out)


def test_an_error_is_shown_as_it_is_brackets_and_all(screen: Any) -> None:
    of = {"FAB": EMPTY}
    changes = {"figures": {}, "errors": {"FAB": "bad [bold] row [/x]"}}
    out = screen(compare(run("a", of), run("b", of, **changes)))
    assert "failed: bad [bold] row [/x]" in out
    assert rows(out, "FAB")[0] == ["FAB", "1.00", "failed", "-"]


def test_nought_has_no_sign(screen: Any) -> None:
    of = {"FAB": EMPTY}
    out = screen(compare(run("a", of, 0.3), run("b", of, 0.1 + 0.2 - 1e-12)))
    assert rows(out, "FAB")[0] == ["FAB", "0.30", "0.30", "0.00"]


def test_runs_with_the_same_fills_say_so_in_a_line(screen: Any) -> None:
    of = {"FAB": fills([10.0])}
    out = screen(compare(run("a", of), run("b", of, versions={"numpy": "2.1"})))
    assert "Every security has the same fills in both runs, to the last bit." in out
    assert "fill that differs" not in out


@pytest.mark.parametrize("size", [1.0, 1e6, 1e12])
def test_all_of_it_is_whole_within_80_columns(screen: Any, size: float) -> None:
    a = dict.fromkeys(SIXTEEN, fills([10.0] * 3))
    b = dict.fromkeys(SIXTEEN[:-1], fills([10.0] * 2 + [10.02])) | {"EMAAR": EMPTY}
    changes = {"parameters": {ticker: {"quote_size": n, "x" * 40: "y" * 90} for n, ticker in enumerate(b)}}
    out = screen(compare(run("a", a, size), run("b", b, -size, **changes)))
    assert max(map(len, out.splitlines())) <= 80
    assert f"{-2 * size:,.2f}" in out
    assert "…" not in out
    assert rows(out, "in both")


def test_of_several_runs_each_has_its_letter_and_a_warning_stands_once(capsys: pytest.CaptureFixture[str]) -> None:
    def one(name: str, price: float, *warnings: str) -> RecordedRun:
        return run(name, {"FAB": fills([price])}, size=price, warnings=warnings)

    a, b = one("a", 10.0, "of all", "of A"), one("b", 10.1, "of all", "of B and C")
    c = one("c", 10.2, "of all", "of B and C", "of C")
    result = show_comparisons([compare(a, b), compare(a, c)], None)
    assert result.warnings == ["of all", "of A (only A)", "of B and C (only B, C)", "of C (only C)"]
    out = capsys.readouterr().out
    headings = [line.split(" (")[0] for line in out.splitlines() if " execution, amounts in " in line]
    assert headings == [f"{letter}: {Path('output') / name}" for letter, name in ("Aa", "Bb", "Aa", "Cc")]
    for letter in "BC":
        heading = next(line for line in out.splitlines() if f" {letter} - A" in line)
        assert re.split(r"\s{2,}", heading.strip()) == ["security", "A", letter, f"{letter} - A"]
    assert rows(out, "C  ")[-1] == ["C", "2025-01-06 10:00:00.123", "buy 3,000 at 10.2"]


def test_securities_of_one_run_only_are_said(screen: Any) -> None:
    of = dict.fromkeys(SIXTEEN, EMPTY)
    out = screen(compare(run("a", dict.fromkeys(SIXTEEN[:3], EMPTY)), run("b", of)))
    assert rows(out, "replayed") == [["replayed", "13 (TICKER03, TICKER04, TICKER05 and 10 others)", "no", "yes"]]
    assert "No setting on record differs" not in out
    out = screen(compare(run("a", {"FAB": EMPTY}), run("b", {"EMAAR": EMPTY})))
    assert rows(out, "replayed") == [["replayed", "1 (FAB)", "yes", "no"], ["replayed", "1 (EMAAR)", "no", "yes"]]
