"""Tuning of glibc's malloc so that freed memory stays in this process and is reused by the next array or call.

Memory that is returned to the system has to be requested again: every page is filled with zeros, and returning it
briefly stops every other thread. The arrays of one replay are much like those of the next, and so are the calls of a
loop.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

Result = TypeVar("Result")

M_TRIM_THRESHOLD: Final = -1
M_MMAP_THRESHOLD: Final = -3
"""Numbers of glibc's malloc.h; see mallopt(3)."""

LARGEST_KEPT: Final = 32 << 20
"""Bytes: arrays above this are still given back one by one; glibc takes no more."""

MOST_FREE: Final = 256 << 20
"""Bytes: what is free above this is given back all the same."""

FRAME_ROOM: Final = 1 << 15
"""Places on the stack, of 8 bytes, that a frame asks for, so that the frames of all it calls find theirs beside it."""


def keep_freed() -> None:
    """Have glibc keep the arrays' memory that is freed; with another C library, nothing."""
    if os.name == "nt":
        return
    import ctypes

    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(M_TRIM_THRESHOLD, MOST_FREE)
        mallopt(M_MMAP_THRESHOLD, LARGEST_KEPT)


def with_room_for_frames(call: Callable[[], Result]) -> Result:
    """Return what `call` returns, made from a frame that has room beside it.

    Python takes memory for frames by 16 KB and gives it back as soon as the last frame in it returns: a loop whose
    calls happen to cross into the next 16 KB would take and give back at every single call.
    """
    return _roomy(call)


def _roomy(call: Callable[[], Result]) -> Result:
    return call()


_roomy.__code__ = _roomy.__code__.replace(co_stacksize=FRAME_ROOM)
