"""Writes the matches of a reconciliation, a row a fill of the desk or of the run, as CSV or Parquet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.runs.csv_cells import csv_bytes
from pipeline.runs.layout import RECONCILIATION_FILE, RUN_FILE
from pipeline.runs.manifest import add_files
from pipeline.runs.reconcile import MATCH_COLUMNS
from pipeline.store.atomic import write_bytes
from pipeline.store.parquet import write_table

if TYPE_CHECKING:
    from pathlib import Path

    from pipeline.runs.reconcile import Reconciliation


def matches_path(reconciliation: Reconciliation, target: Path | None) -> Path:
    """Return where the matches go: the file asked for, else the one of the run's folder."""
    return reconciliation.folder / RECONCILIATION_FILE if target is None else target


def write_matches(reconciliation: Reconciliation, target: Path | None) -> None:
    """Write the matches; raises OutputNotWritable.

    A file in the run's folder is listed in `run.json`, so that the next run into this folder removes it.
    """
    path = matches_path(reconciliation, target)
    rows = reconciliation.rows()
    if path.suffix == ".parquet":
        import pyarrow as pa

        columns = {name: [row[name] for row in rows] for name in MATCH_COLUMNS}
        write_table(path, pa.table(columns), durable=False)
        return
    if target is None:
        add_files(reconciliation.folder / RUN_FILE, [RECONCILIATION_FILE])
    content = csv_bytes([MATCH_COLUMNS, *([row[name] for name in MATCH_COLUMNS] for row in rows)])
    write_bytes(path, content, durable=False)
