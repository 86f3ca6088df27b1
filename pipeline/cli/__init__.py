"""The command line: parses what was typed, runs the command and returns its exit status.

It holds no logic and imports nothing heavy; each command imports what it runs.
"""

from __future__ import annotations

import os
import sys
import traceback
import warnings
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from pipeline import __version__, interrupt
from pipeline.cli.check import benchmark, clean_cache, validate
from pipeline.cli.data import convert, demo, init, sample
from pipeline.cli.replay import backtest, sensitivity
from pipeline.cli.show import compare, explain, inspect, report, show
from pipeline.cli.sweep import sweep
from pipeline.cli.usage import is_usage, plain
from pipeline.cli.verb import Verb, Verbs
from pipeline.console.output import Console, console, prepare_streams, set_console
from pipeline.errors import PipelineError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import TextIO

COMPLETING: Final = "_PIPELINE_COMPLETE"
OUR_FAULT: Final = "That is a fault of this project; --debug shows where it arose. Please report it."
GO_ON: Final = "Interrupted. What is finished stands; run the same command again to go on."

GROUPS: Final[Mapping[str, tuple[Callable[..., Any], ...]]] = {
    "Make data": (demo, init, sample, convert),
    "Replay": (backtest, sensitivity),
    "Research": (sweep,),
    "Look": (inspect, report, show, explain, compare),
    "Check": (validate, benchmark, clean_cache),
}

app = typer.Typer(
    name="pipeline",
    cls=Verbs,
    help="Bloomberg tick workbooks to Parquet once; exact, fast strategy replays as often as you like.",
    epilog="Each verb explains itself, with an example: pipeline VERB --help.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for group, commands in GROUPS.items():
    for command in commands:
        app.command(cls=Verb, rich_help_panel=group)(command)


def _say_version(wanted: bool) -> None:  # noqa: FBT001 - Typer calls it so
    if wanted:
        typer.echo(f"pipeline {__version__}")
        raise typer.Exit


@app.callback()
def _top(
    version: Annotated[
        bool, typer.Option("--version", callback=_say_version, is_eager=True, help="Say the version and exit.")
    ] = False,
) -> None:
    pass


def main() -> None:
    """Run the command line; a failure is one plain sentence on stderr and its exit status."""
    # numpy's BLAS starts a thread a CPU when it is loaded, 50 ms for linear algebra that nothing here does.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    if COMPLETING in os.environ:
        # Typer would load rich to look for markup in each line of help, and Tab would take twice as long.
        sys.modules["rich"] = None  # type: ignore[assignment]
    warnings.showwarning = _warn
    prepare_streams()
    words = sys.argv[1:]
    verb = next((word for word in words if not word.startswith("-")), "")
    # What cannot be read as options yet may be wrong as a whole; how to say so can be told all the same.
    set_console(Console(verb, quiet="--quiet" in words, json="--json" in words, debug="--debug" in words))
    _keep_only(verb)
    interrupt.watch()
    with interrupt.in_order(_say_interrupted):
        status = _status()
    sys.exit(status)


def _keep_only(verb: str) -> None:
    """Let Typer build the verb asked for and no others, 20 ms; where there is no such verb, it builds them all."""
    asked = [one for one in app.registered_commands if getattr(one.callback, "__name__", "").replace("_", "-") == verb]
    if asked and COMPLETING not in os.environ:
        app.registered_commands = asked


def _status() -> int:
    try:
        status = app(prog_name="pipeline", standalone_mode=False)
    except PipelineError as error:
        return _failed(error, str(error), error.exit_status)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is said in one sentence
        if type(error).__name__ == "NoArgsIsHelpError":
            typer.echo(str(error), err=True)
            return 2
        if is_usage(error):
            return _failed(error, plain(error, console().command), 2)
        return _failed(error, _in_words(error), 1)
    return status if isinstance(status, int) else 0


def _say_interrupted(exit_status: int) -> None:
    console().fail(GO_ON, exit_status, is_error=False)


def _in_words(error: Exception) -> str:
    """Return what nobody has put into a sentence where it arose."""
    if isinstance(error, MemoryError):
        return "There is not enough memory for this. Try fewer --workers, or --securities one after the other."
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}{f': {error.filename}' if error.filename else ''}."
    return f"{type(error).__name__}: {error}. {OUR_FAULT}"


def _failed(error: Exception, told: str, exit_status: int) -> int:
    if console().debug:
        traceback.print_exception(error)
    return console().fail(told, exit_status)


def _warn(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """Say a warning as the sentence it is; where in our code it arose helps nobody at the desk."""
    console().warn(str(message))
