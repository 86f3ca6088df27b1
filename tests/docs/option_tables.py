"""Makes the tables of options in docs/reference/commands.md from what the commands take.

`python -m tests.docs.option_tables` writes them; a test compares.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pipeline.cli import app
from pipeline.options import SHARED

if TYPE_CHECKING:
    from pipeline.cli.command import Command

PAGE: Final = Path(__file__).parents[2] / "docs" / "reference" / "commands.md"
HEAD: Final = "| option | what |\n|---|---|\n"
COMMANDS: Final[dict[str, Command]] = {name: app.get_command(None, name) for name in app.list_commands(None)}


def own_parameters(command: Command) -> list[Any]:
    """Return what a command takes beside the options of all commands."""
    return [param for param in command.params if param.name not in SHARED]


def names_of(param: Any) -> list[str]:
    """Return the names of an option, or the one of an argument, as the page has them."""
    if param.param_type_name == "option":
        return [*param.opts, *param.secondary_opts]
    return [param.metavar.strip("[].")]


def row_of(param: Any) -> str:
    """Return the row of an option or argument."""
    text = param.help
    if param.default and not isinstance(param.default, bool) and "Default: " not in text:
        text += f" Default: `{param.default}`."
    declared = param.declared
    if declared.aliases:
        text += f" {', '.join(f'`{name}`' for name in declared.aliases)} means the same."
    if declared.ignored:
        text += f" {', '.join(f'`{name}`' for name in declared.ignored)} is accepted and changes nothing."
    if declared.see:
        text += f" See [{Path(declared.see).stem}]({declared.see})."
    return f"| {' / '.join(f'`{name}`' for name in names_of(param))} | {text} |\n"


def table_of(command: Command) -> str:
    """Return the table of a command's options, empty for one that has none of its own."""
    rows = [row_of(param) for param in own_parameters(command)]
    return "".join([HEAD, *rows]) if rows else ""


def with_tables(page: str) -> str:
    """Return the page with the tables as the commands are."""

    def renewed(section: re.Match[str]) -> str:
        table = table_of(COMMANDS[section[1]])
        return re.sub(rf"{re.escape(HEAD)}(\|.*\n)*", lambda _: table, section[0], count=1)

    names = "|".join(COMMANDS)
    return re.sub(rf"^## ({names})\n.*?(?=^## |\Z)", renewed, page, flags=re.MULTILINE | re.DOTALL)


if __name__ == "__main__":
    PAGE.write_text(with_tables(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
