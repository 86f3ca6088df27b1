"""Makes the commands: parameters from the options that a function declares, grouped help, and how a command ends."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, Final, NoReturn, TypeVar, get_args

import typer
from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption
from typer.main import get_param_completion

from pipeline.cli import complete
from pipeline.console.output import CommandResult, Console, console, reserve_stdout_for_json, set_console
from pipeline.errors import BadRequest
from pipeline.option_values import empty_words
from pipeline.options import SHARED, Option

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Function = TypeVar("Function", bound=Callable[..., CommandResult])

EXAMPLE: Final = "Example: "
SHORT: Final = 60
METAVARS: Final[dict[type, str]] = {int: "N", float: "NUMBER", str: "NAME"}


def options_of(public: Callable[..., Any], only: str = "") -> Callable[[Function], Function]:
    """Let a command take, as keywords, all options of a public function, or those of these names, parted by spaces."""

    def decorate(command: Function) -> Function:
        every = inspect.signature(inspect.unwrap(public)).parameters
        taken = [every[name] for name in only.split() or every]
        command.__signature__ = inspect.Signature(taken)  # type: ignore[attr-defined]
        return command

    return decorate


class Command(TyperCommand):
    """A command that returns its result, which is then printed as the shared options ask for.

    Its docstring ends in an example, which stands by itself below the options.
    """

    def __init__(self, function: Callable[..., CommandResult]) -> None:
        text, _, self.example = inspect.cleandoc(function.__doc__ or "").partition(f"\n\n{EXAMPLE}")
        short = text.partition("\n\n")[0].split(". ")[0].split(": ")[0].split("; ")[0].removesuffix(".")
        declared = [
            _parameter(parameter, option)
            for parameter in inspect.signature(function).parameters.values()
            for option in getattr(parameter.annotation, "__metadata__", ())
        ]
        shared = [
            TyperOption(param_decls=[f"--{name}"], is_flag=True, default=False, help=option.help)
            for name, option in SHARED.items()
        ]
        super().__init__(
            command_name(function),
            callback=function,
            params=[*declared, *shared],
            help=text,
            short_help=short,
            rich_markup_mode=None,
        )

    def format_epilog(self, ctx: Any, formatter: Any) -> None:
        """Write the example as one line, to be copied."""
        formatter.write(f"\n{EXAMPLE}{self.example}\n" if self.example else "")

    def invoke(self, ctx: Any) -> NoReturn:
        """Run the command and end with its exit status."""
        for param in self.params:
            if isinstance(param, _Declared):
                _check_value(param, ctx)
        quiet, verbose, json, debug = (bool(ctx.params.pop(name)) for name in SHARED)
        if quiet and verbose:
            raise BadRequest("--quiet and --verbose contradict each other; give one of them.")
        set_console(Console(str(ctx.info_name), quiet, verbose, json, debug, started=console().started))
        if json:
            reserve_stdout_for_json()
        raise typer.Exit(console().close(super().invoke(ctx)))


class Commands(TyperGroup):
    """All commands, by what they are for; each is made when it is asked for."""

    def __init__(self, groups: Mapping[str, tuple[Callable[..., CommandResult], ...]], **rest: Any) -> None:
        super().__init__(**rest)
        self._groups = groups
        self._functions = {command_name(function): function for group in groups.values() for function in group}

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names of all commands."""
        return list(self._functions)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return a command, None where there is none of that name."""
        if cmd_name not in self.commands and cmd_name in self._functions:
            self.commands[cmd_name] = Command(self._functions[cmd_name])
        return self.commands.get(cmd_name)

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """Return the command asked for; a name that is none is suggested the nearest of all."""
        if args[0] not in self._functions:
            for name in self._functions:
                self.get_command(ctx, name)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the commands in their groups, each with the first words of its help."""
        width = max(map(len, self._functions))
        for group, functions in self._groups.items():
            names = [command_name(function) for function in functions]
            with formatter.section(group):
                formatter.write_dl(
                    [(name.ljust(width), self.get_command(ctx, name).get_short_help_str(SHORT)) for name in names]
                )


def command_name(function: Callable[..., Any]) -> str:
    """Return the name of a function's command."""
    return function.__name__.replace("_", "-")


class _Declared:
    """What knows its declaration."""

    def __init__(self, declared: Option, *, default_is_empty: bool, **rest: Any) -> None:
        super().__init__(**rest)
        self.declared, self.default_is_empty = declared, default_is_empty


class _Argument(_Declared, TyperArgument):
    """An argument that knows its declaration."""


class _Option(_Declared, TyperOption):
    """An option with names that are accepted and not shown."""

    def add_to_parser(self, parser: Any, ctx: Any) -> None:
        """Let the parser know its shown and its hidden names."""
        super().add_to_parser(parser, ctx)
        if self.declared.aliases:
            parser.add_option(obj=self, opts=self.declared.aliases, dest=self.name, action="store", nargs=1)
        if self.declared.ignored:
            parser.add_option(obj=self, opts=self.declared.ignored, dest="", action="store_const", const=True)


def _check_value(param: Any, ctx: Any) -> None:
    """Refuse an empty value, as of a shell variable that is not set; give what was left out its default."""
    value = ctx.params[param.name]
    if not param.declared.empty and ("" in value if isinstance(value, tuple) else value == ""):
        name = param.name.upper() if param.declared.argument else param.opts[0]
        raise BadRequest(f"{empty_words(name)} A shell variable that is not set is empty, too.")
    if value is None and param.default_is_empty:
        ctx.params[param.name] = ()
    elif value and param.multiple and not param.declared.repeatable:
        ctx.params[param.name] = ",".join(value)


def _completion(declared: Option) -> Any:
    """Return what answers Tab for a value, None where the shell does."""
    if declared.choices:
        return get_param_completion(lambda incomplete: complete.fitting(declared.choices, incomplete))
    return get_param_completion(getattr(complete, declared.completion)) if declared.completion else None


def _parameter(parameter: inspect.Parameter, declared: Option) -> Any:
    """Return what click parses for a parameter of a function."""
    annotation = get_args(parameter.annotation)[0]
    takes = next((kind for kind in (bool, int, float) if kind in (annotation, *get_args(annotation))), str)
    required = parameter.default is parameter.empty
    default = None if required else parameter.default
    is_empty = default == ()
    if is_empty:
        default = None
    common: dict[str, Any] = {
        "default_is_empty": is_empty,
        "required": required,
        "default": default if default is None or isinstance(default, (bool, int, float)) else str(default),
        "help": f"{declared.help} Default: {declared.default}." if declared.default else declared.help,
        "autocompletion": _completion(declared),
    }
    if declared.argument:
        shown = parameter.name.upper() if required else f"[{parameter.name.upper()}]"
        metavar = declared.metavar or (f"{shown}..." if declared.repeatable else shown)
        nargs = -1 if declared.repeatable else 1
        return _Argument(declared, param_decls=[parameter.name], type=takes, nargs=nargs, metavar=metavar, **common)
    flag = declared.flag or f"--{parameter.name.replace('_', '-')}"
    if takes is bool:
        switch = flag if default is False else f"{flag}/--no-{flag.removeprefix('--')}"
        return _Option(declared, param_decls=[parameter.name, switch], is_flag=True, **common)
    return _Option(
        declared,
        param_decls=[parameter.name, flag],
        type=takes,
        multiple=declared.repeatable or "Sequence" in str(annotation),
        metavar=declared.metavar or METAVARS[takes],
        show_default=bool(default) and not declared.default,
        **common,
    )
