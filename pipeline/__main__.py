"""Entry point of `python -m pipeline` and of the `pipeline` command: runs the command line and ends the process."""

from __future__ import annotations

import gc
import sys
from typing import Final

from pipeline import interrupt, malloc

WITH_ARRAYS: Final = ("convert", "backtest", "sensitivity", "sweep")
"""The commands whose arrays are worth keeping memory for, unless help is all that is wanted."""

SWITCH_SECONDS: Final = 0.0002
"""After how long a thread that wants to run Python gets its turn: there are short pieces of work for two of them."""


def run() -> None:
    """Run the command line and end the process."""
    interrupt.watch()  # before the commands are loaded, which takes longer than a finger that slipped
    # Loading modules makes many objects and no garbage; looking for it is a tenth of a short run.
    gc.set_threshold(300_000)
    sys.setswitchinterval(SWITCH_SECONDS)
    if sys.argv[1:2] and sys.argv[1] in WITH_ARRAYS and "--help" not in sys.argv:
        malloc.keep_freed()
    from pipeline.cli import main

    try:
        main()
    except SystemExit as end:
        _leave(end)


def _leave(end: SystemExit) -> None:
    """End the process as `end` would, but let the system free what it holds: object by object takes 10 ms.

    Where a pool was used, its threads and processes have an order of their own to end in.
    """
    if not isinstance(end.code, int) or "joblib" in sys.modules:
        raise end
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except (OSError, ValueError):
        raise end from None  # Python says what it always says of output that cannot be written
    interrupt.leave(end.code)


if __name__ == "__main__":
    run()
