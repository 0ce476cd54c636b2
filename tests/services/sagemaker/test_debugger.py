"""Debugger's and Profiler's rules, judged by what a job prints and uses."""

from __future__ import annotations

import json

import pytest

from .test_training_jobs import refusal

SCRIPT = """
import time
for step in range(6):
    print(f"loss={1 / (step + 1)} val_loss={1 + step}", flush=True)
    sum(range(2_000_000))
time.sleep(0.7)
"""
DEFINITIONS = [
    {"Name": "train:loss", "Regex": r"\bloss=([0-9.]+)"},
    {"Name": "validation:loss", "Regex": r"val_loss=([0-9.]+)"},
]
EVALUATOR = "503895931360.dkr.ecr.us-east-1.amazonaws.com/sagemaker-debugger-rules:latest"


def rule(name, invoked, **parameters):
    asked = {"rule_to_invoke": invoked, **parameters}
    return {"RuleConfigurationName": name, "RuleEvaluatorImage": EVALUATOR, "RuleParameters": asked}


@pytest.fixture(scope="module")
def job(studio):
    request = studio.request({"train.py": SCRIPT})
    request["AlgorithmSpecification"]["MetricDefinitions"] = DEFINITIONS
    request["ProfilerConfig"] = {
        "S3OutputPath": f"s3://{studio.bucket}/profiled",
        "ProfilingIntervalInMilliseconds": 200,
    }
    request["DebugRuleConfigurations"] = [
        rule("Falls", "LossNotDecreasing", num_steps="2"),
        rule("Overfits", "Overfit"),
        rule("Patient", "Overtraining", patience_validation="9"),
    ]
    request["ProfilerRuleConfigurations"] = [rule("Report", "ProfilerReport")]
    job = studio.train(request)
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    return job


def test_rules_are_judged_by_the_losses_that_the_job_printed(job):
    found = {
        s["RuleConfigurationName"]: s["RuleEvaluationStatus"] for s in job["DebugRuleEvaluationStatuses"]
    }
    assert found == {"Falls": "NoIssuesFound", "Overfits": "IssuesFound", "Patient": "NoIssuesFound"}


def test_the_systems_metrics_lie_in_s3_as_json_lines(studio, job):
    prefix = f"profiled/{job['TrainingJobName']}/profiler-output/system/incremental/"
    (found,) = studio.s3.list_objects_v2(Bucket=studio.bucket, Prefix=prefix)["Contents"]
    lines = [json.loads(line) for line in studio.read(f"s3://{studio.bucket}/{found['Key']}").splitlines()]
    assert {line["Dimension"] for line in lines} == {"CPUUtilization", "MemoryUsedPercent"}
    assert {line["NodeId"] for line in lines} == {"algo-1"}
    assert job["ProfilingStatus"] == "Enabled"


def test_the_profilers_report_is_a_page_and_json(studio, job):
    place = f"s3://{studio.bucket}/out/{job['TrainingJobName']}/rule-output/Report/profiler-output"
    page = studio.read(f"{place}/profiler-report.html").decode()
    assert job["TrainingJobName"] in page
    assert "Overfits" in page
    told = json.loads(studio.read(f"{place}/profiler-reports/OverallSystemUsage-algo-1.json"))
    assert told["Looks"] > 0
    assert 0 <= told["cpu"]["p50"] <= told["cpu"]["max"] <= 100


@pytest.mark.parametrize(
    ("member", "invoked", "word"),
    [
        ("DebugRuleConfigurations", "VanishingGradient", "VanishingGradient"),
        ("ProfilerRuleConfigurations", "GPUMemoryIncrease", "GPUMemoryIncrease"),
        ("DebugRuleConfigurations", "Overfit", "metric definition"),
    ],
)
def test_rules_that_cannot_be_judged_are_refused_by_name(studio, member, invoked, word):
    assert word in refusal(studio, {**studio.request(), member: [rule("one", invoked)]})[1]
