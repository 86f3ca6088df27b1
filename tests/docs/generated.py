"""Writes the parts of the documents that are made from the code: `python -m tests.docs.generated`.

Such a part stands between `<!-- NAME: generated -->` and `<!-- end -->`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from pipeline.engine.execution import SWITCHES, Switch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

DOCS: Final = Path(__file__).parents[2] / "docs"


def switches() -> str:
    """Return the table of the execution switches."""
    rows = "".join(f"| `{name}` | {_values(switch)} | {switch.doc} |\n" for name, switch in SWITCHES.items())
    return f"| switch | `classic` | `strict` | other values | decides |\n|---|---|---|---|---|\n{rows}"


def _values(switch: Switch) -> str:
    presets = [_shown(value) for value in (switch.classic, switch.strict)]
    others = [_shown(word) for word in switch.words or () if _shown(word) not in presets]
    return " | ".join([*presets, ", ".join(others) if switch.words else "any number from 0 on"])


def _shown(value: object) -> str:
    return f"`{value:g}`" if isinstance(value, float) else f"`{value}`"


GENERATED: Final[Mapping[str, Mapping[str, Callable[[], str]]]] = {"reference/execution.md": {"switches": switches}}
"""The generated parts of each page below docs/, by name."""


def regenerated(page: str) -> str:
    """Return the text of a page with its generated parts made anew."""
    text = (DOCS / page).read_text(encoding="utf-8")
    for name, make in GENERATED[page].items():
        begin, end = f"<!-- {name}: generated -->\n", "<!-- end -->"
        before, found, rest = text.partition(begin)
        assert found, f"{page} has no part named {name}"
        text = before + begin + make() + end + rest.partition(end)[2]
    return text


def main() -> Iterator[str]:
    for page in GENERATED:
        (DOCS / page).write_text(regenerated(page), encoding="utf-8", newline="\n")
        yield page


if __name__ == "__main__":
    print(*main(), sep="\n")  # noqa: T201
