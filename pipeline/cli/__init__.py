"""The command line: parses what was typed, runs the command and returns its exit status.

It holds no logic and imports nothing heavy; each command imports what it runs.
"""

from __future__ import annotations

import os
import sys
import traceback
import warnings
from typing import TYPE_CHECKING, Any, Final

import typer
from typer.core import TyperOption
from typer.main import get_install_completion_arguments

from pipeline import __version__, interrupt
from pipeline.cli.check import benchmark, clean_cache, validate
from pipeline.cli.command import Commands
from pipeline.cli.data import convert, demo, init, new, sample
from pipeline.cli.replay import backtest, sensitivity, sweep
from pipeline.cli.show import compare, explain, inspect, markets, reconcile, report, runs, show
from pipeline.cli.usage import is_usage, plain
from pipeline.console.output import Console, console, prepare_streams, set_console
from pipeline.errors import OutOfMemory, PipelineError, out_of_memory

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import TextIO

COMPLETING: Final = "_PIPELINE_COMPLETE"
OUR_FAULT: Final = "This is a bug in tick-pipeline; please report it. --debug shows where it arose."
MORE_MEMORY: Final = (
    "Where several securities are worked on, use fewer --workers or fewer securities (convert: --only; else "
    "--securities, --max-sheets); one alone needs more memory free."
)
GO_ON: Final = "Interrupted. Finished results are kept; run the same command again to resume."

GROUPS: Final[Mapping[str, tuple[Callable[..., Any], ...]]] = {
    "Data": (demo, init, new, sample, convert, inspect, markets),
    "Replay": (backtest, sensitivity, sweep),
    "Results": (report, runs, show, explain, compare, reconcile),
    "Checks": (validate, benchmark, clean_cache),
}


def _print_version(ctx: Any, param: Any, wanted: bool) -> None:  # noqa: FBT001 - click's signature
    if wanted:
        typer.echo(f"pipeline {__version__}")
        raise typer.Exit


app = Commands(
    GROUPS,
    name="pipeline",
    help="Bloomberg tick workbooks to Parquet once; exact, fast strategy replays as often as you like.",
    epilog="Each command explains itself, with an example: pipeline COMMAND --help.",
    params=[
        TyperOption(
            param_decls=["--version"],
            is_flag=True,
            is_eager=True,
            expose_value=False,
            callback=_print_version,
            help="Print the version and exit.",
        ),
        *get_install_completion_arguments(),
    ],
    no_args_is_help=True,
    rich_markup_mode=None,
)


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
    interrupt.watch()
    with interrupt.in_order(lambda exit_status: console().fail(GO_ON, exit_status, is_error=False)):
        status = _status()
    sys.exit(status)


def _status() -> int:
    try:
        status = app.main(prog_name="pipeline", standalone_mode=False)
    except MemoryError as error:
        return _failed(error, str(out_of_memory(error, "for it", MORE_MEMORY)), OutOfMemory.exit_status)
    except PipelineError as error:
        return _failed(error, error.as_typed or str(error), error.exit_status)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is said in one sentence
        if type(error).__name__ == "NoArgsIsHelpError":
            typer.echo(str(error), err=True)
            return 2
        if is_usage(error):
            return _failed(error, plain(error, console().command), 2)
        return _failed(error, _in_words(error), 1)
    return status if isinstance(status, int) else 0


def _in_words(error: Exception) -> str:
    """Return what nobody has put into a sentence where it arose."""
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}{f': {error.filename}' if error.filename else ''}."
    return f"{type(error).__name__}: {error}. {OUR_FAULT}"


def _failed(error: Exception, message: str, exit_status: int) -> int:
    if console().debug:
        traceback.print_exception(error)
    return console().fail(message, exit_status)


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
