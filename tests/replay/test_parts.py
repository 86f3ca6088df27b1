"""A security read, replayed and observed part by part gives what it gives in one piece, its charges included."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pytest

from pipeline.engine.execution import make_execution
from pipeline.engine.outcome import Fills
from pipeline.engine.rules.account import TAKE
from pipeline.errors import ReplayError
from pipeline.markets.facts import facts_of
from pipeline.replay.observe import Observed, observe
from pipeline.replay.parts import PartedReplay, prefetched
from pipeline.replay.simulate import simulate
from pipeline.store.tick_file import TickFile, read_ticks
from pipeline.store.tick_writer import TicksWriter
from pipeline.strategies.loading.load import load_strategy
from tests.engine.replays import strategy_of
from tests.properties.ladder_cases import SCATTERED, model_of
from tests.properties.seeded import for_seeded_cases, seeded_case
from tests.properties.streams import NAMES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from pipeline.engine.execution import Execution
    from pipeline.engine.strategy import Strategy
    from pipeline.replay.simulate import Engine
    from pipeline.settings import Values
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


def parts_agree(
    strategy: type[Strategy],
    parameters: Values,
    case: Case,
    execution: Execution,
    path: Path,
    engine: Engine = "compiled",
) -> int:
    """Hold a replay in parts against one piece; return 0 for one part, 2 where orders stood over parts, else 1."""
    market = facts_of(case.exchange)
    ticks = read_ticks(written(path, case))
    whole = simulate(ticks, strategy, parameters, market, execution, engine)
    around = observe(ticks, whole.fills, whole.market_days, market, execution, 0, {}, ())[0]
    with TickFile(path) as file:
        replay = PartedReplay(file, strategy, parameters, market, execution, engine)
        parts = list(replay.parts(ahead=len(ticks) % 2 == 0))
    assert columns([part.replayed.fills for part in parts], Fills) == columns([whole.fills], Fills)
    assert columns([part.observed for part in parts], Observed) == columns([around], Observed)
    charges = np.concatenate([part.replayed.fill_fees for part in parts])
    assert charges.tobytes() == whole.fill_fees.tobytes()
    for names in ("market_days", "days_not_flat"):
        assert getattr(replay.whole, names).tolist() == getattr(whole, names).tolist()
    for names in ("rows", "events", "session_rows", "position", "realized_pnl", "orders", "counters", "last_price"):
        assert getattr(replay.whole, names) == getattr(whole, names)
    first = np.cumsum([0, *(len(part.ticks) for part in parts)])
    placed = [part.replayed.fills.placed for part in parts]
    crossed = any(
        each is not None and ((each >= 0) & (each < begin)).any() for each, begin in zip(placed, first, strict=False)
    )
    return 2 if crossed else int(len(parts) > 1)


@pytest.mark.parametrize("is_charged", [False, True])
@pytest.mark.parametrize("count", [60, pytest.param(200, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", NAMES)
def test_parts_of_whole_days_give_what_all_days_give(
    name: str, count: int, tmp_path: Path, *, is_charged: bool
) -> None:
    found: list[int] = []

    def agrees(case: Case) -> None:
        execution = charged(case.execution) if is_charged else case.execution
        path = tmp_path / "FAB.parquet"
        found.append(parts_agree(load_strategy(case.name), case.parameters, case, execution, path))

    for_seeded_cases([name], count, agrees)
    assert max(found) > (1 if name.startswith("v") else 0), "no order was filled in a later part than it was placed in"


def charged(execution: Execution) -> Execution:
    return make_execution(execution.preset, dict(execution.changed) | COSTS, "here")


def test_so_do_parts_of_several_orders_a_side(tmp_path: Path) -> None:
    strategy = strategy_of(tmp_path, SCATTERED.format(levels=5))
    found = []
    for seed in range(60):
        case = seeded_case("v1_baseline", seed)
        execution = charged(model_of(seed)) if seed % 3 else model_of(seed)
        found.append(parts_agree(strategy, {"seed": seed}, case, execution, tmp_path / "FAB.parquet", "python"))
    assert found.count(2) > 5


@pytest.mark.parametrize("most", [1, 4])
def test_what_is_made_ahead_comes_in_order_and_no_further_ahead_than_it_may(most: int) -> None:
    made: list[int] = []

    def numbers() -> Iterator[int]:
        for number in range(20):
            made.append(number)
            yield number
        raise ReplayError("at the end")

    ahead = prefetched(numbers(), most)
    for count in range(20):
        assert next(ahead) == count
        assert len(made) <= count + 1 + most
    with pytest.raises(ReplayError, match="at the end"):
        next(ahead)


TAKES_WHEN_FILLED: Final = """
class Own(Strategy):
    def on_tick(self, m):
        if m.bid_size > 0:
            m.quote_bid(m.bid, 100)
        if m.ask_size > 0:
            m.quote_ask(m.ask, 100)

    def on_fill(self, m, side, price, quantity):
        if m.ask_size > 0:
            m.quote_bid(m.ask + 0.01, 30)
"""


def test_what_was_taken_at_the_last_event_of_a_part_is_booked_in_the_next(tmp_path: Path) -> None:
    strategy, execution = (
        strategy_of(tmp_path, TAKES_WHEN_FILLED),
        make_execution("classic", {"marketable": "take"}, ""),
    )
    later = 0
    for seed in range(60):
        case = seeded_case("v1_baseline", seed, execution)
        path = written(tmp_path / "FAB.parquet", case)
        whole = simulate(read_ticks(path), strategy, {}, facts_of(case.exchange), execution, "python")
        with TickFile(path) as file:
            parts = list(PartedReplay(file, strategy, {}, facts_of(case.exchange), execution, "python").parts())
        assert columns([part.replayed.fills for part in parts], Fills) == columns([whole.fills], Fills)
        first = np.cumsum([0, *(len(part.ticks) for part in parts)])
        for part, begin in zip(parts, first, strict=False):
            fills = part.replayed.fills
            assert fills.placed is not None
            later += int(((fills.how == TAKE) & (fills.placed >= 0) & (fills.placed < begin)).sum())
    assert later > 0
