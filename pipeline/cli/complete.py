"""Tab completion of strategies, tickers, runs, options and settings, from file names and one config.

Nothing that computes is imported, so that Tab answers at once. Whatever cannot be read completes to nothing: an error
message has no place at Tab.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import typer

from pipeline.folders import CONFIGS, PACKAGE, config_file

if TYPE_CHECKING:
    from collections.abc import Iterable

ENGINES: Final = ("compiled", "python")
OBJECTIVES: Final = ("net_pnl", "sharpe")
KEEP_TRADES: Final = ("best", "all")
SIDES: Final = ("buy", "sell")
NOT_STRATEGIES: Final = ("__init__", "load")
DEPTH: Final = 3


def strategies(incomplete: str) -> list[str]:
    """Complete a strategy's name; a file is for the shell to complete."""
    names = (file.stem for file in _listed(PACKAGE / "strategies") if file.suffix == ".py")
    return _fitting((name for name in names if name not in NOT_STRATEGIES), incomplete)


def tickers(ctx: typer.Context, incomplete: str) -> list[str]:
    """Complete the last of several tickers of the Parquet directory, which commas separate."""
    before, comma, last = incomplete.rpartition(",")
    taken = before.upper().split(",")
    names = (name for name in _tickers(ctx) if name not in taken)
    return [f"{before}{comma}{name}" for name in _fitting(names, last.upper())]


def ticker(ctx: typer.Context, incomplete: str) -> list[str]:
    """Complete one ticker of the Parquet directory."""
    return _fitting(_tickers(ctx), incomplete.upper())


def runs(ctx: typer.Context, incomplete: str) -> list[str]:
    """Complete the name of a run below the output directory."""
    from pipeline.runs.layout import RUN_FILE

    folder = Path(str(_parsed(ctx, "output_dir") or "output"))
    return _fitting(_runs(folder, RUN_FILE, "", DEPTH), incomplete)


def backends(incomplete: str) -> list[str]:
    """Complete a backend."""
    from pipeline.replay.workers import BACKENDS

    return _fitting(BACKENDS, incomplete)


def engines(incomplete: str) -> list[str]:
    """Complete an engine."""
    return _fitting(ENGINES, incomplete)


def presets(incomplete: str) -> list[str]:
    """Complete an execution model."""
    from pipeline.engine.execution import PRESETS

    return _fitting(PRESETS, incomplete)


def objectives(incomplete: str) -> list[str]:
    """Complete what a sweep chooses by."""
    return _fitting(OBJECTIVES, incomplete)


def keep_trades(incomplete: str) -> list[str]:
    """Complete whose fills a sweep writes."""
    return _fitting(KEEP_TRADES, incomplete)


def sides(incomplete: str) -> list[str]:
    """Complete the side of a fill."""
    return _fitting(SIDES, incomplete)


def parameters(ctx: typer.Context, incomplete: str) -> list[str]:
    """Complete a parameter as the strategy's config names it, an execution switch, or a switch's value."""
    from pipeline.engine.execution import SWITCH, SWITCHES

    switches = {f"{SWITCH}{key}": switch.words or () for key, switch in SWITCHES.items()}
    name, equals, _ = incomplete.partition("=")
    if equals:
        return _fitting((f"{name}={word}" for word in switches.get(name, ())), incomplete)
    return _fitting((f"{key}=" for key in [*_parameters(ctx), *switches]), incomplete)


def _fitting(names: Iterable[str], start: str) -> list[str]:
    return sorted(name for name in names if name.startswith(start))


def _parsed(ctx: typer.Context, name: str) -> Any:
    return ctx.params.get(name)


def _listed(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError:
        return []


def _tickers(ctx: typer.Context) -> list[str]:
    folder = str(_parsed(ctx, "parquet_dir") or "data/parquet")
    names = [] if "://" in folder else [file.name for file in _listed(Path(folder))]
    ticks = (name for name in names if name.endswith(".parquet") and not name.endswith(".rejects.parquet"))
    return [name.removesuffix(".parquet") for name in ticks]


def _runs(folder: Path, run_file: str, before: str, depth: int) -> Iterable[str]:
    try:
        entries = list(os.scandir(folder))
    except OSError:
        return
    if before and any(entry.name == run_file for entry in entries):
        yield before.removesuffix("/")
    elif depth:
        for entry in entries:
            if entry.is_dir():
                yield from _runs(folder / entry.name, run_file, f"{before}{entry.name}/", depth - 1)


def _parameters(ctx: typer.Context) -> list[str]:
    label = Path(str(_parsed(ctx, "strategy") or "v1_baseline")).stem
    path = config_file(Path(str(_parsed(ctx, "config") or CONFIGS / f"{label}.json")))
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
        blocks = [block for name, block in config.items() if name not in ("_execution", "_comment")]
        return sorted({key for block in blocks for key in block} - {"exchange"})
    except (OSError, ValueError, TypeError, AttributeError):
        return []
