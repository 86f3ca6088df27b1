"""A sweep that its page has no room for: a sample of its settings, and maps that are of all of them."""

from __future__ import annotations

from itertools import permutations
from typing import TYPE_CHECKING, Final

import numpy as np
import pytest

from pipeline.pages import sweep_block
from pipeline.pages.page import MOST_BYTES
from pipeline.pages.sweep_fold import unpacked
from pipeline.pages.sweep_page import sweep_page
from tests.pages.reading import read_page
from tests.pages.swept import AXES, chosen_of, frame_of, invent_sweep, make_sweep

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_sweep(tmp_path_factory.mktemp("page"))


@pytest.fixture(scope="module")
def frame(folder: Path) -> pd.DataFrame:
    return frame_of(folder)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make any sweep too large for its page."""
    monkeypatch.setattr(sweep_block, "MOST_WHOLE", 10)
    monkeypatch.setattr(sweep_block, "SAMPLE", 20)


@pytest.mark.usefixtures("small")
def test_a_sweep_that_does_not_fit_has_a_sample_and_maps_of_all_its_settings(folder: Path, frame: pd.DataFrame) -> None:
    page = read_page(sweep_page(folder))
    held = page.data["sweep"]
    assert "48 settings are too many for one page" in page.root.text
    assert (held["total"], held["sampled"]) == (48, 20)
    numbers = [int(one) for one in unpacked(held["numbers"])]
    assert len(set(numbers)) == len(numbers)
    for view in held["views"]:
        chosen = chosen_of(folder)[view["name"]]
        assert numbers[view["chosen"]] == chosen
        for name, column in view["columns"].items():
            expected = frame.loc[view["name"]].loc[numbers, name]
            np.testing.assert_allclose(unpacked(column), expected.to_numpy(float), atol=0.006)
    maps = held["maps"]
    assert {tuple(pair) for pair in maps["pairs"]} <= set(
        permutations(["refill_interval_sec", "quote_size", "execution", "execution.fees_bps"], 2)
    )
    assert len(maps["pairs"]) == 6
    seen = 0
    column_of = dict(zip([axis["name"] for axis in held["axes"]], AXES, strict=True))
    values = {axis["name"]: axis["cells"] for axis in held["axes"]}
    for view, columns in maps["columns"].items():
        for figure, column in columns.items():
            found, at = unpacked(column), 0
            for across, up in maps["pairs"]:
                shape = len(values[up]), len(values[across])
                for hold in maps["holds"]:
                    own = frame.loc[view]
                    if hold is not None and hold[0] not in (across, up):
                        taken = own[column_of[hold[0]]].map(lambda one: one if isinstance(one, str) else f"{one:,g}")
                        own = own[taken == values[hold[0]][hold[1]]]
                    for fold in maps["folds"]:
                        how = "median" if fold == "median" else "min" if figure == "drawdown" else "max"
                        grid = own.pivot_table(
                            index=column_of[up], columns=column_of[across], values=figure, aggfunc=how
                        )
                        size = shape[0] * shape[1]
                        np.testing.assert_allclose(found[at : at + size].reshape(shape), grid.to_numpy(), atol=0.006)
                        at, seen = at + size, seen + 1
            assert at == len(found)
    assert seen >= 4 * 6 * 5 * 2


LARGE: Final[dict[str, tuple[int, int, int, str]]] = {
    "many settings": (30, 900, 2, "too many for one page"),
    "many securities": (10, 20, 300, "40 of 300 securities are on this page"),
    "many of both": (60, 60, 60, "40 of 60 securities are on this page"),
}


@pytest.mark.parametrize("named", LARGE)
def test_a_page_is_never_too_large_and_says_what_it_leaves_out(named: str, tmp_path: Path) -> None:
    a, b, count, said = LARGE[named]
    tickers = [f"T{at:03d}" for at in range(count)]
    content = sweep_page(invent_sweep(tmp_path, {"a": [*range(a)], "b": [*range(b)]}, tickers))
    assert len(content) <= MOST_BYTES
    page = read_page(content)
    assert said in page.root.text
    assert all(chart["data"] for chart in page.data["charts"].values())
