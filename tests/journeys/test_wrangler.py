"""awswrangler's tables and results, its own programs unmodified."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.journeys.conftest import Journey

pytestmark = pytest.mark.journey


@pytest.mark.parametrize("script", ["wrangler_tables.py", "wrangler_results.py"])
def test_awswrangler_goes_its_road(journey: Journey, script: str) -> None:
    assert journey.run(script).endswith("finished\n")
