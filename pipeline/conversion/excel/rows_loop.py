"""The loop over rows as machine code, which each machine compiles once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.conversion.excel.loop_rows import read_rows
from pipeline.native.functions import CompiledFunction, compiled, is_compiled

if TYPE_CHECKING:
    from collections.abc import Callable


def rows_loop(on_compile: Callable[[], None] | None = None, *, may_compile: bool = True) -> CompiledFunction | None:
    """Return `read_rows` as machine code; None where it would have to be compiled and may not."""
    return compiled(read_rows, on_compile) if may_compile or is_compiled(read_rows) else None
