"""aws-sdk-pandas' own tests (awswrangler's), run unmodified against Cumulet.

The suite is not part of this project: name a checkout of aws/aws-sdk-pandas and a Python that has what the
tests import (`pip install awswrangler[deltalake,openpyxl] s3fs moto pytest pytest-rerunfailures` and, for
Athena's files, `geopandas pytz`).

    python tests/conformance/aws_sdk_pandas.py CHECKOUT --python VENV/bin/python [--results FILE]
        the files of S3 and of its file system layer
    ... --files test_catalog.py test_athena.py --pytest="-k partition"
        others

A server of its own is started on a fresh data directory. In it is made what the project's CloudFormation
stack makes for the tests (test_infra/stacks/base_stack.py): a versioned bucket, a KMS key, a Glue database, a
log group. The bucket encrypts with SSE-S3, as every bucket of AWS does and one of Cumulet's where it is told
to; the stack's access point is only named, because Cumulet has none. The tests then ask CloudFormation for
the stack's outputs. Cumulet has no CloudFormation, so for that one question AWS_ENDPOINT_URL_CLOUDFORMATION
names an answer of this script's own; everything else they ask is asked of Cumulet.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import boto3
from suite import Account, Outcome, account, main, outcomes

from cumulet import environment
from cumulet.launch import Child

REGION = "us-east-1"
FILES = [
    "test_fs.py", "test_s3.py", "test_s3_deltalake.py", "test_s3_excel.py", "test_s3_orc.py",
    "test_s3_parquet.py", "test_s3_select.py", "test_s3_text.py", "test_s3_text_compressed.py",
    "test_s3_wait.py", "test_s3_tables.py", "test_s3_vectors.py", "test_s3_vectors_mocked.py",
]  # fmt: skip
ANSWER = """<DescribeStacksResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/">
<DescribeStacksResult><Stacks><member><StackName>aws-sdk-pandas-base</StackName>
<CreationTime>2026-01-01T00:00:00Z</CreationTime><StackStatus>CREATE_COMPLETE</StackStatus>
<Outputs>{}</Outputs></member></Stacks></DescribeStacksResult></DescribeStacksResponse>"""
OUTPUT = "<member><OutputKey>{}</OutputKey><OutputValue>{}</OutputValue></member>"


class Stack:
    """What the project's CloudFormation stack makes, made through the services' own operations."""

    def __init__(self, server: Child, owner: Account) -> None:
        self.owner = owner
        self.session = boto3.Session(owner["AccessKeyId"], owner["SecretAccessKey"], region_name=REGION)
        self.endpoint = server.config.endpoint

    def client(self, service: str) -> Any:
        return self.session.client(service, endpoint_url=self.endpoint)

    def make(self) -> dict[str, str]:
        """The stack's outputs, by their names in it."""
        bucket = self._bucket("aws-sdk-pandas-tests")
        self.client("glue").create_database(
            DatabaseInput={"Name": "aws_sdk_pandas", "LocationUri": f"s3://{bucket}"}
        )
        logs = self.client("logs")
        logs.create_log_group(logGroupName="aws_sdk_pandas")
        logs.create_log_stream(logGroupName="aws_sdk_pandas", logStreamName="tests")
        key = self.client("kms").create_key(Description="AWS SDK for pandas Test Key.")
        point = f"arn:aws:s3:{REGION}:{self.owner['AccountId']}:accesspoint/aws-sdk-pandas"
        return {
            "Region": REGION,
            "BucketName": bucket,
            "BucketAccessPointArn": point,
            "GlueDatabaseName": "aws_sdk_pandas",
            "KmsKeyArn": key["KeyMetadata"]["Arn"],
            "LogGroupName": "aws_sdk_pandas",
            "LogStream": "tests",
        }

    def _bucket(self, name: str) -> str:
        s3 = self.client("s3")
        s3.create_bucket(Bucket=name)
        s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
        sealed = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
        s3.put_bucket_encryption(Bucket=name, ServerSideEncryptionConfiguration={"Rules": [sealed]})
        return name


@contextmanager
def cloudformation(outputs: dict[str, str]) -> Iterator[str]:
    """An address that answers DescribeStacks with these outputs, whatever it is asked."""
    text = ANSWER.format("".join(OUTPUT.format(name, escape(value)) for name, value in outputs.items()))

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send_response(200)
            self.send_header("Content-Type", "text/xml")
            self.send_header("Content-Length", str(len(text.encode())))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *said: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def run(python: str, checkout: Path, files: list[str], more: list[str], server: Child) -> list[Outcome]:
    """The suite's outcomes, test by test."""
    owner = account("aws-sdk-pandas", server.data_dir)
    chosen = environment.variables(server.config, owner, REGION)
    with tempfile.TemporaryDirectory() as folder, cloudformation(Stack(server, owner).make()) as stack:
        report = Path(folder, "report.xml")
        options = ["-q", "--tb=short", "-p", "no:cacheprovider", "-o", "addopts="]
        subprocess.run(
            [python, "-m", "pytest", *options, f"--junitxml={report}", *more]
            + [f"tests/unit/{name}" for name in files],
            cwd=checkout,
            env=environment.over(os.environ, chosen | {"AWS_ENDPOINT_URL_CLOUDFORMATION": stack}),
            check=False,
        )
        return outcomes(report)


if __name__ == "__main__":
    sys.exit(main(__doc__, "aws/aws-sdk-pandas", FILES, run))
