"""The page of a sweep: every number on it is recomputed from the files beside it, as a notebook would."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from pipeline.pages.sweep_page import sweep_page
from pipeline.store.parquet import read_table
from tests.pages.reading import Page, read_page
from tests.pages.swept import AXES, UNTIL, chosen_of, frame_of, make_sweep, peers, rows_of, value

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_sweep(tmp_path_factory.mktemp("page"), days=22)


@pytest.fixture(scope="module")
def page(folder: Path) -> Page:
    return read_page(sweep_page(folder))


@pytest.fixture(scope="module")
def frame(folder: Path) -> pd.DataFrame:
    return frame_of(folder)


def view_of(name: str) -> str:
    return "all" if name == "all together" else name


def spearman(first: pd.Series, second: pd.Series) -> float:
    return float(first.rank().corr(second.rank()))


def test_the_table_of_best_settings_is_what_the_files_say(folder: Path, page: Page, frame: pd.DataFrame) -> None:
    rows, chosen = rows_of(page, "best-table"), chosen_of(folder)
    assert {view_of(name) for name in rows} == chosen.keys() == {"all", "EMAAR", "FAB", "MODON"}
    figures = ["train_net_pnl", "test_net_pnl", "train_sharpe", "test_sharpe"]
    figures += ["net_pnl", "sharpe", "drawdown", "fills", "win_rate", "fees"]
    for name, cells in rows.items():
        view = view_of(name)
        row = frame.loc[(view, chosen[view])]
        assert int(value(cells[0])) == chosen[view]
        assert [cell.text for cell in cells[1:5]] == [
            f"{row['refill_interval_sec']:g}",
            f"{row['quote_size']:,}",
            row["execution.preset"],
            f"{row['execution.fees_bps']:g}",
        ]
        same = peers(frame, view, chosen[view])["train_net_pnl"]
        expected = [*row[figures], same.median(), (same > 0).mean()]
        assert [value(cell) for cell in cells[5:]] == pytest.approx(expected, nan_ok=True)


def test_what_choosing_was_worth_is_recomputed_from_train_and_test(
    folder: Path, page: Page, frame: pd.DataFrame
) -> None:
    rows, chosen = rows_of(page, "choice-table"), chosen_of(folder)
    assert len(rows) == 4
    for name, cells in rows.items():
        view = view_of(name)
        row, same = frame.loc[(view, chosen[view])], peers(frame, view, chosen[view])
        assert len(same) == 12
        test = same["test_net_pnl"]
        expected = [
            chosen[view],
            spearman(same["train_net_pnl"], test),
            row["train_net_pnl"],
            row["test_net_pnl"],
            1 + (test > row["test_net_pnl"]).sum(),
            test.median(),
            test.max(),
        ]
        assert [value(cell) for cell in cells] == pytest.approx(expected)


def test_the_verdict_and_the_tiles_say_what_the_tables_say(folder: Path, page: Page, frame: pd.DataFrame) -> None:
    chosen = chosen_of(folder)["all"]
    row, same = frame.loc[("all", chosen)], peers(frame, "all", chosen)
    train, test = same["train_net_pnl"], same["test_net_pnl"]
    order = spearman(train, test)
    tiles = [value(cell) for cell in page.root.one("section", id="verdict").all("dd")]
    expected = [48, row["train_net_pnl"], train.median(), (train > 0).mean(), row["test_net_pnl"], test.median(), order]
    assert tiles == pytest.approx(expected)
    sentence = page.root.one("section", id="verdict").text
    for words in (
        f"number {chosen:,}, on all securities together has a net P&L on train of {row['train_net_pnl']:,.2f} AED",
        f"{(train > 0).sum()} of 12 settings with the same execution and fees_bps are above 0",
        f"rank {1 + (test > row['test_net_pnl']).sum()} of 12",
        f"the rank correlation between train and test is {order:,.2f}",
    ):
        assert words in sentence
    for preset in ("classic", "strict"):
        best = frame.loc["all"].query("`execution.preset` == @preset")["train_net_pnl"].max()
        assert f"{best:,.2f} AED with execution {preset}" in sentence


def test_the_walk_forward_is_the_files(folder: Path, page: Page) -> None:
    walk = pd.read_csv(folder / "walk_forward.csv")
    for name, cells in rows_of(page, "walk-table").items():
        own = walk[walk["security"] == view_of(name)]
        assert cells[0].text == ", ".join(map(str, own["setting"]))
        after = own["test_net_pnl"]
        assert [value(cell) for cell in cells[1:]] == pytest.approx([after.sum(), len(own), (after > 0).sum()])
    for view in page.data["sweep"]["views"]:
        own = walk[walk["security"] == view["name"]]
        days = own["test_from"] + " to " + own["test_to"]
        assert view["walk"] == [list(row) for row in zip(days, own["setting"], own["test_net_pnl"], strict=True)]


def test_the_equity_of_the_chosen_and_of_the_median_setting_is_the_files(
    folder: Path, page: Page, frame: pd.DataFrame
) -> None:
    rows, chosen = pd.read_csv(folder / "chosen_by_day.csv"), chosen_of(folder)
    assert {*rows["security"]} == chosen.keys()
    for view in page.data["sweep"]["views"]:
        name = view["name"]
        own, same = rows[rows["security"] == name], peers(frame, name, chosen[name])["train_net_pnl"]
        median = same.sort_values(kind="stable").index[(len(same) - 1) // 2]
        assert {*zip(own["setting"], own["median_setting"], strict=True)} == {(chosen[name], median)}
        for setting, column in ((chosen[name], "net_pnl"), (median, "median_net_pnl")):
            assert own[column].sum() == pytest.approx(frame.loc[(name, setting), "net_pnl"])
            train = own[column][own["day"] <= str(UNTIL + dt.timedelta(days=10))]
            assert (len(train), train.sum()) == (11, pytest.approx(frame.loc[(name, setting), "train_net_pnl"]))
        assert view["equity"] == {
            "settings": [chosen[name], median],
            "days": own["day"].tolist(),
            "chosen": pytest.approx(own["net_pnl"].cumsum().tolist(), abs=0.0051),
            "median": pytest.approx(own["median_net_pnl"].cumsum().tolist(), abs=0.0051),
        }
    assert page.data["sweep"]["testFrom"] == str(UNTIL + dt.timedelta(days=11))


def test_every_setting_is_on_the_page_with_every_figure(page: Page, frame: pd.DataFrame) -> None:
    sweep, settings = page.data["sweep"], page.settings()
    assert settings["setting"] == list(range(1, 49))
    assert (sweep["total"], sweep["sampled"]) == (48, 48)
    digits = {"ratio": 3, "share": 4, "money": 2, "whole_money": 0, "count": 0}
    seen = set()
    for view in sweep["views"]:
        own = frame.loc[view["name"]]
        for figure in sweep["figures"]:
            column = f"{view['name']}\n{figure['name']}"
            expected = own[figure["name"]].to_numpy(float)
            if column not in settings:
                assert np.isnan(expected).all()
                continue
            places = digits[figure["form"]]
            np.testing.assert_allclose(settings[column], expected, atol=0.5000001 * 10.0**-places)
            seen.add((view["name"], figure["name"]))
    assert len(seen) == 4 * 12 + 3  # sweep_all.parquet has no profit factor
    for at, (axis, name) in enumerate(zip(sweep["axes"], AXES, strict=True)):
        values = frame.loc["all"][name]
        assert [axis["values"][int(code)] for code in settings[f"axis {at}"]] == [
            one if isinstance(one, str) else f"{one:,g}" for one in values
        ]


def test_what_is_said_of_train_and_test_is_said_of_each_security(folder: Path, page: Page, frame: pd.DataFrame) -> None:
    for view in page.data["sweep"]["views"]:
        same = peers(frame, view["name"], chosen_of(folder)[view["name"]])
        order = spearman(same["train_net_pnl"], same["test_net_pnl"])
        assert f"the rank correlation between train and test is {order:,.2f}" in view["choice"]


def test_what_was_tried_is_said(page: Page) -> None:
    rows = {name: [cell.text for cell in cells] for name, cells in rows_of(page, "axes-table").items()}
    assert rows == {
        "refill_interval_sec": ["4", "20, 60, 120, 200"],
        "quote_size": ["3", "500, 1,000, 3,000"],
        "execution": ["2", "classic, strict"],
        "fees_bps": ["2", "0, 2.5"],
        "strategy": ["1", "v1_baseline"],
    }
    assert "48 settings of refill_interval_sec, quote_size, execution and fees_bps on 3 securities" in page.root.text


def test_choosing_and_judging_on_the_same_days_is_warned_of(tmp_path: Path) -> None:
    page = read_page(sweep_page(make_sweep(tmp_path, {"quote_size": [50, 500]}, train_until=None, walk_forward=None)))
    verdict = page.root.one("section", id="verdict")
    assert verdict.attributes["class"] == "warning"
    assert "The best of 2 settings flatters" in verdict.text
    assert "add --train-until DATE" in verdict.text
    assert page.data["charts"].keys() == {"equity", "map", "spread"}


def test_a_part_without_a_market_day_has_no_figure_and_says_why(tmp_path: Path) -> None:
    page = read_page(sweep_page(make_sweep(tmp_path, {"quote_size": [100, 500, 900]}, short="FAB")))
    choice, walk = rows_of(page, "choice-table"), rows_of(page, "walk-table")
    assert [bool(cell.attributes["data-value"]) for cell in choice["FAB"]] == [
        True,
        False,
        True,
        False,
        False,
        False,
        False,
    ]
    assert "no day in this part" in choice["FAB"][3].text
    assert [cell.attributes.get("data-value") for cell in walk["FAB"][1:]] == ["", "0", "0"]
    assert all(value(cell) == value(cell) for cell in choice["EMAAR"])
    names = [name.split("\n") for name in page.settings() if "\n" in name]
    columns = {view: {figure for security, figure in names if security == view} for view in ("EMAAR", "FAB")}
    assert columns["EMAAR"] - columns["FAB"] == {"test_net_pnl"}


@pytest.mark.parametrize(("days", "shown"), [(18, {"sharpe"}), (20, {"sharpe", "train_sharpe", "test_sharpe"})])
def test_annualised_figures_are_shown_of_ten_days_and_their_absence_is_said(
    tmp_path: Path, days: int, shown: set[str]
) -> None:
    folder = make_sweep(tmp_path, {"quote_size": [100, 900]}, days=days, choose_by="sharpe")
    page = read_page(sweep_page(folder))
    names = {name.split("\n")[1] for name in page.settings() if "\n" in name}
    assert {name for name in names if "sharpe" in name} == shown
    said = "Annualised figures, as the Sharpe ratio, are shown from 10 market days on."
    assert (said in page.root.one("section", id="verdict").text) == (said in page.root.text) == (days < 20)
    assert {"sharpe", "train_sharpe", "test_sharpe"} <= {*read_table(folder / "sweep.parquet").column_names}


def test_no_setting_is_chosen_for_a_security_without_a_day_to_choose_on(tmp_path: Path) -> None:
    sentence = "No setting could be chosen for FAB: none has a figure to choose by."
    grid = {"quote_size": [100, 500]}
    late, early = (make_sweep(tmp_path / name, grid, short="FAB", late=name == "late") for name in ("late", "early"))
    assert sentence in read_page(sweep_page(late)).root.one("section", id="best").text
    assert sentence not in read_page(sweep_page(early)).root.one("section", id="best").text
    chosen_on = "2025-01-12 to 2025-01-12, the days that settings are chosen on (--train-until)"
    said = [text for text in json.loads((late / "sweep.json").read_text())["warnings"] if "could be chosen" in text]
    assert said == [f"FAB: no setting could be chosen: it has no market day in {chosen_on}."]


def test_the_same_folder_gives_the_same_bytes_wherever_it_stands(folder: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "another name"
    elsewhere.mkdir()
    for file in folder.iterdir():
        if file.is_file():
            (elsewhere / file.name).write_bytes(file.read_bytes())
    assert sweep_page(elsewhere) == sweep_page(folder) == (folder / "report.html").read_bytes()
