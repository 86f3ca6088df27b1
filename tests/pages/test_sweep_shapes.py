"""The page of a sweep of any shape: no axis or ten, words, truths and none, failed settings, hostile names, damage."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

import pytest

from pipeline.errors import DamagedRun, UnknownRun
from pipeline.pages.sweep_page import sweep_page
from tests.pages.reading import read_page
from tests.pages.swept import invent_sweep, rows_of, value

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

HOSTILE: Final = "<script>alert(1)</script>"
GRIDS: Final[dict[str, tuple[dict[str, list[Any]], tuple[str, ...]]]] = {
    "no axis": ({"quote_size": [100]}, ("spread", "choice")),
    "one axis of numbers": ({"quote_size": [100, 200, 300]}, ("map", "spread", "choice")),
    "one axis of words": ({"execution": ["classic", "strict"]}, ("map", "spread", "choice")),
    "truths and words": (
        {"patient": [True, False], "execution": ["classic", "strict"]},
        ("map", "spread", "choice"),
    ),
    "many values": (
        {"a": [x / 7 for x in range(90)], "b": [2**x for x in range(50)]},
        ("map", "spread", "choice"),
    ),
    "ten axes": ({f"axis_{at}": [1, 2] for at in range(10)}, ("map", "spread", "choice")),
    "with none": ({"quote_size_bid": [None, 5, 7], "b": [1, 2]}, ("map", "spread", "choice")),
}


@pytest.mark.parametrize("tickers", [["FAB"], ["EMAAR", "FAB"]], ids=["one security", "two"])
@pytest.mark.parametrize("named", GRIDS)
def test_any_grid_has_a_page(named: str, tickers: list[str], tmp_path: Path) -> None:
    axes, charts = GRIDS[named]
    page = read_page(sweep_page(invent_sweep(tmp_path, axes, tickers)))
    assert tuple(page.data["charts"]) == charts
    assert [view["name"] for view in page.data["sweep"]["views"]] == (["all"] if len(tickers) > 1 else []) + tickers
    varied = [name for name, values in axes.items() if len(values) > 1]
    assert [axis["name"] for axis in page.data["sweep"]["axes"]] == varied


def test_numbers_of_many_values_are_put_together_and_none_is_lost(tmp_path: Path) -> None:
    page = read_page(sweep_page(invent_sweep(tmp_path, GRIDS["many values"][0], ["FAB"])))
    even, doubling = page.data["sweep"]["axes"]
    assert (len(even["values"]), len(even["cells"]), len(doubling["cells"])) == (90, 20, 20)
    assert (even["cells"][0], doubling["cells"][0]) == ("0 \N{EN DASH} 0.5714", "1 \N{EN DASH} 4")
    assert set(even["cellOf"]) == set(range(20))


def test_errors_are_counted_and_shown_as_text(tmp_path: Path) -> None:
    errors = {number: f"{HOSTILE} {number % 20}" for number in range(1, 41)}
    axes = {"a": [*range(30)], "kind": ["x", HOSTILE]}
    page = read_page(sweep_page(invent_sweep(tmp_path, axes, ["EMAAR", "FAB"], errors=errors, strategy=HOSTILE)))
    rows = rows_of(page, "failed-table")
    assert next(iter(rows)) == "setting 1 on EMAAR"
    assert len(rows) == 12
    assert [(value(cells[0]), cells[1].text) for cells in rows.values()][:2] == [
        (4, f"{HOSTILE} 1"),
        (4, f"{HOSTILE} 2"),
    ]
    assert "80 results of 120" in page.root.one("section", id="verdict").text
    assert "8 more errors" in page.root.one("section", id="failed").text
    assert len(list(page.root.all("script"))) == 6
    assert f"Sweep of {HOSTILE}" in page.root.one("h1").text


def test_where_everything_failed_the_page_says_so(tmp_path: Path) -> None:
    errors = dict.fromkeys(range(1, 5), "no luck")
    folder = invent_sweep(tmp_path, {"a": [1, 2], "b": [1, 2]}, ["EMAAR", "FAB"], errors=errors)
    (folder / "sweep_summary.csv").write_text("security,setting\n", encoding="utf-8")
    page = read_page(sweep_page(folder))
    assert page.data["charts"] == {}
    assert "No setting could be chosen: see what failed below." in page.root.text


def break_json(folder: Path) -> None:
    (folder / "sweep.json").write_text("{", encoding="utf-8")


def forget(name: str) -> Callable[[Path], None]:
    def broken(folder: Path) -> None:
        manifest = json.loads((folder / "sweep.json").read_text(encoding="utf-8"))
        del manifest[name]
        (folder / "sweep.json").write_text(json.dumps(manifest), encoding="utf-8")

    return broken


def add_security(folder: Path) -> None:
    manifest = json.loads((folder / "sweep.json").read_text(encoding="utf-8"))
    manifest["data"]["ZED"] = {}
    (folder / "sweep.json").write_text(json.dumps(manifest), encoding="utf-8")


def rename_security(folder: Path) -> None:
    manifest = json.loads((folder / "sweep.json").read_text(encoding="utf-8"))
    manifest["data"] = {"FAB": {}, "ZED": {}}
    (folder / "sweep.json").write_text(json.dumps(manifest), encoding="utf-8")


DAMAGES: Final[dict[str, tuple[Callable[[Path], None], type[Exception], str]]] = {
    "no folder of a sweep": (lambda folder: (folder / "sweep.json").unlink(), UnknownRun, "it is no folder of a sweep"),
    "torn json": (break_json, DamagedRun, "is no whole folder of a sweep"),
    "json without axes": (forget("axes"), DamagedRun, "is no whole folder of a sweep"),
    "no summary": (
        lambda folder: (folder / "sweep_summary.csv").unlink(),
        DamagedRun,
        "sweep_summary.csv is not there",
    ),
    "a security more": (add_security, DamagedRun, "whole folder|a row for each setting"),
    "another security": (rename_security, DamagedRun, "does not have a row for each setting and security"),
}


@pytest.mark.parametrize("named", DAMAGES)
def test_a_damaged_folder_is_one_plain_error(named: str, tmp_path: Path) -> None:
    damage, kind, sentence = DAMAGES[named]
    folder = invent_sweep(tmp_path, {"a": [1, 2, 3]}, ["EMAAR", "FAB"])
    damage(folder)
    with pytest.raises(kind, match=sentence) as error:
        sweep_page(folder)
    assert not re.search(r"Traceback|KeyError", str(error.value))
