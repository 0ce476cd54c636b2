"""What is put comes back as statistics, by period, unit and dimensions, whatever protocol a client speaks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import ClientError

NOW = datetime.now(UTC)
MINUTE = NOW.replace(second=0, microsecond=0) - timedelta(minutes=10)
SPAN = {"StartTime": MINUTE - timedelta(minutes=10), "EndTime": MINUTE + timedelta(minutes=10)}


def put(cloudwatch, namespace: str, *data: dict, name: str = "Latency") -> None:
    cloudwatch.put_metric_data(
        Namespace=namespace, MetricData=[{"MetricName": name, "Timestamp": MINUTE, **datum} for datum in data]
    )


def statistics(cloudwatch, namespace: str, **more) -> list[dict]:
    asked = {"MetricName": "Latency", "Period": 60, "Statistics": ["Sum", "SampleCount", "Average"], **SPAN}
    told = {key: value for key, value in (asked | more).items() if value is not None}
    return cloudwatch.get_metric_statistics(Namespace=namespace, **told)["Datapoints"]


def test_values_of_one_minute_are_one_datapoint(cloudwatch, namespace):
    put(cloudwatch, namespace, {"Value": 1}, {"Value": 2}, {"Value": 6})
    (point,) = statistics(
        cloudwatch, namespace, Statistics=["Sum", "SampleCount", "Average", "Minimum", "Maximum"]
    )
    assert point == {
        "Timestamp": MINUTE.replace(tzinfo=point["Timestamp"].tzinfo),
        "Unit": "None",
        "Sum": 9.0,
        "SampleCount": 3.0,
        "Average": 3.0,
        "Minimum": 1.0,
        "Maximum": 6.0,
    }


def test_values_with_counts_and_sets_of_statistics_add_up(cloudwatch, namespace):
    summed = {"SampleCount": 2, "Sum": 30, "Minimum": 10, "Maximum": 20}
    put(cloudwatch, namespace, {"Values": [1, 2], "Counts": [3, 1]}, {"StatisticValues": summed})
    (point,) = statistics(cloudwatch, namespace, Statistics=["Sum", "SampleCount", "Maximum"])
    assert (point["Sum"], point["SampleCount"], point["Maximum"]) == (35, 6, 20)


def test_percentiles_need_the_values_themselves(cloudwatch, namespace):
    put(cloudwatch, namespace, {"Values": [float(n) for n in range(1, 101)]})
    asked = {
        "Statistics": None,
        "ExtendedStatistics": ["p50", "p99", "tm90", "IQM", "PR(:50)", "TC(10%:90%)"],
    }
    (point,) = statistics(cloudwatch, namespace, **asked)
    assert point["ExtendedStatistics"] == {
        "p50": 50.0,
        "p99": 99.0,
        "tm90": 45.5,
        "IQM": 50.5,
        "PR(:50)": 50.0,
        "TC(10%:90%)": 80.0,
    }
    put(cloudwatch, namespace, {"StatisticValues": {"SampleCount": 2, "Sum": 3, "Minimum": 1, "Maximum": 2}})
    assert statistics(cloudwatch, namespace, **asked) == []


def test_dimensions_name_another_metric_in_whatever_order_they_come(cloudwatch, namespace):
    a, b = {"Name": "A", "Value": "1"}, {"Name": "B", "Value": "2"}
    put(
        cloudwatch,
        namespace,
        {"Value": 1, "Dimensions": [a, b]},
        {"Value": 2, "Dimensions": [b, a]},
        {"Value": 9},
    )
    assert statistics(cloudwatch, namespace, Dimensions=[b, a])[0]["Sum"] == 3
    assert statistics(cloudwatch, namespace)[0]["Sum"] == 9
    assert statistics(cloudwatch, namespace, Dimensions=[a]) == []


def test_each_unit_has_datapoints_of_its_own(cloudwatch, namespace):
    put(cloudwatch, namespace, {"Value": 1, "Unit": "Seconds"}, {"Value": 5, "Unit": "Bytes"})
    assert [(p["Unit"], p["Sum"]) for p in statistics(cloudwatch, namespace)] == [
        ("Bytes", 5),
        ("Seconds", 1),
    ]
    assert [p["Sum"] for p in statistics(cloudwatch, namespace, Unit="Seconds")] == [1]


def test_longer_periods_begin_with_the_range(cloudwatch, namespace):
    for minute in range(6):
        put(cloudwatch, namespace, {"Value": 1, "Timestamp": MINUTE + timedelta(minutes=minute)})
    found = statistics(
        cloudwatch,
        namespace,
        Period=180,
        StartTime=MINUTE + timedelta(seconds=59),
        EndTime=MINUTE + timedelta(minutes=5),
    )
    assert [(p["Timestamp"] - MINUTE, p["Sum"]) for p in found] == [
        (timedelta(0), 3),
        (timedelta(minutes=3), 2),
    ]


def test_high_resolution_is_kept_by_the_second(cloudwatch, namespace):
    for second in (0, 1, 7):
        moment = MINUTE + timedelta(seconds=second)
        put(cloudwatch, namespace, {"Value": 1, "StorageResolution": 1, "Timestamp": moment})
    assert [p["Sum"] for p in statistics(cloudwatch, namespace, Period=1)] == [1, 1, 1]
    assert [p["Sum"] for p in statistics(cloudwatch, namespace, Period=5)] == [2, 1]
    assert [p["Sum"] for p in statistics(cloudwatch, namespace)] == [3]


def test_metrics_are_listed_by_namespace_name_and_dimensions(cloudwatch, namespace):
    page = {"Name": "Page", "Value": "cart"}
    put(cloudwatch, namespace, {"Value": 1}, {"Value": 1, "Dimensions": [page]})
    put(cloudwatch, namespace, {"Value": 1}, name="Errors")

    def listed(**asked) -> list[tuple[str, list]]:
        found = cloudwatch.list_metrics(Namespace=namespace, **asked)["Metrics"]
        return [(metric["MetricName"], metric["Dimensions"]) for metric in found]

    assert listed() == [("Errors", []), ("Latency", [page]), ("Latency", [])]
    assert listed(Dimensions=[{"Name": "Page"}]) == [("Latency", [page])]
    assert listed(MetricName="Errors", RecentlyActive="PT3H") == [("Errors", [])]
    assert listed(Dimensions=[{"Name": "Page", "Value": "other"}]) == []


def test_a_thousand_metrics_are_listed_in_pages(cloudwatch, namespace):
    for hundred in range(0, 1100, 550):
        data = [{"MetricName": f"m{number:04}", "Value": 1} for number in range(hundred, hundred + 550)]
        cloudwatch.put_metric_data(Namespace=namespace, MetricData=data)
    pages = list(cloudwatch.get_paginator("list_metrics").paginate(Namespace=namespace))
    assert [len(page["Metrics"]) for page in pages] == [500, 500, 100]
    assert len({metric["MetricName"] for page in pages for metric in page["Metrics"]}) == 1100


@pytest.mark.parametrize(
    ("datum", "code"),
    [
        ({}, "MissingParameter"),
        ({"Value": 1, "Values": [1]}, "InvalidParameterCombination"),
        ({"Value": float("nan")}, "InvalidParameterValue"),
        ({"Value": 2.0**361}, "InvalidParameterValue"),
        ({"Values": [1, 2], "Counts": [1]}, "InvalidParameterValue"),
        ({"Value": 1, "StorageResolution": 30}, "InvalidParameterValue"),
        ({"Value": 1, "Timestamp": NOW - timedelta(days=15)}, "InvalidParameterValue"),
        ({"Value": 1, "Timestamp": NOW + timedelta(hours=3)}, "InvalidParameterValue"),
        ({"Value": 1, "Dimensions": [{"Name": "A", "Value": "1"}] * 2}, "InvalidParameterValue"),
    ],
)
def test_what_is_no_measure_is_refused(cloudwatch, namespace, datum, code):
    with pytest.raises(ClientError) as raised:
        put(cloudwatch, namespace, datum)
    assert raised.value.response["Error"]["Code"].removesuffix("Exception") == code
    assert statistics(cloudwatch, namespace) == []


def test_namespaces_of_aws_are_its_own(cloudwatch):
    with pytest.raises(ClientError, match="AWS/Shop"):
        cloudwatch.put_metric_data(Namespace="AWS/Shop", MetricData=[{"MetricName": "a", "Value": 1}])


@pytest.mark.parametrize(
    "asked",
    [
        {"Period": 45},
        {"Statistics": None},
        {"StartTime": MINUTE, "EndTime": MINUTE},
        {"Period": 1, "StartTime": MINUTE - timedelta(hours=1)},
        {"Statistics": None, "ExtendedStatistics": ["p101"]},
    ],
)
def test_what_cannot_be_answered_is_refused(cloudwatch, namespace, asked):
    put(cloudwatch, namespace, {"Value": 1})
    with pytest.raises(ClientError):
        statistics(cloudwatch, namespace, **asked)


def test_accounts_and_regions_are_kept_apart(client, cloudwatch, namespace):
    put(cloudwatch, namespace, {"Value": 1})
    assert client("cloudwatch", region_name="eu-west-1").list_metrics(Namespace=namespace)["Metrics"] == []


def test_metrics_outlive_a_killed_server(own_server, namespace):
    put(own_server.client("cloudwatch"), namespace, {"Value": 4})
    own_server.kill()
    own_server.restart()
    assert statistics(own_server.client("cloudwatch"), namespace)[0]["Sum"] == 4


def test_old_values_grow_coarser_and_vanish(here):
    for _ in range(3):
        here.now += 1
        datum = {"MetricName": "Errors", "Value": 1, "StorageResolution": 1}
        here.service.put_metric_data(Namespace="Shop", MetricData=[datum])

    def points(period: int) -> int:
        begin, end = (datetime.fromtimestamp(at, UTC) for at in (1_800_000_000 - 60, 1_800_000_300))
        asked = {"Namespace": "Shop", "MetricName": "Errors", "Statistics": ["Sum"]}
        found = here.service.get_metric_statistics(StartTime=begin, EndTime=end, Period=period, **asked)
        return len(found["Datapoints"])

    assert (points(1), points(60)) == (3, 1)
    (entry,) = here.house.store.queue.claim(here.now + 4 * 3600)
    assert entry.kind == "cloudwatch.gather_old"
    here.now += 4 * 3600
    here.service.gather_old(entry)
    assert (points(1), points(60)) == (1, 1)
    here.now += 456 * 86400
    here.service.gather_old(entry)
    assert here.service.list_metrics()["Metrics"] == []
