"""S3's other clients write to the lake and read from it, with nothing but their environment set."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.journeys.conftest import Journey

pytestmark = pytest.mark.journey

SCRIPTS = (
    "arrow_client.py",
    "frames_client.py",
    "obstore_client.py",
    "s3fs_client.py",
    "tables_client.py",
    "transfer_client.py",
)


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_client_of_s3_writes_and_reads(journey: Journey, clients: Path, script: str) -> None:
    assert journey.run(f"lake/{script}", clients).endswith("finished\n")
