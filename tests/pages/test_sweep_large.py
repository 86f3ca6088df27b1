"""A sweep of more settings than its page has room for: an even sample and the best of them, and the page says so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pytest

from pipeline.pages import sweep_reader
from pipeline.pages.page import MOST_BYTES
from pipeline.pages.sweep_page import sweep_page
from pipeline.store.parquet import read_table
from tests.pages.reading import read_page
from tests.pages.swept import chosen_of, invent_sweep

if TYPE_CHECKING:
    from pathlib import Path

LARGE: Final[dict[str, tuple[int, int, int, str]]] = {
    "many settings": (30, 900, 2, "of 27,000 settings: 1,500 evenly"),
    "many securities": (10, 20, 300, "40 of 300 securities are on this page"),
    "many of both": (60, 60, 60, "40 of 60 securities are on this page"),
}


@pytest.mark.parametrize("named", LARGE)
def test_a_page_is_never_too_large_and_says_what_it_leaves_out(named: str, tmp_path: Path) -> None:
    a, b, count, sentence = LARGE[named]
    tickers = [f"T{at:03d}" for at in range(count)]
    content = sweep_page(invent_sweep(tmp_path, {"a": [*range(a)], "b": [*range(b)]}, tickers))
    assert len(content) <= MOST_BYTES
    assert sentence in read_page(content).root.text


def test_of_many_settings_the_page_has_an_even_sample_and_the_best_by_the_chosen_figure(tmp_path: Path) -> None:
    folder = invent_sweep(tmp_path, {"a": [*range(100)], "b": [*range(80)]}, ["EMAAR", "FAB"])
    page = read_page(sweep_page(folder))
    data = page.data["sweep"]
    numbers = np.array(page.settings()["setting"], int)
    assert (data["total"], data["sampled"], len(set(numbers))) == (8_000, 1_500, len(numbers))
    assert 2_600 < len(numbers) <= 3_003
    together = read_table(folder / "sweep_all.parquet").to_pandas().set_index("setting")["train_net_pnl"]
    assert set(together.nlargest(1_500).index) <= set(numbers)
    assert np.bincount((numbers[:1_500] - 1) // 80).min() >= 8  # each of the 100 values of a has about 15
    assert [numbers[view["chosen"]] for view in data["views"]] == [
        chosen_of(folder)[view["name"]] for view in data["views"]
    ]
    assert f"{len(numbers):,} of 8,000 settings: 1,500 evenly spread over all, and the 1,500 best by" in page.root.text


def test_figures_that_memory_does_not_hold_make_the_same_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = invent_sweep(tmp_path, {"a": [*range(9)]}, ["EMAAR", "FAB"])
    content = sweep_page(folder)
    monkeypatch.setattr(sweep_reader, "MOST_IN_MEMORY", 0)
    assert sweep_page(folder) == content
