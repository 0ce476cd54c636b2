"""Channels as a script finds them: files, read-only views and pipes, of prefixes and of manifests."""

from __future__ import annotations

import gzip
import json
import struct
from typing import Any

import pytest
from botocore.exceptions import ClientError

from .studio import unpacked

READ = """
import hashlib, json, os, pathlib
data = pathlib.Path("/opt/ml/input/data")
told = {"config": json.loads((data.parent / "config/inputdataconfig.json").read_text()), "pipes": {}, "no": []}
for name in ("piped", "packed", "records", "shuffled", "part"):
    for epoch in (0, 1):
        with open(data / f"{name}_{epoch}", "rb") as pipe:
            told["pipes"][f"{name}_{epoch}"] = pipe.read().hex()
with open(data / "piped_2", "rb") as pipe:
    told["first"] = pipe.read(2).hex()  # and no more of this epoch
with open(data / "piped_3", "rb") as pipe:
    told["again"] = pipe.read().hex()
told["files"] = {str(p.relative_to(data)): p.read_text()[:20] for p in data.rglob("*") if p.is_file()}
for name in ("fast/a.txt", "fast/new", "plain/large.txt", "plain/new"):
    try:
        (data / name).open("a").write("more")
    except OSError:
        told["no"].append(name)
pathlib.Path(os.environ["SM_MODEL_DIR"], "told.json").write_text(json.dumps(told))
"""
LARGE = b"0" * 200_000


def channel(studio: Any, name: str, key: str, kind: str = "S3Prefix", **more: Any) -> dict[str, Any]:
    source = {"S3DataType": kind, "S3Uri": f"s3://{studio.bucket}/{key}", **more.pop("source", {})}
    return {"ChannelName": name, "DataSource": {"S3DataSource": source}, **more}


def put_all(studio: Any) -> None:
    for name in "abc":
        studio.put(f"data/{name}.txt", f"<{name}>".encode())
    studio.put("data/large.txt", LARGE)
    studio.put("small/a.txt", b"<a>")
    studio.put("small/b.txt", b"<b>")
    studio.put("packed/a.gz", gzip.compress(b"unpacked"))
    manifest = [{"prefix": f"s3://{studio.bucket}/data/"}, "c.txt", "a.txt"]
    studio.put("lists/manifest", json.dumps(manifest).encode())
    lines = [
        {"source-ref": f"s3://{studio.bucket}/data/{n}.txt", "class": c} for n, c in (("b", 1), ("a", "x"))
    ]
    studio.put("lists/augmented", "\n".join(map(json.dumps, lines)).encode())


@pytest.fixture(scope="module")
def told(studio):
    put_all(studio)
    many, attributes = {"ShuffleConfig": {"Seed": 7}}, {"AttributeNames": ["source-ref", "class"]}
    for number in range(20):
        studio.put(f"many/{number:02}", f"{number:02}".encode())
    request = studio.request({"train.py": READ})
    pipe = {"InputMode": "Pipe"}
    request["InputDataConfig"] = [
        channel(studio, "plain", "data/"),
        channel(studio, "listed", "lists/manifest", "ManifestFile"),
        channel(studio, "fast", "data/", InputMode="FastFile"),
        channel(studio, "piped", "small/", **pipe),
        channel(studio, "packed", "packed/", CompressionType="Gzip", **pipe),
        channel(studio, "part", "lists/manifest", "ManifestFile", **pipe),
        channel(studio, "shuffled", "many/", **pipe, **many),
        channel(
            studio,
            "records",
            "lists/augmented",
            "AugmentedManifestFile",
            source=attributes,
            RecordWrapperType="RecordIO",
            **pipe,
        ),
    ]
    job = studio.train(request)
    assert job["TrainingJobStatus"] == "Completed", (
        job.get("FailureReason"),
        studio.log(job["TrainingJobName"]),
    )
    return json.loads(unpacked(studio.read(job["ModelArtifacts"]["S3ModelArtifacts"]))["told.json"])


def pipe(told: dict[str, Any], name: str) -> bytes:
    return bytes.fromhex(told["pipes"][name])


def test_a_manifest_names_the_files_of_a_channel(told):
    listed = {name: text for name, text in told["files"].items() if name.startswith("listed/")}
    assert listed == {"listed/c.txt": "<c>", "listed/a.txt": "<a>"}


def test_fast_file_mode_shows_all_and_nobody_writes_to_it(told):
    assert told["files"]["fast/a.txt"] == "<a>"
    assert told["files"]["fast/large.txt"] == "0" * 20
    assert told["no"] == ["fast/a.txt", "fast/new"]


def test_what_a_script_writes_into_its_inputs_never_reaches_the_lake(studio, told):
    for name in ("a.txt", "large.txt"):
        assert b"more" not in studio.read(f"s3://{studio.bucket}/data/{name}")


def test_a_pipe_gives_the_whole_channel_once_in_each_epoch(told):
    assert pipe(told, "piped_0") == pipe(told, "piped_1") == b"<a><b>"
    assert (bytes.fromhex(told["first"]), bytes.fromhex(told["again"])) == (b"<a", b"<a><b>")


def test_a_pipe_can_unpack_gzip(told):
    assert pipe(told, "packed_0") == b"unpacked"


def test_a_pipe_follows_the_order_of_its_manifest(told):
    assert pipe(told, "part_0") == b"<c><a>"


def test_a_shuffled_pipe_has_another_order_in_each_epoch(told):
    first, second = pipe(told, "shuffled_0"), pipe(told, "shuffled_1")
    numbers = {f"{number:02}".encode() for number in range(20)}
    assert {first[at : at + 2] for at in range(0, 40, 2)} == numbers
    assert first != second
    assert sorted(first) == sorted(second)


def test_an_augmented_manifests_attributes_come_as_records(told):
    data, records = pipe(told, "records_0"), []
    while data:
        magic, length = struct.unpack("<II", data[:8])
        assert magic == 0xCED7230A
        records.append(data[8 : 8 + length])
        data = data[8 + length + -length % 4 :]
    assert records == [b"<b>", b"1", b"<a>", b"x"]


def test_the_configuration_names_each_channels_mode(told):
    modes = {name: config["TrainingInputMode"] for name, config in told["config"].items()}
    assert (modes["plain"], modes["fast"], modes["piped"]) == ("File", "FastFile", "Pipe")
    assert told["config"]["records"]["RecordWrapperType"] == "RecordIO"


@pytest.mark.parametrize(
    ("kind", "more", "code", "word"),
    [
        ("S3Prefix", {"CompressionType": "Gzip"}, "ValidationException", "CompressionType"),
        ("S3Prefix", {"RecordWrapperType": "RecordIO"}, "ValidationException", "RecordWrapperType"),
        ("AugmentedManifestFile", {"source": {"AttributeNames": ["a"]}}, "ValidationException", "Pipe"),
        ("AugmentedManifestFile", {"InputMode": "Pipe"}, "ValidationException", "AttributeNames"),
        (
            "AugmentedManifestFile",
            {"InputMode": "Pipe", "source": {"AttributeNames": ["a"]}},
            "NotImplemented",
            "RecordIO",
        ),
        ("S3Prefix", {"source": {"InstanceGroupNames": ["none"]}}, "ValidationException", "none"),
        ("Converse", {}, "NotImplemented", "Converse"),
    ],
)
def test_what_a_channel_cannot_do_is_refused_by_name(studio, told, kind, more, code, word):
    request = {**studio.request(), "InputDataConfig": [channel(studio, "train", "data/", kind, **dict(more))]}
    with pytest.raises(ClientError) as error:
        studio.sagemaker.create_training_job(**request)
    assert error.value.response["Error"]["Code"] == code
    assert word in error.value.response["Error"]["Message"]


def test_a_manifest_that_names_what_is_not_there_fails_the_job_with_its_name(studio, told):
    listed = [{"prefix": f"s3://{studio.bucket}/data/"}, "a.txt", "nobody.txt"]
    studio.put("lists/wrong", json.dumps(listed).encode())
    request = {
        **studio.request(),
        "InputDataConfig": [channel(studio, "train", "lists/wrong", "ManifestFile")],
    }
    reason = studio.train(request)["FailureReason"]
    assert reason.startswith("ClientError: ")
    assert "nobody.txt" in reason
