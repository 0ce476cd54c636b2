"""AWS's schedule expressions. The first cases are the documentation's own examples."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import islice

import pytest

from cumulet.services import cron


def times(expression: str, after: str, count: int = 3) -> list[str]:
    start = datetime.fromisoformat(after).replace(tzinfo=UTC).timestamp()
    found = islice(cron.parse(expression).after(start), count)
    return [datetime.fromtimestamp(one, UTC).strftime("%a %Y-%m-%d %H:%M") for one in found]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("cron(0 10 * * ? *)", ["Mon 2024-01-01 10:00", "Tue 2024-01-02 10:00", "Wed 2024-01-03 10:00"]),
        ("cron(15 12 * * ? *)", ["Mon 2024-01-01 12:15", "Tue 2024-01-02 12:15", "Wed 2024-01-03 12:15"]),
        (
            "cron(0 18 ? * MON-FRI *)",
            ["Mon 2024-01-01 18:00", "Tue 2024-01-02 18:00", "Wed 2024-01-03 18:00"],
        ),
        ("cron(0 8 1 * ? *)", ["Mon 2024-01-01 08:00", "Thu 2024-02-01 08:00", "Fri 2024-03-01 08:00"]),
        ("cron(0/15 * * * ? *)", ["Mon 2024-01-01 00:15", "Mon 2024-01-01 00:30", "Mon 2024-01-01 00:45"]),
        (
            "cron(0/10 * ? * MON-FRI *)",
            ["Mon 2024-01-01 00:10", "Mon 2024-01-01 00:20", "Mon 2024-01-01 00:30"],
        ),
        (
            "cron(0/5 8-17 ? * MON-FRI *)",
            ["Mon 2024-01-01 08:00", "Mon 2024-01-01 08:05", "Mon 2024-01-01 08:10"],
        ),
        ("cron(0 0 L * ? *)", ["Wed 2024-01-31 00:00", "Thu 2024-02-29 00:00", "Sun 2024-03-31 00:00"]),
        ("cron(0 0 LW * ? *)", ["Wed 2024-01-31 00:00", "Thu 2024-02-29 00:00", "Fri 2024-03-29 00:00"]),
        ("cron(0 0 6W 1-7 ? *)", ["Fri 2024-01-05 00:00", "Tue 2024-02-06 00:00", "Wed 2024-03-06 00:00"]),
        ("cron(0 0 1W 6,9 ? *)", ["Mon 2024-06-03 00:00", "Mon 2024-09-02 00:00", "Mon 2025-06-02 00:00"]),
        ("cron(0 0 ? * 6L *)", ["Fri 2024-01-26 00:00", "Fri 2024-02-23 00:00", "Fri 2024-03-29 00:00"]),
        ("cron(0 0 ? * 3#2 *)", ["Tue 2024-01-09 00:00", "Tue 2024-02-13 00:00", "Tue 2024-03-12 00:00"]),
        ("cron(0 0 ? * TUE#5 *)", ["Tue 2024-01-30 00:00", "Tue 2024-04-30 00:00", "Tue 2024-07-30 00:00"]),
        ("cron(0 0 ? * L *)", ["Sat 2024-01-06 00:00", "Sat 2024-01-13 00:00", "Sat 2024-01-20 00:00"]),
        ("cron(0 0 31 * ? *)", ["Wed 2024-01-31 00:00", "Sun 2024-03-31 00:00", "Fri 2024-05-31 00:00"]),
        ("cron(30 2 29 FEB ? *)", ["Thu 2024-02-29 02:30", "Tue 2028-02-29 02:30", "Sun 2032-02-29 02:30"]),
        ("cron(0 12 1 1 ? 2024-2025)", ["Mon 2024-01-01 12:00", "Wed 2025-01-01 12:00"]),
        ("cron(0 12 1 1 ? 1999)", []),
    ],
)
def test_an_expression_means_the_times_that_aws_says(expression: str, expected: list[str]) -> None:
    assert times(expression, "2024-01-01T00:00") == expected


def test_the_next_time_is_later_than_the_moment_itself() -> None:
    assert times("cron(0 0 * * ? *)", "2024-01-01T00:00", 1) == ["Tue 2024-01-02 00:00"]
    assert times("cron(0 0 * * ? *)", "2023-12-31T23:59:59", 1) == ["Mon 2024-01-01 00:00"]


@pytest.mark.parametrize(
    "expression",
    [
        "0 10 * * ? *",
        "cron(0 10 * * ?)",
        "cron(0 10 * * * *)",
        "cron(0 10 ? * ? *)",
        "cron(60 10 * * ? *)",
        "cron(0 24 * * ? *)",
        "cron(0 10 0 * ? *)",
        "cron(0 10 * 13 ? *)",
        "cron(0 10 ? * 8 *)",
        "cron(0 10 ? * MON#6 *)",
        "cron(5-1 10 * * ? *)",
        "cron(0/0 10 * * ? *)",
        "cron(0 10 * * ? 1969)",
        "cron(x 10 * * ? *)",
        "rate(5 minutes)",
    ],
)
def test_what_is_no_expression_is_refused(expression: str) -> None:
    with pytest.raises(cron.BadSchedule):
        cron.parse(expression)
