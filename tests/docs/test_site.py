"""README.md and docs/ build strictly into a site that leads to every page and can be searched."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the site as `make docs` does, in a process of its own since mkdocs sets up logging; a warning fails it."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--quiet", "--strict", "--site-dir", str(folder)]
    built = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (built.returncode, built.stderr) == (0, "")
    return folder


def test_every_page_of_the_repository_is_in_the_site_and_led_to_from_the_first(site: Path) -> None:
    pages = {page.relative_to(ROOT / "docs").with_suffix(".html").as_posix() for page in (ROOT / "docs").rglob("*.md")}
    led_to = set(re.findall(r'href="([\w/]+\.html)', (site / "index.html").read_text(encoding="utf-8")))
    assert pages | {"changelog.html", "security.html"} <= led_to
    assert all((site / page).is_file() for page in led_to)


def test_no_link_of_the_first_page_leads_out_of_the_site_into_the_repository(site: Path) -> None:
    links = re.findall(r'(?:href|src)="([^":#]+)"', (site / "index.html").read_text(encoding="utf-8"))
    assert [link for link in links if not (site / link.split("?")[0]).exists()] == []


@pytest.mark.parametrize(
    ("word", "page"), [("drawdown", "reference/metrics.html"), ("--max-rejects", "reference/commands.html")]
)
def test_a_term_is_found_by_searching(site: Path, word: str, page: str) -> None:
    index = json.loads((site / "search" / "search_index.json").read_text(encoding="utf-8"))
    assert any(entry["location"].startswith(page) and word in entry["text"] for entry in index["docs"])
