"""Plotly's script is found again compressed, or compressed anew: it is the same bytes either way."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pipeline.pages.page import library

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PIPELINE_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache" / "pages"


def test_the_script_is_the_same_made_cached_and_cached_damaged(folder: Path) -> None:
    first, *others = library.__wrapped__(), library.__wrapped__()
    (file,) = folder.iterdir()
    assert file.read_bytes().endswith(first[1])
    file.write_bytes(file.read_bytes()[:-1])
    others.append(library.__wrapped__())
    assert others == [first, first]
    assert file.read_bytes().endswith(first[1])


def test_a_folder_that_cannot_be_made_costs_nothing(folder: Path) -> None:
    folder.parent.mkdir()
    folder.write_text("a file stands here")
    assert library.__wrapped__() == library()
