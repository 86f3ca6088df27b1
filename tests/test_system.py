"""What messages say of this machine: which path is in the way, and how to install for this interpreter."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pipeline.system import installing, refusal

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize(
    ("name", "used", "words"),
    [
        ("file", Path.mkdir, "it is a file, and a folder is needed"),
        ("file/below", Path.mkdir, "{folder}/file is a file, and a folder is needed"),
        ("file/below/further", Path.read_bytes, "{folder}/file is a file, and a folder is needed"),
        ("folder", Path.read_bytes, "it is a folder, and a file is needed"),
        ("folder/none", Path.read_bytes, "No such file or directory"),
    ],
)
def test_what_is_in_the_way_is_named(tmp_path: Path, name: str, used: Callable[[Path], object], words: str) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError) as refused:  # noqa: PT011 - whichever the system raises
        used(tmp_path / name)
    assert refusal(tmp_path / name, refused.value) == words.format(folder=tmp_path)


@pytest.mark.parametrize(
    ("interpreter", "words"),
    [
        ("{here}/.venv/bin/python", ".venv/bin/python -m pip install kaleido"),
        ("{here}/my env/bin/python", '"my env/bin/python" -m pip install kaleido'),
        ("/opt/desk/bin/python3.12", "/opt/desk/bin/python3.12 -m pip install kaleido"),
    ],
)
def test_a_package_is_installed_for_the_interpreter_that_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, interpreter: str, words: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "executable", interpreter.format(here=Path.cwd()))
    assert installing("kaleido").replace("\\", "/") == words
