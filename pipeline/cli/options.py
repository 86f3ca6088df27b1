"""The options that several commands share, each with its one line of help and its completion."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer
from typer.core import TyperOption

from pipeline.cli import complete
from pipeline.errors import BadRequest

ParquetDir = Annotated[str, typer.Option(metavar="PATH", help="Where the Parquet files are; a URI, too.")]
Workers = Annotated[int | None, typer.Option(help="How many at a time. Default: what CPUs and memory allow.")]
Strategy = Annotated[
    str, typer.Option(help="A strategy's name, or a .py file with one.", autocompletion=complete.strategies)
]
Config = Annotated[Path | None, typer.Option(help="Parameters by ticker. Default: configs/STRATEGY.json.")]
Backend = Annotated[
    str | None,
    typer.Option(help="threading, loky, sequential, dask or ray.", autocompletion=complete.backends),
]
Address = Annotated[str | None, typer.Option(help="Where the Dask or Ray cluster is: tcp://HOST:PORT.")]
Engine = Annotated[
    str | None,
    typer.Option(help="compiled, or python to step through a strategy.", autocompletion=complete.engines),
]
ExecutionModel = Annotated[
    str | None,
    typer.Option(help="classic or strict: how orders are assumed to fill.", autocompletion=complete.presets),
]
Sets = Annotated[
    list[str] | None,
    typer.Option("--set", help="KEY=VALUE: a parameter, or execution.SWITCH.", autocompletion=complete.settings),
]
Securities = Annotated[
    str, typer.Option(help="Only these tickers, separated by commas.", autocompletion=complete.tickers)
]
MaxSheets = Annotated[int | None, typer.Option(help="Only the first securities, for a quick try.")]
AllowStale = Annotated[bool, typer.Option("--allow-stale", help="Run although a workbook is newer.")]
Fresh = Annotated[bool, typer.Option("--fresh", help="Replay what an earlier run replayed, too.")]

SHARED: Final = {
    "quiet": "Say errors, warnings and the closing line only.",
    "verbose": "Say what was chosen, what was kept and why, and how long each part took.",
    "json": "Print one JSON object and nothing else on stdout.",
    "debug": "Show the traceback of an error.",
}
"""What every verb takes, by name: docs/reference/commands.md says what each does."""


def shared_options() -> list[TyperOption]:
    """Return the options that every verb takes, made anew for each."""
    return [
        TyperOption(param_decls=[f"--{name}"], is_flag=True, default=False, help=told) for name, told in SHARED.items()
    ]


def names_in(text: str) -> list[str]:
    """Return the names in a text that separates them by commas."""
    return [name.strip() for name in text.split(",") if name.strip()]


def assignments_in(texts: list[str]) -> dict[str, object]:
    """Return KEY=VALUE texts by key; raise BadRequest for any other text."""
    pairs = [text.partition("=") for text in texts]
    for key, equals, value in pairs:
        if not (key and equals and value):
            raise BadRequest(f"--set {key}{equals}{value}: write KEY=VALUE, for example refill_interval_sec=30.")
    return {key.strip(): value.strip() for key, _, value in pairs}
