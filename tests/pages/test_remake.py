"""A finished run's page made anew, and its charts as images, drawn by a real browser."""

from __future__ import annotations

import json
import struct
import sys
from typing import TYPE_CHECKING

import pytest

from pipeline.errors import MissingExtra, NoBrowser, UnfinishedRun
from pipeline.pages.backtest_page import backtest_page, page_charts
from pipeline.pages.page import plotly_file
from pipeline.pages.remake import remake
from pipeline.pages.static_figure import paper_colours, plain_figure
from pipeline.runs.manifest import files_of
from tests.chromium import find_chromium
from tests.pages.invented import invent

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return invent(tmp_path / "run", ["FAB"], 3, 40)


def test_the_page_is_the_one_a_backtest_makes_and_is_listed(folder: Path) -> None:
    before = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    before["files"].remove("report.html")
    (folder / "run.json").write_text(json.dumps(before), encoding="utf-8")
    remake(folder)
    page = folder / "report.html"
    assert page.read_bytes() == backtest_page(folder)
    assert "report.html" in files_of(folder / "run.json")


def test_a_run_that_was_interrupted_is_left_alone(folder: Path) -> None:
    run = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    (folder / "run.json").write_text(json.dumps(run | {"status": "running"}), encoding="utf-8")
    with pytest.raises(UnfinishedRun, match="was interrupted"):
        remake(folder)
    assert not (folder / "report.html").exists()


@pytest.mark.slow
def test_every_chart_is_an_image_that_the_next_run_removes(folder: Path) -> None:
    find_chromium()
    remake(folder, png=True)
    images = {file.name: file.read_bytes() for file in (folder / "charts").iterdir()}
    assert sorted(images) == [
        *("assumptions.png", "hours.png", "markouts.png", "portfolio.png", "securities.png"),
        *("security_FAB.png", "weekdays.png"),
    ]
    for content in images.values():
        assert content[:8] == b"\x89PNG\r\n\x1a\n"
        width, height = struct.unpack(">II", content[16:24])
        assert width == 2400
        assert 300 <= height <= 1600
        assert len(content) > 15_000
    assert {f"charts/{name}" for name in images} <= set(files_of(folder / "run.json"))


def test_the_images_library_is_told_to_ask_nothing_of_the_network() -> None:
    kaleido = pytest.importorskip("kaleido")
    index = kaleido.PageGenerator(plotly=plotly_file().as_uri(), mathjax=False).generate_index()
    assert "http" not in index
    assert plotly_file().as_uri() in index


def test_without_the_extra_the_message_says_what_to_install(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "kaleido", None)
    with pytest.raises(MissingExtra, match=r"pip install kaleido"):
        remake(folder, png=True)
    assert (folder / "report.html").is_file()


def test_without_a_browser_the_message_says_what_to_install(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("kaleido")
    monkeypatch.setenv("BROWSER_PATH", str(folder / "no-chrome"))
    with pytest.raises(NoBrowser, match="Install one"):
        remake(folder, png=True)


def test_a_plain_figure_has_nothing_left_to_look_up(folder: Path) -> None:
    data, panels = page_charts(folder)
    assert panels == {"panel-0": "FAB"}
    for name in data["charts"]:
        text = json.dumps(plain_figure(data, name, "A title"))
        assert not [mark for mark in ('"column"', '"shared"', '"$') if mark in text]
        assert '"A title"' in text
    panel = plain_figure(data, "panel-0", "FAB")
    buys = next(trace for trace in panel["data"] if trace["name"] == "Buy")
    assert buys["marker"]["color"] == paper_colours()["buy"] == "#0a7a4b"
    assert len(buys["x"]) == len(buys["y"]) > 0
    assert buys["x"] == sorted(buys["x"])
