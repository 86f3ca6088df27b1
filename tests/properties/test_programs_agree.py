"""Whole random strategies do compiled, many settings at once and as plain Python the same, and are refused alike.

For most programs Python runs the text of the loops, which takes a tenth of the time of compiling it; some run as
machine code. HYPOTHESIS_PROFILE=thorough draws 10,000 programs, each run others.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Final, TypeAlias

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.engine.batch import BatchSetting, batch_runner
from pipeline.engine.compiled import compiled_replay
from pipeline.engine.compiler import batch_code
from pipeline.engine.compiler.checks import REASONS
from pipeline.errors import NotCompilable, ReplayError, StrategyError
from pipeline.replay.plan import choose_engine
from pipeline.replay.simulate import CLASSIC, engine_facts, loop_constants
from tests.engine.replays import ADX, field_values, plain, strategy_of
from tests.engine.walks import PythonBatchRunner, PythonReplay, bits_of, outcomes_of, settings_of
from tests.properties.programs import Program, programs
from tests.properties.seeded import LARGER, many_of, seeded_case

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from pipeline.engine.batch import BatchRunner
    from pipeline.engine.compiled import CompiledReplay
    from pipeline.engine.outcome import Outcome
    from pipeline.engine.strategy import Strategy

Found: TypeAlias = "dict[str, bytes] | StrategyError | ReplayError"
Loops: TypeAlias = (
    "Callable[[type[Strategy], Mapping[str, int] | None], tuple[CompiledReplay | PythonReplay, BatchRunner | None]]"
)

BEYOND_A_MACHINE: Final = tuple(REASONS[reason] for reason in ("number", "kept"))
"""What ends a compiled replay and not always a plain one, whose whole numbers have no end."""

AT_MOMENTS: Final = """from pipeline.engine.moments import Every

class Own(Strategy):
    times = Every(seconds=1800)

    def on_time(self, m):
        if m.price > 0.0:
            self.act(m)

    def on_tick(self, m):
        self.act(m)
"""

MISTAKES: Final = (
    *("self.nothing = 1", "self.a = m.nothing", "m.bid = 1.0", "self.p = 3", "self.a = nothing", "m.qoute_bid(1.0, 1)"),
    *("m.trade(BUY, 1.0, 1)", "self.nothing(m)", "self.a = self.nothing + 1", "self.w += 1.0", "m.position += 1"),
)
"""Lines that no program may hold, which both engines refuse before the first tick."""

WHOLE_PROGRAMS: Final = settings(suppress_health_check=list(HealthCheck))
KINDS: Final[dict[str, tuple[Loops, bool, bool, int, int, int]]] = {
    "text of both loops": (
        lambda of, fixed: (PythonReplay(of, fixed), PythonBatchRunner(of)),
        False,
        False,
        4,
        12,
        3_000,
    ),
    "text of both loops in an auction": (
        lambda of, fixed: (PythonReplay(of, fixed), PythonBatchRunner(of)),
        *(False, True, 5, 30, 3_000),
    ),
    "text with the widest numbers": (lambda of, fixed: (PythonReplay(of, fixed), None), True, True, 8, 40, 3_500),
    "machine code": (lambda of, fixed: (compiled_replay(of, fixed), batch_runner(of)), True, True, 1, 3, 500),
}
"""How the loops are made, whether numbers are wide, the market is an auction's; programs: quick, slow, thorough."""


@pytest.mark.parametrize("thorough", [False, pytest.param(True, marks=pytest.mark.slow)])
@pytest.mark.parametrize("kind", KINDS)
def test_a_program_does_in_every_engine_the_same(
    kind: str, thorough: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loops, wide, auction, quick, slow, most = KINDS[kind]
    count = most if thorough and LARGER > 1 else slow if thorough else quick
    monkeypatch.setattr(batch_code, "SMALL", 0)
    reached: Counter[str] = Counter()

    @settings(WHOLE_PROGRAMS, max_examples=count)
    @given(programs(wide=wide), st.integers(0, 9_999))
    def agree(program: Program, stream: int) -> None:
        reached.update(compare(tmp_path, program.in_an_auction() if auction else program, stream, loops))

    agree()
    assert wide or reached["compared"] > count // 2
    assert wide or count < slow or reached["traded"] > count // 8


@pytest.mark.parametrize("count", [1, pytest.param(4 * LARGER, marks=pytest.mark.slow)])
def test_a_program_does_beside_its_ticks_in_every_engine_the_same(
    count: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loops = KINDS["text of both loops"][0]
    monkeypatch.setattr(batch_code, "SMALL", 0)

    @settings(WHOLE_PROGRAMS, max_examples=count)
    @given(programs(), st.integers(0, 9_999))
    def agree_at_moments(program: Program, stream: int) -> None:
        compare(tmp_path, at_moments(program), stream, loops)

    agree_at_moments()


@settings(WHOLE_PROGRAMS, max_examples=10 * LARGER)
@given(program=programs(mistakes=MISTAKES))
def test_a_mistake_is_refused_by_both_engines_in_the_same_words(
    program: Program, tmp_path_factory: pytest.TempPathFactory
) -> None:
    strategy = strategy_of(tmp_path_factory.mktemp("own"), program.text)
    said = []
    for engine in ("compiled", "python"):
        with pytest.raises(StrategyError, match=r"own.py, line \d+: ") as refused:
            choose_engine(strategy, CLASSIC, engine)
        said.append((type(refused.value), str(refused.value)))
    assert said[0] == said[1]


def at_moments(program: Program) -> Program:
    """Return a program's counterpart that does the same beside its ticks, too."""
    text = program.text.replace("def on_tick(", "def act(").replace("class Own(Strategy):\n", AT_MOMENTS)
    return replace(program, text=text)


def compare(folder: Path, program: Program, stream: int, make_loops: Loops) -> set[str]:
    """See that the loops find, for each setting of a program, what plain Python finds; return what was reached."""
    strategy = strategy_of(folder, program.text)
    case = seeded_case("v1_baseline", stream)
    model = many_of(case, 2)[0].execution
    asked = [one.parameters for one in settings_of(strategy, program.values, [model])]
    given_all = [BatchSetting(engine_facts(ADX, model), field_values(strategy, one)) for one in asked]
    wanted = [found_by(partial(plain, strategy, case.ticks, one, model)) for one in asked]
    try:
        alone, walk = make_loops(strategy, loop_constants(model))
    except NotCompilable:
        raise
    except StrategyError as error:
        [line] = re.findall(r"own.py, line (\d+): ", str(error))
        plainly = " ".join(str(one) for one in wanted if isinstance(one, StrategyError))
        assert set(re.findall(r"line (\d+)", plainly)) <= {line}
        return {"refused"}
    reached = {"compared"}
    for one, expected in zip(given_all, wanted, strict=True):
        found = found_by(partial(alone.run, case.ticks, one.facts, one.parameters))
        if isinstance(found, ReplayError) and any(reason in str(found) for reason in BEYOND_A_MACHINE):
            continue
        assert told_of(found) == told_of(expected)
        reached.add("traded" if isinstance(found, dict) and len(found["event"]) > len("<i8") else "idle")
    for outcome, expected in zip(outcomes_of(walk, case.ticks, given_all) if walk else (), wanted, strict=False):
        assert outcome is None or bits_of(outcome) == expected
    return reached


def found_by(replay: Callable[[], Outcome]) -> Found:
    """Return what a replay found, every value as bytes, or the error that ended it."""
    try:
        return bits_of(replay())
    except (StrategyError, ReplayError) as error:
        return error


def told_of(found: Found) -> object:
    return (type(found), str(found)) if isinstance(found, Exception) else found
