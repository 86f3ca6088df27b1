"""docs/use/first_steps.ipynb runs from its first cell to its last, and is shipped with what it then shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import nbformat
import pytest

from tests.docs.notebook import CHARTS, NOTEBOOK, executed, shown

if TYPE_CHECKING:
    from pathlib import Path

MOST_BYTES = 600_000


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, loops: Path) -> Any:  # noqa: ARG001 - compiled loops are shared
    return executed(tmp_path_factory.mktemp("desk"))


@pytest.fixture(scope="module")
def shipped() -> Any:
    return nbformat.read(NOTEBOOK, as_version=4)  # type: ignore[no-untyped-call]


@pytest.mark.slow
def test_the_notebook_shows_what_it_is_shipped_with(run: Any, shipped: Any) -> None:
    """Where they differ, `python -m tests.docs.notebook` runs it anew."""
    assert shown(run) == shown(shipped)
    assert [out for cell in run.cells for out in cell.get("outputs", ()) if out.output_type == "error"] == []


def test_what_it_is_shipped_with_is_whole_small_and_of_the_synthetic_sample(shipped: Any) -> None:
    code = [cell for cell in shipped.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    assert NOTEBOOK.stat().st_size < MOST_BYTES
    assert "sample(" in code[0].source
    assert not [cell for cell in code if "from pipeline." in cell.source.partition("'''")[0]]
    text = "\n".join(part for parts in shown(shipped) for part in parts)
    for word in ("FAB UH Equity", "fill_price", "strict", "train", "Parting(", "scatter portfolio", "heatmap"):
        assert word in text
    assert sum(CHARTS in out.get("data", {}) for cell in code for out in cell.outputs) == 2
    assert str(NOTEBOOK.parents[2]) not in NOTEBOOK.read_text(encoding="utf-8")
