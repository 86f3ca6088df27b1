"""Loads a desk's own figure of a setting: a function that is named as FILE.py:FUNCTION."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.errors import BadRequest, nearest

if TYPE_CHECKING:
    from collections.abc import Callable


def named_function(text: str) -> Callable[[Any], Any] | None:
    """Return the function that a text names; None for a text that names no file.

    Raises:
        BadRequest: There is no such file or function in it, or the file cannot be imported.
    """
    name, colon, function = text.rpartition(":")
    if not colon or not name.endswith(".py"):
        if text.endswith(".py"):
            raise BadRequest(f"--choose-by {text}: say which function of it, as {text}:FUNCTION.")
        return None
    path = Path(name)
    if not path.is_file():
        raise BadRequest(f"--choose-by {text}: there is no file {name}.")
    spec = importlib.util.spec_from_file_location("pipeline_own_figure", path)
    assert spec is not None  # noqa: S101 - it ends in .py
    assert spec.loader is not None  # noqa: S101 - likewise
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise BadRequest(f"--choose-by {text}: {name} cannot be imported: {type(error).__name__}: {error}") from error
    found = getattr(module, function, None)
    if not callable(found):
        known = sorted(key for key, value in vars(module).items() if callable(value) and not key.startswith("_"))
        raise BadRequest(f"--choose-by {text}: {name} has no function {function}.{nearest(function, known)}")
    return found  # type: ignore[no-any-return]
