"""Many settings walk the ticks together, and each finds to the last bit what it finds alone."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pytest

from pipeline.engine import batch
from pipeline.engine.batch import BatchRun, BatchRunner, BatchSetting, batch_runner
from pipeline.engine.compiler import batch_code
from pipeline.engine.compiler.batch_groups import BATCH_SIZE
from pipeline.engine.execution import make_execution, variants
from pipeline.replay.batch import Setting, simulate_many
from pipeline.replay.simulate import CLASSIC, engine_facts
from pipeline.strategies.loading.load import load_strategy
from tests.engine.replays import ADX, field_values, random_ticks, strategy_of, written
from tests.engine.subset_flow import FLOW
from tests.engine.subset_values import VALUES
from tests.engine.subset_walk import PARTED, WALK
from tests.engine.test_replay import QUOTES, every_print_fills_both_sides
from tests.engine.walks import alone, outcomes_of, plainly_alone, settings_of, together, walked_by_python

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from pipeline.engine.outcome import Span
    from pipeline.engine.strategy import Strategy
    from pipeline.ticks import Ticks

UNLIKE: Final = "class Own(Strategy):\n    p: Shares = parameter(1)"
"""A parameter that nothing reads, so that settings differ and have to find the same."""

SUBSET: Final = {name: body.replace("class Own(Strategy):", UNLIKE) for name, body in (FLOW | VALUES).items()} | WALK
COMPILED: Final = (
    "fills that no setting decides",
    "numbers as tests",
    "locals carried from one loop over the settings to another",
)
"""The few that are also compiled, of which each takes ten seconds when it is not kept."""

VALUES: Final = ({"p": 1}, {"p": 2}, {"p": 3, "w": 0.0}, {"p": 2, "w": -0.0, "o": 7}, {"p": 4, "o": 0})
MODELS: Final = (CLASSIC, make_execution("strict", {}, ""))


def settings_for(strategy: type[Strategy], body: str) -> list[Setting]:
    values = [{key: value for key, value in case.items() if f"    {key}: " in body} for case in VALUES]
    return settings_of(strategy, values, MODELS)


@pytest.mark.parametrize("name", SUBSET)
def test_a_construct_of_the_subset_does_in_a_walk_what_python_does(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    strategy = strategy_of(tmp_path, SUBSET[name])
    settings, ticks = settings_for(strategy, SUBSET[name]), random_ticks(160)
    expected = plainly_alone(ticks, strategy, settings)
    for small in (batch_code.SMALL, 0):
        monkeypatch.setattr(batch_code, "SMALL", small)
        assert walked_by_python(ticks, strategy, settings) == expected, small


@pytest.mark.parametrize("name", [COMPILED[0], *(pytest.param(name, marks=pytest.mark.slow) for name in COMPILED[1:])])
def test_a_construct_does_compiled_in_a_walk_what_it_does_compiled_alone(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch_code, "SMALL", 0)
    strategy = strategy_of(tmp_path, WALK[name])
    settings = settings_for(strategy, WALK[name])
    check(random_ticks(), strategy, settings)


def walk_of(strategy: type[Strategy]) -> BatchRunner:
    runner = batch_runner(strategy)
    assert runner is not None
    return runner


def check(ticks: Ticks, strategy: type[Strategy], settings: Sequence[Setting]) -> list[Any]:
    """See that settings find together what each of them finds alone, and return it."""
    outcomes = together(ticks, strategy, settings)
    for setting, outcome in zip(settings, outcomes, strict=True):
        assert outcome == alone(ticks, strategy, setting), setting
    return outcomes


def quoting(count: int) -> list[Setting]:
    """Make settings of v1_baseline that all differ."""
    values = [{**QUOTES, "quote_size": 10 + at // 9, "refill_interval_sec": at % 9} for at in range(count)]
    return settings_of(load_strategy("v1_baseline"), values)


@pytest.mark.parametrize("count", [1, 2, BATCH_SIZE - 1, BATCH_SIZE, BATCH_SIZE + 1, 2 * BATCH_SIZE + 3])
def test_any_number_of_settings_walks(count: int) -> None:
    outcomes = check(random_ticks(300), load_strategy("v1_baseline"), quoting(count))
    assert len({outcome["m_realized_pnl"] for outcome in outcomes}) > count // 20


def test_equal_settings_find_the_same_and_are_replayed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    strategy = load_strategy("v1_baseline")
    walked: list[BatchSetting] = []
    begin = walk_of(strategy).begin

    def noted(_: BatchRunner, span: Span, settings: Sequence[BatchSetting]) -> BatchRun:
        walked.extend(settings)
        return begin(span, settings)

    monkeypatch.setattr(BatchRunner, "begin", noted)
    once = quoting(5)
    fees = [Setting(setting.parameters, make_execution("classic", {"fees_bps": 3}, "")) for setting in once]
    outcomes = check(random_ticks(), strategy, [*once, *once, *fees])
    assert outcomes[:5] == outcomes[5:10]
    assert [outcome["charges"] is None for outcome in outcomes] == [True] * 10 + [False] * 5
    assert len(walked) == 5


def test_all_models_of_the_check_are_replayed_in_one_run_of_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    strategy = load_strategy("v1_baseline")
    runs: list[int] = []
    attempt = BatchRun.attempt

    def noted(*arguments: Any) -> dict[str, int | float]:
        runs.append(len(arguments[3]))
        return attempt(*arguments)

    monkeypatch.setattr(BatchRun, "attempt", noted)
    models = [*variants(CLASSIC).values()]
    check(random_ticks(), strategy, settings_of(strategy, [QUOTES], models))
    assert runs[0] == len({repr(model.fields()) for model in models})
    assert sum(runs[1:]) < len(models) // 4, "only those that need more room again"


def test_the_order_of_settings_changes_nothing() -> None:
    strategy, settings = load_strategy("v1_baseline"), quoting(BATCH_SIZE + 9)
    order = np.random.default_rng(3).permutation(len(settings)).tolist()
    outcomes = together(random_ticks(), strategy, settings)
    shuffled = together(random_ticks(), strategy, [settings[at] for at in order])
    assert shuffled == [outcomes[at] for at in order]


ROUNDED: Final = """\
class Own(Strategy):
    x: AED = parameter(0.0)
    often: Shares = parameter(0)

    def on_tick(self, m):
        bid = max(m.bid, 1.0) - self.x
        m.quote_bid(bid, 100)
        m.quote_ask(m.ask + 1.0 + self.x, 100)
        m.quote_ask(max(m.ask, 1.0), 100)
        if self.often > 0:
            m.quote_bid(max(m.last_price, 1.0) - 2.0 * self.x, 80)
"""


def test_a_price_that_a_setting_rounded_is_taken_for_no_other_price(tmp_path: Path) -> None:
    strategy = strategy_of(tmp_path, ROUNDED)
    values = [{"x": 0.0037 * number, "often": number % 3} for number in range(12)]
    models = [make_execution(preset, {"order_price": "grid"}, "") for preset in ("classic", "strict")]
    settings = settings_of(strategy, values, models)
    ticks = random_ticks(400)
    ticks = replace(ticks, price=ticks.price + 0.0004)
    outcomes = check(ticks, strategy, settings)
    assert len({outcome["m_realized_pnl"] for outcome in outcomes}) > len(values)
    assert walked_by_python(ticks, strategy, settings) == plainly_alone(ticks, strategy, settings)


ZEROS: Final = """\
class Own(Strategy):
    x: AED = parameter(1.0)
    seen: float = 0.0

    def on_tick(self, m):
        self.seen = math.copysign(1.0, self.x)
"""


def test_zeros_that_differ_by_their_sign_are_settings_that_differ(tmp_path: Path) -> None:
    strategy = strategy_of(tmp_path, ZEROS)
    settings = settings_of(strategy, [{"x": 0.0}, {"x": -0.0}])
    outcomes = dict(simulate_many(random_ticks(30), strategy, settings, ADX, "python"))
    assert [outcomes[at].final["s_seen"] for at in range(2)] == [1.0, -1.0]  # type: ignore[union-attr]


BACK_INTO_THE_SESSION: Final = """
    1 10:00:00 bid   10.00 10
    1 10:00:01 trade 10.00 60
    1 14:55:00 ask   10.20 5
    1 14:44:50 bid   10.01 5
    1 14:44:51 trade 10.01 90
    1 14:44:52 trade 10.02 90
    1 14:56:00 trade 10.30 90
    2 10:00:00 bid   10.00 10
    2 10:02:00 trade 10.00 60
"""


def test_settings_that_no_longer_see_one_book_are_replayed_alone() -> None:
    strategy, ticks = load_strategy("v1_baseline"), written(BACK_INTO_THE_SESSION)
    settings = settings_of(strategy, [{**QUOTES, "quote_size": size} for size in (0, 40, 50)])
    facts = engine_facts(ADX, CLASSIC)
    batch_settings = [BatchSetting(facts, field_values(strategy, setting.parameters)) for setting in settings]
    assert outcomes_of(walk_of(strategy), ticks, batch_settings) == [None] * 3
    outcomes = check(ticks, strategy, settings)
    assert len({outcome["m_bid"] for outcome in outcomes}) == 1
    assert len({outcome["session_rows"] for outcome in outcomes}) == 2
    assert outcomes == [alone(ticks, strategy, setting, engine="python") for setting in settings]


@pytest.mark.parametrize(("most_rows", "rooms"), [(batch.MOST_ROWS, 2), (1_000, 6)])
def test_a_walk_that_runs_out_of_room_is_walked_again(
    most_rows: int, rooms: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []

    attempt = BatchRun.attempt

    def noted(run: BatchRun, ticks: Ticks, columns: Mapping[str, Any], *others: Any) -> dict[str, int | float]:
        sizes.append(len(columns["fill_event"]))
        return attempt(run, ticks, columns, *others)

    monkeypatch.setattr(BatchRun, "attempt", noted)
    monkeypatch.setattr(batch, "MOST_ROWS", most_rows)
    settings = quoting(12)
    outcomes = check(every_print_fills_both_sides(900), load_strategy("v1_baseline"), settings)
    assert sum(len(outcome["event"]) // 8 for outcome in outcomes) > 4_000
    assert len(sizes) >= rooms
    assert len(set(sizes)) > 1


def test_a_setting_that_no_room_suffices_for_is_replayed_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch, "MOST_ROWS", 10)
    strategy, ticks = load_strategy("v1_baseline"), every_print_fills_both_sides(900)
    model = make_execution("classic", {"flatten": "touch"}, "")
    (setting,) = settings_of(strategy, [QUOTES], [model])
    batch_setting = BatchSetting(engine_facts(ADX, model), field_values(strategy, setting.parameters))
    assert outcomes_of(walk_of(strategy), ticks, [batch_setting]) == [None]
    assert len(check(ticks, strategy, [setting])[0]["event"]) > 8 * 1_700


FAILS: Final = """\
class Own(Strategy):
    p: Shares = parameter(1)
    n: int = 0

    def on_tick(self, m):
        self.n += 1
        if m.kind == 2:
            self.n += 1000 // (self.n - self.p)
        if m.bid_size > 0:
            m.quote_bid(m.bid, 10 + self.p)
"""


def test_a_setting_that_fails_gives_its_error_and_the_others_stand(tmp_path: Path) -> None:
    strategy = strategy_of(tmp_path, FAILS)
    ticks = random_ticks(100)
    outcomes = check(ticks, strategy, settings_of(strategy, [{"p": at} for at in range(12)]))
    failed = [at for at, outcome in enumerate(outcomes) if isinstance(outcome, str)]
    assert 0 < len(failed) < 12
    assert all("own.py, line 15: a division by zero" in outcomes[at] for at in failed)


def test_a_local_of_two_kinds_is_walked_as_what_python_holds(tmp_path: Path) -> None:
    strategy = strategy_of(tmp_path, PARTED)
    settings = settings_for(strategy, PARTED)[:4]
    outcomes = check(random_ticks(60), strategy, settings)
    assert outcomes == [alone(random_ticks(60), strategy, setting, engine="python") for setting in settings]


def test_no_ticks_give_nothing() -> None:
    outcomes = check(random_ticks(0), load_strategy("v1_baseline"), quoting(3))
    assert [outcome["rows"] for outcome in outcomes] == [0] * 3
