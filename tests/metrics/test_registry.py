"""Each declared figure is in every output that should carry it: files, page, terminal, notebook, sweep, documents."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from pipeline import api
from pipeline.console import show
from pipeline.metrics.figure import NOT_NUMBERS
from pipeline.metrics.registry import FIGURES, GROUPS, METRICS
from pipeline.numbers import FORMS
from pipeline.runs.recorded_security import read_security
from pipeline.sweeps.date_windows import FIGURES as WINDOW_FIGURES
from pipeline.sweeps.objectives import OF_FILLS, OF_WINDOWS
from tests.docs.generated import DOCS
from tests.made import make_config, make_store
from tests.pages.reading import read_page

if TYPE_CHECKING:
    from pathlib import Path

    from pipeline.metrics.figure import Figure
    from pipeline.runs.recorded_security import RecordedSecurity
    from tests.pages.reading import Page


@dataclass(frozen=True)
class Outputs:
    """All that one backtest and one sweep leave."""

    metrics: dict[str, Any]
    summary: list[str]
    frame: pd.DataFrame
    page: Page
    security: RecordedSecurity
    sweep: list[str]
    sweep_page: Page


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> Outputs:
    base = tmp_path_factory.mktemp("figures")
    inputs = {"config": make_config(base / "config.json"), "parquet_dir": make_store(base / "parquet")}
    run, swept = base / "run", base / "sweep"
    backtest = api.backtest(**inputs, output_dir=run)
    api.sweep(**inputs, output_dir=swept, grid=["refill_interval_sec=10,60"])
    with (run / "backtest_summary.csv").open(newline="") as file:
        summary = next(csv.reader(file))
    return Outputs(
        metrics=json.loads((run / "metrics.json").read_text()),
        summary=summary,
        frame=backtest.metrics,
        page=page_of(run),
        security=read_security(run, "FAB"),
        sweep=pd.read_parquet(swept / "sweep.parquet").columns.tolist(),
        sweep_page=page_of(swept),
    )


def page_of(folder: Path) -> Page:
    return read_page((folder / "report.html").read_bytes())


@pytest.mark.parametrize("figure", FIGURES, ids=lambda figure: figure.name)
def test_a_figure_is_in_every_output_that_should_carry_it(
    figure: Figure, outputs: Outputs, capsys: pytest.CaptureFixture[str]
) -> None:
    metrics = [outputs.metrics["portfolio"], *outputs.metrics["securities"].values()]
    headings = {heading.attributes.get("data-key") for heading in outputs.page.root.all("th")}
    tiles = {tile.attributes.get("data-figure") for tile in outputs.page.root.all("dd")}
    show.show_security(outputs.security)
    has_it = [figure.in_metrics and not (each is not metrics[0] and figure.of_all) for each in metrics]
    assert [figure.key in each for each in metrics] == has_it
    assert (figure.name in headings) == (figure.in_metrics and figure.is_number)
    assert (figure.name in tiles) == figure.is_headline
    shown = figure.in_metrics and not figure.of_all
    shown &= figure.name != "fills_by_condition"  # no tick of these has a code
    assert (figure.label in capsys.readouterr().out) == shown
    assert f"`{figure.general_name}`" in (DOCS / "reference" / "metrics.md").read_text(encoding="utf-8")
    assert (figure.name in outputs.sweep) == figure.in_sweep
    assert figure.summary is None or figure.summary[1] in outputs.summary
    if figure.in_metrics and figure.is_number and figure.name != "days_not_flat":
        assert figure.name.replace("markouts", "markout").replace(".", "_") in outputs.frame
    if figure.in_sweep and figure.is_headline:
        labels = {each["label"].partition(" (")[0] for each in outputs.sweep_page.data["sweep"]["figures"]}
        assert figure.label in labels or figure.name in (
            "fees",
            "realized_pnl",
            "sharpe",
        )  # no fee is charged, days are few


def test_metrics_json_has_no_figure_that_is_not_declared(outputs: Outputs) -> None:
    declared = {figure.key for figure in METRICS}
    assert outputs.metrics["portfolio"].keys() == declared | {"reasons"}
    of_one = {figure.key for figure in METRICS if not figure.of_all}
    assert outputs.metrics["securities"]["FAB"].keys() == of_one | {"reasons", "counters"}


@pytest.mark.parametrize("figure", FIGURES, ids=lambda figure: figure.name)
def test_a_declaration_is_whole(figure: Figure) -> None:
    assert figure.form in (*FORMS, *NOT_NUMBERS)
    assert figure.meaning.endswith(".")
    assert figure.formula
    assert figure.group in GROUPS
    assert all(reason.text.endswith(".") for reason in figure.missing)
    assert figure.in_metrics or not (figure.is_headline or figure.missing)


def test_names_stand_once_and_what_a_sweep_chooses_by_is_in_every_window() -> None:
    names = [figure.name for figure in FIGURES]
    assert len(names) == len(set(names))
    assert set(OF_WINDOWS) <= set(WINDOW_FIGURES)
    assert {*OF_FILLS} <= {figure.name for figure in FIGURES if figure.in_sweep}
