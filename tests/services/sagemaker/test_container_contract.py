"""What a script finds around itself: the files, variables and arguments of SageMaker's containers."""

from __future__ import annotations

import json
import sys

import pytest

SHOW = """
import json, os, pathlib, sys
base = pathlib.Path("/opt/ml/input")
told = {
    "arguments": sys.argv[1:],
    "variables": {name: value for name, value in os.environ.items() if name.startswith(("SM_", "TRAINING_", "MY_"))},
    "config": {path.name: json.loads(path.read_text()) for path in (base / "config").iterdir()},
    "data": {str(p.relative_to(base / "data")): p.read_text() for p in (base / "data").rglob("*") if p.is_file()},
    "beside": sorted(os.listdir(".")),
}
pathlib.Path(os.environ["SM_MODEL_DIR"], "told.json").write_text(json.dumps(told))
"""


@pytest.fixture(scope="module")
def told(studio):
    from .studio import unpacked

    for key in ("reviews/a.csv", "reviews/deep/b.csv", "reviewsplus/c.csv"):
        studio.put(key, key.encode())
    request = studio.request(
        {"train.py": SHOW, "extra/module.py": ""}, **{"learning-rate": 0.1, "name": "a b", "on": True, "n": 3}
    )
    request["InputDataConfig"] = [
        studio.channel("train", "reviews/"),
        studio.channel("exact", "reviews/a.csv"),
    ]
    request["InputDataConfig"] += [studio.channel("bare", "reviews"), studio.channel("part", "reviews/d")]
    request["Environment"] = {"MY_OWN": "yes"}
    job = studio.train(request)
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    files = unpacked(studio.read(job["ModelArtifacts"]["S3ModelArtifacts"]))
    return json.loads(files["told.json"]) | {"job": job}


def test_hyperparameters_become_arguments_in_order_of_name(told):
    assert told["arguments"] == ["--learning-rate", "0.1", "-n", "3", "--name", "a b", "--on", "True"]


def test_hyperparameters_lie_in_their_file_as_they_were_sent(told):
    sent = told["config"]["hyperparameters.json"]
    assert (sent["learning-rate"], sent["name"], sent["on"]) == ("0.1", '"a b"', "true")


def test_hyperparameters_are_variables_too(told):
    found = told["variables"]
    assert (found["SM_HP_NAME"], found["SM_HP_ON"], found["SM_HP_LEARNING-RATE"]) == ("a b", "true", "0.1")
    assert json.loads(found["SM_HPS"]) == {"learning-rate": 0.1, "name": "a b", "on": True, "n": 3}
    assert json.loads(found["SM_USER_ARGS"]) == told["arguments"]


def test_a_channel_holds_keys_by_their_part_behind_the_prefix(told):
    data = told["data"]
    assert data["train/a.csv"] == data["exact/a.csv"] == "reviews/a.csv"
    assert data["train/deep/b.csv"] == data["part/deep/b.csv"] == "reviews/deep/b.csv"
    assert data["bare/a.csv"] == "reviews/a.csv"


def test_channels_are_named_by_variables(told):
    found = told["variables"]
    assert found["SM_CHANNEL_TRAIN"] == "/opt/ml/input/data/train"
    assert json.loads(found["SM_CHANNELS"]) == ["bare", "exact", "part", "train"]
    assert told["config"]["inputdataconfig.json"]["train"]["TrainingInputMode"] == "File"


def test_the_script_learns_where_it_is(told):
    found, resources = told["variables"], told["config"]["resourceconfig.json"]
    assert resources["hosts"] == [resources["current_host"]] == json.loads(found["SM_HOSTS"]) == ["algo-1"]
    assert found["SM_CURRENT_INSTANCE_TYPE"] == "ml.m5.large"
    assert found["TRAINING_JOB_NAME"] == told["job"]["TrainingJobName"]
    assert found["TRAINING_JOB_ARN"] == told["job"]["TrainingJobArn"]
    assert found["MY_OWN"] == "yes"
    training = json.loads(found["SM_TRAINING_ENV"])
    assert training["job_name"] == told["job"]["TrainingJobName"]
    assert training["hyperparameters"]["n"] == 3


def test_the_script_runs_among_its_own_files(told):
    assert told["beside"] == ["extra", "train.py"]


def test_a_shell_entry_point_is_run_too(studio):
    script = '#!/bin/sh\necho "arguments: $*"\n'
    request = studio.request({"train.sh": script}, epochs=3)
    request["HyperParameters"]["sagemaker_program"] = '"train.sh"'
    assert studio.train(request)["TrainingJobStatus"] == "Completed"
    assert "arguments: --epochs 3" in studio.log(f"{request['TrainingJobName']}/")


def test_a_containers_own_entry_point_runs_instead_of_a_script(studio):
    request = studio.request()
    request["AlgorithmSpecification"] |= {
        "ContainerEntrypoint": ["/bin/bash"],
        "ContainerArguments": [
            "-c",
            "echo one; cat /opt/ml/input/config/hyperparameters.json > /opt/ml/model/sent",
        ],
    }
    assert studio.train(request)["TrainingJobStatus"] == "Completed"


def test_a_job_acts_as_its_role(studio):
    script = (
        "import boto3\nprint(boto3.client('sts').get_caller_identity()['Arn'])\n"
        f"print(boto3.client('s3').list_objects_v2(Bucket='{studio.bucket}')['KeyCount'] > 0)"
    )
    request = studio.request({"train.py": script})
    assert studio.train(request)["TrainingJobStatus"] == "Completed"
    lines = studio.log(f"{request['TrainingJobName']}/")
    assert any(":assumed-role/CumuletAdministrator/SageMaker" in line for line in lines)
    assert "True" in lines


def test_large_inputs_are_linked_not_copied(studio, server):
    studio.put("large/one.bin", b"x" * 200_000)
    script = "import os\nprint('links:', os.stat('/opt/ml/input/data/train/one.bin').st_nlink)"
    request = {**studio.request({"train.py": script}), "InputDataConfig": [studio.channel("train", "large/")]}
    assert studio.train(request)["TrainingJobStatus"] == "Completed"
    (line,) = [line for line in studio.log(f"{request['TrainingJobName']}/") if line.startswith("links:")]
    assert int(line.split()[1]) > 1


def test_requirements_are_installed_for_the_job_alone(studio):
    wheel = studio.request(
        {
            "train.py": "import tabulate\nprint('tabulate', tabulate.__version__)",
            "requirements.txt": "tabulate==0.9.0\n",
        }
    )
    assert studio.train(wheel)["TrainingJobStatus"] == "Completed"
    lines = studio.log(f"{wheel['TrainingJobName']}/")
    assert "tabulate 0.9.0" in lines
    assert any("tabulate" in line and "nstall" in line for line in lines)


def test_what_a_script_installs_stays_in_its_job(studio):
    script = (
        "import subprocess, sys\n"
        "subprocess.check_call([sys.executable, '-m', 'pip', 'install', '-q', 'tabulate==0.8.10'])\n"
        "import tabulate\n"
        "print(tabulate.__file__)"
    )
    request = studio.request({"train.py": script})
    assert studio.train(request)["TrainingJobStatus"] == "Completed"
    assert not any(line.startswith(sys.prefix) for line in studio.log(f"{request['TrainingJobName']}/"))


def test_requirements_that_cannot_be_installed_fail_the_job_with_pips_words(studio):
    request = studio.request({"train.py": "print(1)", "requirements.txt": "tabulate==99.99\n"})
    assert "InstallRequirementsError" in studio.train(request)["FailureReason"]
    assert any("99.99" in line for line in studio.log(f"{request['TrainingJobName']}/"))
