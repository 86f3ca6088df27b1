"""How Typer builds each verb and the list of verbs: shared options, grouped help, and how a command ends."""

from __future__ import annotations

import inspect
from typing import Any, Final, NoReturn

import typer
from typer.core import TyperCommand, TyperGroup

from pipeline.cli.options import SHARED, shared_options
from pipeline.console.output import CommandResult, Console, console, reserve_stdout_for_json, set_console
from pipeline.errors import BadRequest, nearest

EXAMPLE: Final = "Example: "
SHORT: Final = 60


class Verb(TyperCommand):
    """A command that returns its closing, which is then said as the options that all verbs share ask for.

    Its docstring ends in an example, which stands by itself below the options.
    """

    def __init__(self, name: str | None, **rest: Any) -> None:
        text, _, example = inspect.cleandoc(rest.get("help") or "").partition(f"\n\n{EXAMPLE}")
        self.example = example.strip()
        rest["help"] = text
        rest["short_help"] = text.partition("\n\n")[0].split(". ")[0].split(": ")[0].split("; ")[0].removesuffix(".")
        super().__init__(name, **rest)
        own = {word for param in self.params for word in param.opts}
        self.params += [option for option in shared_options() if not own & set(option.opts)]

    def format_epilog(self, ctx: Any, formatter: Any) -> None:
        """Write the example as one line, to be copied."""
        formatter.write(f"\n{EXAMPLE}{self.example}\n" if self.example else "")

    def invoke(self, ctx: Any) -> NoReturn:
        """Run the verb and end with its exit status."""
        taken = inspect.signature(self.callback).parameters if self.callback else {}
        asked = {name: bool(ctx.params[name]) for name in SHARED if name in ctx.params}
        for name in asked.keys() - taken:
            del ctx.params[name]
        if asked.get("quiet") and asked.get("verbose"):
            raise BadRequest("--quiet and --verbose contradict each other; give one of them.")
        quiet, verbose, json, debug = (asked.get(name, False) for name in SHARED)
        set_console(Console(str(ctx.info_name), quiet, verbose, json, debug))
        if console().json:
            reserve_stdout_for_json()
        result = super().invoke(ctx)
        raise typer.Exit(console().close(result) if isinstance(result, CommandResult) else 0)


class Verbs(TyperGroup):
    """The verbs, by what they are for."""

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """Return the verb asked for; raise BadRequest that names the nearest for one that there is not."""
        if args[0] not in self.commands and not args[0].startswith("-"):
            raise BadRequest(
                f"There is no verb '{args[0]}'.{nearest(args[0], self.commands)} `pipeline --help` lists them."
            )
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the verbs in their groups, each with the first words of its help."""
        width = max(len(name) for name in self.commands)
        groups: dict[str, list[tuple[str, str]]] = {}
        for name, command in self.commands.items():
            if not command.hidden:
                group = getattr(command, "rich_help_panel", None) or "Commands"
                groups.setdefault(group, []).append((name.ljust(width), command.get_short_help_str(SHORT)))
        for group, rows in groups.items():
            with formatter.section(group):
                formatter.write_dl(rows)
