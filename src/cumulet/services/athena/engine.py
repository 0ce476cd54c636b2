"""The house's SQL engine: one pool of workers for all of its queries."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path

from cumulet.engines.sql.pool import Pool
from cumulet.house import House

POOLS: dict[Path, Pool] = {}  # by data directory: a service is made anew for each call, workers are not
LOCK = threading.Lock()


def engine(house: House) -> Pool:
    folder = workspace(house)
    with LOCK:
        if folder not in POOLS:
            shutil.rmtree(folder / "runs", ignore_errors=True)  # what an earlier process left half done
            POOLS[folder] = Pool(folder / "workers")
        return POOLS[folder]


def workspace(house: House) -> Path:
    """Where workers spill, and where results are made before S3 takes them over."""
    return house.config.data_dir / "athena"
