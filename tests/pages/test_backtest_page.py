"""The page of a run: small enough whatever the run, the same bytes each time, honest about what it leaves out."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import weakref
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq
import pytest

from pipeline.errors import DamagedRun, NewerRun, UnknownRun
from pipeline.pages.backtest_page import backtest_page
from pipeline.pages.page import library
from pipeline.pages.run_reader import Contents
from pipeline.store.columns import text_array
from pipeline.store.parquet import write_table
from pipeline.store.path import ObjectStorePath
from tests.pages.invented import invent
from tests.pages.reading import read_page, reason_of, table

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pipeline.pages.run_reader import Track
    from tests.pages.reading import Page

LIMIT = 7_999_999
HOSTILE = "<script>alert(1)</script>"


def names(count: int) -> list[str]:
    return [f"T{number:04d}" for number in range(count)]


def text_of(content: bytes) -> str:
    return " ".join(read_page(content).root.text.split())


@pytest.mark.parametrize(
    ("securities", "days", "fills"),
    [
        (1, 1, 0),
        (1, 5, 400_000),
        (16, 60, 2_500),
        pytest.param(120, 60, 3_000, marks=pytest.mark.slow),
        (120, 5, 300),
        pytest.param(120, 250, 9_000, marks=pytest.mark.slow),
        pytest.param(1_000, 10, 50, marks=pytest.mark.slow),
        (2, 5_000, 20_000),
    ],
)
def test_no_page_is_larger_than_eight_megabytes(securities: int, days: int, fills: int, tmp_path: Path) -> None:
    content = backtest_page(invent(tmp_path, names(securities), days, fills))
    assert len(library()[1]) < len(content) <= LIMIT
    page = read_page(content)
    panels = list(page.root.all("details", **{"class": "panel"}))
    assert 0 < len(panels) <= securities
    drawn = [name for name in page.data["charts"] if name.startswith("panel-")]
    of_days = {"days", "exposure", "hold", *(["rolling"] if days >= 42 else [])}
    assert len(page.data["charts"].keys() - of_days) == 6 + len(drawn)
    assert 0 < len(drawn) == len([one for panel in panels for one in panel.all("div", **{"class": "chart"})])


def test_long_texts_do_not_make_a_page_large(tmp_path: Path) -> None:
    many = ["A warning that goes on and on. " * 4_000] * 900
    content = backtest_page(invent(tmp_path, ["FAB"], failed=names(3_000), warnings=many))
    assert len(content) <= LIMIT
    assert "840 more are in run.json." in text_of(content)
    assert "2,940 more are in backtest_summary.csv." in text_of(content)


def test_every_fill_is_on_the_page_of_a_long_run(tmp_path: Path) -> None:
    page = read_page(backtest_page(invent(tmp_path, ["FAB", "MODON"], 20, 60_000)))
    for number in range(2):
        assert len(page.columns(f"panel-{number}")["stamps"]) == 60_000
    assert len(page.columns("portfolio")["equity"]) == 120_000


def check_thinned(folder: Path, page: Page, tickers: list[str]) -> None:
    """Assert that panels which say so have some of the fills: each with its number, among them the extremes."""
    for number, name in enumerate(tickers):
        fills = pq.read_table(folder / "trades" / f"{name}.parquet").to_pydict()
        columns = page.columns(f"panel-{number}")
        places = [int(one) - 1 for one in columns.get("number", range(1, len(fills["position"]) + 1))]
        signed = {"buy": 1, "sell": -1}
        traded = [signed[fills["side"][at]] * fills["fill_qty"][at] for at in places]
        assert columns.get("traded", traded) == traded
        assert columns["position"] == [fills["position"][at] for at in places]
        for shown, every in (("price", "fill_price"), ("position", "position")):
            assert (min(columns[shown]), max(columns[shown])) == (min(fills[every]), max(fills[every]))
        said = (
            f"{len(places):,} of the {len(fills['side']):,} fills are on this page, with the extremes of each stretch"
        )
        panel = page.root.one("details", data_row=name)
        assert (said in panel.text) == (len(places) < len(fills["side"]))


def test_where_not_every_fill_fits_each_panel_has_its_share_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, tickers = invent(tmp_path, names(6), 5, 4_000), names(6)
    whole = len(backtest_page(folder))
    shares = []
    for least in range(whole - 80_000, whole + 200_000, 40_000):
        monkeypatch.setattr("pipeline.pages.backtest_page.MOST_BYTES", least)
        content = backtest_page(folder)
        assert len(content) <= least
        page = read_page(content)
        check_thinned(folder, page, tickers)
        shares.append([len(page.columns(f"panel-{number}")["stamps"]) for number in range(6)])
    assert all(min(share) > 0.5 * max(share) for share in shares), shares
    assert [sum(share) for share in shares] == sorted(sum(share) for share in shares)
    assert sum(shares[0]) < 24_000 == sum(shares[-1])


@pytest.mark.slow
def test_a_run_of_far_more_fills_than_fit_has_all_panels_and_the_whole_equity_thinned(tmp_path: Path) -> None:
    folder = invent(tmp_path, names(12), 20, 100_000)
    content = backtest_page(folder)
    assert 0.8 * LIMIT < len(content) <= LIMIT
    page = read_page(content)
    check_thinned(folder, page, names(12))
    equity = page.columns("portfolio")["equity"]
    assert f"{len(equity):,} of 1,200,000 fills are on this page, with the extremes of each stretch." in page.root.text
    metrics = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))["securities"]
    assert equity[-1] == pytest.approx(sum(one["net_pnl"] for one in metrics.values()), abs=1)


def test_a_page_holds_one_security_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = invent(tmp_path, names(30), 5, 200)
    alive: list[Any] = []
    most = 0
    read = Contents.track

    def track(contents: Contents, ticker: str) -> Track:
        nonlocal most
        one = read(contents, ticker)
        gone = weakref.ref(one.price)
        alive.append(gone)
        most = max(most, sum(each() is not None for each in alive))
        return one

    monkeypatch.setattr(Contents, "track", track)
    monkeypatch.setattr("pipeline.pages.equity_curve.IN_MEMORY", 1_000)
    assert backtest_page(folder)
    assert len(alive) == 30
    assert most <= 2


@pytest.mark.slow
def test_with_very_many_securities_those_with_the_largest_turnover_are_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.pages.backtest_page.MOST_SECURITIES", 400)
    folder = invent(tmp_path, names(600), 1, 2)
    page = read_page(backtest_page(folder))
    metrics = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))["securities"]
    _, rows = table(next(page.root.all("table", data_set="securities")))
    shown = [name for name in rows if name != "Portfolio"]
    by_turnover = sorted(metrics, key=lambda name: -metrics[name]["turnover"])
    assert set(shown) == set(by_turnover[: len(shown)])
    assert f"{len(shown)} of 600 securities are on this page" in page.root.text


def test_two_pages_of_one_folder_are_the_same_bytes_however_the_run_was_carried_out(tmp_path: Path) -> None:
    folder = invent(tmp_path, ["FAB", "EMAAR"])
    first = backtest_page(folder)
    run = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    run["how"] = {"engine": "python", "backend": "loky", "workers": 7, "seconds": {"replay": 99.0}}
    (folder / "run.json").write_text(json.dumps(run), encoding="utf-8")
    assert backtest_page(folder) == first


def test_a_folder_behind_a_uri_has_the_same_page(tmp_path: Path) -> None:
    folder = invent(tmp_path, ["FAB"])
    assert backtest_page(ObjectStorePath(folder.as_uri())) == backtest_page(folder)


def test_a_run_of_which_everything_failed_has_a_page_that_says_so(tmp_path: Path) -> None:
    folder = invent(tmp_path, [], failed=["FAB", "EMAAR"])
    (folder / "sensitivity.csv").unlink()
    text = text_of(backtest_page(folder))
    assert "FAB failed and is in none of the figures: FAB is unwell." in text
    assert "No security was replayed." in text
    assert "This run has no assumption check." in text


def test_warnings_and_failed_securities_stand_after_the_result_and_before_all_else(tmp_path: Path) -> None:
    text = text_of(backtest_page(invent(tmp_path, ["FAB"], failed=["DEWA"], warnings=["Fees are 0."])))
    assert text.index("Headline figures") < text.index("DEWA failed") < text.index("Fees are 0.")
    assert text.index("Fees are 0.") < text.index("Equity of the portfolio")


def test_an_error_stands_on_the_page_without_the_apostrophe_of_its_cell(tmp_path: Path) -> None:
    folder = invent(tmp_path, ["FAB"])
    (folder / "backtest_summary.csv").write_text("security,error\nFAB,\nDEWA,'=1 is no price.\n", encoding="utf-8")
    assert "in none of the figures: =1 is no price." in text_of(backtest_page(folder))


def test_a_hostile_name_is_text_everywhere(tmp_path: Path) -> None:
    folder = invent(tmp_path, [HOSTILE, "FAB"], failed=["<b>x</b>"], warnings=[HOSTILE, "</script><script>x()"])
    content = backtest_page(folder)
    assert content.count(b"<script") == 5
    assert content.count(b"</script") == 5
    assert b"<b>x" not in content
    page = read_page(content)
    (bars,) = page.data["charts"]["securities"]["data"]
    assert sorted(bars["y"]) == sorted(["FAB", "&lt;script&gt;alert(1)&lt;/script&gt;"])
    assert page.root.one("details", data_row=HOSTILE).one("span", **{"class": "name"}).text == HOSTILE


def test_every_missing_figure_has_its_reason_beside_it_and_in_the_list(tmp_path: Path) -> None:
    page = read_page(backtest_page(invent(tmp_path, ["FAB"])))
    empty = [cell for cell in page.root.all("td") if cell.attributes.get("data-value") == ""]
    assert empty
    assert all(reason_of(page, cell) for cell in empty)
    listed = " ".join(page.root.one("div", id="missing").text.split())
    assert re.search(r"Too few days\. [^.]*Calmar ratio [^.]*\(Portfolio, FAB\)", listed)


def test_headings_go_down_one_level_at_a_time_and_every_link_leads_somewhere(tmp_path: Path) -> None:
    page = read_page(backtest_page(invent(tmp_path, ["FAB"], warnings=["w"])))
    levels = [int(node.tag[1]) for node in page.root.all() if re.fullmatch(r"h[1-6]", node.tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    ids = [str(node.attributes["id"]) for node in page.root.all() if "id" in node.attributes]
    assert len(ids) == len(set(ids))
    targets = {str(node.attributes["href"]) for node in page.root.all("a")}
    assert {target.removeprefix("#") for target in targets} <= set(ids)
    assert page.root.one("html").attributes["lang"] == "en"


def test_warnings_beyond_the_first_six_are_folded(tmp_path: Path) -> None:
    texts = [f"Warning number {number}." for number in range(9)]
    page = read_page(backtest_page(invent(tmp_path, ["FAB"], failed=["DEWA"], warnings=texts)))
    section = page.root.one("section", id="warnings")
    (folded,) = section.all("details")
    assert [item.text.strip() for item in folded.all("li")] == texts[6:]
    assert folded.one("summary").text == "3 more"
    assert [item.text.strip() for item in section.all("li")][1:] == texts


def cut_off(folder: Path, name: str) -> None:
    whole = (folder / name).read_bytes()
    (folder / name).write_bytes(whole[: len(whole) // 2])


def edited(folder: Path, name: str, **changed: Any) -> None:
    content = json.loads((folder / name).read_text(encoding="utf-8"))
    (folder / name).write_text(json.dumps(content | changed), encoding="utf-8")


def bought_for_sold(path: Path) -> None:
    trades = pq.read_table(path)
    sides = ["sell" if side == "buy" else "buy" for side in trades.column("side").to_pylist()]
    write_table(
        path, trades.set_column(trades.schema.get_field_index("side"), "side", text_array(sides)), durable=False
    )


DAMAGE: list[tuple[Callable[[Path], object], type[Exception], str]] = [
    (lambda folder: (folder / "run.json").unlink(), UnknownRun, "is not a run folder"),
    (lambda folder: (folder / "metrics.json").unlink(), DamagedRun, "metrics.json is not there"),
    (lambda folder: (folder / "daily.csv").unlink(), DamagedRun, "daily.csv is not there"),
    (lambda folder: (folder / "prices" / "FAB.parquet").unlink(), DamagedRun, "FAB.parquet is not there"),
    (lambda folder: cut_off(folder, "trades/FAB.parquet"), DamagedRun, "FAB.parquet is damaged"),
    (lambda folder: bought_for_sold(folder / "trades" / "FAB.parquet"), DamagedRun, "trades is damaged"),
    (lambda folder: cut_off(folder, "metrics.json"), DamagedRun, "metrics.json is damaged"),
    (lambda folder: edited(folder, "run.json", format_version=99), NewerRun, "later version"),
    (lambda folder: edited(folder, "metrics.json", securities={"../FAB": {}}), DamagedRun, "cannot be one"),
    (lambda folder: edited(folder, "metrics.json", securities={"C:FAB": {}}), DamagedRun, "cannot be one"),
]


@pytest.mark.parametrize(("damage", "kind", "text"), DAMAGE, ids=range(len(DAMAGE)))
def test_a_damaged_folder_is_refused_by_name(
    damage: Callable[[Path], object], kind: type[Exception], text: str, tmp_path: Path
) -> None:
    folder = invent(tmp_path, ["FAB"])
    damage(folder)
    with pytest.raises(kind, match=re.escape(text)):
        backtest_page(folder)


def test_a_page_is_made_without_pandas_and_without_plotlys_python(tmp_path: Path) -> None:
    folder = invent(tmp_path, ["FAB"])
    program = (
        "import sys\nfrom pathlib import Path\nfrom pipeline.pages.backtest_page import backtest_page\n"
        f"backtest_page(Path({str(folder)!r}))\nprint(*sorted({{name.split('.')[0] for name in sys.modules}}))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    loaded = done.stdout.split()
    assert "markupsafe" in loaded
    assert not {"pandas", "plotly", "kaleido", "numba", "jinja2"} & set(loaded)
