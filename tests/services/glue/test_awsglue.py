"""The `awsglue` package that scripts import."""

from __future__ import annotations

import importlib.util
from typing import Any

import pytest

from cumulet.services.glue.script import AWSGLUE


@pytest.fixture(scope="module")
def utils() -> Any:
    spec = importlib.util.spec_from_file_location("awsglue_utils", AWSGLUE / "awsglue/utils.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("argv", "names", "found"),
    [
        (["--a", "1", "--b", "2"], ["a"], {"a": "1"}),
        (["--a=1=2"], ["a"], {"a": "1=2"}),
        (["--a", "1", "--a", "2"], ["a"], {"a": "2"}),
        (["--a", ""], ["a"], {"a": ""}),
        (["--flag", "--a", "-1"], ["a", "flag"], {"a": "-1", "flag": ""}),
        (["--day-key", "x"], ["day-key"], {"day-key": "x", "day_key": "x"}),
        (["stray", "--a", "1"], ["a"], {"a": "1"}),
        ([], [], {}),
    ],
)
def test_options_are_resolved(utils: Any, argv: list[str], names: list[str], found: dict[str, str]) -> None:
    assert utils.getResolvedOptions(["script.py", *argv], names) == found


def test_a_missing_option_is_said_by_name(utils: Any) -> None:
    with pytest.raises(utils.GlueArgumentError, match="--b, --c"):
        utils.getResolvedOptions(["script.py", "--a", "1"], ["a", "b", "c"])
