"""What `pipeline inspect` warns of: each fault in words, none where there is none."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from pipeline import api
from pipeline.convert.sample import write_sample
from pipeline.errors import NoStore, UnknownSecurity
from pipeline.inspection.store import inspect_store
from pipeline.market.facts import facts_of
from pipeline.store.parquet import ticks_digest, write_ticks
from pipeline.ticks import ASK, BID, TRADE, Ticks
from tests.made import DAY, HOUR, SECOND, make_store

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

MONDAY = 20_101 * DAY  # 2025-01-13
MINUTE = 60 * SECOND


def days_of_ticks(days: int = 3, price: float = 10.0) -> dict[str, Any]:
    """Return the columns of whole, unremarkable days: bid, ask and print in turn, each of another second."""
    clock = np.concatenate([MONDAY + day * DAY + np.arange(34_200, 54_000, 30) * SECOND for day in range(days)])
    kind = np.arange(len(clock)) % 3
    at = np.choose(kind, [price - 0.02, price + 0.02, price])
    return {"timestamp": clock, "kind": kind, "price": np.round(at, 2), "volume": 1 + np.arange(len(clock))}


def write(folder: Path, ticker: str = "FAB", exchange: str = "ADX", **columns: Any) -> Path:
    kinds = {"timestamp": np.int64, "kind": np.int8, "price": np.float64, "volume": np.int64}
    ticks = Ticks(**{name: np.asarray(columns[name]).astype(kind) for name, kind in kinds.items()})
    folder.mkdir(exist_ok=True)
    metadata = {"exchange": exchange, "digest": ticks_digest(ticks), "fingerprint": "made"}
    write_ticks(folder / f"{ticker}.parquet", ticks, metadata)
    return folder


def warnings_of(folder: Path, *tickers: str) -> list[str]:
    """Return the warnings of a directory without a catalog, but for those that say so."""
    return [said for said in inspect_store(folder, tickers).warnings if "is not in catalog.json" not in said]


def test_unremarkable_ticks_are_not_warned_of(tmp_path: Path) -> None:
    assert warnings_of(write(tmp_path / "store", **days_of_ticks())) == []


def shifted(columns: dict[str, Any]) -> None:
    columns["timestamp"] = columns["timestamp"] - 4 * HOUR


def often_late(columns: dict[str, Any]) -> None:
    late = {name: column[-300:] for name, column in columns.items()}
    late["timestamp"] = MONDAY + 2 * DAY + 15 * HOUR + np.arange(300) * SECOND
    columns.update({name: np.concatenate([column, late[name]]) for name, column in columns.items()})


def without_a_day(columns: dict[str, Any]) -> None:
    keep = columns["timestamp"] // DAY != MONDAY // DAY + 1
    columns.update({name: column[keep] for name, column in columns.items()})


def on_a_saturday(columns: dict[str, Any]) -> None:
    columns["timestamp"] = columns["timestamp"] + np.where(columns["timestamp"] >= MONDAY + 2 * DAY, 3 * DAY, 0)


def with_a_hole(columns: dict[str, Any]) -> None:
    clock = columns["timestamp"] - MONDAY
    keep = (clock < 11 * HOUR) | (clock >= 13 * HOUR)
    columns.update({name: column[keep] for name, column in columns.items()})


def cut_off(columns: dict[str, Any]) -> None:
    clock = columns["timestamp"] - MONDAY
    keep = (clock >= 12 * HOUR) & (clock < 2 * DAY + 13 * HOUR)
    columns.update({name: column[keep] for name, column in columns.items()})


def stepping_back(columns: dict[str, Any]) -> None:
    columns["timestamp"][700] -= 10 * MINUTE


def pasted_twice(columns: dict[str, Any]) -> None:
    columns.update({name: np.repeat(column, 2) for name, column in columns.items()})


def crossed(columns: dict[str, Any]) -> None:
    columns["price"] = np.where(columns["kind"] == BID, 10.04, columns["price"])


def locked(columns: dict[str, Any]) -> None:
    columns["price"] = np.where(columns["kind"] == BID, 10.02, columns["price"])


def far_away(columns: dict[str, Any]) -> None:
    columns["price"][602] = 13.0


def off_the_grid(columns: dict[str, Any]) -> None:
    columns["price"] = columns["price"] + 0.005


def without_prints(columns: dict[str, Any]) -> None:
    columns["kind"] = np.where(columns["kind"] == TRADE, ASK, columns["kind"])
    columns["price"] = np.where(columns["kind"] == ASK, 10.02, columns["price"])


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (shifted, ["FAB: ticks run from 05:31 to 10:58: 4 hours early, as if in UTC. ADX trades 09:30-15:00"]),
        (often_late, ["FAB: 13% of the ticks are outside ADX's hours, 09:30-15:00."]),
        (without_a_day, ["FAB: no ticks on 2025-01-14, when ADX traded."]),
        (on_a_saturday, ["no ticks on 2025-01-15, 2025-01-16, 2025-01-17", "ticks on 2025-01-18, when ADX is closed"]),
        (with_a_hole, ["FAB: no tick from 10:59 to 13:00 on 2025-01-13, within the session."]),
        (cut_off, ["the ticks begin at 12:00 on 2025-01-13 and end at 12:59 on 2025-01-15."]),
        (stepping_back, ["FAB: the clock steps back once, by up to 0:09:30."]),
        (pasted_twice, ["FAB: 1,980 of 3,960 rows repeat an earlier row."]),
        (crossed, ["FAB: the book is crossed for 14:13:30 (100% of the session, 1,707 events)."]),
        (locked, ["FAB: the book is locked for 14:13:30 (100% of the session, 1,707 events)."]),
        (
            far_away,
            ["FAB: 1 print is more than 10% away from the touch, the first at 2025-01-13 14:31:00: 13 (bid"],
        ),
        (off_the_grid, ["FAB: 1,980 of 1,980 prices (100%) are no multiple of the tick sizes in configs/markets/ADX"]),
        (without_prints, ["FAB: no TRADE rows at all."]),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_each_fault_is_one_sentence(tmp_path: Path, spoil: Callable[[dict[str, Any]], None], told: list[str]) -> None:
    columns = days_of_ticks()
    spoil(columns)
    said = warnings_of(write(tmp_path / "store", **columns))
    assert len(said) == len(told)
    for sentence, part in zip(said, told, strict=True):
        assert part in sentence
        assert sentence.endswith((".", "?"))


def test_a_day_that_all_securities_miss_is_said_once(tmp_path: Path) -> None:
    write(tmp_path / "store", "EMAAR", "DFM", **days_of_ticks(price=5.0))
    columns = days_of_ticks()
    without_a_day(columns)
    for ticker in ("FAB", "MODON", "ADCB"):
        write(tmp_path / "store", ticker, **columns)
    [said] = warnings_of(tmp_path / "store")
    assert said.startswith("No security of ADX has ticks on 2025-01-14: a day off that configs/markets/ADX.json does")
    assert warnings_of(tmp_path / "store", "FAB") == ["FAB: no ticks on 2025-01-14, when ADX traded."]


@pytest.fixture
def converted(tmp_path: Path) -> Path:
    write_sample(tmp_path / "ticks.xlsx", days=2, rows=400)
    api.convert(tmp_path / "ticks.xlsx", tmp_path / "parquet")
    return tmp_path / "parquet"


def test_a_converted_store_says_rows_rejects_and_nothing_wrong_but_rejects(converted: Path) -> None:
    found = inspect_store(converted)
    assert found.failed == {}
    entries = {one.ticker: one.entry for one in found.securities if one.entry is not None}
    assert [(name, one.rows, one.blank) for name, one in entries.items()] == [
        ("EMAAR", 400, 0),
        ("FAB", 400, 0),
        ("MODON", 400, 0),
        ("SPINNEYS", 405, 1),
    ]
    assert [said.split(" (")[0] for said in found.warnings] == []


def change_catalog(folder: Path, ticker: str, **changes: Any) -> None:
    told = json.loads((folder / "catalog.json").read_text())
    entry = told["securities"][ticker]
    entry |= {key: value for key, value in changes.items() if key in entry}
    entry["sources"][0] |= {key: value for key, value in changes.items() if key in entry["sources"][0]}
    (folder / "catalog.json").write_text(json.dumps(told))


@pytest.mark.parametrize(("rows", "full"), [(1_048_573, True), (1_048_572, False)])
def test_a_full_sheet_is_told_its_header_rows_included(converted: Path, rows: int, *, full: bool) -> None:
    change_catalog(converted, "FAB", rows=rows)
    said = [one for one in inspect_store(converted).warnings if "is full" in one]
    assert len(said) == full
    if full:
        assert said[0].startswith("FAB: sheet 'FAB UH Equity' of ticks.xlsx is full: it ends in row 1,048,576, Excel's")


def test_many_rejects_are_told_with_their_rules(converted: Path) -> None:
    change_catalog(converted, "FAB", rejects={"price negative": 9})
    [said] = inspect_store(converted).warnings
    assert said.startswith("FAB: 9 of 400 rows are no ticks (9 price negative). FAB.rejects.parquet has them")


def test_a_changed_workbook_is_told_for_each_security_of_it(converted: Path) -> None:
    book = converted.parent / "ticks.xlsx"
    book.write_bytes(book.read_bytes() + b"0")
    said = inspect_store(converted).warnings
    assert len(said) == 4
    assert said[0] == f"EMAAR: {book} was changed after it was converted from it. Run `make convert`."


def test_a_file_that_is_not_the_catalogs_is_told_and_counted(converted: Path) -> None:
    write(converted, "FAB", **days_of_ticks())
    found = inspect_store(converted, ["fab"])
    assert found.securities[0].entry is None
    assert found.securities[0].counts is not None
    assert found.warnings == ["FAB: FAB.parquet is not the file that catalog.json lists. Run `make convert`."]


def test_a_file_that_cannot_be_read_is_its_own_error_and_the_others_are_counted(converted: Path) -> None:
    content = bytearray((converted / "FAB.parquet").read_bytes())
    content[len(content) // 2] ^= 0x10
    (converted / "FAB.parquet").write_bytes(content)
    (converted / "MODON.parquet").unlink()
    (converted / "NOEXCHANGE.parquet").write_bytes(b"no Parquet at all")
    found = inspect_store(converted)
    assert sorted(found.failed) == ["FAB", "MODON", "NOEXCHANGE"]
    assert "MODON.parquet is listed in catalog.json and cannot be read" in found.failed["MODON"]
    assert [one.ticker for one in found.securities if one.counts] == ["EMAAR", "SPINNEYS"]


def test_an_exchange_that_is_not_known_is_the_securitys_error(tmp_path: Path) -> None:
    write(tmp_path / "store", exchange="NYSE", **days_of_ticks())
    assert "No market facts for exchange 'NYSE'" in inspect_store(tmp_path / "store").failed["FAB"]


def test_a_file_without_ticks_is_told(tmp_path: Path) -> None:
    write(tmp_path / "store", timestamp=[], kind=[], price=[], volume=[])
    assert warnings_of(tmp_path / "store") == ["FAB: no ticks."]


def test_one_tick_is_counted(tmp_path: Path) -> None:
    write(tmp_path / "store", timestamp=[MONDAY + 12 * HOUR], kind=[0], price=[10.0], volume=[1])
    [one] = inspect_store(tmp_path / "store").securities
    assert one.counts is not None
    assert (one.counts.ticks, one.counts.gap, one.counts.session) == (1, None, (2 * 60 + 45) * MINUTE)


def test_what_is_not_there_is_an_error_that_says_so(tmp_path: Path) -> None:
    with pytest.raises(NoStore, match="make convert"):
        inspect_store(tmp_path / "nothing")
    (tmp_path / "empty").mkdir()
    with pytest.raises(NoStore, match="holds no ticks"):
        inspect_store(tmp_path / "empty")
    with pytest.raises(UnknownSecurity, match="Did you mean 'FAB'"):
        inspect_store(make_store(tmp_path / "store"), ["FABB"])


def test_the_facts_of_each_market_say_the_hours_that_are_told() -> None:
    for exchange in ("ADX", "DFM"):
        facts = replace(facts_of(exchange))
        assert facts.pre_open[0] < facts.continuous[0] < facts.continuous[1] < facts.trade_at_last[1]
