"""Shared libraries loaded by a second thread, while the first loads Python's modules.

Python holds every thread up while it loads one, though the system needs no Python to relocate it: of the largest, 10 to
20 ms each. What cannot be found or loaded here is for the import that needs it to say.
"""

from __future__ import annotations

import os
import sys
import threading
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Final

LARGE: Final = (
    ("pyarrow", "", "libarrow."),
    ("llvmlite", "binding", "libllvmlite."),
    ("pyarrow", "", "libparquet."),
)
"""The largest shared libraries of a replay: package, folder in it, how the file's name begins."""

SMALL: Final = ("ctypes", "datetime", "hashlib", "shutil", "subprocess", "uuid")
"""What the command line imports in any case for a replay, and what has libraries of its own."""


def begin() -> None:
    """Begin to load LARGE; on Windows, where a library is found by other rules, nothing.

    The system loads one library at a time: the first thread would wait with SMALL for the large ones, so it goes first.
    """
    if os.name != "nt":
        for name in SMALL:
            import_module(name)
        threading.Thread(target=_load, daemon=True).start()


def _load() -> None:
    import ctypes

    # ctypes.CDLL would keep the GIL; a function that is called through it gives it up.
    dlopen = ctypes.CDLL(None).dlopen
    dlopen.argtypes, dlopen.restype = (ctypes.c_char_p, ctypes.c_int), ctypes.c_void_p
    for package, inside, begins in LARGE:
        spec = find_spec(package)
        if spec is not None and spec.origin is not None:
            folder = Path(spec.origin).parent / inside
            for file in sorted(folder.iterdir()):
                if file.name.startswith(begins):
                    dlopen(os.fsencode(file), sys.getdlopenflags())
