"""Training jobs as boto3 sees them, from CreateTrainingJob to the model in S3."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pytest
from botocore.exceptions import ClientError

from cumulet.engines.run import mounts_refused, mounts_supported

from .studio import unpacked

METRICS = [{"Name": "accuracy", "Regex": "accuracy=([0-9.]+)"}]


def refusal(studio: Any, request: dict[str, Any]) -> tuple[str, str]:
    with pytest.raises(ClientError) as error:
        studio.sagemaker.create_training_job(**request)
    return error.value.response["Error"]["Code"], error.value.response["Error"]["Message"]


def test_a_script_is_trained_and_its_model_lies_in_s3(studio):
    request = studio.request(factor=3.5)
    job = studio.train(request)
    assert job["TrainingJobStatus"] == job["SecondaryStatus"] == "Completed"
    place = job["ModelArtifacts"]["S3ModelArtifacts"]
    assert place == f"s3://{studio.bucket}/out/{request['TrainingJobName']}/output/model.tar.gz"
    assert {name: json.loads(text) for name, text in unpacked(studio.read(place)).items()} == {
        "model.json": {"factor": 3.5}
    }


def test_a_job_tells_when_it_entered_and_left_each_status(studio):
    job = studio.train(studio.request())
    transitions = job["SecondaryStatusTransitions"]
    assert [t["Status"] for t in transitions] == [
        "Starting",
        "Downloading",
        "Training",
        "Uploading",
        "Completed",
    ]
    for earlier, later in pairwise(transitions):
        assert earlier["StartTime"] <= earlier["EndTime"] == later["StartTime"]
    assert job["TrainingStartTime"] == transitions[1]["StartTime"]
    assert job["TrainingEndTime"] == transitions[-1]["EndTime"]
    assert job["BillableTimeInSeconds"] == job["TrainingTimeInSeconds"] >= 1


def test_the_last_value_that_a_metrics_regex_catches_is_its_final_one(studio):
    request = studio.request()
    request["AlgorithmSpecification"]["MetricDefinitions"] = METRICS
    (metric,) = studio.train(request)["FinalMetricDataList"]
    assert (metric["MetricName"], metric["Value"]) == ("accuracy", 0.75)


def test_what_the_script_prints_is_in_the_jobs_log_stream(studio):
    request = studio.request()
    studio.train(request)
    lines = studio.log(f"{request['TrainingJobName']}/algo-1-")
    assert "accuracy=0.5" in lines
    assert "accuracy=0.75;" in lines


def test_a_script_that_raises_fails_the_job_with_its_traceback(studio):
    request = studio.request(then="fail")
    job = studio.train(request)
    assert job["TrainingJobStatus"] == job["SecondaryStatus"] == "Failed"
    assert job["FailureReason"].startswith("AlgorithmError: ExecuteUserScriptError:")
    assert "ValueError: the data is not what it was" in job["FailureReason"]
    assert job["FailureReason"].endswith(", exit code: 1")
    assert "ValueError: the data is not what it was" in studio.log(f"{request['TrainingJobName']}/")


def test_what_a_script_writes_to_the_failure_file_is_the_reason(studio):
    script = "import os; open('/opt/ml/output/failure', 'w').write('no rows'); os._exit(7)"
    request = studio.request({"train.py": script})
    request["AlgorithmSpecification"]["ContainerEntrypoint"] = ["python", "-c", script]
    assert studio.train(request)["FailureReason"] == "AlgorithmError: no rows, exit code: 7"


def test_a_stopped_job_keeps_the_model_it_has_saved(studio):
    request = studio.request(then="wait")
    name = studio.start(request)
    wait_for_line(studio, name, "accuracy=0.75;")
    studio.sagemaker.stop_training_job(TrainingJobName=name)
    assert studio.sagemaker.describe_training_job(TrainingJobName=name)["TrainingJobStatus"] in (
        "Stopping",
        "Stopped",
    )
    job = studio.ended(name)
    assert job["TrainingJobStatus"] == job["SecondaryStatus"] == "Stopped"
    assert studio.read(job["ModelArtifacts"]["S3ModelArtifacts"])


def test_a_job_over_its_runtime_is_stopped_and_says_so(studio):
    request = studio.request(then="wait")
    request["StoppingCondition"] = {"MaxRuntimeInSeconds": 1}
    job = studio.train(request)
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Stopped", "MaxRuntimeExceeded")


def test_an_ended_job_cannot_be_stopped(studio):
    job = studio.train(studio.request())
    with pytest.raises(ClientError, match="in status Completed"):
        studio.sagemaker.stop_training_job(TrainingJobName=job["TrainingJobName"])


def test_outputs_beside_the_model_are_packed_too(studio):
    script = "import os\nopen(os.environ['SM_OUTPUT_DATA_DIR'] + '/report.txt', 'w').write('fine')"
    request = studio.request({"train.py": script})
    studio.train(request)
    place = f"s3://{studio.bucket}/out/{request['TrainingJobName']}/output/output.tar.gz"
    assert unpacked(studio.read(place)) == {"report.txt": b"fine"}


def test_without_compression_the_models_files_are_objects_of_their_own(studio):
    request = studio.request(factor=4)
    request["OutputDataConfig"]["CompressionType"] = "NONE"
    job = studio.train(request)
    place = job["ModelArtifacts"]["S3ModelArtifacts"]
    assert json.loads(studio.read(place + "model.json")) == {"factor": 4}


def test_checkpoints_come_from_s3_and_go_back_there(studio):
    studio.put("checkpoints/step", b"41")
    script = (
        "from pathlib import Path\n"
        "step = Path('/opt/ml/checkpoints/step')\n"
        "step.write_text(str(int(step.read_text()) + 1))"
    )
    request = studio.request({"train.py": script})
    request["CheckpointConfig"] = {"S3Uri": f"s3://{studio.bucket}/checkpoints/"}
    assert studio.train(request)["TrainingJobStatus"] == "Completed"
    assert studio.read(f"s3://{studio.bucket}/checkpoints/step") == b"42"


def test_a_script_that_writes_over_its_large_inputs_leaves_the_lake_alone(studio):
    large = b"0" * (1 << 18)
    studio.put("checkpoints/weights", large)
    studio.put("large/data.csv", large)
    script = (
        "from pathlib import Path\n"
        "for path in ('/opt/ml/checkpoints/weights', '/opt/ml/input/data/large/data.csv'):\n"
        "    try: Path(path).write_text('short')\n"
        "    except PermissionError: assert 'input' in path\n"
    )
    request = studio.request({"train.py": script})
    request["CheckpointConfig"] = {"S3Uri": f"s3://{studio.bucket}/checkpoints/"}
    source = {"S3DataType": "S3Prefix", "S3Uri": f"s3://{studio.bucket}/large/"}
    channel = {"ChannelName": "large", "DataSource": {"S3DataSource": source}}
    request["InputDataConfig"] = [*request.get("InputDataConfig", []), channel]
    assert studio.train(request)["TrainingJobStatus"] == "Completed"
    assert studio.read(f"s3://{studio.bucket}/checkpoints/weights") == b"short"
    assert studio.read(f"s3://{studio.bucket}/large/data.csv") == large


def test_a_jobs_name_is_unique(studio):
    request = studio.request()
    studio.train(request)
    code, message = refusal(studio, request)
    assert code == "ResourceInUse"
    assert "already exists" in message


@pytest.mark.skipif(not mounts_supported(), reason=mounts_refused())
def test_an_isolated_script_reaches_nobody_and_its_model_is_kept(studio, server):
    script = (
        "import os, socket\n"
        "with socket.socket() as one:\n"
        f"    assert one.connect_ex(('127.0.0.1', {server.port})) != 0\n"
        "open(os.environ['SM_MODEL_DIR'] + '/alone', 'w').write('yes')"
    )
    request = {**studio.request({"train.py": script}), "EnableNetworkIsolation": True}
    job = studio.train(request)
    assert unpacked(studio.read(job["ModelArtifacts"]["S3ModelArtifacts"])) == {"alone": b"yes"}


def test_an_unknown_job_is_not_found(studio):
    with pytest.raises(ClientError, match="Requested resource not found"):
        studio.sagemaker.describe_training_job(TrainingJobName="nobody")


def test_a_role_that_does_not_exist_is_refused(studio):
    request = {**studio.request(), "RoleArn": studio.role.replace("CumuletAdministrator", "Nobody")}
    code, message = refusal(studio, request)
    assert code == "ValidationException"
    assert "Could not assume role" in message


def test_a_role_that_does_not_trust_sagemaker_is_refused(studio):
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "glue.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    role = studio.client("iam").create_role(RoleName="OnlyGlue", AssumeRolePolicyDocument=policy)["Role"]
    _, message = refusal(studio, {**studio.request(), "RoleArn": role["Arn"]})
    assert "allows principal 'sagemaker.amazonaws.com' to assume the role" in message


def test_inputs_that_are_not_there_are_refused(studio):
    _, message = refusal(
        studio, {**studio.request(), "InputDataConfig": [studio.channel("train", "nothing/here")]}
    )
    assert f'No S3 objects found under S3 URL "s3://{studio.bucket}/nothing/here"' in message


def test_an_output_bucket_that_does_not_exist_is_refused(studio):
    request = {**studio.request(), "OutputDataConfig": {"S3OutputPath": "s3://no-such-bucket-anywhere/out"}}
    assert "s3://no-such-bucket-anywhere/out" in refusal(studio, request)[1]


def test_an_unknown_image_is_refused_with_the_list_of_known_ones(studio):
    request = studio.request()
    request["AlgorithmSpecification"]["TrainingImage"] = "123456789012.dkr.ecr.us-east-1.amazonaws.com/mine:1"
    message = refusal(studio, request)[1]
    assert "sagemaker-scikit-learn" in message
    assert "cumulet image map" in message


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("RemoteDebugConfig", {"EnableRemoteDebug": True}),
        ("ExperimentConfig", {"ExperimentName": "one"}),
    ],
)
def test_what_is_not_done_yet_is_refused_by_name(studio, member, value):
    code, message = refusal(studio, {**studio.request(), member: value})
    assert code == "NotImplemented"
    assert member in message


def wait_for_line(studio: Any, name: str, line: str) -> None:
    """Until the running job has printed a line: its log is live."""
    import time

    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            if line in studio.log(name):
                return
        except studio.logs.exceptions.ResourceNotFoundException:
            pass
        time.sleep(0.05)
    raise AssertionError(f"{name} never printed {line}")
