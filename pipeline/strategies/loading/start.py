"""Says what a strategy starts from: a copy of one that is shipped, and a config with its defaults."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from pipeline.engine.strategy import fields_of
from pipeline.errors import BadRequest, nearest
from pipeline.strategies.loading.load import FOLDER, load_strategy, strategy_names

if TYPE_CHECKING:
    from pathlib import Path


def example_names() -> list[str]:
    """Return what a strategy can be started from: the examples, then the strategies that come with the product."""
    return [*sorted(file.stem for file in (FOLDER / "examples").glob("[!_]*.py")), *strategy_names()]


def start_of(file: Path, like: str) -> dict[Path, bytes]:
    """Return what starts a strategy: a copy of another, and its parameters at their defaults as the config beside it.

    Args:
        file: Path of the strategy to write; its config is the same with `.json`.
        like: Name of an example or of a strategy that comes with the product.

    Returns:
        What to write, by path: the strategy, then the config.

    Raises:
        BadRequest: For a name that there is not, a file that does not end in .py, or one that is there already.
    """
    names = example_names()
    if like not in names:
        raise BadRequest(f"No example '{like}'; there are {', '.join(names)}.{nearest(like, names)}")
    if file.suffix != ".py":
        raise BadRequest(f"{file}: a strategy's file ends in .py.")
    config = file.with_suffix(".json")
    for target in (file, config):
        if target.exists():
            raise BadRequest(f"{target} is there already; remove it or choose another name.")
    shipped = next(path for path in (FOLDER / "examples" / f"{like}.py", FOLDER / f"{like}.py") if path.exists())
    parameters = fields_of(load_strategy(str(shipped))).by_key()
    defaults = {"_defaults": {key: parameter.default for key, parameter in parameters.items()}}
    return {file: shipped.read_bytes(), config: (json.dumps(defaults, indent=2) + "\n").encode()}
