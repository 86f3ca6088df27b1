"""Machine code of a loop from its text: compiled by numba once, cached on disk, loaded without numba.

A cached file is found by its key, the hash of everything that went into it. It carries a digest, and is rebuilt when
that does not match.
"""

from __future__ import annotations

import importlib
import importlib.util
import platform
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import llvmlite
import llvmlite.binding as llvm
import numpy as np

from pipeline.native import codecache

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

RUNTIMES: Final = ("numba", "NRT", "Py", "_Py")

LOADING: Final = threading.RLock()
"""Held while a loop is looked up, compiled and cached, so that threads that want one make it once."""

_engine: Any = None


@dataclass(frozen=True, slots=True, eq=False)
class Machine:
    """A loop as machine code: the address of its function, the note cached with it, and what holds it in memory."""

    address: int
    note: str
    keep_alive: object


@dataclass(frozen=True, slots=True, eq=False)
class Text:
    """A loop as text: its function, the numpy types its pointers point to after as many counts, and a note to keep.

    helpers: functions of the same text that the function calls, each with its signature in numba's words.
    """

    source: str
    name: str
    counts: int
    pointers: Sequence[str]
    note: str = ""
    helpers: Mapping[str, str] = field(default_factory=dict)


def machine_code(key: str, make: Callable[[], Text], on_compile: Callable[[], None] | None) -> Machine:
    """Return the machine code cached under a key, or of the text that `make` returns, compiled now."""
    with LOADING:
        code = codecache.read(key)
        if code is None:
            text = make()
            if on_compile:
                on_compile()
            function = _with_numba(text)
            code = _emitted(function.inspect_llvm(), function.native_name, text.note)
            if code is None:
                return Machine(function.address, text.note, function)
            codecache.write(key, code)
        return Machine(_address_of(code), code.note, _engine)


def toolchain() -> list[str]:
    """Return what decides machine code besides the text it is made from: this file, versions, the system, the CPU."""
    return [
        Path(__file__).read_text(encoding="utf-8"),
        platform.machine(),
        sys.platform,
        *map(str, sys.version_info[:3]),
        _numba_version(),
        llvmlite.__version__,
        np.__version__,
        llvm.get_host_cpu_name(),
        llvm.get_host_cpu_features().flatten(),
    ]


def _numba_version() -> str:
    """Return the text that states numba's version; importing numba, or the metadata of packages, would cost more."""
    spec = importlib.util.find_spec("numba")
    if spec is None or spec.origin is None:
        return ""
    return Path(spec.origin).with_name("_version.py").read_text(encoding="utf-8")


def _with_numba(text: Text) -> Any:
    numba: Any = importlib.import_module("numba")  # a quarter of a second that only compiling pays for
    types = numba.types
    pointers = [types.CPointer(getattr(types, name)) for name in text.pointers]
    signature = types.int64(*[types.int64] * text.counts, *pointers)
    namespace: dict[str, Any] = {"math": __import__("math")}
    exec(compile(text.source, f"<{text.name}>", "exec"), namespace)  # noqa: S102 - our own text
    for name, types_of in text.helpers.items():
        namespace[name] = numba.njit(types_of, error_model="numpy", no_cpython_wrapper=True)(namespace[name])
    compiler = _compiler()
    cfunc = numba.cfunc(signature, nopython=True, error_model="numpy", fastmath=False, pipeline_class=compiler)
    return cfunc(namespace[text.name])


def _compiler() -> type:
    """Return numba's compiler with the passes alone that the text of a loop needs: half of the time of all of them.

    A loop has no closure, no call to inline and no branch that its types decide, and each of its names is of one type
    throughout, so that it needs no static single assignment before LLVM makes its own.
    """
    from numba.core import compiler, compiler_machinery, typed_passes, untyped_passes

    manager_of: Any = compiler_machinery.PassManager

    class LoopCompiler(compiler.CompilerBase):
        def define_pipelines(self) -> list[Any]:
            manager = manager_of("loop")
            for compiler_pass in (
                untyped_passes.TranslateByteCode,
                untyped_passes.FixupArgs,
                untyped_passes.IRProcessing,
                typed_passes.NopythonTypeInference,
                typed_passes.IRLegalization,
                typed_passes.NativeLowering,
                typed_passes.NoPythonBackend,
            ):
                manager.add_pass(compiler_pass, compiler_pass.__name__)
            manager.finalize()
            return [manager]

    return LoopCompiler


def _emitted(text: str, name: str, note: str) -> codecache.Code | None:
    """Emit the object file of a cfunc; None when it would need numba's own runtime to run."""
    machine = _target_machine()
    module = llvm.parse_assembly(text)
    for function in module.functions:
        if not function.is_declaration and function.name != name:
            function.linkage = "internal"
    options = llvm.create_pipeline_tuning_options(speed_level=3)
    builder = llvm.create_pass_builder(machine, options)
    builder.getModulePassManager().run(module, builder)
    wanted = [function.name for function in module.functions if function.is_declaration]
    if not all(symbol.startswith("llvm.") or _in_every_process(symbol) for symbol in wanted):
        return None
    return codecache.Code(name, machine.emit_object(module), note)


def _in_every_process(symbol: str) -> bool:
    return not symbol.startswith(RUNTIMES) and bool(llvm.address_of_symbol(symbol))


def _target_machine() -> Any:
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
    if _engine is None:
        _engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), _target_machine())
    _engine.add_object_file(llvm.ObjectFileRef.from_data(code.object))
    _engine.finalize_object()
    return int(_engine.get_function_address(code.symbol))
