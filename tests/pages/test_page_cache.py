"""What is cached for pages is found again whole or not at all; a page is the same bytes either way."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from pipeline.pages.backtest_page import backtest_page
from pipeline.pages.page import cache, cached
from tests.pages.invented import invent

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PIPELINE_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache" / "pages"


def test_content_comes_back_to_the_byte_under_its_key_alone(folder: Path) -> None:
    assert cached("key") is None
    cache("key", b"x = 1\r\n")
    assert (cached("key"), cached("another key")) == (b"x = 1\r\n", None)
    assert len(list(folder.iterdir())) == 1


def test_a_file_with_a_flipped_bit_or_cut_is_not_believed(folder: Path) -> None:
    cache("key", b"content")
    (file,) = folder.iterdir()
    content = file.read_bytes()
    for place in range(len(content)):
        file.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
        assert cached("key") is None
        file.write_bytes(content[:place])
        assert cached("key") is None


def test_the_content_of_another_key_is_not_believed(folder: Path) -> None:
    cache("key", b"content")
    (file,) = folder.iterdir()
    cache("another key", b"another")
    (other,) = set(folder.iterdir()) - {file}
    file.write_bytes(other.read_bytes())
    assert cached("key") is None


def test_a_folder_that_cannot_be_made_costs_nothing(folder: Path) -> None:
    folder.parent.mkdir()
    folder.write_text("a file stands here")
    cache("key", b"content")
    assert cached("key") is None


def test_a_page_is_the_same_before_and_after_its_parts_are_cached(folder: Path, tmp_path: Path) -> None:
    run = invent(tmp_path / "run", ["FAB"], 2, 20)
    code = "import sys; from pathlib import Path; from pipeline.pages.backtest_page import backtest_page as page\n"
    command = [sys.executable, "-c", f"{code}sys.stdout.buffer.write(page(Path({str(run)!r})))"]
    first, second = (subprocess.check_output(command) for _ in range(2))
    assert first == second == backtest_page(run)
    assert len(list(folder.iterdir())) == 1  # Plotly's script, compressed
