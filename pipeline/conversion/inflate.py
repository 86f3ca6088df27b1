"""Inflates and sums up bytes as zlib does: by Intel's library where it is installed, in half the time."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable

RAW: Final = -zlib.MAX_WBITS
"""Window bits of a stream without a header, as archives hold them."""

inflater: Callable[[int], Any] = zlib.decompressobj
crc32: Callable[[bytes, int], int] = zlib.crc32
DAMAGED: type[Exception] = zlib.error
"""What is raised, beside zlib's own error, for bytes that are no such stream."""

try:
    from isal import igzip_lib, isal_zlib
except ImportError:
    pass
else:
    inflater, crc32, DAMAGED = isal_zlib.decompressobj, isal_zlib.crc32, igzip_lib.IsalError  # type: ignore[assignment]
