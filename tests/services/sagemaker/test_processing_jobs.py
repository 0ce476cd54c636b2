"""Processing jobs as boto3 sees them: data in, a program on one or several instances, data out."""

from __future__ import annotations

import json

import pytest

from .workshop import (
    keys,
    printed,
    processed,
    processing,
    processing_ended,
    processing_prints,
    refusal,
    s3_input,
    s3_output,
    until,
)

GROUP = "/aws/sagemaker/ProcessingJobs"
DOUBLE = """
import pathlib
for path in pathlib.Path("/opt/ml/processing/input").rglob("*.csv"):
    pathlib.Path("/opt/ml/processing/output", path.name).write_text(path.read_text() * 2)
print("doubled")
"""
SHOW = """
import json, os, pathlib, sys
base = pathlib.Path("/opt/ml")
told = {
    "arguments": sys.argv[1:],
    "variables": dict(os.environ),
    "config": {path.name: json.loads(path.read_text()) for path in (base / "config").iterdir()},
}
files = [path for path in (base / "processing").rglob("*") if path.is_file() and path.name != "script.py"]
told["inputs"] = sorted(str(path.relative_to(base / "processing")) for path in files)
host = told["config"]["resourceconfig.json"]["current_host"]
(base / "processing/output" / (host + ".json")).write_text(json.dumps(told))
"""
WAIT = "import time; print('here', flush=True); time.sleep(600)"


def told(studio, prefix, host="algo-1"):
    return json.loads(studio.read(f"s3://{studio.bucket}/{prefix}/{host}.json"))


def test_data_goes_in_and_comes_out(studio):
    studio.put("numbers/a.csv", b"1")
    studio.put("numbers/deep/b.csv", b"2")
    inputs = [s3_input(studio, "input", "numbers/")]
    request = processing(
        studio, DOUBLE, ProcessingInputs=inputs, ProcessingOutputConfig=s3_output(studio, "doubled")
    )
    job = processed(studio, request)
    assert job["ProcessingJobStatus"] == "Completed", job.get("FailureReason")
    assert job["CreationTime"] <= job["ProcessingStartTime"] <= job["ProcessingEndTime"]
    assert studio.read(f"s3://{studio.bucket}/doubled/a.csv") == b"11"
    assert studio.read(f"s3://{studio.bucket}/doubled/b.csv") == b"22"
    assert "doubled" in printed(studio, f"{request['ProcessingJobName']}", GROUP)


def test_a_program_finds_its_configuration_arguments_and_variables(studio):
    studio.put("shown/a.csv", b"1")
    request = processing(
        studio,
        SHOW,
        ProcessingInputs=[s3_input(studio, "input", "shown")],
        ProcessingOutputConfig=s3_output(studio, "told"),
        Environment={"MY_OWN": "yes"},
    )
    request["AppSpecification"]["ContainerArguments"] = ["--rate", "a b"]
    job = processed(studio, request)
    found = told(studio, "told")
    assert found["arguments"] == ["--rate", "a b"]
    assert found["variables"]["MY_OWN"] == "yes"
    assert found["inputs"] == ["input/a.csv"]
    config = found["config"]["processingjobconfig.json"]
    assert config["ProcessingJobArn"] == job["ProcessingJobArn"]
    for member in (
        "ProcessingJobName",
        "AppSpecification",
        "ProcessingInputs",
        "ProcessingOutputConfig",
        "RoleArn",
    ):
        assert config[member] == request[member]
    assert found["config"]["resourceconfig.json"]["hosts"] == ["algo-1"]


def test_a_program_works_as_its_role(studio):
    script = (
        "import boto3, pathlib; arn = boto3.client('sts').get_caller_identity()['Arn'];"
        "pathlib.Path('/opt/ml/output/message').write_text(arn)"
    )
    assert (
        ":assumed-role/CumuletAdministrator/" in processed(studio, processing(studio, script))["ExitMessage"]
    )


def test_several_instances_share_the_objects_out_between_them(studio):
    for letter in "abcde":
        studio.put(f"many/{letter}.csv", letter.encode())
    request = processing(
        studio,
        SHOW,
        ProcessingInputs=[
            s3_input(studio, "part", "many/", S3DataDistributionType="ShardedByS3Key"),
            s3_input(studio, "all", "many/", S3DataDistributionType="FullyReplicated"),
        ],
        ProcessingOutputConfig=s3_output(studio, "shared"),
    )
    request["ProcessingResources"]["ClusterConfig"]["InstanceCount"] = 2
    assert processed(studio, request)["ProcessingJobStatus"] == "Completed"
    one, two = told(studio, "shared", "algo-1"), told(studio, "shared", "algo-2")
    assert one["config"]["resourceconfig.json"]["hosts"] == ["algo-1", "algo-2"]
    parts = [[n for n in told["inputs"] if n.startswith("part/")] for told in (one, two)]
    assert sorted(parts[0] + parts[1]) == [f"part/{letter}.csv" for letter in "abcde"]
    assert len(parts[0]) in (2, 3)
    assert [n for n in two["inputs"] if n.startswith("all/")] == [f"all/{letter}.csv" for letter in "abcde"]


def test_instances_find_each_other_by_name_and_one_alone_can_be_cut_off(studio):
    script = (
        "import json, socket, pathlib\n"
        "hosts = json.load(open('/opt/ml/config/resourceconfig.json'))['hosts']\n"
        "assert len({socket.gethostbyname(host) for host in hosts}) == len(hosts)\n"
        "pathlib.Path('/opt/ml/output/message').write_text(socket.gethostname())"
    )
    both = processing(studio, script)
    both["ProcessingResources"]["ClusterConfig"]["InstanceCount"] = 2
    assert processed(studio, both)["ProcessingJobStatus"] == "Completed"
    alone = processing(studio, script, NetworkConfig={"EnableNetworkIsolation": True})
    assert processed(studio, alone)["ExitMessage"] == "algo-1"
    both["NetworkConfig"] = {"EnableNetworkIsolation": True}
    assert "EnableNetworkIsolation" in refusal(studio.sagemaker.create_processing_job, both)[1]


def test_one_instance_that_fails_ends_the_job_on_all(studio):
    script = (
        "import json, sys, time\n"
        "if json.load(open('/opt/ml/config/resourceconfig.json'))['current_host'] == 'algo-2': sys.exit(3)\n"
        "time.sleep(600)"
    )
    request = processing(studio, script)
    request["ProcessingResources"]["ClusterConfig"]["InstanceCount"] = 2
    job = processed(studio, request)
    assert job["ProcessingJobStatus"] == "Failed"
    assert job["FailureReason"].endswith("exit code: 3")


def test_a_manifest_says_which_objects_go_in(studio):
    for name in ("x/a.csv", "x/b.csv", "x/deep/c.csv"):
        studio.put(f"chosen/{name}", b"1")
    entries = [{"prefix": f"s3://{studio.bucket}/chosen/x/"}, "a.csv", "deep/c.csv"]
    studio.put("chosen/manifest.json", json.dumps(entries).encode())
    given = s3_input(studio, "input", "chosen/manifest.json", S3DataType="ManifestFile")
    request = processing(
        studio, SHOW, ProcessingInputs=[given], ProcessingOutputConfig=s3_output(studio, "manifest")
    )
    assert processed(studio, request)["ProcessingJobStatus"] == "Completed"
    assert told(studio, "manifest")["inputs"] == ["input/a.csv", "input/deep/c.csv"]


def test_a_manifest_that_lists_what_is_not_there_fails_the_job(studio):
    studio.put("wrong.json", json.dumps([{"prefix": f"s3://{studio.bucket}/chosen/"}, "nobody"]).encode())
    given = s3_input(studio, "input", "wrong.json", S3DataType="ManifestFile")
    job = processed(studio, processing(studio, ProcessingInputs=[given]))
    assert job["FailureReason"].startswith("ClientError: There is no object")


def test_the_rows_of_an_athena_query_go_in(studio):
    query = {
        "Catalog": "AwsDataCatalog",
        "Database": "default",
        "QueryString": "SELECT * FROM (VALUES (1, 'one'), (2, 'two')) AS t(n, word) WHERE n > 1",
        "OutputS3Uri": f"s3://{studio.bucket}/athena",
        "OutputFormat": "JSON",
    }
    dataset = {"AthenaDatasetDefinition": query, "LocalPath": "/opt/ml/processing/rows", "InputMode": "File"}
    script = (
        "import gzip, pathlib\n"
        "(path,) = pathlib.Path('/opt/ml/processing/rows').iterdir()\n"
        "data = path.read_bytes()\n"
        "data = gzip.decompress(data) if data[:2] == b'\\x1f\\x8b' else data\n"
        "pathlib.Path('/opt/ml/output/message').write_bytes(data)"
    )
    given = {"InputName": "rows", "DatasetDefinition": dataset}
    job = processed(studio, processing(studio, script, ProcessingInputs=[given]))
    assert job["ProcessingJobStatus"] == "Completed", job
    assert json.loads(job["ExitMessage"]) == {"n": 2, "word": "two"}


def test_a_query_that_fails_fails_the_job_with_its_reason(studio):
    query = {
        "Catalog": "AwsDataCatalog",
        "Database": "nowhere_at_all",
        "QueryString": "SELECT * FROM t",
        "OutputS3Uri": f"s3://{studio.bucket}/athena",
        "OutputFormat": "PARQUET",
    }
    dataset = {"AthenaDatasetDefinition": query, "LocalPath": "/opt/ml/processing/rows"}
    job = processed(
        studio, processing(studio, ProcessingInputs=[{"InputName": "rows", "DatasetDefinition": dataset}])
    )
    assert job["ProcessingJobStatus"] == "Failed"
    assert "The Athena query of a dataset failed: SCHEMA_NOT_FOUND" in job["FailureReason"]


def test_continuous_outputs_are_in_s3_while_the_program_still_runs(studio):
    script = (
        "import pathlib, time\n"
        "path = pathlib.Path('/opt/ml/processing/output/part')\n"
        "path.write_text('begun')\n"
        "time.sleep(600)"
    )
    request = processing(studio, script, ProcessingOutputConfig=s3_output(studio, "live", "Continuous"))
    studio.sagemaker.create_processing_job(**request)
    until(lambda: keys(studio, "live/"))
    assert studio.read(f"s3://{studio.bucket}/live/part") == b"begun"
    studio.sagemaker.stop_processing_job(ProcessingJobName=request["ProcessingJobName"])
    assert processing_ended(studio, request["ProcessingJobName"])["ProcessingJobStatus"] == "Stopped"


def test_a_program_that_fails_leaves_its_message_and_no_outputs(studio):
    script = (
        "import pathlib, sys\n"
        "pathlib.Path('/opt/ml/processing/output/part').write_text('1')\n"
        "pathlib.Path('/opt/ml/output/message').write_text('no rows')\n"
        "sys.exit(7)"
    )
    job = processed(studio, processing(studio, script, ProcessingOutputConfig=s3_output(studio, "failed")))
    assert (job["ProcessingJobStatus"], job["ExitMessage"]) == ("Failed", "no rows")
    assert job["FailureReason"] == "AlgorithmError: See job logs for more information, exit code: 7"
    assert keys(studio, "failed/") == []


def test_a_job_over_its_runtime_is_stopped(studio):
    request = processing(studio, WAIT, StoppingCondition={"MaxRuntimeInSeconds": 1})
    assert processed(studio, request)["ProcessingJobStatus"] == "Stopped"


def test_an_ended_job_cannot_be_stopped_but_deleted(studio):
    request = processing(studio)
    name = {"ProcessingJobName": request["ProcessingJobName"]}
    processed(studio, request)
    assert "in status Completed" in refusal(studio.sagemaker.stop_processing_job, name)[1]
    assert refusal(studio.sagemaker.create_processing_job, request)[0] == "ResourceInUse"
    studio.sagemaker.delete_processing_job(**name)
    assert "Could not find requested job" in refusal(studio.sagemaker.describe_processing_job, name)[1]


def test_a_running_job_cannot_be_deleted(studio):
    request = processing(studio, WAIT)
    name = {"ProcessingJobName": request["ProcessingJobName"]}
    studio.sagemaker.create_processing_job(**request)
    processing_prints(studio, request["ProcessingJobName"], "here")
    assert refusal(studio.sagemaker.delete_processing_job, name)[0] == "ResourceInUse"
    studio.sagemaker.stop_processing_job(**name)
    assert processing_ended(studio, request["ProcessingJobName"])["ProcessingJobStatus"] == "Stopped"


def test_jobs_are_listed_by_name_and_status(studio):
    request = processing(studio, "raise SystemExit(1)")
    processed(studio, request)
    found = studio.sagemaker.list_processing_jobs(
        StatusEquals="Failed", NameContains=request["ProcessingJobName"]
    )
    (listed,) = found["ProcessingJobSummaries"]
    assert listed["FailureReason"].startswith("AlgorithmError")


def test_a_program_that_writes_over_its_inputs_leaves_the_lake_alone(studio):
    large = b"0" * (1 << 18)
    studio.put("whole/data.csv", large)
    script = (
        "import pathlib\n"
        "try: pathlib.Path('/opt/ml/processing/input/data.csv').write_text('short')\n"
        "except OSError: pass"
    )
    inputs = [s3_input(studio, "input", "whole/")]
    for output in ("apart", "input/inside"):
        outputs = s3_output(studio, "beside", name=output)
        processed(studio, processing(studio, script, ProcessingInputs=inputs, ProcessingOutputConfig=outputs))
        assert studio.read(f"s3://{studio.bucket}/whole/data.csv") == large


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"S3InputMode": "Pipe"}, "Pipe"),
        ({"S3CompressionType": "Gzip"}, "Gzip"),
        ({"LocalPath": "/opt/ml/elsewhere"}, "must begin with"),
        ({"LocalPath": "/opt/ml/processing/../model"}, "leaves"),
        ({"S3Uri": "s3://nobody-has-this-bucket/in"}, "No S3 objects found"),
    ],
)
def test_inputs_that_cannot_be_are_refused(studio, change, words):
    studio.put("in/a.csv", b"1")
    given = s3_input(studio, "input", "in/", **change)
    request = processing(studio, ProcessingInputs=[given])
    assert words in refusal(studio.sagemaker.create_processing_job, request)[1]


def test_what_is_not_done_yet_is_refused_by_name(studio):
    create = studio.sagemaker.create_processing_job
    store = {"OutputName": "x", "FeatureStoreOutput": {"FeatureGroupName": "g"}, "AppManaged": True}
    assert (
        "FeatureStoreOutput"
        in refusal(create, processing(studio, ProcessingOutputConfig={"Outputs": [store]}))[1]
    )
    bare = processing(studio)
    del bare["AppSpecification"]["ContainerEntrypoint"]
    assert "ContainerEntrypoint" in refusal(create, bare)[1]
