"""Memory budget of the threads that read sheets: a read starts, waits for others, or is refused as too large."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class Room:
    """A stretch of memory that threads share. largest: what one may take. capacity: what all may hold at a time."""

    def __init__(self, largest: int, capacity: int) -> None:
        self._largest = largest
        self._capacity = max(largest, capacity)
        self._held = 0
        self._changed = threading.Condition()

    @contextmanager
    def taken(self, need: int) -> Iterator[bool]:
        """Hold `need` bytes inside the block, waiting for others when needed; False when it is more than one may."""
        if need > self._largest:
            yield False
            return
        with self._changed:
            self._changed.wait_for(lambda: self._held + need <= self._capacity)
            self._held += need
        try:
            yield True
        finally:
            with self._changed:
                self._held -= need
                self._changed.notify_all()
