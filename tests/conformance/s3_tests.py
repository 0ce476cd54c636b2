"""ceph/s3-tests, the public conformance suite of S3, run unmodified against Cumulet.

The suite is not part of this project: name a checkout of its repository and a Python that has the suite's
requirements (`pip install -r CHECKOUT/requirements.txt`).

    python tests/conformance/s3_tests.py CHECKOUT --python VENV/bin/python [--results FILE] [--pytest="-k acl"]

A server of its own is started on a fresh data directory, with an account for each role that the suite plays.
Printed are the failures by cause and the counts; `--results` keeps every test's outcome as JSON.

Selected are the tests of objects and buckets that AWS itself passes. Those marked `fails_on_aws` describe
Ceph; the others left out concern what is Ceph's own (bucket logging, appending) or waits for a tape robot
or a second cloud. Another selection: `--pytest="-m lifecycle"`, another file: `--files test_s3select.py`.
"""

from __future__ import annotations

import configparser
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import boto3
from suite import Account, Outcome, account, main, outcomes

from cumulet.launch import Child

REGION = "us-east-1"
FILES = ["test_s3.py", "test_headers.py"]
LEFT_OUT = (
    "fails_on_aws", "appendobject", "bucket_logging", "bucket_logging_cleanup", "cloud_restore",
    "cloud_transition", "lifecycle_transition", "s3website", "sns", "storage_class",
)  # fmt: skip
SELECTED = " and ".join(f"not {mark}" for mark in LEFT_OUT)
DAY = 2  # seconds that a day of a lifecycle lasts here
ROLES = ("s3 main", "s3 alt", "s3 tenant", "iam", "iam root", "iam alt root")


def section(made: Account) -> dict[str, str]:
    """An account as the suite's configuration tells it."""
    return {
        "display_name": made["Name"],
        "user_id": made["CanonicalUserId"],
        "email": f"{made['Name']}@example.com",
        "access_key": made["AccessKeyId"],
        "secret_key": made["SecretAccessKey"],
        "tenant": "",
    }


def key(made: Account, endpoint: str) -> str:
    """The ARN of a KMS key of an account's own: as S3 names the key that sealed an object."""
    kms = boto3.client(
        "kms",
        endpoint_url=endpoint,
        region_name=REGION,
        aws_access_key_id=made["AccessKeyId"],
        aws_secret_access_key=made["SecretAccessKey"],
    )
    return str(kms.create_key()["KeyMetadata"]["Arn"])


def configuration(server: Child) -> configparser.RawConfigParser:
    written = configparser.RawConfigParser()
    written["DEFAULT"] = {
        "host": server.config.reachable_host,
        "port": str(server.config.port),
        "is_secure": "False",
        "ssl_verify": "False",
    }
    written["fixtures"] = {"bucket prefix": "s3tests-{random}-"}
    accounts = {role: account(role.replace(" ", "-"), server.data_dir) for role in ROLES}
    for role, made in accounts.items():
        written[role] = section(made)
    main = accounts["s3 main"]
    written["s3 main"] = section(main) | {
        "api_name": "",
        "kms_keyid": key(main, server.config.endpoint),
        "kms_keyid2": key(main, server.config.endpoint),
        "lc_debug_interval": str(DAY),
    }
    return written


def run(python: str, checkout: Path, files: list[str], more: list[str], server: Child) -> list[Outcome]:
    """The suite's outcomes, test by test."""
    with tempfile.TemporaryDirectory() as folder:
        settings, report = Path(folder, "s3tests.conf"), Path(folder, "report.xml")
        with settings.open("w") as file:
            configuration(server).write(file)
        names = [f"s3tests/functional/{name}" for name in files]
        command = [python, "-m", "pytest", "-q", "--tb=short", "-p", "no:cacheprovider", "-m", SELECTED]
        environment = {name: text for name, text in os.environ.items() if not name.startswith("AWS_")}
        subprocess.run(
            [*command, f"--junitxml={report}", *more, *names],
            cwd=checkout,
            env={**environment, "S3TEST_CONF": str(settings), "AWS_DEFAULT_REGION": REGION},
            check=False,
        )
        return outcomes(report)


if __name__ == "__main__":
    os.environ["CUMULET_S3_DAY_SECONDS"] = str(DAY)
    os.environ.setdefault(
        "CUMULET_OPEN_BUCKETS", "1"
    )  # the suite was written for the buckets before April 2023
    sys.exit(main(__doc__, "ceph/s3-tests", FILES, run))
