"""The commands that make data: convert workbooks, make a synthetic one, copy configs for editing, run the demo."""

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final

from pipeline import api
from pipeline.cli.command import options_of
from pipeline.cli.replay import backtest
from pipeline.console.output import CommandResult, console
from pipeline.options import SAMPLE, STRATEGY, Option

NEXT: Final = (
    "These ticks are synthetic. For your own, put a workbook in data/raw, then `pipeline convert`, `pipeline backtest` "
    "(in a clone: make convert, make backtest)."
)


@options_of(api.convert)
def convert(**options: Any) -> CommandResult:
    """Convert workbooks to one Parquet file per security (stage 1). Unchanged sheets are skipped.

    Example: pipeline convert data/raw/ticks.xlsx --only FAB,EMAAR
    """
    from pipeline.console.convert import ConvertProgress, show_conversion

    options["workbooks"] = options.get("workbooks") or None
    with ConvertProgress() as progress:
        result = api.convert(**options, on_event=progress.heard, on_compile=progress.compiling)
    return show_conversion(result)


@options_of(api.sample)
def sample(**options: Any) -> CommandResult:
    """Make a workbook of synthetic ticks to try things out with.

    Example: pipeline sample data/sample/sample_ticks.xlsx
    """
    from pipeline.console.progress import Progress

    with Progress("Making synthetic ticks"):
        path = api.sample(**options)
    return CommandResult(f"Synthetic ticks (no real market data): {path}", {"workbook": path, **options})


def init() -> CommandResult:
    """Copy the shipped configs into configs/ for editing. Existing files are left as they are.

    Example: pipeline init
    """
    from pipeline.folders import CONFIGS, shipped_configs

    shipped = shipped_configs()
    targets = {CONFIGS / file.relative_to(shipped): file for file in sorted(shipped.rglob("*.json"))}
    there = [target for target in targets if target.exists()]
    written = [target for target in targets if target not in there]
    _write({target: targets[target].read_bytes() for target in written})
    line = f"Configs to edit: {CONFIGS}  ({len(written)} files written, {len(there)} were there and stay)"
    return CommandResult(line, {"configs": CONFIGS, "written": written, "left": there})


def new(
    file: Annotated[str | Path, Option("Strategy file to write.", argument=True, metavar="FILE")],
    like: Annotated[str, Option("Example or shipped strategy to copy.", completion="examples")] = "imbalance_skew",
) -> CommandResult:
    """Write a strategy to start from, with a config of its defaults. Nothing is written over.

    Example: pipeline new desk/my_strategy.py --like avellaneda
    """
    from pipeline.strategies.loading.start import start_of

    contents = start_of(Path(file), like)
    _write(contents)
    written, config = contents
    strategy_file, config_file = (shlex.quote(path.as_posix()) for path in contents)
    line = f"Next: pipeline backtest --strategy {strategy_file} --config {config_file}"
    return CommandResult(line, {"strategy": written, "config": config, "like": like})


def demo() -> CommandResult:
    """Make, convert and backtest synthetic ticks.

    Example: pipeline demo
    """
    parquet_dir, output_dir = "data/sample/parquet", "output/demo"
    sampled = sample(workbook=SAMPLE)
    console().show(sampled.line)
    converted = convert(workbooks=[SAMPLE], parquet_dir=parquet_dir)
    console().show(converted.line)
    replayed = backtest(strategy=STRATEGY, parquet_dir=parquet_dir, output_dir=output_dir)
    console().show(NEXT)
    facts = {"sample": sampled.facts, "convert": converted.facts, "backtest": replayed.facts}
    warnings = tuple(dict.fromkeys([*converted.warnings, *replayed.warnings]))
    return CommandResult(replayed.line, facts, {**converted.failed, **replayed.failed}, warnings=warnings)


def _write(contents: Mapping[Path, bytes]) -> None:
    from pipeline.store.atomic import not_written, write_bytes

    for target, content in contents.items():
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise not_written(target, error) from error
        write_bytes(target, content)
        console().show(f"Wrote {target}")
