"""The globs of exclusions, by the examples of Glue's documentation."""

from __future__ import annotations

import pytest

from cumulet.services.glue.crawling.globs import excluded


@pytest.mark.parametrize(
    ("glob", "key", "hit"),
    [
        ("*.csv", "a.csv", True),
        ("*.csv", "b/a.csv", False),
        ("*.*", "a.b", True),
        ("*.{csv,avro}", "a.avro", True),
        ("*.{csv,avro}", "a.json", False),
        ("foo.?", "foo.x", True),
        ("foo.?", "foo.xy", False),
        ("myfolder/*", "myfolder/a", True),
        ("myfolder/*", "myfolder/a/b", False),
        ("myfolder/*/*", "myfolder/a/b", True),
        ("myfolder/**", "myfolder/a/b/c", True),
        ("Market*", "Market123", True),
        ("**/*.tmp", "a/b/c.tmp", True),
        ("**.tmp", "c.tmp", True),
        ("[a-c]1", "b1", True),
        ("[!a-c]1", "b1", False),
        ("[!a-c]1", "d1", True),
        ("\\*", "*", True),
        ("\\*", "a", False),
        ("a+b(c)", "a+b(c)", True),
        ("{a,b{c,d}}x", "bdx", True),
        ("{unclosed", "unclosed", True),
        ("*" * 50 + "b", "a" * 500, False),
        ("*a*a*a*a*a*a*a*a*b", "a" * 500, False),
    ],
)
def test_a_glob_excludes_what_it_says(glob: str, key: str, hit: bool) -> None:
    assert excluded([glob], [key]) == ({key} if hit else set())
