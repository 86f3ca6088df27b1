"""Adds the pages that stand at the top of the repository to the site, their links leading into it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mkdocs.structure.files import File

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files

ROOT: Final = Path(__file__).parents[1]
PAGES: Final = {"README.md": "index.md", "CHANGELOG.md": "changelog.md", "SECURITY.md": "security.md"}
COPIED: Final = ("LICENSE",)


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add README.md as the first page, CHANGELOG.md and SECURITY.md, and the licence as it stands."""
    for name, page in PAGES.items():
        text = (ROOT / name).read_text(encoding="utf-8")
        for other, its_page in PAGES.items():
            text = text.replace(f"]({other}", f"]({its_page}")
        files.append(File.generated(config, page, content=re.sub(r"\]\(docs/", "](", text)))
    for name in COPIED:
        files.append(File.generated(config, name, content=(ROOT / name).read_text(encoding="utf-8")))
    files.remove(next(file for file in files if file.src_uri == "site_hooks.py"))
    return files
