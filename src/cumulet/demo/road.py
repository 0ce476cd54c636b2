"""The road, as one writes it for AWS: boto3, awswrangler, PyAthena, the sagemaker SDK and curl.

Nothing here knows of Cumulet; the environment of the process says where AWS is. `tell` reports a fact to
whoever watches, `step` begins a step.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import awswrangler as wr
import boto3
import pyathena
import sagemaker
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from sagemaker.deserializers import JSONDeserializer
from sagemaker.serializers import JSONSerializer
from sagemaker.sklearn import SKLearn

from cumulet.demo import reviews

HERE = Path(__file__).parent
DATABASE = "reviews"
NEVER_SEEN = [
    "An absolute delight from the first scene to the last, and the music stays with you for days.",
    "Two hours of my life that I will not get back: a dull script and actors who look as bored as I was.",
    "I expected little, laughed a lot, and left the cinema with a lump in my throat.",
]


@dataclass
class Road:
    """Walks the steps in order; each leaves what the next one needs."""

    step: Callable[[str], None]
    tell: Callable[..., None]
    session: boto3.Session = field(default_factory=boto3.Session)
    bucket: str = ""
    role: str = ""
    estimator: Any = None
    endpoint: str = ""

    def walk(self) -> None:
        self.ingest()
        self.crawl()
        self.explore()
        self.clean()
        self.train()
        self.deploy()

    def ingest(self) -> None:
        """Raw reviews to S3, as they are."""
        self.step("ingest")
        account = self.session.client("sts").get_caller_identity()["Account"]
        self.bucket = f"reviews-{account}-{self.session.region_name}"
        self.role = sagemaker.get_execution_role()
        s3 = self.session.client("s3")
        s3.create_bucket(Bucket=self.bucket)
        total = size = 0
        for name, body, rows in reviews.files(reviews.source()):
            s3.put_object(Bucket=self.bucket, Key=f"raw/reviews/{name}", Body=body)
            total, size = total + rows, size + len(body)
        self.tell(bucket=self.bucket, rows_in=total, raw_bytes=size, raw_files=reviews.FILES)

    def crawl(self) -> None:
        """A crawler looks at the files and fills the catalog."""
        self.step("crawl")
        glue = self.session.client("glue")
        glue.create_database(DatabaseInput={"Name": DATABASE})
        glue.create_crawler(
            Name="reviews",
            Role=self.role,
            DatabaseName=DATABASE,
            TablePrefix="raw_",
            Targets={"S3Targets": [{"Path": f"s3://{self.bucket}/raw/reviews/"}]},
        )
        glue.start_crawler(Name="reviews")
        wait(lambda: glue.get_crawler(Name="reviews")["Crawler"]["State"] == "READY")
        last = glue.get_crawler(Name="reviews")["Crawler"]["LastCrawl"]
        if last["Status"] != "SUCCEEDED":
            raise RuntimeError(f"the crawler failed: {last.get('ErrorMessage')}")
        table = glue.get_table(DatabaseName=DATABASE, Name="raw_reviews")["Table"]
        columns = {column["Name"]: column["Type"] for column in table["StorageDescriptor"]["Columns"]}
        self.tell(table="raw_reviews", columns=columns)

    def explore(self) -> None:
        """SQL over the raw files; then once more as Parquet, one folder per label."""
        self.step("explore")
        counts = wr.athena.read_sql_query(
            "SELECT label, count(*) AS reviews, avg(length(text)) AS mean_length, "
            "max(length(text)) AS max_length FROM raw_reviews GROUP BY label ORDER BY label",
            database=DATABASE,
            s3_output=f"s3://{self.bucket}/athena/",
        )
        self.tell(classes=json.loads(counts.to_json(orient="records")))
        cursor = pyathena.connect(
            s3_staging_dir=f"s3://{self.bucket}/athena/",
            schema_name=DATABASE,
            region_name=self.session.region_name,
            poll_interval=0.05,
        ).cursor()
        cursor.execute(
            "CREATE TABLE reviews_by_label WITH (format = 'PARQUET', partitioned_by = ARRAY['label'], "
            f"external_location = 's3://{self.bucket}/by-label/') AS "
            "SELECT review_id, text, label FROM raw_reviews"
        )
        ((rows, labels),) = cursor.execute(
            "SELECT count(*), count(DISTINCT label) FROM reviews_by_label"
        ).fetchall()
        cursor.execute("SELECT count(*) FROM raw_reviews WHERE text LIKE '%<br />%'")
        ((markup,),) = cursor.fetchall()
        self.tell(parquet_rows=rows, labels=labels, with_markup=markup)

    def clean(self) -> None:
        """A Glue python-shell job takes out markup, empties and duplicates, and splits."""
        self.step("clean")
        glue, s3 = self.session.client("glue"), self.session.client("s3")
        s3.upload_file(str(HERE / "glue" / "clean.py"), self.bucket, "scripts/clean.py")
        glue.create_job(
            Name="clean-reviews",
            Role=self.role,
            Command={
                "Name": "pythonshell",
                "PythonVersion": "3.9",
                "ScriptLocation": f"s3://{self.bucket}/scripts/clean.py",
            },
            DefaultArguments={
                "--source": f"s3://{self.bucket}/by-label/",
                "--target": f"s3://{self.bucket}/clean/",
                "--database": DATABASE,
                "--table": "clean_reviews",
            },
            MaxCapacity=1.0,
        )
        run = glue.start_job_run(JobName="clean-reviews")["JobRunId"]

        def state() -> str:
            return str(glue.get_job_run(JobName="clean-reviews", RunId=run)["JobRun"]["JobRunState"])

        wait(lambda: state() not in ("STARTING", "RUNNING"))
        if state() != "SUCCEEDED":
            found = glue.get_job_run(JobName="clean-reviews", RunId=run)["JobRun"]
            raise RuntimeError(f"the Glue job {found['JobRunState']}: {found.get('ErrorMessage')}")
        splits = wr.athena.read_sql_query(
            "SELECT split, count(*) AS reviews FROM clean_reviews GROUP BY split",
            database=DATABASE,
            s3_output=f"s3://{self.bucket}/athena/",
        )
        counts = dict(zip(splits["split"], map(int, splits["reviews"]), strict=True))
        self.tell(splits=counts, rows_out=sum(counts.values()))

    def train(self) -> None:
        """Script-mode scikit-learn with requirements of its own; the log streams as it comes."""
        self.step("train")
        metrics = ("validation:accuracy", "validation:f1", "test:accuracy", "test:f1")
        self.estimator = SKLearn(
            entry_point="train.py",
            source_dir=str(HERE / "training"),
            role=self.role,
            framework_version="1.2-1",
            instance_type="ml.m5.large",
            hyperparameters={"C": 8.0},
            metric_definitions=[{"Name": name, "Regex": f"{name}=([0-9.]+);"} for name in metrics],
            sagemaker_session=sagemaker.Session(self.session),
            base_job_name="reviews",
        )
        clean = f"s3://{self.bucket}/clean"
        channels = {name: f"{clean}/split={name}/" for name in ("train", "validation", "test")}
        self.estimator.fit(channels, wait=False)
        job = self.follow(self.estimator.latest_training_job.name)
        found = {metric["MetricName"]: metric["Value"] for metric in job["FinalMetricDataList"]}
        self.tell(metrics=found, model=self.estimator.model_data, training_job=job["TrainingJobName"])

    def follow(self, name: str) -> dict[str, Any]:
        """Print a training job's log as it grows, up to its end (`fit()` itself looks every 30 seconds)."""
        shown = 0
        while True:
            job = self.estimator.latest_training_job.describe()
            lines = self.log(name)
            for line in lines[shown:]:
                print(line, flush=True)
            shown = len(lines)
            if job["TrainingJobStatus"] == "Completed":
                return dict(job)
            if job["TrainingJobStatus"] in ("Failed", "Stopped"):
                raise RuntimeError(f"the training job {job['TrainingJobStatus']}: {job.get('FailureReason')}")
            time.sleep(0.5)

    def log(self, name: str) -> list[str]:
        """All that a training job has written to CloudWatch Logs."""
        logs = self.session.client("logs")
        try:
            pages = logs.get_paginator("filter_log_events").paginate(
                logGroupName="/aws/sagemaker/TrainingJobs", logStreamNamePrefix=f"{name}/"
            )
            return [event["message"] for page in pages for event in page["events"]]
        except logs.exceptions.ResourceNotFoundException:  # nothing yet
            return []

    def deploy(self) -> None:
        """An endpoint, asked by the SDK and by curl."""
        self.step("deploy")
        predictor = self.estimator.deploy(
            initial_instance_count=1,
            instance_type="ml.m5.large",
            entry_point="inference.py",
            source_dir=str(HERE / "training"),
            endpoint_name="reviews",
            serializer=JSONSerializer(),
            deserializer=JSONDeserializer(),
            wait=False,
        )
        # The SDK itself looks every 30 seconds.
        ready = self.session.client("sagemaker").get_waiter("endpoint_in_service")
        ready.wait(EndpointName=predictor.endpoint_name, WaiterConfig={"Delay": 1, "MaxAttempts": 300})
        self.endpoint = predictor.endpoint_name
        answers = predictor.predict(NEVER_SEEN)
        command, by_curl = self.curl(NEVER_SEEN[:1])
        if by_curl != answers[:1]:
            raise RuntimeError(f"curl was answered {by_curl}, the SDK {answers[:1]}")
        pairs = [[text, answer] for text, answer in zip(NEVER_SEEN, answers, strict=True)]
        self.tell(endpoint=self.endpoint, predictions=pairs, curl=command)

    def curl(self, texts: list[str]) -> tuple[str, Any]:
        """The same question as a plain signed HTTP request: how to type it, and its answer."""
        path, body = f"/endpoints/{self.endpoint}/invocations", json.dumps(texts)
        words = ["curl", "-sS", "--aws-sigv4", f"aws:amz:{self.session.region_name}:sagemaker"]
        words += ["-H", "Content-Type: application/json", "--data", body]
        user = '--user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY"'
        typed = f'{shlex.join(words)} {user} "$AWS_ENDPOINT_URL{path}"'
        url = os.environ["AWS_ENDPOINT_URL"] + path
        if not curl_signs():
            return typed, self.signed(url, body)
        keys = self.session.get_credentials()
        secret = f'user = "{keys.access_key}:{keys.secret_key}"\n'  # not as an argument, which all may see
        command = [*words, "--fail-with-body", "--config", "-", url]
        done = subprocess.run(command, input=secret, capture_output=True, text=True, check=True)
        return typed, json.loads(done.stdout)

    def signed(self, url: str, body: str) -> Any:
        """Where curl cannot sign: the same request, signed by botocore."""
        import requests

        request = AWSRequest("POST", url, {"Content-Type": "application/json"}, body)
        SigV4Auth(self.session.get_credentials(), "sagemaker", self.session.region_name).add_auth(request)
        return requests.post(url, body, headers=dict(request.headers), timeout=60).json()


def curl_signs() -> bool:
    """`--aws-sigv4` came with curl 7.75."""
    if shutil.which("curl") is None:
        return False
    return "--aws-sigv4" in subprocess.run(["curl", "--help", "all"], capture_output=True, text=True).stdout


def wait(until: Callable[[], bool]) -> None:
    """Ask again and again, as one does with AWS."""
    while not until():
        time.sleep(0.2)
