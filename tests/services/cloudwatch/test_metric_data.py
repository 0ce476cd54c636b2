"""GetMetricData: metrics, and the mathematics over them, by the worked examples of AWS's guide."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import ClientError

MINUTE = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(minutes=10)
SERIES = {"a": [1, 2, 3, 4], "b": [10, None, 0, 2], "c": [None, None, None, 7]}


@pytest.fixture
def measured(cloudwatch, namespace) -> str:
    """Three metrics over four minutes; None is a minute without a value."""
    data = [
        {"MetricName": name, "Value": value, "Timestamp": MINUTE + timedelta(minutes=minute)}
        for name, values in SERIES.items()
        for minute, value in enumerate(values)
        if value is not None
    ]
    cloudwatch.put_metric_data(Namespace=namespace, MetricData=data)
    return namespace


def query(namespace: str, name: str, **more) -> dict:
    stat = {"Metric": {"Namespace": namespace, "MetricName": name}, "Period": 60, "Stat": "Sum"}
    return {"Id": name, "MetricStat": stat, "ReturnData": False, **more}


def ask(cloudwatch, queries: list[dict], **more) -> dict:
    span = {"StartTime": MINUTE, "EndTime": MINUTE + timedelta(minutes=4), "ScanBy": "TimestampAscending"}
    return cloudwatch.get_metric_data(MetricDataQueries=queries, **span | more)


def compute(cloudwatch, namespace: str, expression: str) -> list[list[float | None]]:
    """The series that an expression gives, minute by minute."""
    queries = [query(namespace, name) for name in SERIES] + [{"Id": "e", "Expression": expression}]
    results = ask(cloudwatch, queries)["MetricDataResults"]
    return [_by_minute(result) for result in results]


def _by_minute(result: dict) -> list[float | None]:
    values = dict(zip(result["Timestamps"], result["Values"], strict=True))
    return [values.get(MINUTE + timedelta(minutes=minute)) for minute in range(4)]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("a + 1", [2, 3, 4, 5]),
        ("-a", [-1, -2, -3, -4]),
        ("2 ^ a", [2, 4, 8, 16]),
        ("a - b / 2 * 2", [-9, 2, 3, 2]),
        ("(a + b) * 2", [22, 4, 6, 12]),
        ("a / b", [0.1, None, None, 2]),  # divided by nothing: dropped
        ("a > 2", [0, 0, 1, 1]),
        ("a > 1 AND a < 4", [0, 1, 1, 0]),
        ("a == 1 || a == 4", [1, 0, 0, 1]),
        ("a - AVG(a)", [-1.5, -0.5, 0.5, 1.5]),
        ("SUM([a, b])", [11, 2, 3, 6]),
        ("SUM(METRICS())", [11, 2, 3, 13]),
        ("MAX(METRICS())", [10, 2, 3, 7]),
        ("METRICS('b')", [10, None, 0, 2]),
        ("AVG([a, b])", [5.5, 2, 1.5, 3]),
        ("FILL(b, 5)", [10, 5, 0, 2]),
        ("FILL(b, REPEAT)", [10, 10, 0, 2]),
        ("FILL(b, LINEAR)", [10, 5, 0, 2]),
        ("FILL(b, a)", [10, 2, 0, 2]),
        ("FILL(c, REPEAT)", [None, None, None, 7]),
        ("RUNNING_SUM(a)", [1, 3, 6, 10]),
        ("DIFF(a)", [None, 1, 1, 1]),
        ("DIFF_TIME(b)", [None, None, 120, 60]),
        ("RATE(a)", [None, 1 / 60, 1 / 60, 1 / 60]),
        ("a / PERIOD(a)", [1 / 60, 2 / 60, 3 / 60, 4 / 60]),
        ("CEIL(a / 3)", [1, 1, 1, 2]),
        ("FLOOR(a / 3)", [0, 0, 1, 1]),
        ("ABS(-a)", [1, 2, 3, 4]),
        ("LOG10(a * 0 + 100)", [2, 2, 2, 2]),
        ("TIME_SERIES(DATAPOINT_COUNT(b))", [3, 3, 3, 3]),
        ("a * 0 + METRIC_COUNT(METRICS())", [3, 3, 3, 3]),
        ("IF(a > 2, a, b)", [10, None, 3, 4]),
        ("IF(a > 2, a)", [None, None, 3, 4]),
        ("IF(a > 2, 1, 0)", [0, 0, 1, 1]),
        ("FIRST(SORT([a, b], MAX, DESC))", [10, None, 0, 2]),
        ("LAST(SORT([a, b, c], SUM, ASC))", [10, None, 0, 2]),
        ("SLICE(SORT([a, b, c], SUM, ASC), 2)", [10, None, 0, 2]),
        ("STDDEV([a, b])", [4.5, 0, 1.5, 1]),
        ("YEAR(a) - YEAR(b)", [0, 0, 0, 0]),
        ("1e1 * a", [10, 20, 30, 40]),
    ],
)
def test_expressions_compute_what_the_guide_says(cloudwatch, measured, expression, expected):
    assert compute(cloudwatch, measured, expression) == [pytest.approx(expected)]


def test_a_condition_without_a_value_behaves_as_the_guides_table(cloudwatch, namespace):
    series = {"m1": [1, 1, 0, 0], "m2": [30, None, 0, 0], "m3": [0, 0, 20, None]}
    data = [
        {"MetricName": name, "Value": value, "Timestamp": MINUTE + timedelta(minutes=minute)}
        for name, values in series.items()
        for minute, value in enumerate(values)
        if value is not None
    ]
    cloudwatch.put_metric_data(Namespace=namespace, MetricData=data)
    queries = [query(namespace, name) for name in series] + [{"Id": "e", "Expression": "IF(m1, m2, m3)"}]
    (result,) = ask(cloudwatch, queries)["MetricDataResults"]
    assert _by_minute(result) == [30, 0, 20, None]


def test_an_array_gives_a_series_each(cloudwatch, measured):
    assert compute(cloudwatch, measured, "[a, b] * 10") == [[10, 20, 30, 40], [100, None, 0, 20]]
    assert compute(cloudwatch, measured, "REMOVE_EMPTY([a, FIRST(SLICE([a, b], 9))])") == [[1, 2, 3, 4]]


def test_expressions_may_stand_on_others(cloudwatch, measured):
    queries = [
        query(measured, "a"),
        {"Id": "e2", "Expression": "e1 + 1", "Label": "more"},
        {"Id": "e1", "Expression": "a * 2"},
    ]
    found = {one["Label"]: one["Values"] for one in ask(cloudwatch, queries)["MetricDataResults"]}
    assert found == {"more": [3, 5, 7, 9], "e1": [2, 4, 6, 8]}


def test_the_newest_value_comes_first_unless_told_otherwise(cloudwatch, measured):
    queries = [query(measured, "a", ReturnData=True)]
    (result,) = ask(cloudwatch, queries, ScanBy="TimestampDescending")["MetricDataResults"]
    assert result["Values"] == [4, 3, 2, 1]
    assert result["StatusCode"] == "Complete"


def test_a_metric_without_values_is_an_empty_series(cloudwatch, namespace):
    (result,) = ask(cloudwatch, [query(namespace, "none", ReturnData=True)])["MetricDataResults"]
    assert (result["Label"], result["Values"]) == ("none", [])


def test_pages_hold_as_many_datapoints_as_are_asked_for(cloudwatch, measured):
    queries = [query(measured, "a", ReturnData=True), query(measured, "b", ReturnData=True)]
    span = {"StartTime": MINUTE, "EndTime": MINUTE + timedelta(minutes=4)}
    paginator = cloudwatch.get_paginator("get_metric_data")
    pages = list(paginator.paginate(MetricDataQueries=queries, MaxDatapoints=3, **span))
    values = [value for page in pages for one in page["MetricDataResults"] for value in one["Values"]]
    assert values == [4, 3, 2, 1, 2, 0, 10]
    assert len(pages) == 3


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("a +", "ends too early"),
        ("a + missing", "missing, which is not the Id"),
        ("e + 1", "refers to itself"),
        ("AVG(a)", "must be a time series"),
        ("NOTHING(a)", "Unknown function NOTHING"),
        ("FILL(a)", "takes 2 to 2 arguments"),
        ("a $ b", "cannot be read"),
        ("'a' + 1", "not on text"),
        ("(" * 100 + "a" + ")" * 100, "nested"),
        ("SEARCH('{Shop} x', 'Sum', 60)", "does not implement the function SEARCH"),
        ("SELECT AVG(a) FROM Shop", "Metrics Insights"),
    ],
)
def test_an_expression_that_makes_no_sense_is_refused_with_the_reason(
    cloudwatch, measured, expression, words
):
    with pytest.raises(ClientError, match=words.replace("(", r"\(")):
        compute(cloudwatch, measured, expression)


def test_ids_are_made_sure_of(cloudwatch, measured):
    for name in ("Big", "1a", "a-b"):
        with pytest.raises(ClientError, match="lowercase"):
            ask(cloudwatch, [query(measured, "a", Id=name)])
    with pytest.raises(ClientError, match="not unique"):
        ask(cloudwatch, [query(measured, "a"), query(measured, "a")])
