"""A studio for each file of tests; what it leaves running is ended with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from .studio import Studio, open_studio


@pytest.fixture(scope="module")
def studio(client: Callable[..., Any]) -> Iterator[Studio]:
    opened = open_studio(client)
    yield opened
    opened.clear()
