"""What templates become is kept as text, made anew when it is not as it was written; a page is the same either way."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest

from pipeline.pages import page

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PIPELINE_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache" / "pages"


def text(made: list[str]) -> str:
    return page._kept_text("{{ x }}", lambda: made.append("made") or "x = 1\r\n")  # type: ignore[func-returns-value]


def test_it_is_made_once_and_comes_back_to_the_byte(kept: Path) -> None:
    made: list[str] = []
    assert text(made) == text(made) == "x = 1\r\n"
    assert made == ["made"]
    (file,) = kept.iterdir()
    assert file.read_bytes().startswith(b"# ")


@pytest.mark.parametrize("spoil", [b"", b"x = 1\r\n", b"# 00\nprint('run')", b"\xff\xfe", b"cos\nsystem\n(S'x'\ntR."])
def test_what_is_not_as_it_was_written_is_made_anew(kept: Path, spoil: bytes) -> None:
    made: list[str] = []
    text(made)
    (file,) = kept.iterdir()
    file.write_bytes(spoil)
    assert text(made) == "x = 1\r\n"
    assert made == ["made", "made"]
    assert file.read_bytes() != spoil


def test_the_text_of_another_template_is_none(kept: Path) -> None:
    text([])
    (file,) = kept.iterdir()
    digest = hashlib.sha256(b"other" + b"y = 2\n").hexdigest()
    file.write_bytes(f"# {digest}\ny = 2\n".encode())
    assert text([]) == "x = 1\r\n"


def test_a_folder_that_cannot_be_made_costs_nothing(kept: Path) -> None:
    kept.parent.mkdir()
    kept.write_text("a file stands here")
    assert text([]) == "x = 1\r\n"


def test_a_page_is_the_same_made_and_kept(kept: Path) -> None:
    found = []
    for _ in range(3):
        page._environment.cache_clear()
        found.append(page._environment().from_string("<b>{{ x }}</b>").render(x="<i>"))
    page._environment.cache_clear()
    assert found == ["<b>&lt;i&gt;</b>"] * 3
    assert len(list(kept.iterdir())) == 1
