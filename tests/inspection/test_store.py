"""What `pipeline inspect` warns of: each fault in words, none where there is none."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from pipeline import api
from pipeline.conversion.sample import write_sample
from pipeline.errors import NoStore, UnknownSecurity
from pipeline.inspection.counting import counted_text
from pipeline.inspection.store import inspect_store
from pipeline.markets.facts import facts_of
from pipeline.ticks import ASK, BID, TRADE, Ticks
from tests.made import DAY, HOUR, SECOND, make_store, usual_days, write_ticks

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

MONDAY = 20_101 * DAY  # 2025-01-13
MINUTE = 60 * SECOND


def days_of_ticks(days: int = 3, price: float = 10.0) -> dict[str, Any]:
    """Return the columns of whole, unremarkable days."""
    columns = asdict(usual_days(days, price))
    return {name: columns[name] for name in ("timestamp", "kind", "price", "volume")}


def write(folder: Path, ticker: str = "FAB", exchange: str = "ADX", *, inspected: bool = False, **columns: Any) -> Path:
    kinds = {"timestamp": np.int64, "kind": np.int8, "price": np.float64, "volume": np.int64}
    ticks = Ticks(**{name: np.asarray(columns[name]).astype(kind) for name, kind in kinds.items()})
    folder.mkdir(exist_ok=True)
    metadata = {"exchange": exchange, "fingerprint": "made"}
    if inspected:
        metadata["inspection"] = counted_text(ticks, facts_of(exchange))
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


def without_a_fortnight(columns: dict[str, Any]) -> None:
    columns["timestamp"] = columns["timestamp"] + np.where(columns["timestamp"] >= MONDAY + 2 * DAY, 14 * DAY, 0)


def newest_first(columns: dict[str, Any]) -> None:
    columns.update({name: column[::-1] for name, column in columns.items()})


def with_prints_at_night(columns: dict[str, Any]) -> None:
    night = {"timestamp": MONDAY + 2 * DAY + 23 * HOUR + np.arange(3) * MINUTE, "kind": [TRADE] * 3}
    night |= {"price": [10.0] * 3, "volume": [1] * 3}
    columns.update({name: np.concatenate([column, night[name]]) for name, column in columns.items()})


def swapped(columns: dict[str, Any]) -> None:
    day = columns["timestamp"] // DAY - MONDAY // DAY  # 3, 4 and 5 of January as the first of March, April and May
    firsts = [np.datetime64(f"2025-0{month}-01", "D").astype(np.int64) for month in (3, 4, 5)]
    columns["timestamp"] = columns["timestamp"] + (np.array(firsts)[day] - MONDAY // DAY - day) * DAY


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
    ("spoil", "expected"),
    [
        (shifted, ["FAB: ticks run from 05:31 to 10:58: 4 hours early, as if in UTC. ADX trades 09:30-15:00 (Asia"]),
        (often_late, ["FAB: ticks outside ADX's hours, 09:30-15:00 (Asia/Dubai): 13% of them."]),
        (without_a_day, ["No security of ADX has a print on 2025-01-14: probably closed"]),
        (
            on_a_saturday,
            ["print on 2025-01-15, 2025-01-16, 2025-01-17: prob", "FAB: ticks on days when ADX is closed, 2025-01-18."],
        ),
        (without_a_fortnight, ["No security of ADX has a print from 2025-01-15 to 2025-01-28: too long for a holiday"]),
        (newest_first, ["FAB: sorted newest first: the clock steps back in 1,979 rows. Ticks are replayed in the"]),
        (with_prints_at_night, ["FAB: prints outside all sessions: 3 of 663. ADX trades 09:30-15:00 (Asia/Dubai)"]),
        (
            swapped,
            ["FAB: days and months look swapped, as Excel does", "FAB: ticks on days when ADX is closed, 2025-03-01"],
        ),
        (with_a_hole, ["FAB: no tick from 10:59 to 13:00 on 2025-01-13, within continuous trading."]),
        (cut_off, ["the ticks begin at 12:00 on 2025-01-13 and end at 12:59 on 2025-01-15."]),
        (stepping_back, ["FAB: the clock steps back in 1 row, by up to 0:09:30."]),
        (pasted_twice, ["FAB: rows repeat an earlier row: 1,980 of 3,960. Was a stretch pasted twice?"]),
        (crossed, ["FAB: the book is crossed for 14:13:30 (100% of the session, 1,707 events)."]),
        (locked, ["FAB: the book is locked for 14:13:30 (100% of the session, 1,707 events)."]),
        (
            far_away,
            ["FAB: prints far from the touch, by more than 10%: 1, the first at 2025-01-13 14:31:00: 13 (bid"],
        ),
        (
            off_the_grid,
            ["FAB: its quotes do not fit the tick sizes of ADX, which its name says: 1,320 of 1,320 (100%) are betw"],
        ),
        (without_prints, ["FAB: no TRADE rows at all."]),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_each_fault_is_one_sentence(
    tmp_path: Path, spoil: Callable[[dict[str, Any]], None], expected: list[str]
) -> None:
    columns = days_of_ticks()
    spoil(columns)
    said = warnings_of(write(tmp_path / "store", **columns))
    assert len(said) == len(expected)
    for sentence, part in zip(said, expected, strict=True):
        assert part in sentence
        assert sentence.endswith((".", "?"))


def test_a_day_that_all_securities_miss_is_said_once(tmp_path: Path) -> None:
    write(tmp_path / "store", "EMAAR", "DFM", **days_of_ticks(price=5.0))
    columns = days_of_ticks()
    without_a_day(columns)
    for ticker in ("FAB", "MODON", "ADCB"):
        write(tmp_path / "store", ticker, **columns)
    expected = (
        "No security of ADX has a print on 2025-01-14: probably closed, "
        "though configs/markets/ADX.json does not list it."
    )
    assert warnings_of(tmp_path / "store") == [expected]
    assert warnings_of(tmp_path / "store", "FAB") == [expected]
    assert warnings_of(tmp_path / "store", "EMAAR") == []


def test_a_day_on_which_others_have_prints_is_missed_by_a_security(tmp_path: Path) -> None:
    columns = days_of_ticks()
    write(tmp_path / "store", "MODON", inspected=True, **columns)
    without_a_day(columns)
    write(tmp_path / "store", **columns)
    expected = ["FAB: no ticks on 2025-01-14, when others of ADX have prints."]
    assert warnings_of(tmp_path / "store") == expected
    assert warnings_of(tmp_path / "store", "FAB") == expected


def test_a_day_of_quotes_and_no_print_at_all_is_probably_closed_where_several_have_none(tmp_path: Path) -> None:
    columns = days_of_ticks()
    holiday = columns["timestamp"] // DAY == MONDAY // DAY + 1
    columns["kind"] = np.where(holiday & (columns["kind"] == TRADE), ASK, columns["kind"])
    columns["price"] = np.where(columns["kind"] == ASK, 10.02, columns["price"])
    assert warnings_of(write(tmp_path / "store", **columns)) == []  # one security can be quiet for a day
    write(tmp_path / "store", "MODON", **columns)
    [said] = warnings_of(tmp_path / "store")
    assert said.startswith("No security of ADX has a print on 2025-01-14: probably closed")


@pytest.mark.parametrize(
    ("exchange", "day", "quiet"),
    [
        ("ADX", "2025-06-05", True),  # proven by ticks
        ("DFM", "2025-06-27", True),
        ("DFM", "2026-03-20", True),  # tentative
        ("ADX", "2025-07-14", False),
        ("DFM", "2026-03-24", False),
    ],
)
def test_a_day_that_is_known_to_be_closed_is_not_spoken_of(
    tmp_path: Path, exchange: str, day: str, *, quiet: bool
) -> None:
    columns = days_of_ticks(1, price=5.0)
    at = np.datetime64(day, "D").astype(np.int64) * DAY
    around = [int(at) + step * DAY for step in range(-7, 8) if step]
    week = [date for date in around if np.is_busday(np.datetime64(date // DAY, "D"))]
    known = {"2025-06-06", "2026-03-20"}
    week = [date for date in week if str(np.datetime64(date // DAY, "D")) not in known]
    clock = columns["timestamp"] - MONDAY
    spread = {name: np.tile(column, len(week)) for name, column in columns.items()}
    spread["timestamp"] = np.concatenate([clock + date for date in week])
    said = warnings_of(write(tmp_path / "store", exchange=exchange, **spread))
    assert [f"No security of {exchange} has a print on {day}: prob" in text for text in said] == [True] * (not quiet)


@pytest.fixture
def converted(tmp_path: Path) -> Path:
    write_sample(tmp_path / "ticks.xlsx", days=2, rows=400)
    api.convert(tmp_path / "ticks.xlsx", tmp_path / "parquet")
    return tmp_path / "parquet"


def test_a_converted_store_says_rows_rejects_and_nothing_wrong_but_rejects(converted: Path) -> None:
    inspection = inspect_store(converted)
    assert inspection.failed == {}
    entries = {entry.ticker: entry.entry for entry in inspection.securities if entry.entry is not None}
    assert [(name, entry.rows, entry.blank) for name, entry in entries.items()] == [
        ("EMAAR", 400, 0),
        ("FAB", 400, 0),
        ("MODON", 400, 0),
        ("SPINNEYS", 405, 1),
    ]
    assert [said.split(" (")[0] for said in inspection.warnings] == ["SPINNEYS: rejected rows: 4 of 405"]


def change_catalog(folder: Path, ticker: str, **changes: Any) -> None:
    catalog = json.loads((folder / "catalog.json").read_text())
    entry = catalog["securities"][ticker]
    entry |= {key: value for key, value in changes.items() if key in entry}
    entry["sources"][0] |= {key: value for key, value in changes.items() if key in entry["sources"][0]}
    (folder / "catalog.json").write_text(json.dumps(catalog))


@pytest.mark.parametrize(("rows", "full"), [(1_048_573, True), (1_048_572, False)])
def test_a_full_sheet_is_told_its_header_rows_included(converted: Path, rows: int, *, full: bool) -> None:
    change_catalog(converted, "FAB", rows=rows)
    said = [text for text in inspect_store(converted).warnings if "full sheet" in text]
    assert len(said) == full
    if full:
        assert said[0].startswith("FAB: a full sheet: 'FAB UH Equity' of ticks.xlsx ends in row 1,048,576, Excel's")


def test_many_rejects_are_told_with_their_rules(converted: Path) -> None:
    change_catalog(converted, "FAB", rejects={"price negative": 9})
    said = inspect_store(converted).warnings[0]
    assert said.startswith("FAB: rejected rows: 9 of 400 (9 price negative). FAB.rejects.parquet has them")


def test_a_changed_workbook_is_told_for_each_security_of_it(converted: Path) -> None:
    book = converted.parent / "ticks.xlsx"
    book.write_bytes(book.read_bytes() + b"0")
    said = inspect_store(converted).warnings
    assert len([text for text in said if "was changed" in text]) == 4
    assert said[0] == f"EMAAR: a workbook was changed after it was converted: '{book}'. Run `pipeline convert`."


def test_a_file_that_is_not_the_catalogs_is_told_and_counted(converted: Path) -> None:
    write(converted, "FAB", **days_of_ticks())
    inspection = inspect_store(converted, ["fab"])
    assert inspection.securities[0].entry is None
    assert inspection.securities[0].counts is not None
    assert inspection.warnings == ["FAB: its file is not the one that catalog.json lists. Run `pipeline convert`."]


def test_a_file_that_cannot_be_read_is_its_own_error_and_the_others_are_counted(converted: Path) -> None:
    content = bytearray((converted / "FAB.parquet").read_bytes())
    content[len(content) // 2] ^= 0x10
    (converted / "FAB.parquet").write_bytes(content)
    (converted / "MODON.parquet").unlink()
    (converted / "NOEXCHANGE.parquet").write_bytes(b"no Parquet at all")
    inspection = inspect_store(converted)
    assert sorted(inspection.failed) == ["FAB", "MODON", "NOEXCHANGE"]
    assert "MODON.parquet is listed in catalog.json and is not there" in inspection.failed["MODON"]
    assert [security.ticker for security in inspection.securities if security.counts] == ["EMAAR", "SPINNEYS"]


def test_of_an_exchange_that_no_file_knows_all_is_said_but_what_hangs_on_its_hours(tmp_path: Path) -> None:
    write(tmp_path / "store", exchange="XYZ", **days_of_ticks())
    inspection = inspect_store(tmp_path / "store")
    assert inspection.failed == {}
    (security,) = inspection.securities
    assert (security.missing_days, security.closed_days) == ([], [])
    (warning,) = (warning for warning in inspection.warnings if "no market file" in warning)
    assert "which `pipeline backtest` asks for; hours, closed days and tick sizes were not checked. Add " in warning


def test_a_file_without_ticks_is_told(tmp_path: Path) -> None:
    write(tmp_path / "store", timestamp=[], kind=[], price=[], volume=[])
    assert warnings_of(tmp_path / "store") == ["FAB: no ticks."]


def test_one_tick_is_counted(tmp_path: Path) -> None:
    write(tmp_path / "store", timestamp=[MONDAY + 12 * HOUR], kind=[0], price=[10.0], volume=[1])
    [security] = inspect_store(tmp_path / "store").securities
    assert security.counts is not None
    assert (security.counts.ticks, security.counts.gap, security.counts.session) == (1, None, (2 * 60 + 45) * MINUTE)


def test_what_is_not_there_is_an_error_that_says_so(tmp_path: Path) -> None:
    with pytest.raises(NoStore, match="pipeline convert"):
        inspect_store(tmp_path / "nothing")
    (tmp_path / "empty").mkdir()
    with pytest.raises(NoStore, match="holds no ticks"):
        inspect_store(tmp_path / "empty")
    with pytest.raises(UnknownSecurity, match="Did you mean 'FAB'"):
        inspect_store(make_store(tmp_path / "store"), ["FABB"])


def test_the_facts_of_each_market_say_the_hours_that_are_told() -> None:
    for exchange in ("ADX", "DFM"):
        hours = facts_of(exchange).hours
        assert hours.whole[0] < hours.opens < hours.closes < hours.whole[1]
