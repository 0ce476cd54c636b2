"""The grammar of filter patterns, as far as it is written; the rest is refused."""

from __future__ import annotations

import pytest

from cumulet.services.logs.patterns import Pattern
from cumulet.wire.errors import AwsError


@pytest.mark.parametrize(
    ("pattern", "line", "found"),
    [
        ("", "anything", True),
        ("ERROR", "an ERROR came", True),
        ("ERROR", "an error came", False),
        ("ERROR ARGUMENTS", "ERROR of ARGUMENTS", True),
        ("ERROR ARGUMENTS", "ERROR only", False),
        ("?ERROR ?WARN", "WARN here", True),
        ("?ERROR ?WARN", "INFO here", False),
        ("ERROR -EXITING", "ERROR and on", True),
        ("ERROR -EXITING", "ERROR EXITING", False),
        ('"INTERNAL SERVER"', "an INTERNAL SERVER ERROR", True),
        ('"INTERNAL SERVER"', "SERVER INTERNAL", False),
        (r'"say \"no\""', 'they say "no" again', True),
        ('-"a b"', "a b", False),
        ("INFO ?WARN", "INFO", True),  # a ?word beside others does not count
        ('{ $.level = "ERROR" }', '{"level": "ERROR"}', True),
        ('{ $.level = "ERROR" }', '{"level": "error"}', False),
        ('{ $.level = "ERR*" }', '{"level": "ERROR"}', True),
        ('{ $.level != "ERR*" }', '{"level": "INFO"}', True),
        ('{ $.level = "ERROR" }', "ERROR", False),
        ('{ $.level = "ERROR" }', "[1]", False),
        ("{ $.a.b[1].c >= 5 }", '{"a": {"b": [0, {"c": 5}]}}', True),
        ("{ $.a.b[1].c >= 5 }", '{"a": {"b": [0]}}', False),
        ("{ $.n = 1 }", '{"n": true}', False),
        ("{ $.n > -1.5e0 && $.n < 2 }", '{"n": 1}', True),
        ("{ ($.n = 3 || $.n = 4) && $.m = 1 }", '{"n": 4, "m": 1}', True),
        ("{ $.n = 3 || $.n = 4 && $.m = 1 }", '{"n": 3, "m": 2}', True),
        ("{ $.x IS NULL }", '{"x": null}', True),
        ("{ $.x IS NULL }", "{}", False),
        ("{ $.x NOT EXISTS }", "{}", True),
        ("{ $.x IS TRUE }", '{"x": true}', True),
        ('{ $["a b"] = "x" }', '{"a b": "x"}', True),
    ],
)
def test_a_pattern_finds_what_aws_says(pattern, line, found):
    assert Pattern.read(pattern).matches(line) is found


@pytest.mark.parametrize(
    "pattern", ["{ $.a", "{ $.a = }", "{ $.a = 1 && }", "{ ($.a = 1 }", '"open', "{ a = 1 }"]
)
def test_a_pattern_that_is_none_is_refused(pattern):
    with pytest.raises(AwsError) as error:
        Pattern.read(pattern)
    assert error.value.code == "InvalidParameterException"


@pytest.mark.parametrize("pattern", ["%ERR.*%", "[a, b]", "{ $.a = %x% }"])
def test_what_is_not_written_is_refused_and_not_guessed(pattern):
    with pytest.raises(AwsError) as error:
        Pattern.read(pattern)
    assert error.value.code == "NotImplemented"
