"""Makes Parquet directories of many or of long securities from the synthetic sample, to measure scale with."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from pipeline import api
from pipeline.conversion.sample import write_sample
from pipeline.conversion.security_files import SecurityFiles
from pipeline.errors import BadRequest
from pipeline.folders import shipped_configs
from pipeline.store.atomic import discarding
from pipeline.store.catalog import open_store
from pipeline.store.layout import ticks_name
from pipeline.store.tick_file import read_ticks
from pipeline.times import DAY

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from pipeline.ticks import Ticks

STRATEGY: Final = "v1_baseline"
TICKS_A_DAY: Final = 2_838
"""Of a security of the ten that the project's figures were first taken on: 386,000 in 136 days."""

_DAYS: Final = 5
_WEEK: Final = 7 * DAY
_STORED_BYTES: Final = 8
"""A tick on the disk, with a margin."""

_RESULT_BYTES: Final = 2
"""What a run writes for each tick, with a margin."""


@dataclass(frozen=True, slots=True, eq=False)
class SampleSecurity:
    """A security of the sample: its exchange, its parameters in the shipped config, and its ticks of one week."""

    ticker: str
    exchange: str
    parameters: dict[str, float]
    week: Ticks

    def blocks(self, ticks: int) -> Iterator[Ticks]:
        """Yield so many ticks: the week, repeated on later dates."""
        number = 0
        while ticks > 0:
            block = replace(self.week, timestamp=self.week.timestamp + number * _WEEK)[:ticks]
            yield block
            ticks -= len(block)
            number += 1


@dataclass(frozen=True, slots=True)
class SyntheticStore:
    """A Parquet directory of synthetic ticks and the config for its securities.

    originals: the securities whose files are no links to another's. ticks: how many there are in all.
    """

    parquet_dir: Path
    config: Path
    originals: tuple[str, ...]
    ticks: int


def sample_week(folder: Path) -> list[SampleSecurity]:
    """Return the securities of the sample, converted from its workbook; works in `folder`."""
    write_sample(folder / "sample.xlsx", days=_DAYS, rows=_DAYS * TICKS_A_DAY)
    api.convert(folder / "sample.xlsx", folder / "sample")
    config = json.loads((shipped_configs() / f"{STRATEGY}.json").read_text(encoding="utf-8"))
    return [
        SampleSecurity(security.ticker, security.exchange, config[security.ticker], read_ticks(security.path))
        for security in open_store(folder / "sample").securities
    ]


def make_store(folder: Path, sample: Sequence[SampleSecurity], securities: int, ticks: int) -> SyntheticStore:
    """Write a Parquet directory of so many securities of so many ticks each, and the config for them.

    Securities beyond those of the sample are hard links to them, where the disk has those, else copies. Each has
    parameters of its own, so that no two results are the same. Raises OutputNotWritable.
    """
    parquet_dir = folder / f"{securities}x{ticks}"
    parquet_dir.mkdir()
    parameters = {}
    for number in range(securities):
        original = sample[number % len(sample)]
        ticker = f"{original.ticker}{number // len(sample)}"
        if number < len(sample):
            _write(parquet_dir, ticker, original, ticks)
        else:
            _link(parquet_dir / ticks_name(f"{original.ticker}0"), parquet_dir / ticks_name(ticker))
        most = original.parameters["max_notional"] + number
        parameters[ticker] = {**original.parameters, "max_notional": most}
    config = parquet_dir.with_suffix(".json")
    config.write_text(json.dumps(parameters), encoding="utf-8")
    return SyntheticStore(parquet_dir, config, tuple(parameters)[: len(sample)], securities * ticks)


def check_free_disk(folder: Path, stores: Sequence[tuple[int, int]], distinct: int) -> None:
    """Raise BadRequest where the disk has no room for stores of (securities, ticks of each) and a run of each.

    distinct: how many securities of a store are files of their own, the others being links.
    """
    files = sum(ticks * min(securities, distinct) for securities, ticks in stores)
    largest = max((securities * ticks for securities, ticks in stores), default=0)
    need = _STORED_BYTES * files + _RESULT_BYTES * largest
    free = shutil.disk_usage(folder).free
    if need > free:
        raise BadRequest(
            f"The stores and their runs take up to {need / 1e9:.1f} GB, and {free / 1e9:.1f} GB are free in {folder}: "
            "give fewer --securities or --ticks, or another temporary folder (TMPDIR)."
        )


def _write(parquet_dir: Path, ticker: str, original: SampleSecurity, ticks: int) -> None:
    files = SecurityFiles(ticker, original.exchange, parquet_dir, with_condition=False)
    with discarding([files]):
        for block in original.blocks(ticks):
            files.add(block)
    metadata = {"exchange": original.exchange, "security": ticker}
    for staged in files.close(lambda counted: {**metadata, "inspection": counted}):
        staged.commit()


def _link(original: Path, copy: Path) -> None:
    try:
        copy.hardlink_to(original)
    except OSError:
        shutil.copyfile(original, copy)
