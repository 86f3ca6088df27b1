"""Runs docs/use/first_steps.ipynb in a folder of its own; `python -m tests.docs.notebook` keeps what it shows in it."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from pathlib import Path
from typing import Any, Final
from unittest.mock import patch

import nbformat

ROOT: Final = Path(__file__).parents[2]
NOTEBOOK: Final = ROOT / "docs" / "use" / "first_steps.ipynb"
CHARTS: Final = "application/vnd.plotly.v1+json"
FORGOTTEN: Final = ("execution", "widgets")
"""Metadata that says when a notebook was run and in what."""


def executed(folder: Path) -> Any:
    """Return the notebook run from its first cell to its last in a folder that has the project's configs alone."""
    from nbclient import NotebookClient

    shutil.copytree(ROOT / "configs", folder / "configs")
    notebook = nbformat.read(NOTEBOOK, as_version=4)  # type: ignore[no-untyped-call]
    paths = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    with patch.dict(os.environ, {"PYTHONPATH": paths, "PLOTLY_RENDERER": "plotly_mimetype"}):
        NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(folder)}}).execute()
    for cell in notebook.cells:
        for key in FORGOTTEN:
            cell.metadata.pop(key, None)
    return notebook


def shown(notebook: Any) -> list[list[str]]:
    """Return what each cell of code shows as text, a chart as its kinds of lines."""
    return [[_text(output) for output in cell.outputs] for cell in notebook.cells if cell.cell_type == "code"]


def _text(output: Any) -> str:
    data = output.get("data", {})
    if CHARTS in data:
        return " ".join(f"{line['type']} {line.get('name', '')}".strip() for line in data[CHARTS]["data"])
    text = output.get("text") or data.get("text/html") or data.get("text/plain", "")
    return re.sub(r"0x[0-9a-f]+", "0x", "".join(text))


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder, patch.dict(os.environ, {"PIPELINE_CACHE_DIR": f"{folder}/cache"}):
        nbformat.write(executed(Path(folder)), NOTEBOOK)  # type: ignore[no-untyped-call]
