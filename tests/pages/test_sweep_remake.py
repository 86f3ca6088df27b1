"""When a sweep's folder has a page and images, when it has none, and what the next sweep removes."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import pytest

from pipeline import api
from pipeline.errors import BadRequest, UnknownRun
from pipeline.pages.sweep_remake import remake_sweep
from pipeline.runs.manifest import files_of
from pipeline.sweeps.run import SweepOptions
from tests.chromium import find_chromium
from tests.made import make_config, make_store
from tests.pages.swept import invent_sweep, make_sweep

if TYPE_CHECKING:
    from pathlib import Path

GRID = {"quote_size": [100, 200], "refill_interval_sec": [30, 60]}


def there(folder: Path) -> set[str]:
    return {file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file()}


def test_a_sweep_makes_its_page_unless_told_not_to_and_removes_the_last_one(tmp_path: Path) -> None:
    folder = make_sweep(tmp_path, GRID)
    assert there(folder) == {"sweep.json", *files_of(folder / "sweep.json")}
    assert "report.html" in there(folder)
    assert there(make_sweep(tmp_path, GRID, report=False)) == there(folder) - {"report.html"}
    assert "report.html" not in files_of(folder / "sweep.json")


def test_a_page_made_anew_is_the_one_the_sweep_made_and_is_listed(tmp_path: Path) -> None:
    folder = make_sweep(tmp_path, GRID)
    page = (folder / "report.html").read_bytes()
    make_sweep(tmp_path, GRID, report=False)
    assert remake_sweep(folder) == folder / "report.html"
    assert (folder / "report.html").read_bytes() == page
    assert "report.html" in files_of(folder / "sweep.json")
    make_sweep(tmp_path, GRID, report=False)
    assert "report.html" not in there(folder)


def test_a_folder_that_is_no_sweeps_is_left_alone(tmp_path: Path) -> None:
    with pytest.raises(UnknownRun, match="it is no folder of a sweep"):
        remake_sweep(tmp_path)
    assert there(tmp_path) == set()


@pytest.mark.parametrize("where", [None, "s3://bucket/sweep"])
def test_images_that_have_no_folder_are_refused_before_anything_runs(where: str | None, tmp_path: Path) -> None:
    store, config = make_store(tmp_path / "parquet"), make_config(tmp_path / "v1.json")
    asked = {"config": config, "parquet_dir": store, "output_dir": where, "options": SweepOptions(png=True)}
    with pytest.raises(BadRequest, match="--png draws into a folder of this machine"):
        api.sweep(grid=GRID, **asked)


@pytest.mark.slow
def test_every_chart_is_an_image_that_the_next_sweep_removes(tmp_path: Path) -> None:
    find_chromium()
    folder = make_sweep(tmp_path, GRID, png=True)
    images = {file.name: file.read_bytes() for file in (folder / "charts").iterdir()}
    assert sorted(images) == ["choice.png", "map.png", "parallel.png", "spread.png", "walk.png"]
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
    remake_sweep(folder, png=True)
    assert {name for name in there(folder) if name.startswith("charts/")} == {
        f"charts/{name}.png" for name in ("choice", "map", "parallel", "spread")
    }
