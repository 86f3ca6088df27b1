"""A security read, replayed and observed part by part gives what it gives in one piece, its charges included."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pytest

from pipeline.engine.execution import make_execution
from pipeline.engine.outcome import Fills, join_fills
from pipeline.markets.facts import facts_of
from pipeline.replay.observe import Observed, observe
from pipeline.replay.parts import PartedReplay
from pipeline.replay.simulate import simulate
from pipeline.store.tick_file import TickFile, read_ticks
from pipeline.store.tick_writer import TicksWriter
from pipeline.strategies.loading.load import load_strategy
from tests.properties.seeded import for_seeded_cases
from tests.properties.streams import NAMES

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.properties.streams import Case

COSTS: Final = {
    "costs": {
        "maker_bps": 2,
        "taker_bps": 3,
        "minimum_per_order": 5,
        "tiers": [{"monthly_turnover": 2_000, "maker_bps": 1, "taker_bps": 2}],
    }
}


def written(path: Path, case: Case) -> Path:
    """Write a case's ticks in row groups that begin anywhere."""
    random = np.random.default_rng(len(case.ticks))
    cuts = sorted(random.integers(0, len(case.ticks) + 1, 3).tolist())
    writer = TicksWriter(path)
    for start, end in zip([0, *cuts], [*cuts, len(case.ticks)], strict=True):
        if end > start:
            writer.write(case.ticks[start:end])
            writer.flush()
    writer.close({"exchange": case.exchange}).commit()
    return path


def columns(several: Sequence[Any], kind: type[Any]) -> dict[str, bytes | None]:
    """Return the columns of fills, or of what was observed around them, joined, as bytes."""
    joined = {}
    for field in dataclasses.fields(kind):
        parts = [getattr(each, field.name) for each in several]
        joined[field.name] = None if parts[0] is None else np.concatenate(parts, axis=-1).tobytes()
    return joined


@pytest.mark.parametrize("is_charged", [False, True])
@pytest.mark.parametrize("count", [60, pytest.param(200, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", NAMES)
def test_parts_of_whole_days_give_what_all_days_give(
    name: str, count: int, tmp_path: Path, *, is_charged: bool
) -> None:
    numbers, crossed = [], []

    def agrees(case: Case) -> None:
        strategy, market = load_strategy(case.name), facts_of(case.exchange)
        execution = case.execution
        if is_charged:
            execution = make_execution(execution.preset, dict(execution.changed) | COSTS, "here")
        path = written(tmp_path / "FAB.parquet", case)
        ticks = read_ticks(path)
        whole = simulate(ticks, strategy, case.parameters, market, execution)
        around = observe(ticks, whole.fills, whole.market_days, market, execution)
        with TickFile(path) as file:
            replay = PartedReplay(file, strategy, case.parameters, market, execution)
            parts = list(replay.parts(ahead=len(ticks) % 2 == 0))
        numbers.append(len(parts))
        assert columns([part.replayed.fills for part in parts], Fills) == columns([whole.fills], Fills)
        assert columns([part.observed for part in parts], Observed) == columns([around], Observed)
        charges = np.concatenate([part.replayed.fill_fees for part in parts])
        assert charges.tobytes() == whole.fill_fees.tobytes()
        for names in ("market_days", "days_not_flat"):
            assert getattr(replay.whole, names).tolist() == getattr(whole, names).tolist()
        for names in ("rows", "events", "session_rows", "position", "realized_pnl", "orders", "counters", "last_price"):
            assert getattr(replay.whole, names) == getattr(whole, names)
        first = np.cumsum([0, *(len(part.ticks) for part in parts)])
        for part, begin in zip(parts, first, strict=False):
            placed = join_fills([part.replayed.fills]).placed
            crossed.append(placed is not None and bool(((placed >= 0) & (placed < begin)).any()))

    for_seeded_cases([name], count, agrees)
    assert max(numbers) > 2
    if name.startswith("v"):
        assert any(crossed), "no order was filled in a later part than the one it was placed in"
