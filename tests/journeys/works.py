"""Work of every kind, started through boto3, and what must be true of it in the end."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from cumulet.config import Config
from cumulet.house import House
from services.sagemaker.studio import Studio, open_studio

LINES = 25
PATIENCE = 120.0  # seconds until all that was cut off so often must have come to its end
ENDINGS = ("SUCCEEDED", "FAILED", "CANCELLED", "STOPPED", "TIMEOUT", "Completed", "Failed", "Stopped")

TRAIN = f"""
import os, pathlib, sys, time
for number in range({LINES}):
    print(f"line {{number}}", flush=True)
    time.sleep(0.2)
pathlib.Path(os.environ["SM_MODEL_DIR"], "model.json").write_text('{{"factor": 2}}')
if "--fail" in sys.argv:
    raise ValueError("as it was told to")
"""
SHELL = f"""
import sys, time, boto3
from botocore.config import Config
for number in range({LINES}):
    print(f"line {{number}}", flush=True)
    time.sleep(0.2)
if "--fail" in sys.argv:
    raise ValueError("as it was told to")
s3 = boto3.client("s3", config=Config(retries={{"total_max_attempts": 20}}))
s3.put_object(Bucket=sys.argv[2], Key="shell/done", Body=b"done")
"""


class Works:
    """One of each kind of work, and how each of them is doing."""

    def __init__(self, client: Callable[..., Any]) -> None:
        self.studio: Studio = open_studio(client)
        self.s3, self.glue, self.athena = client("s3"), client("glue"), client("athena")
        self.sagemaker, self.logs = client("sagemaker"), client("logs")
        self.bucket, self.queries = self.studio.bucket, dict[str, str]()

    def prepare(self) -> None:
        for day in range(30):
            self.studio.put(f"reviews/day={day}/x.csv", b"id,n\n1,2\n3,4\n")
        self.glue.create_database(DatabaseInput={"Name": "lake"})
        columns = [{"Name": name, "Type": "int"} for name in ("id", "n")]
        serde = "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe"
        table = {
            "Name": "numbers",
            "TableType": "EXTERNAL_TABLE",
            "StorageDescriptor": {
                "Columns": columns,
                "Location": f"s3://{self.bucket}/reviews/day=1/",
                "InputFormat": "org.apache.hadoop.mapred.TextInputFormat",
                "OutputFormat": "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
                "SerdeInfo": {"SerializationLibrary": serde, "Parameters": {"field.delim": ","}},
            },
            "Parameters": {"skip.header.line.count": "1"},
        }
        self.glue.create_table(DatabaseName="lake", TableInput=table)
        self.query("CREATE TABLE grown WITH (format = 'PARQUET') AS SELECT 0 round")
        self.wait(self.query_ended, *self.queries)

    def start(self) -> None:
        fine, failing = (self.studio.request({"train.py": TRAIN}, **more) for more in ({}, {"fail": True}))
        for request in (fine, failing):
            request["RetryStrategy"] = {"MaximumRetryAttempts": 30}
        self.jobs = [self.studio.start(fine), self.studio.start(failing)]
        self.runs = {name: self.run(name) for name in ("fine", "fail")}
        targets = {"S3Targets": [{"Path": f"s3://{self.bucket}/reviews/"}]}
        self.glue.create_crawler(Name="c", Role=self.studio.role, DatabaseName="lake", Targets=targets)
        self.glue.start_crawler(Name="c")
        self.config = self.studio.config(self.studio.model())
        self.sagemaker.create_endpoint(EndpointName="e", EndpointConfigName=self.config)

    def run(self, name: str) -> str:
        script = self.studio.put("script.py", SHELL.encode())
        command = {"Name": "pythonshell", "ScriptLocation": script, "PythonVersion": "3.9"}
        arguments = {"--bucket": self.bucket} | ({"--fail": "yes"} if name == "fail" else {})
        self.glue.create_job(Name=name, Role=self.studio.role, Command=command, DefaultArguments=arguments)
        return self.glue.start_job_run(JobName=name)["JobRunId"]

    def ask(self, number: int) -> None:
        """What each round of the test asks of Athena: to read, to make a table, to add to one."""
        self.query("SELECT count(*) FROM numbers a, UNNEST(sequence(1, 200000)) AS t(x)")
        self.query(f"CREATE TABLE made{number} WITH (format = 'PARQUET') AS SELECT * FROM numbers")
        self.query(f"INSERT INTO grown SELECT {number} + 1 FROM numbers")

    def query(self, text: str) -> None:
        started = self.athena.start_query_execution(
            QueryString=text,
            QueryExecutionContext={"Database": "lake"},
            ResultConfiguration={"OutputLocation": f"s3://{self.bucket}/results/"},
        )
        self.queries[started["QueryExecutionId"]] = text

    def query_ended(self, query: str) -> dict[str, Any] | None:
        status = self.athena.get_query_execution(QueryExecutionId=query)["QueryExecution"]["Status"]
        return status if status["State"] in ENDINGS else None

    def rows(self, query: str) -> list[list[str]]:
        rows = self.athena.get_query_results(QueryExecutionId=query)["ResultSet"]["Rows"]
        return [[cell["VarCharValue"] for cell in row["Data"]] for row in rows[1:]]

    def value(self, text: str) -> str:
        self.query(text)
        query = list(self.queries)[-1]
        assert self.wait(self.query_ended, query)[0]["State"] == "SUCCEEDED"
        return self.rows(query)[0][0]

    def job_ended(self, name: str) -> dict[str, Any] | None:
        job = self.sagemaker.describe_training_job(TrainingJobName=name)
        return job if job["TrainingJobStatus"] in ENDINGS else None

    def run_ended(self, name: str) -> dict[str, Any] | None:
        run = self.glue.get_job_run(JobName=name, RunId=self.runs[name])["JobRun"]
        return run if run["JobRunState"] in ENDINGS else None

    def crawl_ended(self, name: str) -> dict[str, Any] | None:
        crawler = self.glue.get_crawler(Name=name)["Crawler"]
        return crawler if crawler["State"] == "READY" else None

    def in_service(self, name: str) -> dict[str, Any] | None:
        endpoint = self.sagemaker.describe_endpoint(EndpointName=name)
        return endpoint if endpoint["EndpointStatus"] in ("InService", "Failed") else None

    def has_begun(self, job: str) -> bool:
        """Whether a training job has said its first line."""
        with suppress(self.logs.exceptions.ResourceNotFoundException):
            return "line 0" in self.studio.log(f"{job}/")
        return False

    def shell_has_begun(self, name: str) -> bool:
        with suppress(self.logs.exceptions.ResourceNotFoundException):
            return "line 0" in self.shell_log(name)
        return False

    def shell_log(self, name: str) -> list[str]:
        events = self.logs.get_log_events(
            logGroupName="/aws-glue/python-jobs/output", logStreamName=self.runs[name], startFromHead=True
        )["events"]
        return [event["message"] for event in events]

    def query_runs(self, query: str) -> bool:
        state = self.athena.get_query_execution(QueryExecutionId=query)["QueryExecution"]["Status"]["State"]
        return bool(state == "RUNNING")

    def there(self, prefix: str) -> bool:
        return bool(self.s3.list_objects_v2(Bucket=self.bucket, Prefix=prefix)["KeyCount"])

    @staticmethod
    def wait(look: Callable[[str], Any], *names: str) -> list[dict[str, Any]]:
        deadline = time.monotonic() + PATIENCE
        pause = threading.Event()
        while not all(found := [look(name) for name in names]):
            assert time.monotonic() < deadline, f"no end of {names}: {found}"
            pause.wait(0.1)
        return found


def training_is_true(works: Works) -> None:
    fine, failing = works.wait(works.job_ended, *works.jobs)
    assert fine["TrainingJobStatus"] == "Completed", fine.get("FailureReason")
    assert failing["TrainingJobStatus"] == "Failed"
    assert "as it was told to" in failing["FailureReason"]
    for job in (fine, failing):
        name = job["TrainingJobName"]
        assert works.there(f"out/{name}/output/model.tar.gz") == (job is fine)
        told_once(works.studio.log(f"{name}/"), job["SecondaryStatusTransitions"])


def told_once(lines: list[str], transitions: list[dict[str, Any]]) -> None:
    """A script that was never started over has said each of its lines once; else its last life has."""
    said = [line for line in lines if line.startswith("line ")]
    assert said[-LINES:] == [f"line {number}" for number in range(LINES)]
    assert len(said) == LINES or "Restarting" in [each["Status"] for each in transitions]


def shell_is_true(works: Works) -> None:
    fine, failing = works.wait(works.run_ended, "fine", "fail")
    assert fine["JobRunState"] == "SUCCEEDED", fine
    assert failing["JobRunState"] == "FAILED"
    assert failing["ErrorMessage"] == "ValueError: as it was told to"
    assert works.there("shell/done")
    for name in works.runs:
        assert works.shell_log(name)[-LINES:] == [f"line {number}" for number in range(LINES)]


def crawl_is_true(works: Works) -> None:
    (crawler,) = works.wait(works.crawl_ended, "c")
    assert crawler["LastCrawl"]["Status"] == "SUCCEEDED", crawler["LastCrawl"]
    assert len(works.glue.get_partitions(DatabaseName="lake", TableName="reviews")["Partitions"]) == 30


def queries_are_true(works: Works) -> None:
    """What only reads was read again; what was to be written is there once, or its query has failed."""
    asked = dict(works.queries)
    for query, status in zip(asked, works.wait(works.query_ended, *asked), strict=True):
        verb, _, name, *rest = asked[query].split()
        done = status["State"] == "SUCCEEDED"
        assert done or "The server stopped" in status["StateChangeReason"], status
        if verb == "SELECT":
            assert works.rows(query) == [["400000"]]
        elif verb == "INSERT":
            found = works.value(f"SELECT count(*) FROM grown WHERE round = {rest[1]} + 1")
            assert found == "2" if done else found in ("0", "2")
        elif done and name != "grown":
            assert works.value(f"SELECT count(*) FROM {name}") == "2"


def endpoint_is_true(works: Works) -> None:
    (endpoint,) = works.wait(works.in_service, "e")
    assert endpoint["EndpointStatus"] == "InService", endpoint.get("FailureReason")
    assert json.loads(works.studio.ask("e", b"[1]")["Body"]) == [2.0]


def nothing_is_left(data_dir: Path) -> None:
    nothing_runs(data_dir)
    for folder in ("sagemaker/jobs", "sagemaker/endpoints", "glue/runs", "athena/runs"):
        assert [path.name for path in (data_dir / folder).glob("*")] == [], folder
    house = House(Config(data_dir=data_dir))
    assert house.store.checkup.wait(30)
    blobs = {path.name for path in (data_dir / "s3/.objects").glob("??/*")}
    assert blobs == house.store.objects.blobs()
    house.close()


def nothing_runs(folder: Path, seconds: float = 10) -> None:
    """What the system ends for a server that has ended is gone a moment later."""
    deadline = time.monotonic() + seconds
    while (left := processes_of(folder)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert left == [], [traces(Path(f"/proc/{process}")) for process in left]


def processes_of(folder: Path) -> list[int]:
    """What runs on a folder: it is in the command, the environment, or among the open files."""
    processes = (path for path in Path("/proc").glob("[0-9]*") if path.name != str(os.getpid()))
    return [int(process.name) for process in processes if str(folder) in traces(process)]


def traces(process: Path) -> str:
    """Empty where the process has gone meanwhile, or is somebody else's."""
    try:
        said = (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
        return said.decode(errors="replace") + " ".join(
            str(fd.readlink()) for fd in (process / "fd").iterdir()
        )
    except OSError:
        return ""
