"""A fill of a recorded run is explained from the run folder and the store, or refused in words that say why."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pytest

from pipeline import api
from pipeline.errors import (
    BadRequest,
    ChangedSinceRun,
    MissingFile,
    OtherFills,
    PipelineError,
    ReplayError,
    UnknownFill,
    UnknownMoment,
    UnknownRun,
    UnknownSecurity,
    UnknownStrategy,
)
from pipeline.runs.recorded_security import read_security
from pipeline.tracing.explanation import Explanation
from pipeline.tracing.moment import Moment
from pipeline.tracing.rendering import lines_of
from tests.made import make_config, make_store, make_strategy, random_ticks, write_ticks

if TYPE_CHECKING:
    from collections.abc import Callable

TAKER: Final = """
quote_size: Shares = parameter(100)
taken: Shares = 0

def on_tick(self, m: Market) -> None:
    if m.ask_size > 0 and self.taken < 3 * self.quote_size:
        self.taken += m.buy_at_ask(self.quote_size)
    elif m.ask_size > 0 and not m.ask_live:
        m.quote_ask(m.ask, self.quote_size)
"""
STORE, OUTPUT = Path("data/parquet"), Path("output")


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a folder with ticks, a run of v1, one of a strategy of the user's own, and one of a strategy that idles."""
    folder = tmp_path_factory.mktemp("desk")
    store, output = make_store(folder / STORE), folder / OUTPUT
    config = make_config(folder / "v1.json")
    api.backtest(config=config, parquet_dir=store, output_dir=output / "v1_baseline", sensitivity=False)
    for name, body in (("taker", TAKER), ("idle", "def on_tick(self, m: Market) -> None:\n    pass")):
        file = make_strategy(folder / f"{name}.py", body)
        api.backtest(
            str(file),
            config=file.with_suffix(".json"),
            parquet_dir=store,
            output_dir=output / name,
            engine="python",
            workers=1,
            backend="sequential",
        )
    return folder


def explain(desk: Path, fill: int, run: str = "v1_baseline", security: str = "FAB", **options: Any) -> Explanation:
    explanation: dict[str, Any] = {"parquet_dir": desk / STORE, "output_dir": desk / OUTPUT} | options
    of_fill = api.explain(security, fill, run, **explanation)
    assert isinstance(of_fill, Explanation)
    return of_fill


def explain_at(desk: Path, at: str, side: str | None = "buy", run: str = "v1_baseline", **options: Any) -> Moment:
    moment: dict[str, Any] = {
        "parquet_dir": desk / STORE,
        "output_dir": desk / OUTPUT,
        "at": at,
        "side": side,
    } | options
    of_moment = api.explain("FAB", run=run, **moment)
    assert isinstance(of_moment, Moment)
    return of_moment


def test_ten_fills_of_a_run_are_those_that_it_recorded(desk: Path) -> None:
    for ticker in ("FAB", "EMAAR", "MODON"):
        fills = read_security(desk / OUTPUT / "v1_baseline", ticker).fills()
        for number in np.random.default_rng(3).integers(1, len(fills) + 1, 10).tolist():
            explanation, recorded = explain(desk, number, security=ticker), fills[number - 1]
            facts = (
                explanation.number,
                explanation.side,
                explanation.price,
                explanation.quantity,
                explanation.account.position,
                explanation.account.pnl,
            )
            assert facts == tuple(recorded[name] for name in ("fill", "side", "price", "quantity", "position", "pnl"))
            assert explanation.as_json()["tick"]["time"] == recorded["time"]
            assert explanation.fills == len(fills)
            assert explanation.execution == "classic"


def test_at_the_seconds_of_fills_the_position_is_the_one_that_was_recorded(desk: Path) -> None:
    fills = read_security(desk / OUTPUT / "v1_baseline", "FAB").fills()
    in_session = [fill for fill in fills if "10:00:00" <= fill["time"][11:] < "14:45:00"]
    for fill in in_session[:: len(in_session) // 4]:
        second = fill["time"][:19]
        last = [one for one in fills if one["time"][:19] == second][-1]
        moment = explain_at(desk, second, fill["side"])
        assert moment.position == last["position"]
        assert moment.last_print is None or moment.last_print.tick.index <= moment.tick.index
        assert explain_at(desk, f"{second}.0009", fill["side"]).until == moment.asked_at + 999_999
        assert (moment.security, moment.run) == ("FAB", (desk / OUTPUT / "v1_baseline").as_posix())


def test_a_ticker_may_be_written_small(desk: Path) -> None:
    assert explain(desk, 1, security="fab") == explain(desk, 1)


def test_a_users_strategy_is_explained_by_its_own_line(desk: Path) -> None:
    explanation = explain(desk, 2, "taker", strategy=str(desk / "taker.py"))
    assert explanation.how == "taken"
    assert explanation.taking is not None
    assert explanation.taking.line is not None
    assert explanation.taking.line.text == "self.taken += m.buy_at_ask(self.quote_size)"
    text = (desk / "taker.py").read_text(encoding="utf-8").splitlines()
    assert text[explanation.taking.line.line - 1].strip() == explanation.taking.line.text
    assert (explanation.taking.wanted, explanation.quantity, explanation.reasons) == (
        100,
        min(100, explanation.taking.shown),
        (),
    )
    assert explanation.memory["taken"] == explanation.account.position_before
    said = "\n".join(lines_of(explanation, verbose=True))
    assert re.search(r"taker\.py, line \d+:\n +self\.taken \+= m\.buy_at_ask", said)
    assert f"taken = {explanation.account.position_before}" in said


def test_an_order_of_a_users_strategy_has_its_line_too(desk: Path) -> None:
    fills = read_security(desk / OUTPUT / "taker", "FAB").fills()
    number = next(one["fill"] for one in fills if one["side"] == "sell")
    explanation = explain(desk, number, "taker", strategy=str(desk / "taker.py"))
    assert explanation.order is not None
    assert explanation.order.line is not None
    assert explanation.order.line.text == "m.quote_ask(m.ask, self.quote_size)"


def test_the_run_written_last_is_the_default(desk: Path) -> None:
    with pytest.raises(UnknownFill, match=r"FAB has no fills in .*idle, so there is none to explain"):
        api.explain("FAB", 1, parquet_dir=desk / STORE, output_dir=desk / OUTPUT)


def test_progress_is_told_as_far_as_the_fill(desk: Path) -> None:
    last = len(read_security(desk / OUTPUT / "v1_baseline", "FAB").fills())
    explanation: list[tuple[int, int]] = []
    explain(desk, last, on_progress=lambda done, total: explanation.append((done, total)))
    assert len(explanation) == 2  # days
    assert explanation == sorted(explanation)
    assert len({total for _, total in explanation}) == 1
    assert 0 <= explanation[-1][0] <= explanation[-1][1] <= 3_002


REFUSALS: Final[list[tuple[Callable[[Path], Any], type[PipelineError], str, int]]] = [
    (lambda desk: explain(desk, 0), UnknownFill, r"fill is 0 and takes 1 to \d+", 2),
    (lambda desk: explain(desk, 99_999), UnknownFill, r"FAB has \d+ fills in .*; fill is 99,999 and takes 1 to", 2),
    (lambda desk: explain(desk, 1, security="FABB"), UnknownSecurity, "FABB is not in .* Did you mean 'FAB'", 2),
    (lambda desk: explain(desk, 1, "v1_basline"), UnknownRun, "Did you mean 'v1_baseline'", 2),
    (lambda desk: explain(desk, 1, strategy="v3_liquidity_monitor"), BadRequest, "is a run of 'v1_baseline'", 2),
    (lambda desk: explain(desk, 1, "taker", strategy="no/taker.py"), UnknownStrategy, "no strategy file there", 2),
    (
        lambda desk: explain(desk, 1, parquet_dir=desk / "none"),
        MissingFile,
        "is not there. Name the store of the run in .* with",
        2,
    ),
    (lambda desk: explain(desk, 1, output_dir=desk / "none"), UnknownRun, "There are no runs in", 2),
    (lambda desk: explain_at(desk, "11:03:07"), BadRequest, "at is '11:03:07'; it takes a date and a time", 2),
    (lambda desk: explain_at(desk, "2025-01-06T11:03:07+04:00"), BadRequest, "on the exchange's clock", 2),
    (lambda desk: explain_at(desk, "2025-01-06 11:03:07", None), BadRequest, "at needs side", 2),
    (lambda desk: explain_at(desk, "2025-01-06 11:03:07", "sel"), BadRequest, "Did you mean 'sell'", 2),
    (lambda desk: explain_at(desk, "1999-01-06 11:03:07"), UnknownMoment, "a day without ticks", 2),
    (lambda desk: explain_at(desk, "2025-01-06 11:03:07", fill=1), BadRequest, "Give fill or at, not both", 2),
    (lambda desk: explain(desk, 1, side="buy"), BadRequest, "side goes with at", 2),
]


@pytest.mark.parametrize(("ask", "kind", "explanation", "status"), REFUSALS)
def test_what_cannot_be_explained_is_refused_in_words(
    desk: Path, ask: Callable[[Path], Any], kind: type[PipelineError], explanation: str, status: int
) -> None:
    with pytest.raises(kind, match=explanation) as error:
        ask(desk)
    assert error.value.exit_status == status


def test_a_users_strategy_is_found_where_the_run_had_it(desk: Path, tmp_path: Path) -> None:
    assert explain(desk, 2, "taker") == explain(desk, 2, "taker", strategy=str(desk / "taker.py"))
    moved = shutil.copytree(desk / OUTPUT / "taker", tmp_path / "taker")
    manifest = json.loads((moved / "run.json").read_text(encoding="utf-8"))
    assert manifest["how"]["strategy_file"] == (desk / "taker.py").as_posix()
    for file, words in ("gone/taker.py", "was in gone/taker.py, where there is none now"), (None, "does not come with"):
        manifest["how"]["strategy_file"] = file
        (moved / "run.json").write_text(json.dumps(manifest), encoding="utf-8")
        with pytest.raises(UnknownStrategy, match=f"{words}.*Name its file: strategy desk/taker.py") as error:
            explain(desk, 1, str(moved))
        assert error.value.exit_status == 2


def test_ticks_that_have_changed_since_are_refused(desk: Path, tmp_path: Path) -> None:
    ticks = random_ticks(0)
    ticks.volume[-1] += 1
    write_ticks(tmp_path / "FAB.parquet", ticks, {"exchange": "ADX"})
    with pytest.raises(ChangedSinceRun, match=r"are not those of the run .* Name the run's store") as error:
        explain(desk, 1, parquet_dir=tmp_path)
    assert error.value.exit_status == 2


@pytest.mark.parametrize(
    ("old", "new", "kind", "explanation", "status"),
    [
        ("buy_at_ask(self.quote_size)", "buy_at_ask(7)", OtherFills, "parts from the run in .* at fill 1: the run", 1),
        ("self.taken < 3 *", "self.taken < 0 *", OtherFills, "The strategy's file has changed since the run", 1),
        ("quote_size", "size", ChangedSinceRun, "parameter size is new, parameter quote_size is gone", 2),
        (
            "taken: Shares = 0",
            "taken: Shares = 0\n    more: Shares = parameter(1)",
            ChangedSinceRun,
            "parameter more is new",
            2,
        ),
    ],
)
def test_a_strategy_that_has_changed_since_is_refused(
    desk: Path, tmp_path: Path, old: str, new: str, kind: type[PipelineError], explanation: str, status: int
) -> None:
    text = (desk / "taker.py").read_text(encoding="utf-8")
    assert old in text
    (tmp_path / "taker.py").write_text(text.replace(old, new), encoding="utf-8")
    taker = str(tmp_path / "taker.py")
    at = read_security(desk / OUTPUT / "taker", "FAB").fills()[1]["time"][:19]
    for ask in (
        lambda: explain(desk, 2, "taker", strategy=taker),
        lambda: explain_at(desk, at, run="taker", strategy=taker),
    ):
        with pytest.raises(kind, match=explanation) as error:
            ask()
        assert error.value.exit_status == status


def test_a_parameter_that_is_gone_is_named(desk: Path, tmp_path: Path) -> None:
    text = (desk / "taker.py").read_text(encoding="utf-8").replace("    quote_size: Shares = parameter(100)\n", "")
    (tmp_path / "taker.py").write_text(text.replace("self.quote_size", "100"), encoding="utf-8")
    with pytest.raises(ChangedSinceRun, match="parameter quote_size is gone"):
        explain(desk, 2, "taker", strategy=str(tmp_path / "taker.py"))


def test_a_strategy_that_fails_now_says_its_line(desk: Path, tmp_path: Path) -> None:
    text = (desk / "taker.py").read_text(encoding="utf-8")
    (tmp_path / "taker.py").write_text(
        text.replace("if m.ask_size > 0 and self", "if 1 / 0 and self"), encoding="utf-8"
    )
    with pytest.raises(ReplayError, match=r"taker\.py, line \d+: a division by zero"):
        explain(desk, 2, "taker", strategy=str(tmp_path / "taker.py"))


def test_a_security_that_failed_has_nothing_to_explain(desk: Path, tmp_path: Path) -> None:
    store = make_store(tmp_path / "parquet", ("FAB", "EMAAR"))
    content = bytearray((store / "FAB.parquet").read_bytes())
    content[200] ^= 0xFF
    (store / "FAB.parquet").write_bytes(content)
    api.backtest(config=desk / "v1.json", parquet_dir=store, output_dir=tmp_path / "run", sensitivity=False)
    with pytest.raises(ReplayError, match=r"FAB failed in .*, so it has neither figures nor fills: ") as error:
        api.explain("FAB", 1, tmp_path / "run", parquet_dir=store)
    assert error.value.exit_status == 1


def test_another_exchange_in_the_config_is_the_one_that_is_replayed(desk: Path, tmp_path: Path) -> None:
    config = tmp_path / "closing.json"
    config.write_text('{"FAB": {"exchange": "DFM", "spread_vwap_pct": 0.0, "auction_fill_pct": 100}}', encoding="utf-8")
    api.backtest(
        "closing_auction",
        config=config,
        parquet_dir=desk / STORE,
        output_dir=tmp_path / "run",
        securities=["FAB"],
    )
    assert explain(desk, 1, str(tmp_path / "run")).trade is not None
