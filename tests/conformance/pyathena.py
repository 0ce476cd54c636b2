"""PyAthena's own tests, run unmodified against Cumulet.

The suite is not part of this project: name a checkout of laughingman7743/PyAthena and a Python that has what
the tests import, in the versions of the checkout's uv.lock where a newer one no longer fits (`pip install
"sqlalchemy==2.0.36" pandas pyarrow "polars<1.37" fsspec boto3 jinja2 pytest pytest-dependency pytest-xdist
CHECKOUT`).

    python tests/conformance/pyathena.py CHECKOUT --python VENV/bin/python [--results FILE]
    ... --files tests/pyathena/pandas --pytest="-k unload"

A server of its own is started on a fresh data directory, with what the suite expects to find: a bucket for
results, a second work group and a third for Spark. PyAthena itself is pointed here by the variables that
`cumulet env` prints, and pyarrow's S3 client, which PyAthena makes without an address, by the folder that
these put on PYTHONPATH.

Left out is `tests/pyathena/spark`: Athena's notebooks are not there (docs/services/athena.md).
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import boto3
from suite import Outcome, account, main, run_pytest

from cumulet import environment
from cumulet.launch import Child

REGION = "us-east-1"
BUCKET = "pyathena-tests"
SQLALCHEMY = "tests/sqlalchemy"
FILES = ["tests/pyathena", SQLALCHEMY]
SPARK = "tests/pyathena/spark"
PLACES = {
    "AWS_ATHENA_S3_STAGING_DIR": f"s3://{BUCKET}/results/",
    "AWS_ATHENA_WORKGROUP": "pyathena",
    "AWS_ATHENA_SPARK_WORKGROUP": "pyathena-spark",
}


def make_places(chosen: dict[str, str]) -> None:
    """What the suite's settings name."""
    session = boto3.Session(chosen["AWS_ACCESS_KEY_ID"], chosen["AWS_SECRET_ACCESS_KEY"], region_name=REGION)
    endpoint = chosen["AWS_ENDPOINT_URL"]
    session.client("s3", endpoint_url=endpoint).create_bucket(Bucket=BUCKET)
    athena: Any = session.client("athena", endpoint_url=endpoint)
    results = {"OutputLocation": PLACES["AWS_ATHENA_S3_STAGING_DIR"]}
    athena.create_work_group(Name="pyathena", Configuration={"ResultConfiguration": results})


def run(python: str, checkout: Path, files: list[str], more: list[str], server: Child) -> list[Outcome]:
    """The suite's outcomes. SQLAlchemy's part has a pytest plug-in of its own, which wants its own run, in
    workers of pytest-xdist: it makes a database for each of those only."""
    chosen = environment.variables(server.config, account("pyathena", server.data_dir), REGION)
    make_places(chosen)
    settings = environment.over(os.environ, chosen | PLACES)
    found: list[Outcome] = []
    for each in files:
        workers = ["-n", "2"] if each.startswith(SQLALCHEMY) else []
        found += run_pytest(python, checkout, [f"--ignore={SPARK}", *workers, *more, each], settings)
    return found


if __name__ == "__main__":
    sys.exit(main(__doc__, "laughingman7743/PyAthena", FILES, run))
