"""The options that several commands have, each with its one line of help."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

ParquetDir = Annotated[str, typer.Option(metavar="PATH", help="Where the Parquet files are; a URI, too.")]
Workers = Annotated[int | None, typer.Option(help="How many at a time. Default: what CPUs and memory allow.")]
Strategy = Annotated[str, typer.Option(help="A strategy's name, or a .py file with one.")]
Config = Annotated[Path | None, typer.Option(help="Parameters by ticker. Default: configs/STRATEGY.json.")]
Backend = Annotated[str | None, typer.Option(help="threading, loky or sequential.")]
Engine = Annotated[str | None, typer.Option(help="compiled, or python to step through a strategy.")]
ExecutionModel = Annotated[str | None, typer.Option(help="classic or strict: how orders are assumed to fill.")]
Sets = Annotated[list[str] | None, typer.Option("--set", help="KEY=VALUE: a parameter, or execution.SWITCH.")]
Securities = Annotated[str, typer.Option(help="Only these tickers, separated by commas.")]
MaxSheets = Annotated[int | None, typer.Option(help="Only the first securities, for a quick try.")]
AllowStale = Annotated[bool, typer.Option("--allow-stale", help="Run although a workbook is newer.")]
Fresh = Annotated[bool, typer.Option("--fresh", help="Replay what an earlier run replayed, too.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]
