"""Makes the text of a strategy's batch loop, which replays many settings in one pass, and the layout of its arrays."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Final

from pipeline.engine.compiler.batch_code import SettingRows, settings_innermost
from pipeline.engine.compiler.batch_differing import COMMON, differing
from pipeline.engine.compiler.batch_groups import BATCH_SIZE, COUNT, GROUPS
from pipeline.engine.compiler.specialise import (
    EXCHANGED,
    FlatReplay,
    Layout,
    event_columns,
    flat_replay,
    function_text,
    layout_of,
    market_fields,
)
from pipeline.engine.rules.replay_state import ReplayState

if TYPE_CHECKING:
    from pipeline.engine.strategy import Strategy

PURPOSE: Final = f"many settings, {BATCH_SIZE} at a time"
SETTING_COLUMNS: Final = ("setting_ints", "setting_floats", GROUPS)


@dataclass(frozen=True, slots=True, eq=False)
class BatchLayout:
    """Where each value stands that is the same for all settings, and where those that differ."""

    shared: Layout
    rows: SettingRows

    def text(self) -> str:
        """Return the layout as text, to be kept beside the machine code."""
        return json.dumps(asdict(self))

    @classmethod
    def of_text(cls, text: str) -> BatchLayout:
        """Return the layout that `text` gave the text of."""
        parts = json.loads(text)
        shared = {name: tuple(row) for name, row in parts["shared"].items()}
        return cls(Layout(**shared), SettingRows(**parts["rows"]))


def batch_source(strategy: type[Strategy], *, varies: bool = False) -> tuple[str, BatchLayout]:
    """Return the text of a strategy's loop over many settings, and its layout; raises StrategyError.

    varies: whether it is made for days that are not all alike, or have breaks.
    """
    flat = flat_replay(strategy, {"batched": True, "varies": varies})
    fixed = _fixed_by_setting(flat)
    state = flat.fields.state()
    columns = {name.partition("[")[0] for name in state if "[" in name}
    shared_by_all = {f"{name}__{number}" for name, signal in flat.fields.signals.items() for number in signal.numbers()}
    seeds = {*fixed, *("s_" + name for name in {*state, *columns} - shared_by_all if "[" not in name)}
    varying = differing(flat.body, seeds, fixed, flat.kinds)
    elements = [f"s_{name}" for name in state if "[" in name]
    body, rows = settings_innermost(flat.body, varying, fixed, flat.kinds, elements)
    unshared = varying - COMMON | {*elements}
    every = layout_of(flat.fields, strategy.rules)
    shared = {array: tuple(name for name in getattr(every, array) if name not in unshared) for array in EXCHANGED}
    layout = BatchLayout(replace(every, **shared), rows)
    arguments = ["count", COUNT, *event_columns(flat.fields, batched=True), *EXCHANGED, *SETTING_COLUMNS]
    return function_text(arguments, body, flat, layout.shared, unshared), layout


def _fixed_by_setting(flat: FlatReplay) -> frozenset[str]:
    """Return the names a setting gives a value to for the whole replay: switches, parameters, where its fills end."""
    names = {"m_" + name for name in flat.market.inputs if name not in market_fields(ReplayState).inputs}
    names |= {
        "m_capacity",
        "m_keeps_fills",
        *("s_" + name for name in flat.fields.parameters.keys() - flat.fields.compounds.keys()),
    }
    return frozenset(names) | {
        f"s_{name}__given" for name, parameter in flat.fields.parameters.items() if parameter.optional
    }
