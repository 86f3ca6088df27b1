"""A Dask cluster of this machine alone."""

from __future__ import annotations

from typing import Any

import pytest


def local_cluster(**options: Any) -> Any:
    distributed = pytest.importorskip("distributed")
    options = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": ":0", "silence_logs": "CRITICAL"} | options
    return distributed.LocalCluster(host="127.0.0.1", **options)
