"""Batch transform jobs as boto3 sees them: files in, the model's answers out."""

from __future__ import annotations

import gzip
import json
import struct
from typing import Any

import pytest

from .studio import INFERENCE, INSTANCE
from .workshop import ENDED, keys, named, printed, refusal, until

GROUP = "/aws/sagemaker/TransformJobs"
LINES = """
import json, os

def model_fn(model_dir):
    with open(os.path.join(model_dir, "model.json")) as file:
        return json.load(file)

def transform_fn(model, body, content_type, accept):
    body = body if isinstance(body, str) else body.decode("latin-1")
    if "bad" in body:
        raise ValueError("no number: " + body[:20])
    if content_type == "text/csv":
        rows = [line.split(",") for line in body.splitlines()]
        return "\\n".join(str(sum(map(float, row)) * model["factor"]) for row in rows), "text/csv"
    if content_type == "application/x-count":
        return str(len(body)), "text/plain"
    records = [json.loads(line) for line in body.splitlines()]
    told = [{"sum": sum(r["features"] if isinstance(r, dict) else r), "of": len(records)} for r in records]
    return "\\n".join(map(json.dumps, told)), "application/jsonlines"
"""


@pytest.fixture(scope="module")
def model(studio):
    """A model that adds up the numbers of each row."""
    return studio.model({"inference.py": LINES}, factor=1)


def request(studio: Any, model: str, prefix: str, **more: Any) -> dict[str, Any]:
    """A valid CreateTransformJob request for lines of CSV."""
    name = named("transform")
    source = {"S3DataType": "S3Prefix", "S3Uri": f"s3://{studio.bucket}/{prefix}"}
    given = {"ContentType": "text/csv", "SplitType": "Line", **more.pop("TransformInput", {})}
    output = {"S3OutputPath": f"s3://{studio.bucket}/{name}", "AssembleWith": "Line", "Accept": "text/csv"}
    return {
        "TransformJobName": name,
        "ModelName": model,
        "TransformInput": {"DataSource": {"S3DataSource": source}, **given},
        "TransformOutput": {**output, **more.pop("TransformOutput", {})},
        "TransformResources": {"InstanceType": INSTANCE, "InstanceCount": 1},
        **more,
    }


def transformed(studio: Any, asked: dict[str, Any]) -> dict[str, Any]:
    studio.sagemaker.create_transform_job(**asked)
    return transform_ended(studio, asked["TransformJobName"])


def transform_ended(studio: Any, name: str) -> dict[str, Any]:
    def look() -> Any:
        job = studio.sagemaker.describe_transform_job(TransformJobName=name)
        return job if job["TransformJobStatus"] in ENDED else None

    return until(look)


def answers(studio: Any, asked: dict[str, Any]) -> dict[str, str]:
    """The outputs of a transform that completes, by their names."""
    job = transformed(studio, asked)
    assert job["TransformJobStatus"] == "Completed", job.get("FailureReason")
    name = asked["TransformJobName"]
    found = keys(studio, f"{name}/")
    return {
        key.removeprefix(f"{name}/"): studio.read(f"s3://{studio.bucket}/{key}").decode() for key in found
    }


def test_every_file_has_its_answers_under_its_own_name(studio, model):
    studio.put("rows/a.csv", b"1,2\n3,4\n")
    studio.put("rows/deep/b.csv", b"5,6")
    asked = request(studio, model, "rows/")
    assert answers(studio, asked) == {"a.csv.out": "3.0\n7.0\n", "deep/b.csv.out": "11.0\n"}
    job = studio.sagemaker.describe_transform_job(TransformJobName=asked["TransformJobName"])
    assert job["CreationTime"] <= job["TransformStartTime"] <= job["TransformEndTime"]
    log = printed(studio, asked["TransformJobName"], GROUP)
    assert any(
        "MaxConcurrentTransforms=1, MaxPayloadInMB=6, BatchStrategy=MULTI_RECORD" in line for line in log
    )


def test_a_transform_answers_as_the_endpoint_of_its_model_does(studio):
    model = studio.model({"inference.py": INFERENCE}, factor=2.5)
    studio.put("same/rows.csv", b"1,2\n3,4\n")
    asked = request(studio, model, "same/", TransformInput={"SplitType": "None"})
    endpoint = studio.endpoint(studio.config(model))
    told = studio.ask(endpoint, b"1,2\n3,4\n", "text/csv", Accept="text/csv")["Body"]
    assert answers(studio, asked) == {"rows.csv.out": told.decode()}


def test_records_go_one_by_one_or_as_many_as_fit(studio, model):
    rows = [json.dumps([number] * 40_000) for number in range(10)]
    studio.put("large/rows.jsonl", "\n".join(rows).encode())
    lines = {"ContentType": "application/jsonlines"}
    output = {"Accept": "application/jsonlines"}
    for strategy, most in (("SingleRecord", {1}), ("MultiRecord", {8, 2})):
        more = {
            "BatchStrategy": strategy,
            "MaxPayloadInMB": 1,
            "TransformInput": lines,
            "TransformOutput": output,
        }
        (text,) = answers(studio, request(studio, model, "large/", **more)).values()
        told = [json.loads(line) for line in text.splitlines()]
        assert [one["sum"] for one in told] == [40_000 * number for number in range(10)]
        assert {one["of"] for one in told} == most


def test_several_instances_and_requests_at_a_time_keep_the_order(studio, model):
    for letter in "abc":
        studio.put(f"order/{letter}.csv", "\n".join(map(str, range(50))).encode())
    asked = request(studio, model, "order/", BatchStrategy="SingleRecord", MaxConcurrentTransforms=4)
    asked["TransformResources"]["InstanceCount"] = 2
    expected = "".join(f"{float(number)}\n" for number in range(50))
    assert answers(studio, asked) == {f"{letter}.csv.out": expected for letter in "abc"}


def test_packed_files_are_unpacked(studio, model):
    studio.put("packed/a.csv.gz", gzip.compress(b"1,2\n"))
    asked = request(studio, model, "packed/", TransformInput={"CompressionType": "Gzip"})
    assert answers(studio, asked) == {"a.csv.gz.out": "3.0\n"}


def test_a_manifest_says_which_files(studio, model):
    studio.put("listed/a.csv", b"1\n")
    studio.put("listed/b.csv", b"2\n")
    studio.put("manifest", json.dumps([{"prefix": f"s3://{studio.bucket}/listed/"}, "b.csv"]).encode())
    asked = request(studio, model, "manifest")
    asked["TransformInput"]["DataSource"]["S3DataSource"]["S3DataType"] = "ManifestFile"
    assert answers(studio, asked) == {"b.csv.out": "2.0\n"}


def test_framed_records_are_sent_with_their_frames(studio, model):
    recordio = b"".join(struct.pack("<II", 0xCED7230A, 5) + b"abcde\0\0\0" for _ in range(3))
    tfrecord = b"".join(struct.pack("<QI", 5, 0) + b"abcde" + struct.pack("<I", 0) for _ in range(3))
    studio.put("framed/recordio", recordio)
    studio.put("tf/tfrecord", tfrecord)
    for prefix, split, size in (("framed/", "RecordIO", 16), ("tf/", "TFRecord", 21)):
        given = {"ContentType": "application/x-count", "SplitType": split}
        asked = request(studio, model, prefix, TransformInput=given, BatchStrategy="SingleRecord")
        (text,) = answers(studio, asked).values()
        assert text == f"{size}\n" * 3


def test_columns_are_left_out_joined_and_picked(studio, model):
    studio.put("joined/rows.csv", b'"a, b",1,2\nc,3,4\n')
    for output_filter, expected in (("$", '"a, b",1,2,3.0\nc,3,4,7.0\n'), ("$[0,-1]", '"a, b",3.0\nc,7.0\n')):
        chosen = {"InputFilter": "$[1:]", "JoinSource": "Input", "OutputFilter": output_filter}
        assert answers(studio, request(studio, model, "joined/", DataProcessing=chosen)) == {
            "rows.csv.out": expected
        }


def test_objects_get_the_answer_as_a_member(studio, model):
    studio.put("objects/rows.jsonl", b'{"id": 1, "features": [1, 2]}\n{"id": 2, "features": [3]}\n')
    asked = request(
        studio,
        model,
        "objects/",
        TransformInput={"ContentType": "application/jsonlines"},
        TransformOutput={"Accept": "application/jsonlines"},
        DataProcessing={
            "InputFilter": "$.features",
            "JoinSource": "Input",
            "OutputFilter": "$['id','SageMakerOutput']",
        },
    )
    (text,) = answers(studio, asked).values()
    told = [json.loads(line) for line in text.splitlines()]
    assert told == [
        {"id": 1, "SageMakerOutput": {"sum": 3, "of": 2}},
        {"id": 2, "SageMakerOutput": {"sum": 3, "of": 2}},
    ]


def test_a_file_with_a_bad_record_has_no_output_and_the_others_have_theirs(studio, model):
    studio.put("mixed/a.csv", b"1\n2\n")
    studio.put("mixed/b.csv", b"1\nbad\n")
    studio.put("mixed/c.csv", b"3\n")
    client = {"InvocationsMaxRetries": 0}
    asked = request(studio, model, "mixed/", BatchStrategy="SingleRecord", ModelClientConfig=client)
    job = transformed(studio, asked)
    assert job["TransformJobStatus"] == "Failed"
    assert job["FailureReason"] == "AlgorithmError: See job logs for more information"
    assert keys(studio, f"{asked['TransformJobName']}/") == [
        f"{asked['TransformJobName']}/a.csv.out",
        f"{asked['TransformJobName']}/c.csv.out",
    ]
    log = "\n".join(printed(studio, asked["TransformJobName"], GROUP))
    assert f"{studio.bucket}/mixed/b.csv: AlgorithmError: 500" in log
    assert "no number: bad" in log


def test_a_record_larger_than_the_payload_fails_its_file(studio, model):
    studio.put("huge/a.csv", b"1" * ((1 << 20) + 1))
    job = transformed(studio, request(studio, model, "huge/", MaxPayloadInMB=1))
    assert job["FailureReason"] == "ClientError: See job logs for more information"


def test_a_model_that_cannot_be_loaded_fails_the_job(studio):
    broken = studio.model({"inference.py": "def model_fn(model_dir): raise ValueError('no weights')"})
    studio.put("one/a.csv", b"1\n")
    job = transformed(studio, request(studio, broken, "one/"))
    assert job["TransformJobStatus"] == "Failed"
    assert "no weights" in job["FailureReason"]


def test_what_went_in_and_came_out_is_captured_in_manifests(studio, model):
    studio.put("captured/a.csv", b"1\n")
    place = named("capture")
    capture = {"DestinationS3Uri": f"s3://{studio.bucket}/{place}", "GenerateInferenceId": True}
    asked = request(studio, model, "captured/", DataCaptureConfig=capture)
    (text,) = answers(studio, asked).values()
    value, identity, moment = text.strip().split(",")
    assert value == "1.0"
    assert len(identity) == 36
    assert moment.endswith("Z")
    side = {
        key.split("/")[1]: json.loads(studio.read(f"s3://{studio.bucket}/{key}"))
        for key in keys(studio, place)
    }
    assert side["input"] == [{"prefix": f"s3://{studio.bucket}/"}, "captured/a.csv"]
    assert side["output"] == [{"prefix": f"s3://{studio.bucket}/{asked['TransformJobName']}/"}, "a.csv.out"]


def test_transforms_are_listed_and_their_names_are_unique(studio, model):
    studio.put("one/a.csv", b"1\n")
    asked = request(studio, model, "one/")
    transformed(studio, asked)
    name = asked["TransformJobName"]
    (listed,) = studio.sagemaker.list_transform_jobs(NameContains=name, StatusEquals="Completed")[
        "TransformJobSummaries"
    ]
    assert listed["TransformJobName"] == name
    assert refusal(studio.sagemaker.create_transform_job, asked)[0] == "ResourceInUse"
    stop = studio.sagemaker.stop_transform_job
    assert "in status Completed" in refusal(stop, {"TransformJobName": name})[1]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"MaxConcurrentTransforms": 50, "MaxPayloadInMB": 6}, "at most 100 MB"),
        ({"BatchStrategy": "SingleRecord", "TransformInput": {"SplitType": "None"}}, "needs a SplitType"),
        ({"DataProcessing": {"InputFilter": "$..x"}}, "JSONPath"),
        (
            {"DataProcessing": {"JoinSource": "Input"}, "TransformOutput": {"AssembleWith": "None"}},
            "both Line",
        ),
        (
            {"DataProcessing": {"JoinSource": "Input"}, "TransformInput": {"ContentType": "image/png"}},
            "ContentType",
        ),
    ],
)
def test_transforms_that_cannot_be_are_refused(studio, model, change, words):
    studio.put("one/a.csv", b"1\n")
    asked = request(studio, model, "one/", **change)
    assert words in refusal(studio.sagemaker.create_transform_job, asked)[1]


def test_an_unknown_model_or_input_is_refused(studio, model):
    create = studio.sagemaker.create_transform_job
    assert "Could not find model" in refusal(create, request(studio, "nobody", "one/"))[1]
    assert "No S3 objects found" in refusal(create, request(studio, model, "nothing/here"))[1]
