"""Hyperparameter tuning jobs as boto3 sees them: many training jobs, each with other hyperparameters."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cumulet.engines.search import Choice, Range
from cumulet.services.sagemaker.tuning_request import space, with_own_metrics

from .studio import INSTANCE, SKLEARN, archive
from .workshop import named, refusal, tuned, tuning_ended, until

SCRIPT = """
import argparse, os, sys, time
arguments = argparse.ArgumentParser()
arguments.add_argument("--rate", type=float, default=0)
arguments.add_argument("--size", type=int, default=0)
arguments.add_argument("--kind", default="good")
arguments.add_argument("--rounds", type=int, default=1)
given = arguments.parse_args()
if given.kind == "bad":
    sys.exit(3)
for number in range(given.rounds):
    print(f"loss={(given.rate - 0.3) ** 2 + abs(given.size - 4) / 100 + 1 / (number + 1)};", flush=True)
    if given.rounds > 1:
        time.sleep(0.2)
open(os.path.join(os.environ["SM_MODEL_DIR"], "rate"), "w").write(str(given.rate))
"""
X = {"Name": "rate", "MinValue": "0", "MaxValue": "1", "ScalingType": "Linear"}
N = {"Name": "size", "MinValue": "1", "MaxValue": "9"}


def definition(studio: Any, script: str = SCRIPT, **static: Any) -> dict[str, Any]:
    code = studio.put(f"{named('code')}/sourcedir.tar.gz", archive({"train.py": script}))
    sent = {**static, "sagemaker_program": "train.py", "sagemaker_submit_directory": code}
    metrics = [{"Name": "loss", "Regex": "loss=([0-9.e-]+);"}]
    return {
        "StaticHyperParameters": {key: json.dumps(value) for key, value in sent.items()},
        "AlgorithmSpecification": {
            "TrainingImage": SKLEARN,
            "TrainingInputMode": "File",
            "MetricDefinitions": metrics,
        },
        "RoleArn": studio.role,
        "OutputDataConfig": {"S3OutputPath": f"s3://{studio.bucket}/tuned"},
        "ResourceConfig": {"InstanceType": INSTANCE, "InstanceCount": 1, "VolumeSizeInGB": 1},
        "StoppingCondition": {"MaxRuntimeInSeconds": 600},
    }


def request(studio: Any, count: int = 4, strategy: str = "Random", **more: Any) -> dict[str, Any]:
    """A valid CreateHyperParameterTuningJob request."""
    config = {
        "Strategy": strategy,
        "HyperParameterTuningJobObjective": {"Type": "Minimize", "MetricName": "loss"},
        "ResourceLimits": {"MaxNumberOfTrainingJobs": count, "MaxParallelTrainingJobs": 2},
        "ParameterRanges": {"ContinuousParameterRanges": [X], "IntegerParameterRanges": [N]},
        "RandomSeed": 5,
        **more,
    }
    return {
        "HyperParameterTuningJobName": named("tuning"),
        "HyperParameterTuningJobConfig": config,
        "TrainingJobDefinition": definition(studio),
    }


def trials(studio: Any, name: str, **more: Any) -> list[dict[str, Any]]:
    pages = studio.sagemaker.get_paginator("list_training_jobs_for_hyper_parameter_tuning_job").paginate(
        HyperParameterTuningJobName=name, PaginationConfig={"PageSize": 3}, **more
    )
    return [job for page in pages for job in page["TrainingJobSummaries"]]


@pytest.fixture(scope="module")
def searched(studio):
    """A Bayesian search that has ended."""
    return tuned(studio, request(studio, 6, "Bayesian"))


def test_a_search_finds_the_best_of_its_training_jobs(studio, searched):
    assert searched["HyperParameterTuningJobStatus"] == "Completed", studio.log(
        searched["HyperParameterTuningJobName"]
    )
    assert searched["TrainingJobStatusCounters"] == {
        "Completed": 6,
        "InProgress": 0,
        "RetryableError": 0,
        "NonRetryableError": 0,
        "Stopped": 0,
    }
    assert searched["ObjectiveStatusCounters"] == {"Succeeded": 6, "Pending": 0, "Failed": 0}
    found = trials(studio, searched["HyperParameterTuningJobName"], SortBy="FinalObjectiveMetricValue")
    values = [job["FinalHyperParameterTuningJobObjectiveMetric"]["Value"] for job in found]
    assert values == sorted(values)
    assert len(values) == 6
    best = searched["BestTrainingJob"]
    assert best["TrainingJobName"] == found[0]["TrainingJobName"]
    assert best["FinalHyperParameterTuningJobObjectiveMetric"]["MetricName"] == "loss"


def test_a_training_job_of_a_search_has_its_hyperparameters_and_says_whose_it_is(studio, searched):
    best = searched["BestTrainingJob"]
    job = studio.sagemaker.describe_training_job(TrainingJobName=best["TrainingJobName"])
    assert job["TuningJobArn"] == searched["HyperParameterTuningJobArn"]
    assert job["HyperParameters"]["rate"] == best["TunedHyperParameters"]["rate"]
    assert job["HyperParameters"]["_tuning_objective_metric"] == "loss"
    assert best["TrainingJobName"].startswith(f"{searched['HyperParameterTuningJobName']}-00")
    assert float(best["TunedHyperParameters"]["rate"]) <= 1
    assert 1 <= int(best["TunedHyperParameters"]["size"]) <= 9


def test_searches_are_listed_with_their_counters(studio, searched):
    name = searched["HyperParameterTuningJobName"]
    (listed,) = studio.sagemaker.list_hyper_parameter_tuning_jobs(
        NameContains=name, StatusEquals="Completed"
    )["HyperParameterTuningJobSummaries"]
    assert listed["Strategy"] == "Bayesian"
    assert listed["ObjectiveStatusCounters"]["Succeeded"] == 6


def test_the_same_seed_tries_the_same(studio):
    asked = [request(studio, 2), request(studio, 2)]
    names = [tuned(studio, one)["HyperParameterTuningJobName"] for one in asked]
    one, two = ([job["TunedHyperParameters"] for job in trials(studio, name)] for name in names)
    assert one == two


def test_a_grid_is_searched_in_whole(studio):
    asked = request(studio, strategy="Grid")
    config = asked["HyperParameterTuningJobConfig"]
    kinds = {"Name": "kind", "Values": ['"good"', '"fine"']}
    sizes = {"Name": "size", "Values": ["3", "4"]}
    config["ParameterRanges"] = {"CategoricalParameterRanges": [kinds, sizes]}
    config["ResourceLimits"] = {"MaxParallelTrainingJobs": 4}
    job = tuned(studio, asked)
    assert job["TrainingJobStatusCounters"]["Completed"] == 4
    found = {
        tuple(one["TunedHyperParameters"].items())
        for one in trials(studio, job["HyperParameterTuningJobName"])
    }
    assert len(found) == 4


def test_several_definitions_take_turns(studio):
    asked = request(studio, 4)
    config, one = asked["HyperParameterTuningJobConfig"], asked.pop("TrainingJobDefinition")
    goal = config.pop("HyperParameterTuningJobObjective")
    ranges = {"ContinuousParameterRanges": [X]}
    config.pop("ParameterRanges")
    both = {"TuningObjective": goal, "HyperParameterRanges": ranges}
    asked["TrainingJobDefinitions"] = [{**one, **both, "DefinitionName": name} for name in ("one", "two")]
    job = tuned(studio, asked)
    names = [t["TrainingJobDefinitionName"] for t in trials(studio, job["HyperParameterTuningJobName"])]
    assert sorted(names) == ["one", "one", "two", "two"]


def test_a_search_ends_once_its_target_is_reached(studio):
    asked = request(studio, 20, TuningJobCompletionCriteria={"TargetObjectiveMetricValue": 5.0})
    job = tuned(studio, asked)
    assert job["HyperParameterTuningJobStatus"] == "Completed"
    assert sum(job["TrainingJobStatusCounters"].values()) < 5


def test_a_search_whose_training_jobs_all_fail_fails(studio):
    asked = request(studio, 2)
    asked["TrainingJobDefinition"] = definition(studio, kind="bad")
    job = tuned(studio, asked)
    assert job["HyperParameterTuningJobStatus"] == "Failed"
    assert job["FailureReason"].startswith("All training jobs failed.")
    assert job["TrainingJobStatusCounters"]["NonRetryableError"] == 2


def test_a_search_without_any_value_of_its_objective_fails(studio):
    asked = request(studio, 2)
    asked["TrainingJobDefinition"] = definition(studio, "print('nothing')")
    assert tuned(studio, asked)["FailureReason"].startswith("No objective metrics found after running 2")


def test_a_stopped_search_stops_its_training_jobs(studio):
    asked = request(studio, 4)
    asked["TrainingJobDefinition"] = definition(studio, rounds=1000)
    name = asked["HyperParameterTuningJobName"]
    studio.sagemaker.create_hyper_parameter_tuning_job(**asked)
    until(lambda: [t for t in trials(studio, name) if t.get("TrainingStartTime")])
    studio.sagemaker.stop_hyper_parameter_tuning_job(HyperParameterTuningJobName=name)
    job = tuning_ended(studio, name)
    assert job["HyperParameterTuningJobStatus"] == "Stopped"
    assert job["TrainingJobStatusCounters"]["InProgress"] == 0
    assert {t["TrainingJobStatus"] for t in trials(studio, name)} == {"Stopped"}


def test_early_stopping_gives_up_what_is_worse_than_what_has_ended(studio):
    asked = request(studio, 2, TrainingJobEarlyStoppingType="Auto")
    config = asked["HyperParameterTuningJobConfig"]
    config["Strategy"] = "Grid"
    rounds = {"Name": "rate", "Values": ["0.3", "9"]}
    config["ParameterRanges"] = {"CategoricalParameterRanges": [rounds]}
    config["ResourceLimits"]["MaxParallelTrainingJobs"] = 1
    script = SCRIPT.replace("range(given.rounds)", "range(3 if given.rate < 1 else 1000)")
    asked["TrainingJobDefinition"] = definition(studio, script, rounds=2)
    job = tuned(studio, asked)
    assert job["HyperParameterTuningJobStatus"] == "Completed"
    assert [t["TrainingJobStatus"] for t in trials(studio, job["HyperParameterTuningJobName"])] == [
        "Completed",
        "Stopped",
    ]


def test_hyperband_stops_what_has_had_its_most(studio):
    bounds = {"HyperbandStrategyConfig": {"MinResource": 1, "MaxResource": 2}}
    asked = request(studio, 2, "Hyperband", StrategyConfig=bounds)
    asked["TrainingJobDefinition"] = definition(studio, rounds=1000)
    job = tuned(studio, asked)
    assert job["TrainingJobStatusCounters"]["Stopped"] == 2
    assert job["ObjectiveStatusCounters"]["Succeeded"] == 2


def test_a_warm_start_knows_what_its_parents_tried(studio, searched):
    parents = [{"HyperParameterTuningJobName": searched["HyperParameterTuningJobName"]}]
    warm = {"ParentHyperParameterTuningJobs": parents, "WarmStartType": "IdenticalDataAndAlgorithm"}
    job = tuned(studio, {**request(studio, 1, "Bayesian"), "WarmStartConfig": warm})
    values = [
        one["FinalHyperParameterTuningJobObjectiveMetric"]["Value"]
        for one in (job["BestTrainingJob"], searched["BestTrainingJob"])
    ]
    overall = job["OverallBestTrainingJob"]
    assert overall["FinalHyperParameterTuningJobObjectiveMetric"]["Value"] == min(values)


def test_transfer_learning_begins_with_the_best_of_the_parents(studio, searched):
    parents = [{"HyperParameterTuningJobName": searched["HyperParameterTuningJobName"]}]
    warm = {"ParentHyperParameterTuningJobs": parents, "WarmStartType": "TransferLearning"}
    job = tuned(studio, {**request(studio, 1, "Bayesian"), "WarmStartConfig": warm})
    best = searched["BestTrainingJob"]["TunedHyperParameters"]
    assert job["BestTrainingJob"]["TunedHyperParameters"] == best


def test_autotune_makes_ranges_of_hints(studio):
    asked = request(studio)
    config = asked["HyperParameterTuningJobConfig"]
    config["ParameterRanges"] = {
        "AutoParameters": [{"Name": "size", "ValueHint": "4"}, {"Name": "kind", "ValueHint": "fine"}]
    }
    config["ResourceLimits"] = {"MaxNumberOfTrainingJobs": 2, "MaxParallelTrainingJobs": 2}
    job = tuned(studio, {**asked, "Autotune": {"Mode": "Enabled"}})
    assert job["HyperParameterTuningJobConfig"]["TrainingJobEarlyStoppingType"] == "Auto"
    for trial in trials(studio, job["HyperParameterTuningJobName"]):
        assert 1 <= int(trial["TunedHyperParameters"]["size"]) <= 40
        assert trial["TunedHyperParameters"]["kind"] == "fine"


def test_autotune_leaves_what_an_algorithm_has_to_be_told_and_stays_within_what_it_takes():
    image = "174872318107.dkr.ecr.us-west-2.amazonaws.com/kmeans:1"
    hints = {"feature_dim": "784", "local_lloyd_tol": "0.5", "epochs": "2"}
    given = {"AutoParameters": [{"Name": name, "ValueHint": hint} for name, hint in hints.items()]}
    definition = {"AlgorithmSpecification": {"TrainingImage": image}, "HyperParameterRanges": given}
    found = space({"HyperParameterTuningJobConfig": {}}, definition)
    assert found["feature_dim"] == Choice(("784",))
    assert found["local_lloyd_tol"] == Range(0.5 / 1.5, 0.75, scale="logarithmic")
    assert found["epochs"] == Range(1, 20, whole=True, scale="logarithmic")


def test_a_search_with_a_built_in_algorithm_is_shown_with_its_metrics():
    image = "174872318107.dkr.ecr.us-west-2.amazonaws.com/kmeans:1"
    search = {"TrainingJobDefinition": {"AlgorithmSpecification": {"TrainingImage": image}}}
    shown = with_own_metrics(search)["TrainingJobDefinition"]["AlgorithmSpecification"]["MetricDefinitions"]
    assert "test:msd" in [metric["Name"] for metric in shown]
    assert "MetricDefinitions" not in search["TrainingJobDefinition"]["AlgorithmSpecification"]


def test_an_unknown_search_is_not_found(studio):
    describe = studio.sagemaker.describe_hyper_parameter_tuning_job
    assert refusal(describe, {"HyperParameterTuningJobName": "nobody"})[0] == "ResourceNotFound"


def test_a_search_is_forgotten_and_its_training_jobs_stay(studio):
    job = tuned(studio, request(studio, 1))
    name = {"HyperParameterTuningJobName": job["HyperParameterTuningJobName"]}
    studio.sagemaker.delete_hyper_parameter_tuning_job(**name)
    assert refusal(studio.sagemaker.describe_hyper_parameter_tuning_job, name)[0] == "ResourceNotFound"
    studio.sagemaker.describe_training_job(TrainingJobName=job["BestTrainingJob"]["TrainingJobName"])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"ParameterRanges": {}}, "at least one hyperparameter range"),
        ({"Strategy": "Grid"}, "categorical ranges only"),
        ({"Strategy": "Hyperband", "TrainingJobEarlyStoppingType": "Auto"}, "must be Off"),
        (
            {"HyperParameterTuningJobObjective": {"Type": "Minimize", "MetricName": "other"}},
            "none of the training",
        ),
        (
            {"ParameterRanges": {"ContinuousParameterRanges": [{**X, "ScalingType": "Logarithmic"}]}},
            "above 0",
        ),
        (
            {
                "ParameterRanges": {
                    "IntegerParameterRanges": [N],
                    "ContinuousParameterRanges": [{**X, "Name": "size"}],
                }
            },
            "two",
        ),
    ],
)
def test_searches_that_cannot_be_are_refused(studio, change, words):
    asked = request(studio, **change)
    assert words in refusal(studio.sagemaker.create_hyper_parameter_tuning_job, asked)[1]


def test_training_jobs_that_cannot_be_are_refused_when_the_search_is_asked_for(studio):
    asked = request(studio)
    asked["TrainingJobDefinition"]["OutputDataConfig"] = {"S3OutputPath": "s3://no-such-bucket-anywhere/out"}
    assert "does not exist" in refusal(studio.sagemaker.create_hyper_parameter_tuning_job, asked)[1]
