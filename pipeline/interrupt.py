"""Handling of Ctrl-C and SIGTERM: the process ends within two seconds, cleanly if that is soon enough.

Python tells its main thread of a signal only between two bytecode instructions. A compiled loop and the reading of
Excel execute none, so a second thread, which the system notifies at once, ends the process when the first does not.
"""

from __future__ import annotations

import atexit
import faulthandler
import os
import signal
import sys
import threading
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final, NoReturn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

GRACE_SECONDS: Final = 0.7
LAST_SECONDS: Final = 1.1
"""After the grace: then the process ends even if each of its threads waits for another, with exit status 1."""

SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)
SHOW_CURSOR: Final = "\x1b[?25h"
SILENT_TIDIER: Final = "ignore:resource_tracker:UserWarning"
"""For the process that tidies up behind loky's: that there is something to tidy up is no news after an interrupt."""


class _Ending:
    """Whether this process is watched, whether it has anything open, the signal that came, and who says so."""

    watched = False
    in_order = False
    signal = 0
    say: Callable[[int], object] | None = None
    end_workers: Callable[[], None] | None = None


_ending = _Ending()


def watch() -> None:
    """End this process on Ctrl-C and SIGTERM from now on; for the command line's main thread."""
    if _ending.watched:
        return
    _ending.watched = True
    atexit.register(_ignore)  # the first that is registered is the last that is called
    os.environ.setdefault("PYTHONWARNINGS", SILENT_TIDIER)
    read, write = os.pipe()
    if os.name != "nt":
        os.set_blocking(write, False)
    signal.set_wakeup_fd(write, warn_on_full_buffer=False)
    for number in SIGNALS:
        signal.signal(number, _on_signal)
    threading.Thread(target=_wait, args=(read,), daemon=True).start()


@contextmanager
def in_order(say: Callable[[int], object]) -> Iterator[None]:
    """Let a signal raise KeyboardInterrupt inside the block, so that what is open is closed on the way out.

    Whatever became of it on that way, the process then leaves with the signal's exit status, which `say` is told.
    """
    _ending.say, _ending.in_order = say, True
    try:
        yield
    finally:
        _ending.in_order = False
        if _ending.signal:
            _tell()
            _end_processes()
            with suppress(OSError, ValueError):
                sys.stdout.flush()
                sys.stderr.flush()
            leave(128 + _ending.signal)


def end_with(end_workers: Callable[[], None]) -> None:
    """Have worker processes, which this one is about to start, ended by `end_workers` when a signal ends this one.

    `end_workers` must not import anything: the thread that was interrupted may hold Python's import lock for good.
    """
    _ending.end_workers = end_workers


def leave(status: int) -> NoReturn:
    """End the process without its objects being taken down: while Python does that, no other thread could end it."""
    atexit._run_exitfuncs()  # noqa: SLF001 - what libraries tidy up at the end is still tidied up
    os._exit(status)


def _ignore() -> None:
    """Let no further signal in: once is enough, and once all is done it would only spoil the exit status.

    Python itself gives the signals back to the system before it takes its objects down; one that came then would kill.
    """
    for each in SIGNALS:
        signal.signal(each, signal.SIG_IGN)


def _on_signal(number: int, _frame: object) -> None:
    _ignore()
    threading.excepthook = _say_nothing
    _ending.signal = number
    if _ending.in_order:
        raise KeyboardInterrupt
    _end()


def _say_nothing(_thread: threading.ExceptHookArgs) -> None:
    """Keep still about what another thread stumbles over: its processes are killed and its files closed."""


def _wait(read: int) -> None:
    while (number := os.read(read, 1)[0]) not in SIGNALS:
        pass
    threading.excepthook = _say_nothing
    # An interrupt may have left Python's import lock held: this needs neither that nor the interpreter's own.
    nowhere = Path(os.devnull).open("wb")  # noqa: SIM115 - open until the process ends
    faulthandler.dump_traceback_later(GRACE_SECONDS + LAST_SECONDS, exit=True, file=nowhere)
    time.sleep(GRACE_SECONDS)
    _ending.signal = number
    _end()


def _end() -> NoReturn:
    try:
        _tell()
        _end_processes()
    finally:
        os._exit(128 + _ending.signal)


def _tell() -> None:
    """Say it once, whichever thread comes first, and show the cursor that a bar may have hidden."""
    say, _ending.say = _ending.say, None
    with suppress(OSError, ValueError):  # nobody may read it any more
        if say is not None and sys.stderr.isatty():
            sys.stderr.write(SHOW_CURSOR)
        if say is not None:
            say(128 + _ending.signal)


def _end_processes() -> None:
    if _ending.end_workers is not None:
        _ending.end_workers()
