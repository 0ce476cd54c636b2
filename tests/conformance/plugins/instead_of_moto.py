"""A pytest plug-in for a suite that was written for moto: what it takes for moto is Cumulet.

moto's mock mocks nothing, its server's address is AWS_ENDPOINT_URL, and the suite's made-up credentials and
its bucket's name, which no S3 would take, are those of the environment.
"""

from __future__ import annotations

import os
import re
from contextlib import nullcontext
from importlib import import_module
from typing import Any
from urllib.parse import urlsplit

import moto
import moto.server

KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION")
TOKENS = ("AWS_SECURITY_TOKEN", "AWS_SESSION_TOKEN")


class Address:
    """moto's server, as far as a suite asks for it."""

    def __init__(self, **ignored: Any) -> None:
        place = urlsplit(os.environ["AWS_ENDPOINT_URL"])
        self._place = place.hostname, place.port

    def start(self) -> None:
        pass

    stop = start

    def get_host_and_port(self) -> tuple[str | None, int | None]:
        return self._place


def mock_aws(decorated: Any = None) -> Any:
    """A decorator that changes nothing, and a context in which nothing is changed."""
    return decorated or nullcontext()


moto.mock_aws = mock_aws
moto.server.ThreadedMotoServer = Address  # type: ignore[assignment, misc]


def pytest_plugin_registered(plugin: Any) -> None:
    """The suite's conftest has been read, and its test modules, which import it under its full name, have not."""
    if getattr(plugin, "__name__", "") == "conftest":
        for module in (plugin, import_module("tests.conftest")):
            tell(module)


def tell(conftest: Any) -> None:
    known = {name: os.environ[name] for name in KEYS} | dict.fromkeys(TOKENS, "")
    conftest.aws_credentials = lambda: os.environ.update(known)
    old, conftest.BUCKET_NAME = conftest.BUCKET_NAME, os.environ["AWS_TEST_BUCKET"]
    shape: re.Pattern[str] = conftest.TABLE_METADATA_LOCATION_REGEX
    pattern = shape.pattern.replace(old, conftest.BUCKET_NAME)
    conftest.TABLE_METADATA_LOCATION_REGEX = re.compile(pattern, shape.flags)
