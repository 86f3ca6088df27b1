"""Machine code of a loop from its text: compiled by LLVM once, cached on disk.

A cached file is found by its key, the hash of everything that went into it. It carries a digest, and is rebuilt when
that does not match.
"""

from __future__ import annotations

import ctypes
import platform
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from pipeline.native import clibrary, codecache
from pipeline.native.emit import module_text
from pipeline.native.kinds import Signature

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

LOADING: Final = threading.RLock()
"""Held while a loop is looked up, compiled and cached, so that threads that want one make it once."""

_engine: Any = None


def _llvm() -> Any:
    """Return LLVM's bindings, 30 ms that only who runs machine code pays for."""
    import llvmlite.binding as llvm

    return llvm


@dataclass(frozen=True, slots=True, eq=False)
class Machine:
    """A loop as machine code, which stays in this process: the address of its function, and the note cached with it."""

    address: int
    note: str

    def function(self, counts: int, pointers: int) -> Any:
        """Return its function, which takes so many whole numbers, then pointers, and returns a whole number."""
        takes = [*[ctypes.c_int64] * counts, *[ctypes.c_void_p] * pointers]
        return ctypes.CFUNCTYPE(ctypes.c_int64, *takes)(self.address)


@dataclass(frozen=True, slots=True, eq=False)
class Text:
    """A loop as text: its function, the numpy types its pointers point to after as many counts, and a note to keep.

    helpers: functions of the same text that the function calls. constants: whole numbers that they know by name.
    distinct: whether no two of its arrays overlap, so that loops over them are vectorised.
    """

    source: str
    name: str
    counts: int
    pointers: Sequence[str]
    note: str = ""
    helpers: Mapping[str, Signature] = field(default_factory=dict)
    constants: Mapping[str, int] = field(default_factory=dict)
    distinct: bool = False


def machine_code(key: str, make: Callable[[], Text], on_compile: Callable[[], None] | None) -> Machine:
    """Return the machine code cached under a key, or of the text that `make` returns, compiled now."""
    with LOADING:
        code = codecache.read(key)
        if code is None:
            text = make()
            if on_compile:
                on_compile()
            code = _compiled(text)
            codecache.write(key, code)
        return Machine(_address_of(code), code.note)


def toolchain() -> list[str]:
    """Return what decides machine code besides the text it is made from: this folder, versions, the system, the CPU."""
    import llvmlite

    llvm = _llvm()
    return [
        *(file.read_text(encoding="utf-8") for file in sorted(Path(__file__).parent.glob("*.py"))),
        platform.machine(),
        sys.platform,
        *map(str, sys.version_info[:3]),
        llvmlite.__version__,
        np.__version__,
        llvm.get_host_cpu_name(),
        llvm.get_host_cpu_features().flatten(),
    ]


def _compiled(text: Text) -> codecache.Code:
    llvm, machine = _llvm(), _target_machine()
    takes = (*["int"] * text.counts, *text.pointers)
    signatures = {**text.helpers, text.name: Signature(("int",), takes, text.distinct)}
    module = llvm.parse_assembly(module_text(text.source, signatures, text.name, text.constants))
    module.verify()
    options = llvm.create_pipeline_tuning_options(speed_level=3)
    # Elsewhere no loop is worth it, and what its vectors hold is saved and put back around every call.
    options.loop_vectorization = text.distinct
    builder = llvm.create_pass_builder(machine, options)
    builder.getModulePassManager().run(module, builder)
    return codecache.Code(text.name, machine.emit_object(module), text.note)


def _target_machine() -> Any:
    llvm = _llvm()
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    return llvm.Target.from_default_triple().create_target_machine(
        cpu=llvm.get_host_cpu_name(),
        features=llvm.get_host_cpu_features().flatten(),
        opt=3,
        reloc="default",
        codemodel="jitdefault",
        jit=True,
    )


def _address_of(code: codecache.Code) -> int:
    global _engine  # noqa: PLW0603 - one code engine a process; code once loaded stays
    llvm = _llvm()
    if _engine is None:
        for symbol, address in clibrary.addresses().items():
            llvm.add_symbol(symbol, address)
        _engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), _target_machine())
    _engine.add_object_file(llvm.ObjectFileRef.from_data(code.object))
    _engine.finalize_object()
    return int(_engine.get_function_address(code.symbol))
