"""The page for maintainers names what is there, leaves out no package, and gives the import rules that are enforced."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import pytest

from tests.test_house import BASE, MAY_IMPORT, OUTSIDE

ROOT: Final = Path(__file__).parents[2]
PAGE: Final = (ROOT / "docs" / "maintain" / "architecture.md").read_text(encoding="utf-8")
PLACES: Final = sorted(set(re.findall(r"`((?:pipeline|tests|configs|docs)(?:/[\w.]+)*)`", PAGE)))
PACKAGES: Final = sorted(
    file.parent.relative_to(ROOT).as_posix()
    for file in (ROOT / "pipeline").rglob("__init__.py")
    if file.parent != ROOT / "pipeline"
)
ROWS: Final = dict(re.findall(r"^\| `pipeline/(\w+)` \|.*\| ?([^|]*) \|$", PAGE, flags=re.MULTILINE))


@pytest.mark.parametrize("path", [name for name in PLACES if not name.endswith("/vN")])
def test_what_the_page_names_is_there(path: str) -> None:
    assert (ROOT / path).exists()


@pytest.mark.parametrize("package", PACKAGES)
def test_no_package_is_left_out(package: str) -> None:
    assert package in PLACES


def test_the_base_and_the_door_are_named() -> None:
    door = [name for name in OUTSIDE if name not in ("", "__main__") and f"pipeline/{name}" not in PACKAGES]
    assert [name for name in (*BASE, *door) if f"pipeline/{name}.py" not in PLACES] == []


def test_each_room_may_import_what_the_page_says() -> None:
    allowed: dict[str, set[str]] = {}
    for room, rooms in MAY_IMPORT.items():
        whole = room.partition(".")[0]
        allowed.setdefault(whole, set()).update(name.partition(".")[0] for name in rooms)
    rules = {room: rooms - {room, *BASE} for room, rooms in allowed.items() if room not in BASE}
    stated = {room: {name for name in text.split(", ") if name} for room, text in ROWS.items()}
    assert {room: rooms for room, rooms in stated.items() if rooms != {"anything"}} == rules
    assert {room for room, rooms in stated.items() if rooms == {"anything"}} <= set(OUTSIDE)
