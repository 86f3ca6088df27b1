"""The page of runs side by side: its figures, settings and partings are those of the runs' files, texts stay texts."""

from __future__ import annotations

import csv
import json
import shutil
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from pipeline import backtest, compare_page
from pipeline.errors import BadRequest, UnknownRun
from tests.pages.invented import invent
from tests.pages.reading import read_page
from tests.pages.reading import table as table_of

if TYPE_CHECKING:
    from pathlib import Path

    from tests.pages.reading import Node, Page

HOSTILE = "<script>alert(1)</script>"


@pytest.fixture(scope="module")
def runs(inputs: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    store, config = inputs
    folder = tmp_path_factory.mktemp("runs")
    common: dict[str, Any] = {"config": config, "parquet_dir": store, "report": False}
    backtest(**common, output_dir=folder / "base", note="the first")
    backtest(**common, output_dir=folder / "quick", parameters={"refill_interval_sec": 5}, sensitivity=False)
    backtest(**common, output_dir=folder / "few", securities="FAB,MODON", sensitivity=False)
    shutil.copytree(folder / "base", folder / "again")
    (folder / "base" / "report.html").write_text("a page")
    return folder


@pytest.fixture(scope="module")
def page(runs: Path) -> Page:
    return read_page(compare_page(["base", "quick", "few"], runs / "pages.html", output_dir=runs).read_bytes())


def value(cell: Node) -> float | None:
    """Return a cell's exact number; None for a missing one."""
    text = cell.attributes["data-value"]
    return float(text) if text else None


def rows_of(page: Page, name: str) -> dict[str, list[Node]]:
    return table_of(page.root.one("table", id=name))[1]


def portfolio(folder: Path) -> dict[str, Any]:
    figures: dict[str, Any] = json.loads((folder / "metrics.json").read_bytes())["portfolio"]
    return figures


def test_every_figure_stands_beside_that_of_the_other_runs(page: Page, runs: Path) -> None:
    a, b, c = (portfolio(runs / name) for name in ("base", "quick", "few"))
    for name in ("net_pnl", "fills", "max_drawdown", "turnover", "win_rate", "orders"):
        row = page.root.one("tr", data_figure=name)
        shown = [value(cell) for cell in row.all("td")]
        assert shown == [a[name], b[name], b[name] - a[name], c[name], c[name] - a[name]], name


def test_of_runs_in_other_currencies_those_in_a_s_have_a_difference(runs: Path, tmp_path: Path) -> None:
    shutil.copytree(runs / "quick", tmp_path / "pounds")
    told = json.loads((tmp_path / "pounds" / "run.json").read_bytes())
    told |= {"currency": "GBP", "currencies": dict.fromkeys(told["currencies"], "GBP")}
    (tmp_path / "pounds" / "run.json").write_text(json.dumps(told), encoding="utf-8")
    several = [runs / "base", tmp_path / "pounds", runs / "quick"]
    page = read_page(compare_page(several, tmp_path / "page.html").read_bytes())
    a, b = (portfolio(runs / name)["net_pnl"] for name in ("base", "quick"))
    row = page.root.one("tr", data_figure="net_pnl")
    assert [value(cell) for cell in row.all("td")] == [a, b, None, b, b - a]
    for cells in rows_of(page, "by-security").values():
        a, b, _, *_ = values = [value(cell) for cell in cells]
        assert values[:5] == [a, b, None, b, (b or 0.0) - (a or 0.0)]


DIRECTIONS = {"net_pnl": 1, "max_drawdown": -1, "kurtosis": -1, "fills": 0, "turnover": 0}


@pytest.mark.parametrize("first", ["some", "other"])
def test_a_difference_is_red_where_it_is_worse_and_neutral_where_neither_is(tmp_path: Path, first: str) -> None:
    invent(tmp_path / "some", ["FAB"], days=40)
    invent(tmp_path / "other", ["FAB"], days=40, fills=300)
    second = "other" if first == "some" else "some"
    page = read_page(compare_page([tmp_path / first, tmp_path / second], tmp_path / "page.html").read_bytes())
    for name, direction in DIRECTIONS.items():
        a, b, difference = page.root.one("tr", data_figure=name).all("td")
        assert value(difference) != 0.0
        assert ("class" in difference.attributes) == ((value(difference) or 0.0) * direction < 0), name
        for one in (a, b):
            assert ("class" in one.attributes) == (direction > 0 and (value(one) or 0.0) < 0), name


def test_what_a_run_has_no_figure_of_is_missing(page: Page, runs: Path) -> None:
    check = json.loads((runs / "base" / "run.json").read_bytes())["assumption_check"]
    rows = rows_of(page, "models")
    assert [value(cell) for cell in rows["strict"]] == [check["strict"], None, None]
    net = [value(cell) for cell in rows_of(page, "by-security")["EMAAR"]]
    fills = {name: pq.read_table(runs / name / "trades" / "EMAAR.parquet").num_rows for name in ("base", "quick")}
    assert net[3:5] == [None, None]
    assert net[5:] == [fills["base"], fills["quick"], None]
    assert "not in this run" in page.root.one("table", id="by-security").text


def test_settings_that_differ_are_named(page: Page) -> None:
    rows = rows_of(page, "settings-B")
    assert [cell.text for cell in rows["refill_interval_sec"]] == ["all", "60.0", "5.0"]
    assert [cell.text for cell in rows_of(page, "settings-C")["replayed"]] == ["1 (EMAAR)", "yes", "no"]
    assert "A: the first" in page.root.one("header").text


def test_where_fills_part_is_said_with_what_explains_it(page: Page, runs: Path) -> None:
    tables = {name: pq.read_table(runs / name / "trades" / "FAB.parquet") for name in ("base", "quick")}
    a, b = (table.select(["timestamp", "side", "fill_price", "fill_qty"]).to_pylist() for table in tables.values())
    number = next(at for at, pair in enumerate(zip(a, b, strict=False), 1) if pair[0] != pair[1])
    rows = [row for row in page.root.one("table", id="partings").all("tr") if row.attributes.get("data-row") == "FAB"]
    to_b, to_c = (list(row.all("td")) for row in rows)
    assert value(to_b[1]) == number
    for fill in (a[number - 1], b[number - 1]):
        assert f"{fill['timestamp']:%H:%M:%S}" in to_b[2].text
        assert f"{fill['side']} {fill['fill_qty']:,} at {fill['fill_price']!r}" in to_b[2].text
    for name in ("base", "quick"):
        assert f"python -m pipeline explain FAB --fill {number} --run {(runs / name).as_posix()}" in to_b[3].text
    assert to_c[2].text == "the same fills"
    assert value(to_c[1]) is None


def test_the_line_of_a_run_ends_where_its_days_do(page: Page, runs: Path) -> None:
    chart = page.data["charts"]["equity"]
    assert [trace["name"] for trace in chart["data"]] == [
        *("A: base", "B: quick", "C: few"),
        *("B: quick above A", "C: few above A"),
    ]
    last = {}
    for name in ("base", "quick"):
        with (runs / name / "daily.csv").open(encoding="utf-8", newline="") as file:
            last[name] = [float(row["equity"]) for row in csv.DictReader(file) if row["security"] == "total"]
    above = [b - a for a, b in zip(last["base"], last["quick"], strict=True)]
    assert chart["data"][3]["y"] == pytest.approx(above, abs=0.006)


@pytest.mark.parametrize("first", ["short", "long"])
def test_a_run_is_drawn_only_over_its_own_days(tmp_path: Path, first: str) -> None:
    days = {"short": 3, "long": 8}
    for name, many in days.items():
        invent(tmp_path / name, ["FAB"], days=many)
    other = "long" if first == "short" else "short"
    page = read_page(compare_page([tmp_path / first, tmp_path / other], tmp_path / "page.html").read_bytes())
    a, b, above = page.data["charts"]["equity"]["data"]
    dates = {}
    for name in days:
        with (tmp_path / name / "daily.csv").open(encoding="utf-8", newline="") as file:
            dates[name] = sorted({row["day"] for row in csv.DictReader(file) if row["security"] == "total"})
    for trace, name in ((a, first), (b, other)):
        drawn = [str(np.datetime64(stamp, "ms"))[:10] for stamp in trace["reach"]]
        assert drawn == [dates[name][0], dates[name][-1]]
    assert [str(np.datetime64(stamp, "ms"))[:10] for stamp in above["x"]] == dates["short"]
    assert len(above["y"]) == 3


def test_a_page_links_the_pages_of_its_runs_and_equal_runs_give_equal_bytes(runs: Path, tmp_path: Path) -> None:
    below = runs / "below"
    below.mkdir(exist_ok=True)
    one = compare_page([runs / "base", runs / "quick"], below / "one.html").read_bytes()
    assert b'<a href="../base/report.html">base</a>' in one
    assert one == compare_page([runs / "base", runs / "quick"], below / "two.html").read_bytes()
    same = compare_page([runs / "base", runs / "again"], tmp_path / "same.html").read_bytes()
    assert b"B: again: the same run as A, fill by fill." in same


def test_no_text_of_a_run_is_markup(runs: Path, tmp_path: Path) -> None:
    folder = tmp_path / "hostile &"
    shutil.copytree(runs / "base", folder)
    manifest = json.loads((folder / "run.json").read_bytes())
    manifest |= {"strategy": HOSTILE, "note": HOSTILE, "warnings": [HOSTILE], "config": HOSTILE}
    (folder / "run.json").write_text(json.dumps(manifest))
    content = compare_page([runs / "base", folder], tmp_path / "page.html").read_bytes()
    assert HOSTILE.encode() not in content
    assert content.count(b"<script") == 5


@pytest.mark.parametrize("other", ["none", "no fill", "one day"])
def test_runs_with_little_in_them_are_compared_too(tmp_path: Path, other: str) -> None:
    some = invent(tmp_path / "some", ["FAB"])
    odd = {
        "none": lambda folder: invent(folder, [], failed=["EMAAR", "FAB"]),
        "no fill": lambda folder: invent(folder, ["FAB"], fills=0, failed=["EMAAR"]),
        "one day": lambda folder: invent(folder, ["FAB"], days=1),
    }[other](tmp_path / other)
    for pair in ((some, odd), (odd, some), (odd, odd)):
        page = read_page(compare_page(pair, tmp_path / "page.html").read_bytes())
        [trace, *_] = page.data["charts"]["equity"]["data"]
        assert trace["name"] == f"A: {pair[0].name}"
    last = rows_of(page, "by-security")["FAB"]
    assert value(last[0]) == (
        None if other == "none" else json.loads((odd / "metrics.json").read_bytes())["securities"]["FAB"]["net_pnl"]
    )


def test_one_run_or_too_many_or_none_are_refused(runs: Path, tmp_path: Path) -> None:
    with pytest.raises(BadRequest, match="A page compares 2 to 6 runs; these are 1"):
        compare_page([runs / "base"], tmp_path / "page.html")
    with pytest.raises(BadRequest, match="these are 7"):
        compare_page([runs / "base"] * 7, tmp_path / "page.html")
    with pytest.raises(UnknownRun, match=r"no run 'bse'.*Did you mean 'base'"):
        compare_page(["base", "bse"], tmp_path / "page.html", output_dir=runs)
    assert not (tmp_path / "page.html").exists()
