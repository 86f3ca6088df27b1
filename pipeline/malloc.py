"""Tuning of glibc's malloc so that freed memory stays in this process and is reused by the next array.

Memory that is returned to the system has to be requested again: every page is filled with zeros, and returning it
briefly stops every other thread. The arrays of one replay are much like those of the next.
"""

from __future__ import annotations

import os
from typing import Final

M_TRIM_THRESHOLD: Final = -1
M_MMAP_THRESHOLD: Final = -3
M_ARENA_MAX: Final = -8
"""Numbers of glibc's malloc.h; see mallopt(3)."""

LARGEST: Final = 32 << 20
"""Bytes: what is larger is still given back one by one; glibc takes no more."""

LARGEST_KEPT: Final = LARGEST - 4096
"""Bytes of an array that is kept: what malloc notes of it is in its memory too."""

MOST_FREE: Final = 256 << 20
"""Bytes: what is free above this is given back all the same."""


def keep_freed() -> None:
    """Have glibc keep the arrays' memory that is freed; with another C library, nothing."""
    if os.name == "nt":
        return
    import ctypes

    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        # The arenas of other threads give back what is free whatever these say.
        mallopt(M_ARENA_MAX, 1)
        mallopt(M_TRIM_THRESHOLD, MOST_FREE)
        mallopt(M_MMAP_THRESHOLD, LARGEST)
