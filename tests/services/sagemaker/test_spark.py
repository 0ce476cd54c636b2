"""PySparkProcessor of the SDK, on a real Spark: with pyspark beside this Python, or in that of CUMULET_SPARK_PYTHON."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

from .workshop import keys, printed, refusal

PYTHON = os.environ.get("CUMULET_SPARK_PYTHON", "")
NO_SPARK = not PYTHON and not importlib.util.find_spec("pyspark")
NO_JAVA = not shutil.which("java") and not os.environ.get("JAVA_HOME")
REGISTRY = "173754725891.dkr.ecr.us-east-1.amazonaws.com"
GROUP = "/aws/sagemaker/ProcessingJobs"

APPLICATION = """
import argparse
from importlib.util import find_spec
from pyspark.sql import SparkSession
from extra import doubled
arguments = argparse.ArgumentParser()
arguments.add_argument("--column")
arguments.add_argument("--bucket")
given = arguments.parse_args()
spark = SparkSession.builder.appName("sums").getOrCreate()
table = spark.read.csv("/opt/ml/processing/data", header=True, inferSchema=True)
sums = table.groupBy("kind").sum(given.column).withColumnRenamed(f"sum({given.column})", "total")
rows = sorted((row.kind, doubled(row.total)) for row in sums.collect())
if find_spec("bodo_iceberg_connector"):  # which has the jars that speak S3
    print("in the lake", spark.read.csv(f"s3://{given.bucket}/spark/data", header=True).count(), flush=True)
    table.coalesce(1).write.parquet(f"s3a://{given.bucket}/spark/parquet")
print("rows", rows, "partitions", spark.conf.get("spark.sql.shuffle.partitions"), flush=True)
spark.createDataFrame(rows, ["kind", "total"]).coalesce(1).write.json("/opt/ml/processing/sums/out")
"""
RUN = """
import sys, sagemaker
from sagemaker.processing import ProcessingInput, ProcessingOutput
from sagemaker.spark.processing import PySparkProcessor
bucket, role, folder = sys.argv[1:]
processor = PySparkProcessor(base_job_name="sums", framework_version="3.3", role=role, instance_count=1,
                             instance_type="ml.m5.large", max_runtime_in_seconds=900,
                             sagemaker_session=sagemaker.Session(default_bucket=bucket))
processor.run(
    submit_app=folder + "/application.py",
    submit_py_files=[folder + "/extra.py"],
    arguments=["--column", "price", "--bucket", bucket],
    inputs=[ProcessingInput(source=f"s3://{bucket}/spark/data", destination="/opt/ml/processing/data")],
    outputs=[ProcessingOutput(source="/opt/ml/processing/sums", destination=f"s3://{bucket}/spark/sums")],
    configuration=[{"Classification": "spark-defaults", "Properties": {"spark.sql.shuffle.partitions": "3"}}],
    spark_event_logs_s3_uri=f"s3://{bucket}/spark/events",
    logs=False, wait=False,
)
print(processor.latest_job.job_name)
"""


@pytest.mark.slow
@pytest.mark.skipif(NO_SPARK, reason="needs pyspark")
@pytest.mark.skipif(NO_JAVA, reason="needs a Java")
def test_the_sdks_pyspark_processor_runs_an_application_on_spark(
    studio: Any, server: Any, tmp_path: Path
) -> None:
    image_uris = pytest.importorskip("sagemaker.image_uris")
    if PYTHON:
        image = image_uris.retrieve("spark", "us-east-1", version="3.3", instance_type="ml.m5.large")
        server.cumulet("image", "map", image, "--python", PYTHON)
    studio.put("spark/data/a.csv", b"kind,price\na,1\nb,2\na,3\n")
    (tmp_path / "application.py").write_text(APPLICATION)
    (tmp_path / "extra.py").write_text("def doubled(value):\n    return 2 * value\n")
    run = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(RUN), studio.bucket, studio.role, str(tmp_path)],
        env={**os.environ, **server.environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    name = run.stdout.split()[-1]
    studio.sagemaker.get_waiter("processing_job_completed_or_stopped").wait(
        ProcessingJobName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 400}
    )
    lines = printed(studio, name, GROUP)
    assert any("rows [('a', 8), ('b', 4)] partitions 3" in line for line in lines), "\n".join(lines[-60:])
    (found,) = [key for key in keys(studio, "spark/sums/") if key.endswith(".json")]
    written = [json.loads(line) for line in studio.read(f"s3://{studio.bucket}/{found}").splitlines()]
    assert {row["kind"]: row["total"] for row in written} == {"a": 8, "b": 4}
    assert keys(studio, "spark/events/")
    look = "from importlib.util import find_spec as f; raise SystemExit(not f('bodo_iceberg_connector'))"
    if subprocess.run([PYTHON or sys.executable, "-c", look], check=False).returncode == 0:
        assert "in the lake 3" in lines, "\n".join(lines[-60:])
        assert any(key.endswith(".parquet") for key in keys(studio, "spark/parquet/"))


@pytest.mark.skipif(not NO_SPARK or bool(PYTHON), reason="pyspark is here")
def test_without_pyspark_it_is_said_what_to_install(studio: Any) -> None:
    request = {
        "ProcessingJobName": "spark-without-spark",
        "AppSpecification": {"ImageUri": f"{REGISTRY}/sagemaker-spark-processing:3.3-cpu-py39-v1.2"},
        "ProcessingResources": {
            "ClusterConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1}
        },
        "RoleArn": studio.role,
    }
    assert "pip install 'cumulet[spark]'" in refusal(studio.sagemaker.create_processing_job, request)[1]
