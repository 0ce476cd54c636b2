"""When an alarm rings: the tables of AWS's guide, row by row.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
"""

from __future__ import annotations

import pytest

from cumulet.services.cloudwatch.judging import Point, Rule, judge

CURRENT = "what it was"
VALUES = {"0": 0.0, "X": 1.0, "-": None}


def states(datapoints: int, text: str) -> list[str]:
    """The states for missing data as missing, ignore, breaching and notBreaching."""
    points = [Point(60 * place, VALUES[sign]) for place, sign in enumerate(text.split())]
    rules = [
        Rule("GreaterThanThreshold", 0.5, 3, datapoints, missing)
        for missing in ("missing", "ignore", "breaching", "notBreaching")
    ]
    return [judge(rule, points, CURRENT) for rule in rules]


@pytest.mark.parametrize(
    ("points", "expected"),
    [
        ("0 - X - X", ["OK", "OK", "OK", "OK"]),
        ("0 - - - -", ["OK", "OK", "OK", "OK"]),
        ("- - - - -", ["INSUFFICIENT_DATA", CURRENT, "ALARM", "OK"]),
        ("0 X X - X", ["ALARM", "ALARM", "ALARM", "ALARM"]),
        ("- - X - -", ["ALARM", CURRENT, "ALARM", "OK"]),
        ("- - - - X", [CURRENT, CURRENT, "ALARM", "OK"]),
    ],
)
def test_three_of_three(points, expected):
    assert states(3, points) == expected


@pytest.mark.parametrize(
    ("points", "expected"),
    [
        ("0 - X - X", ["ALARM", "ALARM", "ALARM", "ALARM"]),
        ("0 0 X 0 X", ["ALARM", "ALARM", "ALARM", "ALARM"]),
        ("0 - X - -", ["OK", "OK", "ALARM", "OK"]),
        ("- - - - 0", ["OK", "OK", "ALARM", "OK"]),
        ("- - - X -", ["ALARM", CURRENT, "ALARM", "OK"]),
    ],
)
def test_two_of_three(points, expected):
    assert states(2, points) == expected


@pytest.mark.parametrize(
    ("comparison", "value", "state"),
    [
        ("GreaterThanOrEqualToThreshold", 5, "ALARM"),
        ("GreaterThanThreshold", 5, "OK"),
        ("LessThanThreshold", 5, "OK"),
        ("LessThanOrEqualToThreshold", 5, "ALARM"),
    ],
)
def test_the_threshold_itself(comparison, value, state):
    rule = Rule(comparison, 5, 1, 1, "missing")
    assert judge(rule, [Point(0, value)], CURRENT) == state
