"""All runs on the terminal: 80 columns, no number cut, what changed and what was noted, --json, --remove."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from pipeline import all_runs
from pipeline.cli import app
from pipeline.console.output import Console, set_console
from pipeline.errors import BadRequest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(autouse=True)
def other_tests_print() -> Iterator[None]:
    """Give the tests after this one a console that is not quiet."""
    yield
    set_console(Console())


@pytest.fixture
def output(inputs: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    store, config = inputs
    monkeypatch.chdir(tmp_path)
    common = ["backtest", "--config", str(config), "--parquet-dir", str(store), "--no-report", "--quiet"]
    said([*common, "--output-dir", "output/first", "--note", "with wider sessions"])
    said([*common, "--output-dir", "output/second", "--set", "refill_interval_sec=5"])
    return tmp_path / "output"


def said(words: list[str]) -> int:
    with pytest.raises(SystemExit) as end:
        app.main(words, prog_name="pipeline")
    return int(str(end.value.code or 0))


def test_runs_are_listed_in_80_columns(output: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert said(["runs"]) == 0
    text = capsys.readouterr().out
    metrics = json.loads((output / "second" / "metrics.json").read_bytes())["portfolio"]
    assert max(map(len, text.splitlines())) <= 80
    assert f"{metrics['net_pnl']:,.2f}" in text
    assert f"{metrics['fills']:,}" in text
    assert "refill_interval_sec 60 to 5" in text
    assert "with wider sessions" in text
    assert text.splitlines()[-1] == "2 runs. Page: output/index.html"
    assert (output / "index.html").is_file()


def test_replaced_runs_are_marked_and_years_have_four_digits(
    inputs: tuple[Path, Path], output: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store, config = map(str, inputs)
    said(["runs"])
    old = json.loads((output / "second" / "run.json").read_bytes())["how"]["finished"]
    again = ["--set", "refill_interval_sec=7", "--output-dir", "output/second", "--no-report", "--quiet"]
    said(["backtest", "--config", config, "--parquet-dir", store, *again])
    capsys.readouterr()
    said(["runs"])
    lines = capsys.readouterr().out.splitlines()
    [replaced] = [line for line in lines if line.startswith(" second (replaced)  20")]
    assert old[:16].replace("T", " ") in replaced
    assert [line.split()[0] for line in lines if " 20" in line] == ["second", "second", "first"]
    assert sum("(replaced)" in line for line in lines) == 3  # both tables of figures, and what changed
    assert lines[-1] == "3 runs, 1 of them replaced by a later one in its folder. Page: output/index.html"
    assert "second (replaced)" in all_runs(output_dir=output)._repr_html_()


def test_json_has_the_rows_and_removing_is_said(output: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    said(["runs", "--json"])
    facts = json.loads(capsys.readouterr().out)
    metrics = json.loads((output / "second" / "metrics.json").read_bytes())["portfolio"]
    assert [(row["name"], row["note"]) for row in facts["runs"]] == [("second", ""), ("first", "with wider sessions")]
    assert facts["runs"][0]["net_pnl"] == metrics["net_pnl"]
    assert facts["runs"][0]["differs"] == ["refill_interval_sec 60 to 5"]
    said(["runs", "--remove", "second", "--remove", "first"])
    assert capsys.readouterr().out == "There are no runs in output.\n"
    assert not (output / "first").exists()


def test_more_than_two_runs_are_compared_in_turn_and_on_a_page(
    output: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert said(["compare", "first", "second", "first", "--page", "page.html"]) == 0
    out = capsys.readouterr().out
    assert "output/first and output/second differ in 3 of 3 securities.\n" in out
    assert "output/first and output/first are the same: v1_baseline, 3 securities" in out
    assert "Page: page.html" in out.splitlines()[-1]
    assert (output.parent / "page.html").stat().st_size > 1_000_000
    said(["compare", "first", "second", "first", "--json"])
    facts = json.loads(capsys.readouterr().out)
    assert (facts["same"], [other["same"] for other in facts["others"]]) == (False, [True])
    assert "page" not in facts


@pytest.mark.parametrize("page", [(), ("--page", "page.html")])
def test_more_than_six_runs_are_refused_with_a_page_or_without(output: Path, page: tuple[str, ...]) -> None:
    words = ["compare", *["first", "second"] * 3, "first", *page]
    with pytest.raises(BadRequest, match=re.escape("`pipeline compare` takes 2 to 6 runs; these are 7.")):
        app.main(words, prog_name="pipeline")
    assert not (output.parent / "page.html").exists()
