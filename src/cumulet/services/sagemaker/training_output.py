"""What a training job leaves behind: its model, its other outputs, and what is kept in step with S3 as it runs.

https://docs.aws.amazon.com/sagemaker/latest/dg/model-train-storage.html
https://docs.aws.amazon.com/sagemaker/latest/dg/model-checkpoints.html
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cumulet.engines import run as engine
from cumulet.services.sagemaker import lake
from cumulet.services.sagemaker.gang import Gang
from cumulet.services.sagemaker.training_request import ROOT, split_uri

LOG_GROUP = "/aws/sagemaker/TrainingJobs"
CHECKPOINTS = f"{ROOT}/checkpoints"
TENSORBOARD = f"{ROOT}/output/tensorboard"
EVERY = 2.0  # seconds between two looks at the checkpoints
SETTLED = 1.0  # seconds since its last change after which a file counts as written

Body = dict[str, Any]
Seen = tuple[int, int]  # a file's time of change and size


def synced(body: Body) -> list[tuple[str, str]]:
    """Folders of the job that begin with what lies in S3 and end there: path in the job, S3 URI."""
    wanted = (
        ("CheckpointConfig", "S3Uri", CHECKPOINTS),
        ("TensorBoardOutputConfig", "S3OutputPath", TENSORBOARD),
    )
    return [(body[m].get("LocalPath", default), body[m][uri]) for m, uri, default in wanted if m in body]


def put_synced(s3: Any, body: Body, gang: Gang) -> None:
    """What a script had saved that was cut off, and goes on from there."""
    for local, uri in synced(body):
        for member in gang.members:
            lake.upload_folder(s3, member.container.place(local), uri)


class Checkpoints:
    """What a running job has saved, put to S3 soon after; deleted files stay there, as on AWS.

    The lake gets copies: the script may go on writing to the file that it has. What was there before the script
    started (`since`) came from S3.
    """

    def __init__(self, s3: Any, body: Body, gang: Gang, since: float) -> None:
        self.s3, self.since = s3, since
        self.folders = [
            (member.container.place(p), uri) for p, uri in synced(body) for member in gang.members
        ]
        self.scratch = gang.members[0].container.folder / "checkpoint"
        self.put: dict[Path, Seen] = {}
        self.next = 0.0

    def go_on(self) -> None:
        """Put what has changed since the last look and is no longer being written."""
        if not self.folders or time.monotonic() < self.next:
            return
        for path, folder, uri in self._changed():
            with contextlib.suppress(FileNotFoundError):  # replaced by a newer one meanwhile
                status = path.stat()
                if time.time() - status.st_mtime > SETTLED:
                    lake.stage(path, self.scratch, status.st_size, shared=False)
                    lake.hand_over(self.s3, self.scratch, path.relative_to(folder), uri)
                    self.put[path] = status.st_mtime_ns, status.st_size
        self.next = time.monotonic() + EVERY

    def finish(self) -> None:
        """Put what is left, once nobody writes any more."""
        for path, folder, uri in self._changed():
            lake.upload_file(self.s3, path, folder, uri)

    def _changed(self) -> list[tuple[Path, Path, str]]:
        """Files that are not in S3 as they are, with their folder and its place."""
        return [
            (path, folder, uri)
            for folder, uri in self.folders
            for path, status in list(_statuses(folder))
            if status.st_mtime >= self.since and self.put.get(path) != (status.st_mtime_ns, status.st_size)
        ]


def _statuses(folder: Path) -> Iterator[tuple[Path, os.stat_result]]:
    for path in lake.files_in(folder):
        with contextlib.suppress(FileNotFoundError):
            yield path, path.stat()


def put_results(s3: Any, body: Body, gang: Gang, *, model: bool) -> str:
    """Put the results where OutputDataConfig says; where the model went. Hosts' folders become one."""
    output, folder = body["OutputDataConfig"], gang.members[0].container.folder.parent
    place = f"{output['S3OutputPath'].rstrip('/')}/{body['TrainingJobName']}/output"
    beside = _together(gang, "output/data", folder / "merged/output")
    if any(beside.iterdir()):
        _put_result(s3, beside, f"{place}/output", output)
    if not model:
        return ""
    return _put_result(s3, _together(gang, "model", folder / "merged/model"), f"{place}/model", output)


def _together(gang: Gang, path: str, target: Path) -> Path:
    """One folder of what all hosts have written; where several wrote one file, the first host's counts (AWS
    promises none of them)."""
    folders = [member.container.ml / path for member in gang.members]
    for folder in folders:
        folder.mkdir(parents=True, exist_ok=True)
    if len(folders) == 1:
        return folders[0]
    lake.remove(target)
    for folder in folders:
        lake.merge(folder, target)
    return target


def _put_result(s3: Any, folder: Path, uri: str, output: Body) -> str:
    if output["CompressionType"] != "GZIP":
        lake.upload_folder(s3, folder, uri, output["KmsKeyId"])
        return f"{uri}/"
    bucket, key = split_uri(f"{uri}.tar.gz")
    packed, sealed = lake.pack(folder, folder.with_suffix(".tar.gz")), lake.encryption(output["KmsKeyId"])
    s3.put_object(Bucket=bucket, Key=key, Body=packed, **sealed)
    return f"{uri}.tar.gz"


def failure(outcome: engine.Outcome, written: str) -> str:
    """The FailureReason of how a script ended; "" where it did not fail.

    https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-training-algo-output.html
    """
    if outcome.reason == "lost":
        said = outcome.said or "the process that watched over the job was killed"
        return f"InternalServerError: {said}"
    if outcome.reason == "memory":
        return "AlgorithmError: the job used more memory than there is for it, exit code: 137"
    if outcome.reason != "exited" or outcome.exit_code == 0:
        return ""
    code = outcome.exit_code or 0
    code = 128 - code if code < 0 else code
    ending = f", exit code: {code}"
    said = written if written.startswith("ClientError: ") else f"AlgorithmError: {written}"
    return f"{said[: 1016 - len(ending)]}{ending}"
