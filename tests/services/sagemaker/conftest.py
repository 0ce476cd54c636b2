"""A studio for each file of tests; what it leaves running is ended with it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from .studio import Studio, open_studio


@pytest.fixture(scope="session")
def shared(shared: Any, request: pytest.FixtureRequest) -> Iterator[Any]:
    """With CUMULET_ON_RAY the same tests run on a Ray cluster, which has few processors and many endpoints."""
    with pytest.MonkeyPatch.context() as patch:
        if os.environ.get("CUMULET_ON_RAY"):
            patch.setenv("CUMULET_RAY_ADDRESS", request.getfixturevalue("ray_cluster").address)
        yield shared


@pytest.fixture(scope="module")
def server(server: Any) -> Any:
    if os.environ.get("CUMULET_ON_RAY"):
        (server.data_dir / "instances.json").write_text(json.dumps({"*": {"processors": 0.1}}))
    return server


@pytest.fixture(scope="module")
def studio(client: Callable[..., Any]) -> Iterator[Studio]:
    opened = open_studio(client)
    yield opened
    opened.clear()
