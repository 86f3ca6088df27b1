"""Tab completion of strategies, tickers, runs, options and settings, from file names and one config.

Nothing that computes is imported, so that Tab answers at once. Whatever cannot be read completes to nothing: an error
message has no place at Tab.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

import typer

from pipeline.folders import CONFIGS, PACKAGE, config_file

if TYPE_CHECKING:
    from collections.abc import Iterable

DEPTH: Final = 3


def strategies(incomplete: str) -> list[str]:
    """Complete a strategy's name; a file is for the shell to complete."""
    return fitting(_strategies(PACKAGE / "strategies"), incomplete)


def examples(incomplete: str) -> list[str]:
    """Complete the name of an example, or of a shipped strategy."""
    return [*fitting(_strategies(PACKAGE / "strategies" / "examples"), incomplete), *strategies(incomplete)]


def tickers(ctx: typer.Context, incomplete: str) -> list[str]:
    """Complete the last of several tickers of the Parquet directory, which commas separate."""
    before, comma, last = incomplete.rpartition(",")
    taken = before.upper().split(",")
    names = (name for name in _tickers(ctx) if name not in taken)
    return [f"{before}{comma}{name}" for name in fitting(names, last.upper())]


def ticker(ctx: typer.Context, incomplete: str) -> list[str]:
    """Complete one ticker of the Parquet directory."""
    return fitting(_tickers(ctx), incomplete.upper())


def runs(ctx: typer.Context, incomplete: str) -> list[str]:
    """Complete the name of a run below the output directory."""
    from pipeline.runs.layout import RUN_FILE

    folder = Path(str(ctx.params.get("output_dir") or "output"))
    return fitting(_runs(folder, RUN_FILE, "", DEPTH), incomplete)


def parameters(ctx: typer.Context, incomplete: str) -> list[str]:
    """Complete a parameter as the strategy's config names it, an execution switch, or a switch's value."""
    from pipeline.engine.execution import SWITCH, SWITCHES

    switches = {f"{SWITCH}{key}": switch.words or () for key, switch in SWITCHES.items()}
    name, equals, _ = incomplete.partition("=")
    if equals:
        return fitting((f"{name}={word}" for word in switches.get(name, ())), incomplete)
    return fitting((f"{key}=" for key in [*_parameters(ctx), *switches]), incomplete)


def objectives(incomplete: str) -> list[str]:
    """Complete what settings are chosen by."""
    from pipeline.sweeps.objectives import CHOICES

    return fitting(CHOICES, incomplete)


def switches(incomplete: str) -> list[str]:
    """Complete an execution switch that has named values."""
    from pipeline.engine.execution import SWITCHES

    return fitting((name for name, switch in SWITCHES.items() if switch.words), incomplete)


def fitting(names: Iterable[str], start: str) -> list[str]:
    """Return the names that begin with what was typed."""
    return sorted(name for name in names if name.startswith(start))


def _listed(folder: str | Path) -> list[os.DirEntry[str]]:
    try:
        return list(os.scandir(folder))
    except OSError:
        return []


def _strategies(folder: Path) -> list[str]:
    names = [file.name for file in _listed(folder)]
    return [name.removesuffix(".py") for name in names if name.endswith(".py") and not name.startswith("_")]


def _tickers(ctx: typer.Context) -> list[str]:
    names = [file.name for file in _listed(str(ctx.params.get("parquet_dir") or "data/parquet"))]
    ticks = (name for name in names if name.endswith(".parquet") and not name.endswith(".rejects.parquet"))
    return [name.removesuffix(".parquet") for name in ticks]


def _runs(folder: Path, run_file: str, before: str, depth: int) -> Iterable[str]:
    entries = _listed(folder)
    if before and any(entry.name == run_file for entry in entries):
        yield before.removesuffix("/")
    elif depth:
        for entry in entries:
            if entry.is_dir():
                yield from _runs(folder / entry.name, run_file, f"{before}{entry.name}/", depth - 1)


def _parameters(ctx: typer.Context) -> list[str]:
    label = Path(str(ctx.params.get("strategy") or "v1_baseline")).stem
    path = config_file(Path(str(ctx.params.get("config") or CONFIGS / f"{label}.json")))
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
        blocks = [block for name, block in config.items() if name not in ("_execution", "_comment")]
        return sorted({key for block in blocks for key in block} - {"exchange", "tick_size"})
    except (OSError, ValueError, TypeError, AttributeError):
        return []
