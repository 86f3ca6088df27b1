"""A strategy class in, its replay as machine code out: compiled by numba once, kept on disk, loaded without numba.

The code is kept under the hash of all that went into it: the engine's and the strategy's source, the constants they
name, the versions of Python, numba and LLVM, and this CPU. A kept file carries a digest and is rebuilt when it differs.
"""

from __future__ import annotations

import ctypes
import hashlib
import importlib
import importlib.util
import platform
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import llvmlite
import llvmlite.binding as llvm
import numpy as np

from pipeline.engine import (
    account,
    auction,
    codecache,
    inline,
    kinds,
    lower,
    market,
    parts,
    soundness,
    specialise,
    tape,
)
from pipeline.engine.outcome import COLUMN_TYPES, Facts, Outcome, Room, failure, room_sizes
from pipeline.engine.specialise import EXCHANGED, LOOP_NAME, TICK_COLUMNS, Layout, given_values, layout_of
from pipeline.engine.strategy import Strategy, fields_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pipeline.settings import Value
    from pipeline.ticks import Ticks

ENGINE_SOURCES: Final = (
    *(tape, account, market, auction),
    *(parts, lower, inline, kinds, soundness, specialise, sys.modules[__name__]),
)
RUNTIMES: Final = ("numba", "NRT", "Py", "_Py")
TICK_TYPES: Final = {"timestamps": "int64", "kinds": "int8", "prices": "float64", "volumes": "int64"}
EXCHANGED_TYPES: Final = {name: name.split("_")[1][:-1] + "64" for name in EXCHANGED}

_loaded: dict[str, CompiledReplay] = {}
_keys: dict[type[Strategy], str] = {}
_loading = threading.Lock()
_engine: Any = None


class CompiledReplay:
    """The compiled loop of one strategy; safe to run from several threads at once, the GIL is not held."""

    def __init__(self, strategy: type[Strategy], address: int, keep_alive: object) -> None:
        self._strategy = strategy
        self._fields = fields_of(strategy)
        self._layout = layout_of(self._fields, strategy.rules)
        self._keep_alive = keep_alive
        pointers = len(TICK_COLUMNS) + len(EXCHANGED) + len(self._layout.columns)
        self._loop = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_int64, *[ctypes.c_void_p] * pointers)(address)

    def run(self, ticks: Ticks, facts: Facts, parameters: Mapping[str, Value]) -> Outcome:
        """Replay the ticks with these parameters (as the strategy's fields hold them); raises ReplayError."""
        for size in room_sizes(ticks):
            room = Room(ticks, facts, self._layout.columns, size)
            final = self._attempt(ticks, parameters, room)
            if not final["m_out_of_room"]:
                break
        if failed := int(final["m_failed_line"]):
            raise failure(parts.file_and_line(self._strategy, failed), int(final["m_event"]))
        return room.outcome(ticks, final)

    def _attempt(self, ticks: Ticks, parameters: Mapping[str, Value], room: Room) -> dict[str, int | float]:
        given = given_values(self._fields, room.given, parameters)
        layout = self._layout
        exchanged = (
            np.array([given[name] for name in layout.given_ints], np.int64),
            np.array([given[name] for name in layout.given_floats], np.float64),
            np.zeros(len(layout.final_ints), np.int64),
            np.zeros(len(layout.final_floats), np.float64),
        )
        columns = [np.ascontiguousarray(column) for column in (ticks.timestamp, ticks.kind, ticks.price, ticks.volume)]
        arrays = [*columns, *exchanged, *(room.columns[name] for name in layout.columns)]
        self._loop(len(ticks), *(array.ctypes.data for array in arrays))
        final = dict(zip(layout.final_ints, exchanged[2].tolist(), strict=True))
        return final | dict(zip(layout.final_floats, exchanged[3].tolist(), strict=True))


def compiled_replay(
    strategy: type[Strategy],
    constants: Mapping[str, int] | None = None,
    on_compile: Callable[[str], None] | None = None,
) -> CompiledReplay:
    """Return the compiled replay of a strategy, from this process, from disk, or compiled now.

    constants: fields of the market that this loop is made for and need not ask about. on_compile: told the strategy's
    name when it has to be compiled. Raises StrategyError for a class that cannot be.
    """
    fixed = _fixed(strategy, constants)
    key = code_key(strategy, fixed)
    with _loading:
        if key not in _loaded:
            address, keep_alive = _load(key) or _compile(key, strategy, fixed, on_compile)
            _loaded[key] = CompiledReplay(strategy, address, keep_alive)
        return _loaded[key]


def check_compilable(strategy: type[Strategy], constants: Mapping[str, int]) -> None:
    """Raise StrategyError, or its kind NotCompilable, where no loop can be made; quick when one was before."""
    if codecache.read(code_key(strategy, _fixed(strategy, constants))) is None:
        specialise.loop_source(strategy, constants)


def _fixed(strategy: type[Strategy], constants: Mapping[str, int] | None) -> dict[str, int]:
    return {name: value for name, value in (constants or {}).items() if name in strategy.rules.__annotations__}


def code_key(strategy: type[Strategy], constants: Mapping[str, int]) -> str:
    """Return the hash of all that goes into a strategy's machine code."""
    if strategy not in _keys:
        _keys[strategy] = _hash_of_ingredients(strategy)
    return hashlib.sha256(f"{_keys[strategy]} {sorted(constants.items())}".encode()).hexdigest()


def _hash_of_ingredients(strategy: type[Strategy]) -> str:
    modules = [sys.modules[base.__module__] for base in strategy.__mro__[:-1]]
    ingredients: list[object] = [
        LOOP_NAME,
        strategy.__qualname__,
        platform.machine(),
        sys.platform,
        *sys.version_info[:3],
    ]
    ingredients += [_numba_version(), llvmlite.__version__, np.__version__]
    ingredients += [llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten()]
    ingredients += [parts.source_of(module) for module in (*ENGINE_SOURCES, *modules)]
    ingredients.append(fields_of(strategy))  # kinds and starts may come from a module that is not among these
    for module in (*ENGINE_SOURCES, *modules):
        ingredients += [
            f"{name}={value!r}" for name, value in sorted(vars(module).items()) if isinstance(value, (int, float))
        ]
    return hashlib.sha256("\0".join(map(str, ingredients)).encode()).hexdigest()


def _numba_version() -> str:
    """Return the text that states numba's version; importing numba, or the metadata of packages, would cost more."""
    spec = importlib.util.find_spec("numba")
    if spec is None or spec.origin is None:
        return ""
    return Path(spec.origin).with_name("_version.py").read_text(encoding="utf-8")


def _load(key: str) -> tuple[int, object] | None:
    kept = codecache.read(key)
    return (_address_of(kept), _engine) if kept is not None else None


def _compile(
    key: str, strategy: type[Strategy], constants: Mapping[str, int], on_compile: Callable[[str], None] | None
) -> tuple[int, object]:
    source = specialise.loop_source(strategy, constants)
    if on_compile:
        on_compile(strategy.__name__)
    function = _with_numba(source, layout_of(fields_of(strategy), strategy.rules))
    code = _machine_code(function.inspect_llvm(), function.native_name)
    if code is None:
        return function.address, function
    codecache.write(key, code)
    return _address_of(code), _engine


def _with_numba(source: str, layout: Layout) -> Any:
    numba: Any = importlib.import_module("numba")  # a quarter of a second that only compiling pays for
    types = numba.types

    def pointer(name: str) -> Any:
        return types.CPointer(getattr(types, name))

    arguments = [pointer(TICK_TYPES[name]) for name in TICK_COLUMNS]
    arguments += [pointer(EXCHANGED_TYPES[name]) for name in EXCHANGED]
    arguments += [pointer(np.dtype(COLUMN_TYPES[name]).name) for name in layout.columns]
    signature = types.int64(types.int64, *arguments)
    namespace: dict[str, Any] = {}
    exec(compile(source, f"<{LOOP_NAME}>", "exec"), {"math": __import__("math")}, namespace)  # noqa: S102 - our own text
    return numba.cfunc(signature, nopython=True, error_model="numpy", fastmath=False)(namespace[LOOP_NAME])


def _machine_code(text: str, name: str) -> codecache.Code | None:
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
    return codecache.Code(name, machine.emit_object(module))


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
