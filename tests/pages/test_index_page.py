"""The page of all runs: its table has the registry's exact figures, texts stay texts, links lead to pages."""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape
from xml.etree import ElementTree as ET

import pytest

from pipeline.pages.index_page import index_page
from pipeline.runs.registry_row import RunRow
from pipeline.spark import spark

HOSTILE = '<script>alert(1)</script> & "quoted"'
ROW = RunRow(
    "a run/v1",
    (1, 2),
    "2026-03-02T10:05:07.000+04:00",
    "complete",
    note=HOSTILE,
    strategy="v1_baseline",
    execution_name="classic",
    parameters={"FAB": {}, "DIB": {}},
    failed=1,
    warnings=3,
    fills=1_234,
    net_pnl=-5_000.125,
    sharpe=1.25,
    max_drawdown=6_000.5,
    classic=-5_000.125,
    strict=-7_000.0,
    band_low=-8_000.0,
    band_high=-6_500.75,
    equity=(100.0, -5_000.13),
    page=True,
    before="earlier",
    differs=("a 1 to 2", "b 1 to 2", "c 1 to 2", "d 1 to 2"),
)


def body_rows(page: bytes) -> list[ET.Element]:
    [table] = re.findall(r"<tbody>.*?</tbody>", page.decode(), flags=re.DOTALL)
    return list(ET.fromstring(table.replace("<br>", "<br/>")))  # noqa: S314 - our own page


def test_each_row_shows_the_run_and_keeps_its_exact_figures() -> None:
    [row] = body_rows(index_page([ROW]))
    values = [cell.get("data-value") for cell in row if cell.get("data-value") is not None]
    assert values == ["-5000.13", *map(repr, (-5_000.125, -5_000.125, -7_000.0, 1.25, 6_000.5, 1_234, 3))]
    [band] = [cell for cell in row if cell.get("data-low") is not None]
    assert (band.get("data-low"), band.get("data-high")) == ("-8000.0", "-6500.75")
    text = " ".join("".join(row.itertext()).split())
    for shown in ("v1_baseline, classic, 2 securities, 1 failed", "2026-03-02", "10:05", "-8,000.00to -6,500.75"):
        assert shown in text
    assert "c 1 to 2" in text
    assert "and 1 more" in text
    assert "d 1 to 2" not in text
    assert HOSTILE in "".join(row.itertext())
    [link] = row.iter("a")
    assert link.get("href") == "a%20run/v1/report.html"


def test_no_text_of_a_run_is_markup() -> None:
    page = index_page(
        [replace(ROW, name=HOSTILE, strategy=HOSTILE, differs=(HOSTILE,), execution_name=HOSTILE)]
    ).decode()
    assert HOSTILE not in page
    assert "<script>alert" not in page
    assert HOSTILE in unescape(page)


@pytest.mark.parametrize(
    ("changes", "said", "linked"),
    [
        ({}, "", True),
        ({"page": False}, "", False),
        ({"replaced": True, "page": False}, "a later run is in its folder", False),
        ({"status": "running", "page": False}, "not finished", False),
        ({"status": "interrupted", "page": False}, "not finished", False),
        ({"status": "failed", "page": False}, "failed", False),
        ({"status": "damaged", "page": False}, "cannot be read", False),
    ],
)
def test_a_run_without_a_page_or_figures_says_why(changes: dict[str, object], said: str, *, linked: bool) -> None:
    [row] = body_rows(index_page([replace(ROW, **changes)]))  # type: ignore[arg-type]
    assert [strong.text for strong in row.iter("strong")] == ([said] if said else [])
    assert (next(row.iter("a"), None) is not None) == linked


def test_no_runs_are_a_page_that_says_so_and_a_page_has_no_chart_library() -> None:
    page = index_page([])
    assert b"There is no run below this folder." in page
    assert len(page) < 40_000
    assert b'id="plotly"' not in page


def test_a_spark_starts_from_nought_and_fills_its_box() -> None:
    line = spark([10.0, -10.0])
    assert line is not None
    assert (line.points, line.zero) == ("0,14 55,0 110,28", "14")
    assert spark([]) is None
    flat = spark([0.0, 0.0])
    assert flat is not None
    assert flat.points == "0,0 55,0 110,0"
