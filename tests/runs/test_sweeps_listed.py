"""Sweeps in the list of runs: rows recomputed from files, on page, terminal and in `--json`; lost, removed."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from pipeline import all_runs, backtest, sweep
from pipeline.numbers import amounts_in
from pipeline.sweeps.luck_words import in_words
from tests.forked import pipeline
from tests.made import make_config, make_store
from tests.pages.reading import _Tree, table
from tests.pages.swept import value

if TYPE_CHECKING:
    from pathlib import Path

    from pipeline.runs.registry_row import SweepRow


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an output folder with a run and three sweeps: of many days, of many days in two parts, of a few days."""
    base = tmp_path_factory.mktemp("listed")
    many = make_store(base / "many", ("FAB", "EMAAR"), days=12, a_day=150)
    few = make_store(base / "few", ("FAB",))
    config, output = make_config(base / "v1.json"), base / "output"
    all_of: dict[str, Any] = {"config": config, "parquet_dir": many}
    output.mkdir()
    all_runs(output_dir=output)
    grid = {"refill_interval_sec": [20, 200], "quote_size": [500, 3_000], "execution": ["classic", "strict"]}
    backtest(**all_of, output_dir=output / "v1", sensitivity=False, report=False)
    sweep(**all_of, grid=grid, output_dir=output / "sweeps" / "whole", report=False)
    sweep(**all_of, grid=grid, output_dir=output / "sweeps" / "parted", train_until="2025-01-22", choose_by="sharpe")
    sweep(grid={"quote_size": [500, 3_000]}, config=config, parquet_dir=few, output_dir=output / "few")
    return output


@pytest.fixture
def output(made: Path, tmp_path: Path) -> Path:
    shutil.copytree(made, tmp_path / "output")
    return tmp_path / "output"


def check(folder: Path, row: SweepRow) -> None:
    """Compare a row with the files of its sweep."""
    manifest = json.loads((folder / "sweep.json").read_bytes())
    summary = pd.read_csv(folder / "sweep_summary.csv").iloc[-1]
    trials = pd.read_parquet(folder / "sweep.parquet")
    assert (row.settings, row.securities) == (trials["setting"].nunique(), trials["security"].nunique())
    assert (row.setting, row.net_pnl) == (summary["setting"], pytest.approx(summary["net_pnl"]))
    assert row.test_net_pnl == (pytest.approx(summary["test_net_pnl"]) if manifest["test"] else None)
    varied = {str(value) for value in row.values.values()}  # noqa: PD011 - no frame
    assert varied <= {str(one) for one in summary}
    with amounts_in("AED"):
        words = in_words(manifest["luck"])
    assert list(row.luck[:1]) == words[:1] or "market days: too few to say" in row.luck[0]
    assert row.page == (folder / "report.html").is_file()
    assert (row.chosen_by, row.warnings) == (manifest["chosen_by"], len(manifest["warnings"]))


def test_a_row_has_what_the_files_of_its_sweep_have(output: Path) -> None:
    rows = all_runs(output_dir=output)
    assert [row.name for row in rows] == ["v1"]
    assert {row.name for row in rows.sweeps} == {"few", "sweeps/parted", "sweeps/whole"}
    for row in rows.sweeps:
        check(output / row.name, row)


def test_the_list_is_brought_up_to_date_by_each_sweep(made: Path) -> None:
    listed = [row["name"] for row in json.loads((made / "runs.json").read_bytes())["sweeps"]]
    assert listed == ["few", "sweeps/parted", "sweeps/whole"]
    assert (made / "index.html").is_file()


def test_a_lost_registry_is_made_anew_from_the_folders(output: Path) -> None:
    before = all_runs(output_dir=output)
    (output / "runs.json").unlink()
    (output / "index.html").unlink()
    after = all_runs(output_dir=output)
    assert (after, after.sweeps) == (before, before.sweeps)
    (output / "few" / "sweep.json").write_text("{")
    parted = json.loads((output / "sweeps" / "parted" / "sweep.json").read_bytes())
    parted["chosen"]["net_pnl"] = "much"
    (output / "sweeps" / "parted" / "sweep.json").write_text(json.dumps(parted))
    (output / "sweeps" / "whole" / "sweep.json").write_text('{"status": "interrupted", "files": []}')
    assert {row.name: row.status for row in all_runs(output_dir=output).sweeps} == {
        "few": "damaged",
        "sweeps/parted": "damaged",
        "sweeps/whole": "interrupted",
    }


def test_a_sweep_is_removed_with_its_files_alone(output: Path) -> None:
    (output / "few" / "mine.txt").write_text("stays")
    rows = all_runs(remove=["few", "sweeps/whole"], output_dir=output)
    assert [row.name for row in rows.sweeps] == ["sweeps/parted"]
    assert [file.name for file in (output / "few").iterdir()] == ["mine.txt"]
    assert not (output / "sweeps" / "whole").exists()


def test_the_page_shows_each_number_of_the_rows_and_links(output: Path) -> None:
    rows = {row.name: row for row in all_runs(output_dir=output).sweeps}
    page = _Tree()
    page.feed((output / "index.html").read_text(encoding="utf-8"))
    _, shown = table(page.root.one("table", id="sweeps"))
    assert len(shown) == len(rows)
    for heading, cells in shown.items():
        [row] = [row for name, row in rows.items() if heading.startswith(name)]
        finished, settings, setting, chosen, net, test, luck, warnings = cells
        assert finished.text == f"{row.when[:10]}{row.when[11:]}"
        assert [value(cell) for cell in (settings, setting, net, warnings)] == [
            *(row.settings, row.setting, row.net_pnl, row.warnings),
        ]
        assert test.attributes["data-value"] == ("" if row.test_net_pnl is None else repr(row.test_net_pnl))
        assert (chosen.text, luck.text) == (row.chosen, row.luck[0])
    links = [link.attributes["href"] for link in page.root.all("a")]
    assert {"sweeps/parted/report.html", "few/report.html"} <= {*links}
    assert "sweeps/whole/report.html" not in links


def test_the_terminal_and_json_have_the_same(output: Path) -> None:
    done = pipeline("runs", "--output-dir", output)
    assert f"1 run and 3 sweeps. Page: {output / 'index.html'}" in done.stdout
    assert max(len(line) for line in done.stdout.splitlines() if not line.startswith("1 run")) <= 80
    rows = all_runs(output_dir=output)
    facts = json.loads(pipeline("runs", "--output-dir", output, "--json").stdout)["sweeps"]
    assert [fact["name"] for fact in facts] == [row.name for row in rows.sweeps]
    for fact, row in zip(facts, rows.sweeps, strict=True):
        assert (fact["net_pnl"], fact["luck"], fact["settings"]) == (row.net_pnl, list(row.luck), row.settings)
        assert row.net_pnl is not None
        assert f"{row.net_pnl:,.2f}" in done.stdout
