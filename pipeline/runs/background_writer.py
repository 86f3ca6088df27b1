"""Background writer: a second thread that runs the calls it is given one after the other, while the caller goes on."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Self


class BackgroundWriter:
    """A thread that does what it is given in that order; what a call raises is raised by the next `do` or by `wait`.

    Left by an exception, it drops the calls that it has not begun.
    """

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(max_workers=1)
        self._given: list[Future[Any]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._thread.shutdown(wait=True, cancel_futures=kind is not None)

    def do(self, call: Callable[..., object], *arguments: object) -> None:
        """Have a call made; raises what an earlier one raised."""
        while self._given and self._given[0].done():
            self._given.pop(0).result()
        self._given.append(self._thread.submit(call, *arguments))

    def wait(self) -> None:
        """Return when every call has been made; raises what the first to fail raised."""
        while self._given:
            self._given.pop(0).result()
