"""The command line: words in, exit status out. No logic and nothing heavy; each command imports what it runs."""

from __future__ import annotations

import gc
import os
import sys
import traceback
import warnings
from typing import TYPE_CHECKING, Final

import typer

from pipeline.cli.check import benchmark, clean_cache, validate
from pipeline.cli.data import convert, demo, sample
from pipeline.cli.look import compare, explain, show
from pipeline.cli.replay import backtest, sensitivity
from pipeline.cli.sweep import sweep
from pipeline.errors import PipelineError

if TYPE_CHECKING:
    from typing import TextIO

INTERRUPTED: Final = 130

app = typer.Typer(
    name="pipeline",
    help="Bloomberg tick workbooks to Parquet once; exact, fast strategy replays as often as you like.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for command in (convert, backtest, sensitivity, sweep, compare, sample, demo, validate, benchmark, clean_cache):
    app.command()(command)
for looking in (show, explain):
    app.command()(looking)


def main() -> None:
    """Run the command line; a failure is one plain sentence on stderr and its exit status."""
    # numpy's BLAS starts a thread a CPU when it is loaded, 50 ms for linear algebra that nothing here does.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    # Loading modules makes many objects and no garbage; looking for it is 5 % of a short run.
    gc.set_threshold(50_000)
    warnings.showwarning = _warn
    try:
        app(prog_name="pipeline")
    except PipelineError as error:
        _explain(error)
        sys.exit(error.exit_status)
    except SystemExit as end:  # typer makes one of an interrupt, without a word
        if end.code == INTERRUPTED:
            typer.echo("Interrupted. What is finished stands; run the same command again to go on.", err=True)
        raise


def _warn(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """Say a warning as the sentence it is; where in our code it arose helps nobody at the desk."""
    typer.echo(f"Warning: {message}", err=True)


def _explain(error: PipelineError) -> None:
    if "--debug" in sys.argv:
        traceback.print_exception(error)
    typer.echo(f"Error: {error}", err=True)
