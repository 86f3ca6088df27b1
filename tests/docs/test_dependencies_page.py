"""The page of dependencies lists the packages of pyproject.toml, each where it is declared, and gives each a reason."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any, Final

import pytest

ROOT: Final = Path(__file__).parents[2]
SECTIONS: Final = (ROOT / "docs" / "maintain" / "dependencies.md").read_text(encoding="utf-8").split("\n## ")
DECLARED: Final[dict[str, Any]] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
GROUPS: Final = DECLARED["dependency-groups"]
DEVELOPMENT: Final = [
    *GROUPS["build"],
    *(requirement for requirement in GROUPS["dev"] if requirement != {"include-group": "build"}),
]


def rows(heading: str) -> list[list[str]]:
    """Return the cells of a section's table, without its head."""
    [section] = [requirement for requirement in SECTIONS if requirement.startswith(heading)]
    return [
        [cell.strip() for cell in line.strip("|").split("|")] for line in section.splitlines() if line.startswith("| `")
    ]


def names(requirements: list[str]) -> list[str]:
    return sorted(re.split(r"[\[<>=!~ ]", requirement)[0] for requirement in requirements)


def listed(heading: str) -> list[str]:
    return sorted(row[0].strip("`") for row in rows(heading))


def test_what_the_product_needs_is_listed() -> None:
    assert listed("What the product needs") == names(DECLARED["project"]["dependencies"])


def test_each_extra_is_listed_under_its_name() -> None:
    extras = DECLARED["project"]["optional-dependencies"]
    stated = sorted((row[1], row[0].strip("`")) for row in rows("What an option needs"))
    assert stated == sorted((extra, name) for extra, some in extras.items() for name in names(some))


def test_what_development_needs_is_listed() -> None:
    assert listed("What development needs") == names(DEVELOPMENT)


@pytest.mark.parametrize("heading", ["What the product needs", "What an option needs"])
def test_every_package_has_its_reasons(heading: str) -> None:
    assert [row[0] for row in rows(heading) if not all(row)] == []
    assert len({len(row) for row in rows(heading)}) == 1


def test_what_is_declared_for_development_and_for_an_extra_is_of_one_version() -> None:
    extras = {requirement for some in DECLARED["project"]["optional-dependencies"].values() for requirement in some}
    both = [requirement for requirement in DEVELOPMENT if names([requirement])[0] in names(list(extras))]
    assert both
    assert set(both) <= extras
