"""docs/use/first_steps.ipynb runs from its first cell to its last, and is kept without what it printed."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any, Final

import nbformat
import pytest

ROOT: Final = Path(__file__).parents[2]
NOTEBOOK: Final = ROOT / "docs" / "use" / "first_steps.ipynb"


@pytest.fixture(scope="module")
def cells(tmp_path_factory: pytest.TempPathFactory, loops: Path) -> list[Any]:  # noqa: ARG001 - compiled loops are shared
    """Run the notebook in a folder that has the project's configs and nothing else; return its cells of code."""
    from nbclient import NotebookClient

    folder = tmp_path_factory.mktemp("desk")
    shutil.copytree(ROOT / "configs", folder / "configs")
    notebook = nbformat.read(NOTEBOOK, as_version=4)  # type: ignore[no-untyped-call]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]))
        NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(folder)}}).execute()
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def printed(cell: Any) -> str:
    parts = [out.get("text") or out.get("data", {}).get("text/plain", "") for out in cell.outputs]
    return "\n".join(parts)


@pytest.mark.slow
def test_the_notebook_runs_to_its_end(cells: list[Any]) -> None:
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    assert not [out for cell in cells for out in cell.outputs if out.output_type == "error"]


@pytest.mark.slow
def test_what_it_shows_is_there(cells: list[Any]) -> None:
    shown = "\n".join(map(printed, cells))
    for word in ("FAB UH Equity", "fill_price", "strict", "train", "Parting("):
        assert word in shown


def test_it_is_kept_without_results() -> None:
    notebook = nbformat.read(NOTEBOOK, as_version=4)  # type: ignore[no-untyped-call]
    assert not [cell for cell in notebook.cells if cell.get("outputs") or cell.get("execution_count")]
