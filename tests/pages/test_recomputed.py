"""Every number of a page is found again in the files of its folder, by code that shares nothing with the page's."""

from __future__ import annotations

import csv
import datetime as dt
import json
import math
import re
from collections import defaultdict
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq
import pytest

from pipeline.metrics.fill_kinds import COLUMNS, KINDS
from tests.pages.reading import number, table

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.pages.reading import Node, Page

DAY_MS = 86_400_000
HALF_A_CENT = 0.005 + 1e-9
SHARES = {
    *("return_on_peak_capital", "buy_and_hold", "pnl_per_inventory", "win_rate", "probabilistic_sharpe"),
    *("return_on_limit", "fill_ratio", "time_in_market", "time_at_limit"),
}
ANNUALISED = {"sharpe", "sortino", "calmar", "sharpe_error"}
SHOWN_FROM = 10  # market days from which a figure of a year is shown
LOOKED_AT = {"data-value", "data-figure", "data-key", "data-warnings"}


def metrics_of(folder: Path) -> Any:
    return json.loads((folder / "metrics.json").read_text(encoding="utf-8"))


def rows_of(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / name).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def fills_of(folder: Path, ticker: str) -> list[dict[str, Any]]:
    fills = pq.read_table(folder / "trades" / f"{ticker}.parquet")
    stamps = fills.column("timestamp").cast("int64").to_pylist()
    return [one | {"at": at} for one, at in zip(fills.to_pylist(), stamps, strict=True)]


def figure(held: dict[str, Any], key: str) -> float | None:
    """Return what is to be shown of a figure."""
    if key in ANNUALISED and held["market_days"] < SHOWN_FROM:
        return None
    value: Any = held
    for part in key.split("."):
        value = value[part]
    return len(value) if isinstance(value, list) else value


def shown_as(cell: Node, value: float | None, percent: bool = False) -> bool:  # noqa: FBT001, FBT002
    """Return whether a cell holds a value exactly, and shows it to within half of its last digit."""
    if value is None:
        says_why = cell.attributes.get("title") or cell.attributes.get("aria-describedby")
        return cell.attributes["data-value"] == "" and cell.text.startswith("-") and bool(says_why)
    text = cell.text.split()[0]
    digits = len(text.partition(".")[2])
    near = abs(number(text) - value * (100 if percent else 1)) <= 0.5 * 10**-digits + 1e-9
    return float(cell.attributes["data-value"] or "nan") == value and near


def curve(fills: list[dict[str, Any]]) -> list[tuple[int, float, float, int]]:
    """Return time, equity, drawdown and position at every fill."""
    equity = peak = 0.0
    position, clock = 0, 0
    found: list[tuple[int, float, float, int]] = []
    for one in fills:
        equity += one["realized_pnl"] - one.get("fee", 0.0)
        peak = max(peak, equity)
        clock, position = max(clock, one["at"]), one["position"]
        found.append((clock, equity, equity - peak, position))
    return found


def figure_tables(page: Page) -> Iterator[Node]:
    """Yield the tables of figures by security, which alone have a row of the portfolio's."""
    for one in page.root.all("table", data_set="securities"):
        if "Portfolio" in table(one)[1]:
            yield one


def test_every_figure_of_every_security_is_that_of_metrics_json(folder: Path, page: Page) -> None:
    metrics = metrics_of(folder)
    seen = set()
    for one in figure_tables(page):
        headings, rows = table(one)
        assert set(rows) == {*metrics["securities"], "Portfolio"}
        for ticker, cells in rows.items():
            held = metrics["portfolio"] if ticker == "Portfolio" else metrics["securities"][ticker]
            for heading, cell in zip(headings[1:], cells, strict=True):
                key = str(heading.attributes["data-key"])
                assert shown_as(cell, figure(held, key), percent=key in SHARES), (ticker, key, cell)
                seen.add(key)
    flat = {name for name, value in metrics["portfolio"].items() if not isinstance(value, (dict, list))}
    flat -= {"intervals"}
    marks = {
        f"markouts.{horizon}.{part}" for horizon, held in metrics["portfolio"]["markouts"].items() for part in held
    }
    assert seen == flat | marks | {"days_not_flat"}


def test_what_filled_us_is_that_of_metrics_json(folder: Path, page: Page) -> None:
    by_kind = metrics_of(folder)["portfolio"].get("fills_by_kind") or {}
    tables = page.root.all("table", id="fills_by_kind")
    rows = [row for one in tables for row in table(one)[1].values()]
    assert len(rows) == len(by_kind)
    for kind, cells in zip(filter(by_kind.__contains__, KINDS), rows, strict=True):
        for (name, (_, form)), cell in zip(COLUMNS.items(), cells, strict=True):
            value = by_kind[kind][name]
            assert cell.attributes["data-value"] == ("" if value is None else repr(value))
            assert value is None or shown_as(cell, value, percent=form == "share")


def test_what_strategies_counted_is_that_of_metrics_json(folder: Path, page: Page) -> None:
    held = {ticker: one["counters"] for ticker, one in metrics_of(folder)["securities"].items() if one["counters"]}
    found = {}
    for one in page.root.all("table", id="counters"):
        headings, rows = table(one)
        keys = [heading.attributes.get("data-key") for heading in headings[1:]]
        found = {
            ticker: {key: int(number(cell.text)) for key, cell in zip(keys, cells, strict=True)}
            for ticker, cells in rows.items()
        }
    assert found == held


def test_the_headline_is_the_portfolios(folder: Path, page: Page) -> None:
    portfolio = metrics_of(folder)["portfolio"]
    tiles = [one for one in page.root.all("dd") if "data-figure" in one.attributes]
    assert len(tiles) == 13
    for tile in tiles:
        key = str(tile.attributes["data-figure"])
        assert shown_as(tile, figure(portfolio, key), percent=key in SHARES)


def test_sums_over_the_fills_give_the_counts_and_amounts_shown(folder: Path, page: Page) -> None:
    headings, rows = table(next(figure_tables(page)))
    keys = [heading.attributes.get("data-key") for heading in headings]
    for ticker in metrics_of(folder)["securities"]:
        fills = fills_of(folder, ticker)
        shown = {
            key: float(cell.attributes["data-value"] or "nan") for key, cell in zip(keys[1:], rows[ticker], strict=True)
        }
        gross, fees = (sum(one.get(name, 0.0) for one in fills) for name in ("realized_pnl", "fee"))
        assert shown["realized_pnl"] == pytest.approx(gross)
        assert shown["fees"] == pytest.approx(fees)
        assert shown["net_pnl"] == pytest.approx(gross - fees)
        assert shown["turnover"] == pytest.approx(sum(one["fill_price"] * one["fill_qty"] for one in fills))


def test_the_assumption_check_is_that_of_sensitivity_csv(folder: Path, page: Page) -> None:
    rows_written = rows_of(folder, "sensitivity.csv")
    written = {(row["security"], row["execution"]): float(row["net_pnl"]) for row in rows_written}
    shown = {place: value for place, value in written.items() if not place[1].startswith("strict up to ")}
    headings, rows = table(page.root.one("table", id="checks"))
    cells = {
        (ticker, str(heading.attributes["data-key"])): cell
        for ticker, of_row in rows.items()
        for heading, cell in zip(headings[1:], of_row, strict=True)
    }
    assert cells.keys() == shown.keys()
    assert all(shown_as(cells[place], value) for place, value in shown.items())
    (bars,) = page.data["charts"]["assumptions"]["data"]
    total = {model: value for (ticker, model), value in shown.items() if ticker == "total"}
    assert dict(zip(bars["y"], bars["x"], strict=True)) == total
    said = [
        float(one.attributes["data-value"] or "nan") for one in page.root.one("p", **{"class": "verdict"}).all("strong")
    ]
    band = [value for model, value in total.items() if model == "strict" or model.startswith("strict queue=")]
    worst = min(value for model, value in total.items() if "=" in model and " " not in model)
    assert said == [total["classic"], total["strict"], min(band), max(band), worst]


def test_the_band_and_the_way_from_classic_to_strict_are_drawn_to_scale(folder: Path, page: Page) -> None:
    total = {
        row["execution"]: float(row["net_pnl"])
        for row in rows_of(folder, "sensitivity.csv")
        if row["security"] == "total"
    }

    def per_cent(svg: Any, kind: str, number: int, name: str) -> float:
        return float(str([*svg.all(kind)][number].attributes[name]).removesuffix("%"))

    svg = page.root.one("svg", id="band")
    zero, strict, classic = (per_cent(svg, "line", number, "x1") for number in range(3))
    scale = (classic - zero) / total["classic"]
    queues = [value for model, value in total.items() if model == "strict" or model.startswith("strict queue=")]
    start, width = per_cent(svg, "rect", 0, "x"), per_cent(svg, "rect", 0, "width")
    assert strict == pytest.approx(zero + scale * total["strict"], abs=0.02)
    assert start == pytest.approx(zero + scale * min(queues), abs=0.02)
    assert width == pytest.approx(scale * (max(queues) - min(queues)), abs=0.02)
    texts = [text.text for text in svg.all("text")]
    amounts = [f"{value:,.2f}" for value in (min(queues), max(queues), total["classic"])]
    assert texts == [f"strict {amounts[0]} to {amounts[1]}", f"classic {amounts[2]}", "0"]
    assert f"{amounts[2]} AED to strict's {total['strict']:,.2f} AED in 14 steps" in page.root.one("p", id="way").text
    _, rows = table(page.root.one("table", id="waterfall"))
    steps = [model for model in total if model.startswith("strict up to ")]
    before = total["classic"]
    for (switch, cells), model in zip([*rows.items()][1:], [*steps, "strict"], strict=True):
        assert switch.partition("=")[0] in (model.removeprefix("strict up to "), "order_price")
        assert shown_as(cells[0], total[model] - before)
        assert shown_as(cells[1], total[model])
        before = total[model]


def test_the_bars_are_those_of_the_files(folder: Path, page: Page) -> None:
    metrics = metrics_of(folder)
    charts = page.data["charts"]
    (bars,) = charts["securities"]["data"]
    assert dict(zip(bars["y"], bars["x"], strict=True)) == {
        ticker: held["net_pnl"] for ticker, held in metrics["securities"].items()
    }
    by_hour: dict[str, float] = defaultdict(float)
    by_weekday: dict[str, float] = defaultdict(float)
    for ticker in metrics["securities"]:
        for one in fills_of(folder, ticker):
            by_hour[f"{one['timestamp']:%H}:00"] += one["realized_pnl"] - one["fee"]
            by_weekday[f"{one['timestamp']:%a}"] += one["realized_pnl"] - one["fee"]
    for name, expected in (("hours", by_hour), ("weekdays", by_weekday)):
        (bars,) = charts[name]["data"]
        assert dict(zip(bars["x"], bars["y"], strict=True)) == pytest.approx(expected)


def test_the_mark_out_curves_are_those_of_metrics_json(folder: Path, page: Page) -> None:
    metrics = metrics_of(folder)
    curves = {one["name"]: one["y"] for one in page.data["charts"]["markouts"]["data"]}
    every = {"Portfolio": metrics["portfolio"], **metrics["securities"]}
    assert curves == {
        name: [held["spread_captured_bps"], *(held["markouts"][at]["bps"] for at in ("1s", "10s", "60s", "300s"))]
        for name, held in every.items()
    }


def test_the_portfolios_curves_are_sums_over_all_fills(folder: Path, page: Page) -> None:
    every = [one for ticker in metrics_of(folder)["securities"] for one in fills_of(folder, ticker)]
    full = curve(sorted(every, key=lambda one: one["at"]))
    held_to(full, page, "portfolio", {"equity": 1})
    daily = [row for row in rows_of(folder, "daily.csv") if row["security"] == "total"]
    bars = page.trace("portfolio", "daily")
    net, marked = ([float(row[name]) for row in daily] for name in ("net_pnl", "marked_equity"))
    assert bars["y"] == pytest.approx(net, abs=HALF_A_CENT)
    assert page.columns("portfolio")["marked"] == pytest.approx(marked, abs=HALF_A_CENT)
    days = [row["day"] for row in daily]
    assert [iso(at) for at in bars["x"]] == days
    assert [iso(day * DAY_MS) for day in page.days("portfolio")] == days


def test_a_panel_has_all_fills_prices_and_days_of_its_security(folder: Path, page: Page) -> None:
    for place, ticker in enumerate(sorted(metrics_of(folder)["securities"])):
        fills = fills_of(folder, ticker)
        chart = f"panel-{place}"
        held_to(curve(fills), page, chart, {"position": 3, "equity": 1})
        columns = page.columns(chart)
        assert columns["price"] == [one["fill_price"] for one in fills]
        prices = pq.read_table(folder / "prices" / f"{ticker}.parquet")
        mids = [math.nan if mid is None else mid for mid in prices.column("mid").to_pylist()]
        assert columns["price_stamps"] == prices.column("timestamp").cast("int64").to_pylist()
        assert columns["mid"] == pytest.approx(mids, abs=0.00005 + 1e-9, nan_ok=True)
        daily = [row for row in rows_of(folder, "daily.csv") if row["security"] == ticker]
        marked = [float(row["marked_equity"] or "nan") for row in daily]
        assert [iso(day * DAY_MS) for day in page.days(chart)] == [row["day"] for row in daily]
        assert columns["marked"] == pytest.approx(marked, abs=HALF_A_CENT, nan_ok=True)


def held_to(full: list[tuple[int, float, float, int]], page: Page, chart: str, places: dict[str, int]) -> None:
    """Assert that a chart has all of a curve, exact in time and to half a cent."""
    columns = page.columns(chart)
    assert columns["stamps"] == [one[0] for one in full]
    for name, place in places.items():
        assert columns[name] == pytest.approx([one[place] for one in full], abs=HALF_A_CENT)


def iso(at: int) -> str:
    return str(dt.datetime.fromtimestamp(at / 1000, dt.UTC).date())


def test_what_is_said_in_words_is_counted_again(folder: Path, page: Page) -> None:
    metrics, run = metrics_of(folder), json.loads((folder / "run.json").read_text(encoding="utf-8"))
    facts = " ".join(page.root.one("p", **{"class": "facts"}).text.split())
    days = sorted({row["day"] for row in rows_of(folder, "daily.csv")})
    done, failed = (
        len(metrics["securities"]),
        sum(bool(row["error"]) for row in rows_of(folder, "backtest_summary.csv")),
    )
    securities = f"{done} of {done + failed} securities, {failed} failed" if failed else f"{done} securities"
    assert f"Backtest of {len(days)} market days, {days[0]} to {days[-1]} · {securities} ·" in facts
    for panel in page.root.all("details", **{"class": "panel"}):
        ticker = panel.one("span", **{"class": "name"}).text
        assert f"{len(fills_of(folder, ticker)):,} fills" in panel.one("summary").text
        assert float(panel.one("strong").attributes["data-value"] or "nan") == metrics["securities"][ticker]["net_pnl"]
    for ticker, held in metrics["securities"].items():
        listed = f"{ticker}: {', '.join(held['days_not_flat'])}"
        assert any(one.text == listed for one in page.root.all("li")) == bool(held["days_not_flat"])
    _, rows = table(next(one for one in page.root.all("table") if "fingerprints" in one.one("caption").text))
    for ticker, held in run["data"].items():
        if ticker in rows:
            rejects = None if held["rejects"] is None else sum(held["rejects"].values())
            counts = [held["rows"], held["ticks"], rejects, held["blank"]]
            assert all(map(shown_as, rows[ticker][1:5], counts))
            assert [cell.text for cell in rows[ticker][5:]] == [held["digest"], held["fingerprint"]]
    expected = {
        (name, rule, str(count))
        for name, held in run["data"].items()
        for rule, count in (held["rejects"] or {}).items()
    }
    found = [row for one in page.root.all("table", id="rejected") for row in one.all("tr") if list(row.all("td"))]
    assert {(row.one("th").text, *(cell.text for cell in row.all("td"))) for row in found} == expected


def loose(node: Node) -> Iterator[str]:
    """Yield the texts with a digit that no test above looks at."""
    for one in node.children:
        if isinstance(one, str):
            if re.search(r"\d", one):
                yield " ".join(one.split())
        elif not LOOKED_AT & {*one.attributes} and one.tag not in ("script", "style", "h1", "title"):
            if one.attributes.get("class") in ("facts", "panel", "verdict") or one.attributes.get("id") in (
                *("data-used", "missing", "band", "way", "waterfall", "fills_by_kind", "fills_by_condition"),
                *("intervals", "chance", "input-data", "months", "best-days", "worst-days", "drawdowns", "no-rolling"),
            ):
                continue
            yield from loose(one)


def test_no_other_number_stands_on_the_page_but_settings(folder: Path, page: Page) -> None:
    run = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    glossary = page.root.one("section", id="glossary").text
    said = {text for text in loose(page.root) if text not in " ".join(glossary.split())}
    versions = ", ".join(f"{key} {value}" for key, value in sorted(run["versions"].items()))
    curves = len(page.data["charts"]["markouts"]["data"]) - 1
    settings = [*run["execution"]["settings"].values()]
    settings += [value for one in run["parameters"].values() for value in one.values()]
    known = {f"{value:,.10g}" if isinstance(value, (int, float)) else str(value) for value in settings}
    about = "How the run was carried out, and how long it took, is in run.json. Parameters that differ are among the"
    known |= {f"Versions: {versions}. {about} tables by security."}
    known |= {f"{len(run['warnings']) - 6} more", "95 %:", "1 security failed"}
    known |= {"Fewer than 10 market days, too few to say what is chance."}
    left = said - known - {*run["warnings"], f"Execution: {run['execution']['name']}"}
    assert [text for text in left if not text.endswith(f"the {curves} securities with the largest turnover.")] == []
