"""The page of promises names tests that exist, and every test of crashes and formats is named on it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]
PAGE: Final = (ROOT / "docs" / "maintain" / "reliability.md").read_text(encoding="utf-8")
NAMED: Final = sorted(set(re.findall(r"`(tests/[\w/]+(?:\.py)?)`", PAGE)))


@pytest.mark.parametrize("name", NAMED)
def test_what_the_page_names_is_there(name: str) -> None:
    there = ROOT / name
    assert there.exists()
    if there.name.startswith("test_"):
        assert re.search(r"^def test_", there.read_text(encoding="utf-8"), flags=re.MULTILINE)


@pytest.mark.parametrize("folder", ["crash", "formats", "hostile"])
def test_every_test_of_a_promise_is_on_the_page(folder: str) -> None:
    files = {file.relative_to(ROOT).as_posix() for file in (ROOT / "tests" / folder).glob("test_*.py")}
    assert files
    assert files <= set(NAMED)


def test_every_promise_has_a_test() -> None:
    rows = [line for line in PAGE.splitlines() if line.startswith("| ") and not line.startswith("| promise")]
    assert len(rows) > 20
    assert [row for row in rows if "tests/" not in row and "the same file" not in row] == []
