"""What goes into a processing job and what comes out of it: S3 and Athena on one side, folders on the other.

https://docs.aws.amazon.com/sagemaker/latest/dg/build-your-own-processing-container.html
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cumulet.services.sagemaker import lake, sources
from cumulet.services.sagemaker.processing_request import overlap, synced
from cumulet.services.sagemaker.room import Interrupted
from cumulet.services.sagemaker.training_request import split_uri
from cumulet.wire.errors import AwsError

Wait = Callable[[float], bool]  # True where the waiting has to end: a stop, a shutdown
LOOK = 0.05  # seconds between two looks at a query


@dataclass(frozen=True, slots=True)
class Input:
    """One input that is laid out before the program starts."""

    uri: str
    kind: str
    path: str
    sharded: bool


def inputs(request: dict[str, Any], athena: Any, place: str, wait: Wait) -> list[Input]:
    """All inputs as places in S3; the queries among them are executed for it."""
    found = []
    for given in request.get("ProcessingInputs", []):
        if given.get("AppManaged"):
            continue
        if source := given.get("S3Input"):
            sharded = source.get("S3DataDistributionType") == "ShardedByS3Key"
            found.append(Input(source["S3Uri"], source["S3DataType"], source["LocalPath"], sharded))
        else:
            dataset = given["DatasetDefinition"]
            sharded = dataset.get("DataDistributionType") == "ShardedByS3Key"
            uri = unloaded(athena, dataset["AthenaDatasetDefinition"], f"{place}/{given['InputName']}", wait)
            found.append(Input(uri, "S3Prefix", dataset["LocalPath"], sharded))
    return found


def unloaded(athena: Any, query: dict[str, Any], place: str, wait: Wait) -> str:
    """Execute a query; the prefix below its OutputS3Uri where its rows lie in the format asked for."""
    uri = f"{query['OutputS3Uri'].rstrip('/')}/{place}/"
    properties = {"format": query["OutputFormat"], "compression": query.get("OutputCompression")}
    told = ", ".join(f"{name} = '{value}'" for name, value in properties.items() if value)
    execution = athena.start_query_execution(
        QueryString=f"UNLOAD ({query['QueryString'].strip().rstrip(';')}) TO '{uri}' WITH ({told})",
        QueryExecutionContext={"Catalog": query["Catalog"], "Database": query["Database"]},
        ResultConfiguration={"OutputLocation": f"{query['OutputS3Uri'].rstrip('/')}/"},
        **({"WorkGroup": query["WorkGroup"]} if query.get("WorkGroup") else {}),
    )["QueryExecutionId"]
    while True:
        status = athena.get_query_execution(QueryExecutionId=execution)["QueryExecution"]["Status"]
        if status["State"] == "SUCCEEDED":
            return uri
        if status["State"] in ("FAILED", "CANCELLED"):
            raise lake.CannotStage(f"The Athena query of a dataset {status['State'].lower()}: {_why(status)}")
        if wait(LOOK):
            athena.stop_query_execution(QueryExecutionId=execution)
            raise Interrupted


def _why(status: dict[str, Any]) -> str:
    return str(status.get("StateChangeReason") or status.get("AthenaError", {}).get("ErrorMessage", ""))


def lay_in(
    s3: Any, wanted: list[Input], place: Callable[[str], Path], number: int, count: int, own: set[str]
) -> None:
    """Lay the inputs of one of several instances into its folder. Bytes are shared with the lake, but for
    those paths that are the program's own to write to."""
    for given in wanted:
        for _ in range(lake.ATTEMPTS):
            with contextlib.suppress(FileNotFoundError):  # overwritten or deleted since it was listed
                found = sources.listed(s3, given.uri, given.kind)
                chosen = sources.shard(found, number, count) if given.sharded else found
                lake.stage_files(chosen, place(given.path), shared=given.path not in own)
                break
            lake.remove(place(given.path))
        else:
            raise lake.CannotStage(f"The objects under {given.uri} change faster than they can be read.")


def written_to(request: dict[str, Any], wanted: list[Input]) -> set[str]:
    """The inputs' paths that outputs lie in or around: they hold files of the program's own."""
    targets = [path for _, path in synced(request)]
    return {given.path for given in wanted if any(overlap(given.path, target) for target in targets)}


@dataclass(slots=True)
class Uploads:
    """The way of a job's outputs into S3. Continuous ones go there while the program writes them."""

    s3: Any
    request: dict[str, Any]
    place: Callable[[str], Path]
    scratch: Path
    seen: dict[Path, tuple[int, int]] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """The KMS key that the outputs are put under; "" for what their buckets say."""
        return str(self.request.get("ProcessingOutputConfig", {}).get("KmsKeyId", ""))

    def make_places(self) -> None:
        for _, path in synced(self.request):
            self.place(path).mkdir(parents=True, exist_ok=True)

    def go_on(self) -> None:
        """Upload what is new or changed since the last look. A copy goes up: its file may still grow."""
        for output, path in synced(self.request):
            if output["S3UploadMode"] == "Continuous":
                for file in list(lake.files_in(self.place(path))):
                    self._put_changed(file, self.place(path), output["S3Uri"])

    def _put_changed(self, file: Path, folder: Path, uri: str) -> None:
        try:
            about = file.stat()
            if self.seen.get(file) == (about.st_mtime_ns, about.st_size):
                return
            shutil.copyfile(file, self.scratch)
        except FileNotFoundError:  # it was only for a moment
            return
        bucket, prefix = split_uri(uri)
        key = "/".join(filter(None, [prefix.rstrip("/"), file.relative_to(folder).as_posix()]))
        self.s3.put_object(Bucket=bucket, Key=key, Body=self.scratch, **lake.encryption(self.key))
        self.seen[file] = (about.st_mtime_ns, about.st_size)

    def finish(self) -> None:
        """The program has ended: upload what waited for that."""
        self.go_on()
        for output, path in synced(self.request):
            if output["S3UploadMode"] == "EndOfJob":
                try:
                    lake.upload_folder(self.s3, self.place(path), output["S3Uri"], self.key)
                except AwsError as error:
                    raise lake.CannotStage(f"Cannot upload {path} to {output['S3Uri']}: {error}") from None
