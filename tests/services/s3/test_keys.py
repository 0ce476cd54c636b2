"""Whatever a key looks like, it stays in its bucket and comes back byte for byte."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cumulet.config import Config
from cumulet.house import House
from cumulet.services import Caller

from .asking import body, names

AWKWARD = [
    "../../etc/passwd",
    "..",
    ".",
    "a/../../b",
    "%2e%2e/%2E%2E/c",
    "..%2f..%2fd",
    "/leading",
    "//double//slash//",
    "trailing/",
    "a",
    "a/b",
    "a/b/",
    "Case",
    "case",
    "a\0b",
    "tab\tnew\nline\r",
    ".cumulet/../x",
    ".cumulet/~y",
    "back\\slash",
    "q?x=1&y#frag",
    "plus+ space%20",
    "e\u0301",
    "\u00e9",
    "\U0001f600/\uffee",
    "x" * 1024,
    "/".join("y" * 200 for _ in range(5)),
    "z" * 300 + "/w",
    "~!@$^*()_-=[]{}|;:'\",<>`",
]


def test_awkward_keys_round_trip_over_http(s3: Any, bucket: str) -> None:
    for key in AWKWARD:
        s3.put_object(Bucket=bucket, Key=key, Body=key.encode())
    for key in AWKWARD:
        assert body(s3.get_object(Bucket=bucket, Key=key)) == key.encode()
    listed = names(s3.list_objects_v2(Bucket=bucket))
    assert listed == sorted(AWKWARD, key=str.encode)
    for key in AWKWARD:
        s3.delete_object(Bucket=bucket, Key=key)
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 0
    s3.delete_bucket(Bucket=bucket)


@pytest.fixture(scope="module")
def lake_and_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Any, Path]]:
    folder = tmp_path_factory.mktemp("keys")
    house = House(Config(data_dir=folder / "house"))
    root = Caller("123456789012", "us-east-1", "arn:aws:iam::123456789012:root")
    yield house.service("s3", root), folder
    house.close()


CHARACTERS = st.one_of(st.sampled_from("/.%\0~=#\\ aA2e"), st.characters(exclude_categories=["Cs"]))
KEY = st.text(CHARACTERS, min_size=1, max_size=60)


@given(st.lists(KEY, min_size=1, max_size=6, unique=True))
@settings(max_examples=100, deadline=None)
def test_any_keys_live_side_by_side_and_inside_the_bucket(
    lake_and_folder: tuple[Any, Path], keys: list[str]
) -> None:
    lake, folder = lake_and_folder
    name = f"bucket-{secrets.token_hex(6)}"
    lake.create_bucket(Bucket=name)
    for key in keys:
        lake.put_object(Bucket=name, Key=key, Body=key.encode())
    assert [(file.key, file.path.read_bytes()) for file in lake.files(name)] == [
        (key, key.encode()) for key in sorted(keys, key=str.encode)
    ]
    lake.store.settler.settle()
    assert [shown(lake, name, key) for key in keys] == [[key.encode()] for key in keys]
    for key in keys:
        lake.delete_object(Bucket=name, Key=key)
    lake.delete_bucket(Bucket=name)
    assert not (folder / "house/s3" / name).exists()
    assert {path.name for path in folder.iterdir()} == {"house"}


def shown(lake: Any, bucket: str, key: str) -> list[bytes]:
    """The files in the bucket's folder that show this key."""
    return [path.read_bytes() for path in lake.store.tree.paths(bucket, key) if path.is_file()]
