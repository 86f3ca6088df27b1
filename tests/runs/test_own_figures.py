"""A strategy's own figures: what they get, where they are found, and what is said of one that is missing."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow.parquet as pq
import pytest
from openpyxl import load_workbook

from pipeline import backtest, report
from pipeline.console.output import Console, console, set_console
from pipeline.console.show import show_security
from pipeline.errors import StrategyError
from pipeline.runs.recorded_security import read_security
from tests.made import make_store, make_strategy

if TYPE_CHECKING:
    from pathlib import Path

FIGURES: Final = '''
from pipeline.engine.series import Series

def bought(fills, series):
    """Shares bought less shares sold.

    And a second paragraph."""
    return (fills["side"] * fills["fill_qty"]).sum()

def cost(fills, series):
    return float(np.nanmean(fills["side"] * (fills["fill_price"] - fills["mid"])) - fills["fee"].sum())

def recorded(fills, series):
    """How often fair was recorded, and how far apart its ends are, s."""
    return len(series["fair"].value) + (series["fair"].time[-1] - series["fair"].time[0]) / np.timedelta64(1, "s")

def broken(fills, series):
    fills["fill_qty"][:] = 0
    return 1.0
'''
BODY: Final = """
figures = {{{figures}}}
fair: Series = Series(every=60)

def on_tick(self, m):
    if m.bid_size > 0 and m.ask_size > 0:
        self.fair.record(m, (m.bid + m.ask) / 2)
        m.quote_bid(m.bid, 100)
        m.quote_ask(m.ask, 100)
"""
GOOD: Final = (
    '"bought": bought, "cost": cost, "recorded": recorded, "broken": broken, "none": lambda fills, series: None'
)


def write(folder: Path, figures: str = GOOD, functions: str = FIGURES) -> Path:
    file = make_strategy(folder / "own.py", BODY.format(figures=figures))
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("class Own", f"import numpy as np\n{functions}\nclass Own"), encoding="utf-8")
    return file


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    make_store(tmp_path / "parquet", ("FAB", "EMAAR"), days=3, a_day=400)
    write(tmp_path)
    return tmp_path


def run(desk: Path, name: str, **options: Any) -> Any:
    options = {"report": False, "parquet_dir": desk / "parquet", "config": desk / "own.json", **options}
    return backtest(str(desk / "own.py"), output_dir=desk / name, **options)


PLAIN: Final[dict[str, Any]] = {"engine": "python", "backend": "sequential", "sensitivity": False}
"""Nothing is compiled for a class that one test alone has."""


def own(desk: Path, name: str, ticker: str = "FAB") -> dict[str, Any]:
    figures: dict[str, Any] = json.loads((desk / name / "metrics.json").read_bytes())["securities"][ticker]["own"]
    return figures


@pytest.mark.usefixtures("kept_results")
def test_a_run_has_the_figures_of_its_strategy(desk: Path) -> None:
    first = run(desk, "one")
    assert first.plan.engine == "compiled"
    for ticker in ("FAB", "EMAAR"):
        figures = own(desk, "one", ticker)
        trades = pq.read_table(desk / "one" / "trades" / f"{ticker}.parquet").to_pydict()
        marks = pq.read_table(desk / "one" / "marks" / f"{ticker}.parquet").to_pydict()
        fair = pq.read_table(desk / "one" / "series" / f"{ticker}.parquet").to_pydict()
        signs = [1 if side == "buy" else -1 for side in trades["side"]]
        assert figures["bought"] == {
            "value": float(trades["position"][-1]),
            "meaning": "Shares bought less shares sold.",
            "why_missing": None,
        }
        costs = [
            sign * (price - mid)
            for sign, price, mid in zip(signs, trades["fill_price"], marks["mid"], strict=True)
            if mid is not None
        ]
        assert figures["cost"]["value"] == pytest.approx(sum(costs) / len(costs), abs=1e-12)
        apart = (fair["timestamp"][-1] - fair["timestamp"][0]).total_seconds()
        assert figures["recorded"]["value"] == pytest.approx(len(fair["fair"]) + apart)
        assert figures["none"]["why_missing"] == "it gave None"
        assert figures["broken"]["value"] is None
        line = next(
            n
            for n, text in enumerate((desk / "own.py").read_text(encoding="utf-8").splitlines(), 1)
            if "[:] = 0" in text
        )
        assert figures["broken"]["why_missing"].startswith(f"own.py, line {line}: ValueError: ")
        assert first.metrics.loc[ticker, "bought"] == trades["position"][-1]
        assert np.isnan(first.metrics.loc[ticker, "broken"])
    [warning] = [text for text in first.warnings if "own figure" in text]
    assert warning.startswith("The strategy's own figure broken is missing of EMAAR, FAB: own.py, line ")


@pytest.mark.usefixtures("kept_results")
def test_they_are_the_same_however_a_run_is_made_and_follow_their_function(desk: Path) -> None:
    run(desk, "one")
    assert all(result.cached for result in run(desk, "cached").results)
    run(desk, "plain", engine="python")
    run(desk, "loky", fresh=True, workers=2, backend="loky")
    for other in ("cached", "plain", "loky"):
        assert (desk / other / "metrics.json").read_bytes() == (desk / "one" / "metrics.json").read_bytes()
    before = own(desk, "one")["bought"]["value"]
    write(desk, functions=FIGURES.replace(".sum()\n\ndef cost", ".sum() + 5\n\ndef cost"))
    assert not any(result.cached for result in run(desk, "changed").results)
    assert own(desk, "changed")["bought"]["value"] == before + 5


def test_the_page_and_the_terminal_show_them(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(desk, "one")
    report(desk / "one")
    page = (desk / "one" / "report.html").read_text(encoding="utf-8")
    table = page.partition('id="own-figures"')[2].partition("</table>")[0]
    assert 'data-key="bought" title="Shares bought less shares sold."' in table
    assert f'data-value="{own(desk, "one")["bought"]["value"]}"' in table
    assert "broken: own.py, line " in page
    before = console()
    set_console(Console())
    try:
        show_security(read_security(desk / "one", "FAB"))
    finally:
        set_console(before)
    shown = capsys.readouterr().out
    assert "The strategy's own figures" in shown
    assert "Shares bought less shares sold." in shown


@pytest.mark.parametrize(
    ("gives", "why"),
    [
        ("float('nan')", "it gave nan, which is no number"),
        ("-1e400", "it gave -inf, which is no number"),
        ("10 ** 400", "it gave inf, which is no number"),
        ("'much'", "it gave a str, which is no number"),
        ("fills['side']", "it gave a ndarray, which is no number"),
        ("fills['gone']", "own.py, line LINE: KeyError: 'gone'"),
        ("exit(3)", "own.py, line LINE: SystemExit: 3"),
        ("series['gone']", "own.py, line LINE: KeyError: 'gone'"),
    ],
)
def test_what_is_no_number_is_missing_with_its_reason(desk: Path, gives: str, why: str) -> None:
    functions = f"from pipeline.engine.series import Series\ndef mine(fills, series): return {gives}"
    write(desk, '"mine": mine', functions)
    run(desk, "one", securities="FAB", **PLAIN)
    lines = (desk / "own.py").read_text(encoding="utf-8").splitlines()
    why = why.replace("LINE", str(1 + next(at for at, text in enumerate(lines) if "return" in text)))
    assert own(desk, "one")["mine"] == {"value": None, "meaning": "", "why_missing": why}


@pytest.mark.parametrize(
    ("figures", "message"),
    [
        ('"net_pnl": bought', "every run has a figure 'net_pnl' already; give this one another name"),
        ('"markouts": bought', "every run has a figure 'markouts' already"),
        ('"my figure": bought', "'my figure' is no name of letters, digits and _"),
        ('"bought": 5', "'bought' is 5, no function"),
        ("bought", "Own.figures is a set. Write"),
        ('"bought": (bought, "total")', "no function with how it adds up. Write"),
        ('"bought": (bought,)', "no function with how it adds up. Write"),
    ],
)
def test_figures_that_cannot_be_are_refused_at_their_line(desk: Path, figures: str, message: str) -> None:
    write(desk, figures)
    with pytest.raises(StrategyError, match=r"own\.py, line \d+: ") as refused:
        run(desk, "one")
    assert message in str(refused.value)
    assert not (desk / "one").exists()


def test_a_security_without_a_fill_has_empty_columns(desk: Path) -> None:
    functions = (
        "from pipeline.engine.series import Series\n"
        "def mine(fills, series): return len({len(values) for values in fills.values()}) + len(fills['side'])"
    )
    file = write(desk, '"mine": mine', functions)
    text = (
        file.read_text(encoding="utf-8")
        .replace("m.quote_bid(m.bid, 100)", "pass")
        .replace("m.quote_ask(m.ask, 100)", "pass")
    )
    file.write_text(text, encoding="utf-8")
    run(desk, "one", securities="FAB", **PLAIN)
    assert own(desk, "one")["mine"]["value"] == 1.0


TOGETHER: Final = '''
from pipeline.engine.series import Series

def bought(fills, series):
    """Shares bought."""
    return fills["fill_qty"][fills["side"] > 0].sum()

def traded(fills, series):
    return fills["fill_qty"].sum()

def share(fills, series):
    return bought(fills, series) / traded(fills, series)

def share_of_all(parts):
    return sum(part["bought"] for part in parts) / sum(part["traded"] for part in parts)

def of_one(fills, series):
    return 7.0 if len(fills["side"]) == FILLS else None

def fails(fills, series):
    return 7.0 if len(fills["side"]) == FILLS else 1 / 0
'''


def test_all_together_have_a_figure_as_the_strategy_says_it_adds_up(desk: Path) -> None:
    run(desk, "first", **PLAIN)
    sides, shares = {}, {}
    for ticker in ("FAB", "EMAAR"):
        trades = pq.read_table(desk / "first" / "trades" / f"{ticker}.parquet").to_pydict()
        sides[ticker], shares[ticker] = trades["side"], trades["fill_qty"]
    assert len(sides["FAB"]) != len(sides["EMAAR"])
    pairs = {ticker: [*zip(sides[ticker], shares[ticker], strict=True)] for ticker in sides}
    bought = {ticker: sum(many for side, many in of if side == "buy") for ticker, of in pairs.items()}
    traded = {ticker: sum(of) for ticker, of in shares.items()}
    figures = (
        '"bought": (bought, "sum"), "traded": (traded, "mean"), "share": (share, share_of_all), "alone": bought, '
        '"some": (of_one, "mean"), "broken": (fails, "sum"), "wrong": (bought, lambda parts: 1 / 0), '
        '"none": (lambda fills, series: None, "sum")'
    )
    write(desk, figures, TOGETHER.replace("FILLS", str(len(sides["FAB"]))))
    both = run(desk, "both", report=True, excel=True, **PLAIN)
    of_all = json.loads((desk / "both" / "metrics.json").read_text(encoding="utf-8"))["portfolio"]["own"]
    assert of_all["bought"] == {"value": sum(bought.values()), "meaning": "Shares bought.", "why_missing": None}
    assert {name: entry["value"] for name, entry in of_all.items()} == {
        "bought": sum(bought.values()),
        "traded": sum(traded.values()) / 2,
        "share": sum(bought.values()) / sum(traded.values()),
        "some": 7.0,  # of FAB alone
        **dict.fromkeys(("alone", "broken", "wrong", "none")),
    }
    assert of_all["alone"]["why_missing"] == "the strategy does not say how it adds up over securities"
    assert of_all["broken"]["why_missing"] == "it is missing of EMAAR"
    assert of_all["wrong"]["why_missing"].endswith("ZeroDivisionError: division by zero")
    assert of_all["none"]["why_missing"] == "no security has it"
    assert both.metrics.loc["portfolio", "bought"] == sum(bought.values())
    table = (desk / "both" / "report.html").read_text(encoding="utf-8").partition('id="own-figures"')[2]
    total = table.partition("<tfoot>")[2].partition("</tfoot>")[0]
    assert f'data-value="{sum(bought.values())}"' in total or f'data-value="{float(sum(bought.values()))}"' in total
    heads, *rows = load_workbook(desk / "both" / "results.xlsx")["Figures"].iter_rows(values_only=True)
    assert [row[heads.index("bought")] for row in rows] == [*map(bought.get, ("EMAAR", "FAB")), sum(bought.values())]
    run(desk, "alone", securities="FAB", **PLAIN)
    alone = json.loads((desk / "alone" / "metrics.json").read_text(encoding="utf-8"))["portfolio"]["own"]
    assert alone["alone"]["value"] == bought["FAB"]


def test_securities_in_several_currencies_have_none_together(desk: Path) -> None:
    write(desk, '"bought": (bought, "sum")', TOGETHER.replace("FILLS", "0"))
    own_of_both = run(desk, "one", **PLAIN).portfolio["own"]["bought"]["value"]
    assert own_of_both > 0
    (desk / "own.json").write_text('{"_defaults": {}, "EMAAR": {"exchange": "LSE"}}', encoding="utf-8")
    apart = run(desk, "apart", **PLAIN).portfolio["own"]["bought"]
    assert apart["value"] is None
    assert apart["why_missing"].startswith("the securities are in several currencies")
