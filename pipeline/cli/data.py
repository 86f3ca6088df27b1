"""The commands that make data: convert workbooks, make a synthetic one, copy configs for editing, run the demo."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from pipeline.cli import complete
from pipeline.cli.options import MaxSheets, ParquetDir, Workers, names_in
from pipeline.cli.replay import backtest
from pipeline.console.output import CommandResult, console

SAMPLE: Final = Path("data/sample/sample_ticks.xlsx")
NEXT: Final = (
    "These ticks are synthetic. For your own, put a workbook in data/raw, then `pipeline convert`, `pipeline backtest`."
)


def convert(
    workbooks: Annotated[list[Path] | None, typer.Argument(help="Default: every workbook in data/raw.")] = None,
    parquet_dir: ParquetDir = "data/parquet",
    header_row: Annotated[int, typer.Option(help="The row with the column names, counted from 1.")] = 3,
    only: Annotated[
        str,
        typer.Option(help="Only these tickers or sheets, separated by commas.", autocompletion=complete.tickers),
    ] = "",
    max_sheets: MaxSheets = None,
    workers: Workers = None,
    force: Annotated[bool, typer.Option("--force", help="Convert again what has not changed, too.")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="A row that is no tick is an error of its sheet.")] = False,
    max_rejects: Annotated[
        float | None, typer.Option(help="The share of a sheet's rows that may be rejected. Default: 0.1.")
    ] = None,
    limit: Annotated[list[str] | None, typer.Option(help="KEY=NUMBER: how large a workbook may be.")] = None,
) -> CommandResult:
    """Turn workbooks into one Parquet file a security (stage 1). Only what changed is converted again.

    Example: pipeline convert data/raw/ticks.xlsx --only FAB,EMAAR
    """
    from pipeline import api
    from pipeline.console.convert import ConvertProgress, show_conversion

    with ConvertProgress() as progress:
        result = api.convert(
            workbooks or None,
            parquet_dir,
            header_row=header_row,
            only=names_in(only) or None,
            max_sheets=max_sheets,
            workers=workers,
            force=force,
            strict=strict,
            max_rejects=max_rejects,
            limits=limit,
            on_event=progress.heard,
            on_compile=progress.compiling,
        )
    return show_conversion(result)


def sample(
    path: Annotated[Path, typer.Argument(help="The workbook to make.")] = SAMPLE,
    seed: Annotated[int, typer.Option(help="Another seed makes other ticks.")] = 7,
) -> CommandResult:
    """Make a workbook of synthetic ticks, for trying things out.

    Example: pipeline sample data/sample/sample_ticks.xlsx
    """
    from pipeline.console.progress import Progress
    from pipeline.conversion.sample import write_sample

    with Progress("Making synthetic ticks"):
        write_sample(path, seed=seed)
    return CommandResult(f"Synthetic ticks (no real market data): {path}", {"workbook": path, "seed": seed})


def init() -> CommandResult:
    """Write the configs that come with the project into configs/, to be edited. A file that is there is left as it is.

    Example: pipeline init
    """
    from pipeline.folders import CONFIGS, shipped_configs
    from pipeline.store.atomic import not_written, write_bytes

    shipped = shipped_configs()
    targets = {CONFIGS / file.relative_to(shipped): file for file in sorted(shipped.rglob("*.json"))}
    there = [target for target in targets if target.exists()]
    written = [target for target in targets if target not in there]
    for target in written:
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise not_written(target, error) from error
        write_bytes(target, targets[target].read_bytes())
        console().show(f"Wrote {target}")
    line = f"Configs to edit: {CONFIGS}  ({len(written)} files written, {len(there)} were there and stay)"
    return CommandResult(line, {"configs": CONFIGS, "written": written, "left": there})


def demo() -> CommandResult:
    """Make, convert and backtest synthetic ticks, and say where the results are.

    Example: pipeline demo
    """
    parquet_dir, output_dir = "data/sample/parquet", "output/demo"
    made = sample(SAMPLE)
    console().show(made.line)
    converted = convert([SAMPLE], parquet_dir)
    console().show(converted.line)
    replayed = backtest(parquet_dir=parquet_dir, output_dir=output_dir)
    console().show(NEXT)
    facts = {"sample": made.facts, "convert": converted.facts, "backtest": replayed.facts}
    warnings = tuple(dict.fromkeys([*converted.warnings, *replayed.warnings]))
    return CommandResult(replayed.line, facts, {**converted.failed, **replayed.failed}, warnings=warnings)
