"""The page of a finished run or sweep made anew, and its charts as images, saved by a real browser."""

from __future__ import annotations

import json
import struct
import sys
from typing import TYPE_CHECKING

import pytest

from pipeline import api
from pipeline.errors import BadRequest, DamagedRun, MissingExtra, NoBrowser, UnfinishedRun, UnknownRun
from pipeline.pages.backtest_page import backtest_page
from pipeline.pages.page import plotly_file
from pipeline.pages.remake import write_run_page, write_sweep_page
from pipeline.runs.manifest import files_of
from tests.chromium import find_chromium
from tests.made import make_config, make_store
from tests.pages.invented import invent
from tests.pages.swept import invent_sweep, make_sweep

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return invent(tmp_path / "run", ["FAB"], 3, 40)


def test_the_page_is_the_one_a_backtest_makes_and_is_listed(folder: Path) -> None:
    before = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    before["files"].remove("report.html")
    (folder / "run.json").write_text(json.dumps(before), encoding="utf-8")
    write_run_page(folder)
    page = folder / "report.html"
    assert page.read_bytes() == backtest_page(folder)
    assert "report.html" in files_of(folder / "run.json")


def test_a_run_that_was_interrupted_is_left_alone(folder: Path) -> None:
    run = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    (folder / "run.json").write_text(json.dumps(run | {"status": "running"}), encoding="utf-8")
    with pytest.raises(UnfinishedRun, match="was interrupted"):
        write_run_page(folder)
    assert not (folder / "report.html").exists()


@pytest.mark.parametrize("change", [{"versions": None}, {"parameters": {"FAB": 1}}])
def test_a_run_whose_files_were_edited_since_is_told_as_that(folder: Path, change: dict[str, object]) -> None:
    run = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    (folder / "run.json").write_text(json.dumps(run | change), encoding="utf-8")
    with pytest.raises(DamagedRun, match=r"A file in .*run is not as it was written \(\w+: .*\)\. Run it again\."):
        api.report(folder)


@pytest.mark.slow
def test_every_chart_is_an_image_that_the_next_run_removes(folder: Path) -> None:
    find_chromium()
    write_run_page(folder, png=True)
    images = {file.name: file.read_bytes() for file in (folder / "charts").iterdir()}
    assert sorted(images) == [
        *("assumptions.png", "days.png", "exposure.png", "hold.png", "hours.png", "markouts.png", "portfolio.png"),
        *("securities.png", "security_FAB.png", "weekdays.png"),
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
    with pytest.raises(MissingExtra, match=r"--png needs kaleido: .*python\S* -m pip install kaleido\."):
        write_run_page(folder, png=True)
    assert (folder / "report.html").is_file()


def test_without_a_browser_the_message_says_what_to_install(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("kaleido")
    monkeypatch.setenv("BROWSER_PATH", str(folder / "no-chrome"))
    with pytest.raises(NoBrowser, match="Install one"):
        write_run_page(folder, png=True)


GRID = {"quote_size": [100, 200], "refill_interval_sec": [30, 60]}


def there(folder: Path) -> set[str]:
    return {file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file()}


def test_a_sweep_makes_its_page_unless_told_not_to_and_removes_the_last_one(tmp_path: Path) -> None:
    folder = make_sweep(tmp_path, GRID)
    assert there(folder) == {"sweep.json", *files_of(folder / "sweep.json")}
    assert "report.html" in there(folder)
    assert there(make_sweep(tmp_path, GRID, report=False)) == there(folder) - {"report.html"}
    assert "report.html" not in files_of(folder / "sweep.json")


def test_a_sweeps_page_made_anew_is_the_one_the_sweep_made_and_is_listed(tmp_path: Path) -> None:
    folder = make_sweep(tmp_path, GRID)
    page = (folder / "report.html").read_bytes()
    make_sweep(tmp_path, GRID, report=False)
    assert write_sweep_page(folder) == folder / "report.html"
    assert (folder / "report.html").read_bytes() == page
    assert "report.html" in files_of(folder / "sweep.json")
    make_sweep(tmp_path, GRID, report=False)
    assert "report.html" not in there(folder)


def test_a_folder_that_is_no_sweeps_is_left_alone(tmp_path: Path) -> None:
    with pytest.raises(UnknownRun, match="it is no folder of a sweep"):
        write_sweep_page(tmp_path)
    assert there(tmp_path) == set()


@pytest.mark.parametrize("where", [None, "s3://bucket/sweep"])
def test_images_that_have_no_folder_are_refused_before_anything_runs(where: str | None, tmp_path: Path) -> None:
    store, config = make_store(tmp_path / "parquet"), make_config(tmp_path / "v1.json")
    asked = {"config": config, "parquet_dir": store, "output_dir": where, "png": True}
    with pytest.raises(BadRequest, match="png draws into a folder of this machine"):
        api.sweep(grid=GRID, **asked)


@pytest.mark.slow
def test_every_chart_of_a_sweep_is_an_image_that_the_next_sweep_removes(tmp_path: Path) -> None:
    find_chromium()
    folder = make_sweep(tmp_path, GRID, png=True)
    images = {file.name: file.read_bytes() for file in (folder / "charts").iterdir()}
    assert sorted(images) == ["choice.png", "equity.png", "map.png", "spread.png", "walk.png"]
    for content in images.values():
        assert content[:8] == b"\x89PNG\r\n\x1a\n"
        width, height = struct.unpack(">II", content[16:24])
        assert width == 2400
        assert 600 <= height <= 1600
    make_sweep(tmp_path, GRID)
    assert not [name for name in there(folder) if name.endswith(".png")]


@pytest.mark.slow
def test_an_image_takes_names_as_they_are(tmp_path: Path) -> None:
    find_chromium()
    folder = invent_sweep(tmp_path, {"<b>": ["<i>x", "y"], "b": [1, 2]}, ["<FAB", "EMAAR"])
    write_sweep_page(folder, png=True)
    assert {name for name in there(folder) if name.startswith("charts/")} == {
        f"charts/{name}.png" for name in ("choice", "map", "spread")
    }
