"""What a page says of a run's days is found again in its files, by code that shares nothing with the page's."""

from __future__ import annotations

import csv
import datetime as dt
import itertools
import json
import math
import statistics
from collections import defaultdict
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq
import pytest

from pipeline.pages.backtest_page import backtest_page
from tests.pages.invented import invent
from tests.pages.reading import number, read_page, table

if TYPE_CHECKING:
    from pathlib import Path

    from tests.pages.reading import Node, Page

DAY_MS, SLOT_MS = 86_400_000, 300_000
CENT = 0.005 + 1e-9


@pytest.fixture(scope="module")
def long(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Page]:
    folder = invent(tmp_path_factory.mktemp("long"), ["FAB", "EMAAR"], 130, 900)
    return folder, read_page(backtest_page(folder))


def portfolio_of(folder: Path) -> Any:
    return json.loads((folder / "metrics.json").read_text(encoding="utf-8"))["portfolio"]


def daily_of(folder: Path) -> dict[str, float]:
    with (folder / "daily.csv").open(newline="", encoding="utf-8") as file:
        return {row["day"]: float(row["net_pnl"]) for row in csv.DictReader(file) if row["security"] == "total"}


def values(cells: list[Node]) -> list[float | None]:
    return [float(text) if (text := cell.attributes.get("data-value")) else None for cell in cells]


def test_what_is_decided_by_says_what_it_hangs_on(folder: Path, page: Page) -> None:
    portfolio, run = portfolio_of(folder), json.loads((folder / "run.json").read_text(encoding="utf-8"))
    tiles = {}
    decide = page.root.one("dl", **{"class": "tiles decide"})
    for tile in decide.all("div", **{"class": "tile"}):
        head, *also = tile.all("dd")
        said = [float(one.attributes["data-value"] or "nan") for line in also for one in line.all("strong")]
        tiles[head.attributes.get("data-figure", "warnings")] = head, said, [line.text for line in also]
    with (folder / "sensitivity.csv").open(newline="", encoding="utf-8") as file:
        total = {row["execution"]: float(row["net_pnl"]) for row in csv.DictReader(file) if row["security"] == "total"}
    band = [value for model, value in total.items() if model == "strict" or model.startswith("strict queue=")]
    ends = portfolio["intervals"] or {}
    assert [*tiles] == ["net_pnl", "return_on_peak_capital", "sharpe", "max_drawdown", "warnings"]
    assert tiles["net_pnl"][1] == [*ends.get("net_pnl", []), min(band), max(band)]
    assert tiles["return_on_peak_capital"][1] == [portfolio["peak_capital"]]
    assert tiles["sharpe"][1] == ends.get("sharpe", [])
    assert bool(ends) or tiles["sharpe"][2] == ["Fewer than 10 market days, too few to say what is chance."]
    assert tiles["max_drawdown"][1] == [portfolio["max_drawdown_pct"], portfolio["max_drawdown_days"]]
    head, _, also = tiles["warnings"]
    assert head.attributes["data-warnings"] == str(len(run["warnings"]))
    assert also == (["1 security failed"] if "DEWA" in run["parameters"] else [])


def test_months_and_days_are_those_of_daily_csv(folder: Path, page: Page) -> None:
    daily = daily_of(folder)
    months: dict[tuple[str, int], float] = defaultdict(float)
    for day, net in daily.items():
        months[day[:4], int(day[5:7])] += net
    _, rows = table(page.root.one("table", id="months"))
    found = {}
    for year, cells in rows.items():
        *of_year, total = values(cells)
        found |= {(year, at): value for at, value in enumerate(of_year, 1) if value is not None}
        assert total == pytest.approx(sum(value for value in of_year if value is not None))
        assert all(
            abs(number(cell.text) - float(cell.attributes["data-value"] or 0)) <= 0.5 for cell in cells if cell.text
        )
    assert found == pytest.approx(months)
    by_size = sorted(daily.items(), key=lambda pair: pair[1])
    for name, wanted in (
        ("best-days", [pair for pair in by_size[::-1] if pair[1] > 0]),
        ("worst-days", [pair for pair in by_size if pair[1] < 0]),
    ):
        rows = [row for row in page.root.one("table", id=name).one("tbody").all("tr") if [*row.all("th")]]
        assert {row.one("th").text: values([row.one("td")])[0] for row in rows} == dict(wanted[:5])


def test_the_worst_falls_are_those_of_daily_csv(long: tuple[Path, Page]) -> None:
    folder, page = long
    falls: list[dict[str, Any]] = []
    peak, equity, at_peak, fall = 0.0, 0.0, "the start", None
    for day, net in daily_of(folder).items():
        equity += net
        if equity >= peak:
            if fall:
                fall |= {"ends": day, "days": fall["days"] + 1}
                falls.append(fall)
            peak, at_peak, fall = equity, day, None
            continue
        fall = fall or {"begins": at_peak, "lowest": day, "depth": 0.0, "ends": "not yet", "days": 0}
        fall["days"] += 1
        if peak - equity > fall["depth"]:
            fall |= {"lowest": day, "depth": peak - equity}
    falls += [fall] if fall else []
    falls.sort(key=lambda one: -one["depth"])
    assert "Market days after the peak" in page.root.one("table", id="drawdowns").one("thead").text
    rows = page.root.one("table", id="drawdowns").one("tbody").all("tr")
    shown = [
        [row.one("th").text, *(cell.text for cell in row.all("td"))][:3] + values(list(row.all("td"))[2:])
        for row in rows
    ]
    assert shown == [
        [one["begins"], one["lowest"], one["ends"], one["days"], pytest.approx(-one["depth"])] for one in falls[:5]
    ]


def test_every_day_is_in_a_bar_of_the_spread(folder: Path, page: Page) -> None:
    (bars,) = page.data["charts"]["days"]["data"]
    daily = [*daily_of(folder).values()]
    assert sum(bars["y"]) == len(daily)
    for (low, high), count in zip(bars["customdata"], bars["y"], strict=True):
        assert sum(low + 0.01 <= net < high - 0.01 for net in daily) <= count
        assert count <= sum(low - 0.01 <= net < high + 0.01 for net in daily)


def test_rolling_ratios_are_of_as_many_days_as_they_say(long: tuple[Path, Page], page: Page) -> None:
    folder, of_long = long
    daily = daily_of(folder)
    chart = of_long.data["charts"]["rolling"]
    assert chart["about"] == "Each point is of the 63 market days up to it."
    sharpe, volatility = chart["data"]
    net, days = [*daily.values()], [*daily]
    parts = [net[end - 63 : end] for end in range(63, len(net) + 1)]
    assert [iso(at) for at in sharpe["x"]] == [iso(at) for at in volatility["x"]] == days[62:]
    spread = [statistics.stdev(part) * math.sqrt(252) for part in parts]
    assert volatility["y"] == pytest.approx(spread, abs=CENT)
    ratios = [statistics.fmean(part) * 252 / each for part, each in zip(parts, spread, strict=True)]
    assert sharpe["y"] == pytest.approx(ratios, abs=0.0006)
    assert "rolling" not in page.data["charts"]
    said = page.root.one("p", id="no-rolling").text
    assert "take 42 market days; this run has" in said


def iso(at: float) -> str:
    return str(dt.datetime.fromtimestamp(at / 1000, dt.UTC).date())


def rows_of(folder: Path, room: str, ticker: str) -> list[dict[str, Any]]:
    rows = pq.read_table(folder / room / f"{ticker}.parquet")
    stamps = rows.column("timestamp").cast("int64").to_pylist()
    return [row | {"at": at} for row, at in zip(rows.to_pylist(), stamps, strict=True)]


def test_exposure_and_buy_and_hold_are_of_fills_and_prices(folder: Path, page: Page) -> None:
    days = [*daily_of(folder)]
    portfolio = portfolio_of(folder)
    tickers = sorted(json.loads((folder / "metrics.json").read_text(encoding="utf-8"))["securities"])
    worth: dict[int, float] = defaultdict(float)
    grown: dict[str, list[float]] = {day: [] for day in days}
    slots = set()
    for ticker in tickers:
        fills = [(row["at"], abs(row["position"]), row["fill_price"]) for row in rows_of(folder, "trades", ticker)]
        path = [
            (row["at"], row["last"] if row["mid"] is None else row["mid"]) for row in rows_of(folder, "prices", ticker)
        ]
        path = [row for row in path if row[1] is not None]
        slots |= {row[0] % DAY_MS // SLOT_MS for row in (*fills, *path)}
        position, price, mark = 0, 0.0, None
        events = iter(
            sorted(
                [*((at, 0, *rest) for at, *rest in fills), *((at, 1, value, None) for at, value in path)],
                key=lambda row: row[0],
            )
        )
        event = next(events, None)
        for day in days:
            start = int(dt.datetime.fromisoformat(day).replace(tzinfo=dt.UTC).timestamp()) * 1000
            for slot in range(288):
                while event is not None and event[0] < start + (slot + 1) * SLOT_MS:
                    if event[1]:
                        mark = event[2]
                    else:
                        position, price = event[2], event[3]
                    event = next(events, None)
                worth[start + slot * SLOT_MS] += position * (price if mark is None else mark)
            grown[day].append(mark / path[0][1] - 1 if mark is not None else 0.0)
    first, last = min(slots), max(slots)
    highest, mean = page.data["charts"]["exposure"]["data"]
    for at, (day, of_day) in enumerate(itertools.groupby(worth.items(), lambda pair: iso(pair[0]))):
        within = [value for moment, value in of_day if first <= moment % DAY_MS // SLOT_MS <= last]
        assert iso(mean["x"][at]) == day
        assert mean["y"][at] == pytest.approx(statistics.fmean(within), abs=0.6)
        assert highest["y"][at] == pytest.approx(max(within), abs=0.6)
    net = [*daily_of(folder).values()]
    hold = [statistics.fmean(each) * portfolio["peak_capital"] for each in grown.values()]
    run, held = page.data["charts"]["hold"]["data"]
    assert run["y"] == pytest.approx([*itertools.accumulate(net)], abs=CENT)
    assert held["y"] == pytest.approx(hold, abs=CENT)
    of_hold = [now - before for before, now in itertools.pairwise([0.0, *hold])]
    _, rows = table(page.root.one("table", id="beside"))
    for at, made in enumerate((net, of_hold)):
        total, share, sharpe, fall, best, worst = (values([cells[at]])[0] for cells in rows.values())
        equity = [0.0, *itertools.accumulate(made)]
        depth = max(peak - now for peak, now in zip(itertools.accumulate(equity, max), equity, strict=True))
        assert [total, share] == pytest.approx([sum(made), sum(made) / portfolio["peak_capital"]])
        assert [fall, best, worst] == pytest.approx([depth, max(made), min(made)])
        wanted = statistics.fmean(made) / statistics.stdev(made) * math.sqrt(252) if len(made) >= 10 else None
        assert sharpe == (wanted if wanted is None else pytest.approx(wanted))
    said = page.root.one("p", id="per-inventory").one("strong")
    assert float(said.attributes["data-value"] or "nan") == portfolio["pnl_per_inventory"]
