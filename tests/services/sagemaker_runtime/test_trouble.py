"""What goes wrong with one endpoint is no trouble of another, and nothing of it stays."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from ..sagemaker.studio import INSTANCE, Studio, archive, open_studio, until

SMALL = "ml.m5.4xlarge"  # as the machine's table of instances has it here
TROUBLE = """
import os, time
def model_fn(folder):
    return bytearray()
def transform_fn(model, body, content_type, accept):
    if body == "sleep":
        time.sleep(8)
    while body == "allocate":
        model.extend(bytes(32 << 20))
    return str(os.getpid())
"""
WORDY = """
def model_fn(folder):
    return None
def transform_fn(model, body, content_type, accept):
    print("asked", body, "and more" * 1000)
    return body
"""


class Calm:
    """An endpoint that is asked all the time, and what came of it."""

    def __init__(self, studio: Studio) -> None:
        self.studio = studio
        self.endpoint = studio.endpoint(studio.config(studio.model(factor=2)))
        self.answers: list[Any] = []
        self.over = threading.Event()
        self.thread = threading.Thread(target=self._ask)

    def _ask(self) -> None:
        while not self.over.wait(0.02):
            try:
                self.answers.append(json.loads(self.studio.ask(self.endpoint, b"[1]")["Body"]))
            except (ClientError, BotoCoreError) as error:
                self.answers.append(error)

    def __enter__(self) -> Calm:
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        self.thread.join()

    def goes_on(self) -> None:
        """Some more questions are asked and answered."""
        count = len(self.answers) + 5
        until(lambda: len(self.answers) >= count)
        assert {*map(repr, self.answers)} == {"[2.0]"}


def endpoint_of(studio: Studio, script: str, kind: str = INSTANCE, **more: Any) -> str:
    model = studio.model({"inference.py": script})
    variant = {"VariantName": "A", "ModelName": model, "InstanceType": kind, "InitialInstanceCount": 1}
    studio.sagemaker.create_endpoint_config(EndpointConfigName=model, ProductionVariants=[variant], **more)
    return studio.endpoint(model)


def ask(studio: Studio, endpoint: str, word: str) -> str:
    return studio.ask(endpoint, word.encode(), "text/csv")["Body"].decode()


def test_what_befalls_some_models_is_no_trouble_of_others(own_server: Any) -> None:
    studio, places = open_studio(own_server.client), own_server.data_dir / "sagemaker/endpoints"
    (own_server.data_dir / "instances.json").write_text(json.dumps({SMALL: {"memory_gib": 0.4}}))
    calm = Calm(studio)
    struck, sleeper, hungry = (endpoint_of(studio, TROUBLE, SMALL) for _ in range(3))
    with calm:
        before = ask(studio, struck, "who")
        os.kill(int(before), signal.SIGKILL)
        until(lambda: _pid(studio, struck) not in ("", before))
        asleep = threading.Thread(target=_pid, args=(studio, sleeper, "sleep"))
        asleep.start()
        calm.goes_on()
        with pytest.raises(ClientError, match="ModelError"):
            ask(studio, hungry, "allocate")
        calm.goes_on()
        pids = [ask(studio, endpoint, "who") for endpoint in (struck, hungry)]
        for endpoint in (struck, sleeper, hungry):
            studio.sagemaker.delete_endpoint(EndpointName=endpoint)
        asleep.join()
        until(lambda: len([*places.iterdir()]) == 1)
        calm.goes_on()
    assert not any(Path(f"/proc/{pid}").exists() for pid in pids)
    own_server.kill()
    own_server.start()
    studio = open_studio(own_server.client)
    assert json.loads(studio.ask(calm.endpoint, b"[1]")["Body"]) == [2.0]
    assert len([*places.iterdir()]) == 1


def _pid(studio: Studio, endpoint: str, word: str = "who") -> str:
    """Of the process that answers; none where it does not."""
    with suppress(ClientError, BotoCoreError):
        return ask(studio, endpoint, word)
    return ""


def fill(disk: Path) -> Path:
    """Take all room that there is, to the last block."""
    filler = disk / "filler"
    with filler.open("ab", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(4096))
    return filler


def test_a_full_disk_costs_captured_records_and_no_request(serve: Any, small_disk: Path) -> None:
    server = serve(small_disk / "cumulet")
    studio = open_studio(server.client)
    capture = {
        "EnableCapture": True,
        "InitialSamplingPercentage": 100,
        "DestinationS3Uri": f"s3://{studio.bucket}/captured",
        "CaptureOptions": [{"CaptureMode": "Input"}],
        "CaptureContentTypeHeader": {"CsvContentTypes": ["text/csv"]},
    }
    endpoint = endpoint_of(studio, WORDY, DataCaptureConfig=capture)

    words = []

    def said(word: str) -> str:
        words.append(word)
        return ask(studio, endpoint, word)

    def captured(word: str) -> bool:
        said(word)
        listed = studio.s3.list_objects_v2(Bucket=studio.bucket, Prefix="captured/").get("Contents", [])
        return any(
            f'"{word}"' in studio.read(f"s3://{studio.bucket}/{one['Key']}").decode() for one in listed
        )

    until(lambda: captured("before"))
    filler = fill(small_disk)
    for _ in range(3):
        fill(small_disk)
        assert {said("meanwhile") for _ in range(50)} == {"meanwhile"}
        time.sleep(0.3)  # so that it is tried to write what was captured
    filler.unlink()
    until(lambda: captured("behind"))
    asked = len(words)
    until(lambda: invocations(server, endpoint) >= asked)
    log = (server.data_dir / "run/server.log").read_text()
    assert f"captured data of endpoint {endpoint} is kept again;" in log


def invocations(server: Any, endpoint: str) -> float:
    """As CloudWatch has counted them."""
    now = datetime.now(UTC)
    dimensions = {"EndpointName": endpoint, "VariantName": "A"}
    found = server.client("cloudwatch").get_metric_statistics(
        Namespace="AWS/SageMaker",
        MetricName="Invocations",
        Dimensions=[{"Name": name, "Value": value} for name, value in dimensions.items()],
        StartTime=now - timedelta(hours=1),
        EndTime=now + timedelta(hours=1),
        Period=60,
        Statistics=["Sum"],
    )
    return float(sum(point["Sum"] for point in found["Datapoints"]))


def test_records_that_cannot_be_written_are_counted(tmp_path: Path, caplog: Any) -> None:
    from cumulet.engines.serve import Answered
    from cumulet.services.sagemaker.asking import Ask
    from cumulet.services.sagemaker.capture import Capture, hour

    config = {
        "InitialSamplingPercentage": 100,
        "DestinationS3Uri": "s3://nowhere/captured",
        "CaptureOptions": [{"CaptureMode": "InputAndOutput"}],
    }
    capture, now = Capture(config, "mine", tmp_path), time.time()
    place = tmp_path / f"A@{hour(now)}.jsonl"
    place.symlink_to("/dev/full")
    for _ in range(3):
        capture.note("A", Ask("mine", b"question"), Answered(200, {}, b"answer"), "id", now)
        capture.write()
    place.unlink()
    capture.note("A", Ask("mine", b"question"), Answered(200, {}, b"answer"), "id", now)
    capture.write()
    said = [record.getMessage() for record in caplog.records]
    assert said[-1] == "captured data of endpoint mine is kept again; 3 records are lost"
    assert "No space left" in said[0]
    assert json.loads(place.read_text())["captureData"]["endpointOutput"]["data"] == "YW5zd2Vy"


MODEL = """
import json, os
def model_fn(folder):
    with open(os.path.join(folder, "model.json")) as file:
        return bytes([json.load(file)["factor"]]) * (60 << 20)
def transform_fn(model, body, content_type, accept):
    return json.dumps([model[0], os.getpid()])
"""


def test_of_many_models_the_longest_unused_make_room(server: Any, studio: Studio) -> None:
    """Eight models of 60 MB, one after the other, on an instance that holds hardly more than three."""
    for number in range(8):
        files = {"model.json": json.dumps({"factor": number}), "code/inference.py": MODEL}
        studio.put(f"large/{number}.tar.gz", archive(files))
    container = {"Image": BASE, "Mode": "MultiModel", "ModelDataUrl": f"s3://{studio.bucket}/large/"}
    model = f"large-{studio.bucket}"
    studio.sagemaker.create_model(ModelName=model, ExecutionRoleArn=studio.role, PrimaryContainer=container)
    table = server.data_dir / "instances.json"
    table.write_text(json.dumps({SMALL: {"memory_gib": 0.4}}))
    variant = {"VariantName": "A", "ModelName": model, "InstanceType": SMALL, "InitialInstanceCount": 1}
    studio.sagemaker.create_endpoint_config(EndpointConfigName=model, ProductionVariants=[variant])
    endpoint = studio.endpoint(model)
    table.unlink()
    answers = [
        json.loads(studio.ask(endpoint, b"x", TargetModel=f"{number}.tar.gz")["Body"])
        for number in [*range(8), 0, 7, 3]
    ]
    assert [answer[0] for answer in answers] == [*range(8), 0, 7, 3]
    assert len({pid for _, pid in answers}) == 1  # it was never ended for the memory that it took


BASE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-base-python:1.0"
