"""The ProfilerReport of a job: a page for people and the same as JSON, where the SDK looks for them.

https://docs.aws.amazon.com/sagemaker/latest/dg/debugger-profiling-report.html
"""

from __future__ import annotations

import json
from html import escape
from typing import Any

from cumulet.services.sagemaker.debugger_rules import REPORT, invoked
from cumulet.services.sagemaker.profiler import DIMENSIONS, Usage
from cumulet.services.sagemaker.training_request import split_uri

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{name}</title>
<style>body {{ font: 16px/1.5 sans-serif; max-width: 60em; margin: 2em auto; padding: 0 1em }}
table {{ border-collapse: collapse }} td, th {{ border: 1px solid #999; padding: .3em .8em; text-align: left }}</style>
</head><body><h1>Profiler report of {name}</h1>
<h2>Phases</h2>{phases}<h2>Use of the machine, percent</h2>{usage}<h2>Rules</h2>{rules}</body></html>
"""


def put_reports(s3: Any, body: dict[str, Any], usage: dict[str, Usage], statuses: dict[str, Any]) -> None:
    """For each rule that is a ProfilerReport: `rule-output/<rule>/profiler-output/profiler-report.html`."""
    for asked in body.get("ProfilerRuleConfigurations", []):
        if invoked(asked) == REPORT:
            output = asked.get("S3OutputPath") or f"{_place(body)}/rule-output"
            place = f"{output.rstrip('/')}/{asked['RuleConfigurationName']}/profiler-output"
            _put(s3, f"{place}/profiler-report.html", page(body, usage, statuses).encode())
            for host, used in usage.items():
                told = json.dumps({"Host": host, "Looks": used.looks, **used.summary()}, indent=2)
                _put(s3, f"{place}/profiler-reports/OverallSystemUsage-{host}.json", told.encode())


def page(body: dict[str, Any], usage: dict[str, Usage], statuses: dict[str, Any]) -> str:
    phases = [
        (each["Status"], f"{each['EndTime'] - each['StartTime']:.1f} s")
        for each in body["SecondaryStatusTransitions"]
        if "EndTime" in each
    ]
    used = [
        (host, DIMENSIONS[kind], *shares.values())
        for host, each in usage.items()
        for kind, shares in each.summary().items()
    ]
    rules = [
        (each["RuleConfigurationName"], each["RuleEvaluationStatus"], each.get("StatusDetails", ""))
        for member in statuses.values()
        for each in member
    ]
    return PAGE.format(
        name=escape(body["TrainingJobName"]),
        phases=_table(("Phase", "Time"), phases),
        usage=_table(("Host", "Measured", "Median", "95 %", "Most"), used),
        rules=_table(("Rule", "Status", "Details"), rules),
    )


def _table(head: tuple[str, ...], rows: list[tuple[Any, ...]]) -> str:
    lines = ["".join(f"<td>{escape(str(cell))}</td>" for cell in row) for row in rows]
    titles = "".join(f"<th>{title}</th>" for title in head)
    return f"<table><tr>{titles}</tr>" + "".join(f"<tr>{line}</tr>" for line in lines) + "</table>"


def _place(body: dict[str, Any]) -> str:
    return f"{body['OutputDataConfig']['S3OutputPath'].rstrip('/')}/{body['TrainingJobName']}"


def _put(s3: Any, uri: str, data: bytes) -> None:
    bucket, key = split_uri(uri)
    s3.put_object(Bucket=bucket, Key=key, Body=data)
