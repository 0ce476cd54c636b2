"""pyiceberg's own tests of its Glue catalog, run unmodified against Cumulet.

The suite is not part of this project: name a checkout of apache/iceberg-python and a Python that has what the
tests import (`pip install "pyiceberg[pyarrow,glue]" "moto[server]" pytest pytest-lazy-fixtures pytest-mock
fastavro requests-mock`).

    python tests/conformance/pyiceberg_glue.py CHECKOUT --python VENV/bin/python [--results FILE]

There are two files: `integration_test_glue.py` was written for AWS itself, its Athena included, and
`test_glue.py` for moto, whose place is taken by plugins/instead_of_moto.py. A server of its own is started on
a fresh data directory. Left out are the tests of S3 Tables, which reach into moto's own classes.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import boto3
from suite import Outcome, account, main, run_pytest

from cumulet import environment
from cumulet.launch import Child

REGION = "us-east-1"
BUCKET = "pyiceberg-tests"
FOR_MOTO = "tests/catalog/test_glue.py"
FILES = ["tests/catalog/integration_test_glue.py", FOR_MOTO]
PLUGINS = str(Path(__file__).with_name("plugins"))
OPTIONS = ["-o", "filterwarnings=default"]  # a newer library's deprecations are not what is tested


def run(python: str, checkout: Path, files: list[str], more: list[str], server: Child) -> list[Outcome]:
    """The suite's outcomes, test by test."""
    chosen = environment.variables(server.config, account("pyiceberg", server.data_dir), REGION)
    make_bucket(chosen)
    settings = environment.over(os.environ, chosen | {"AWS_TEST_BUCKET": BUCKET})
    found: list[Outcome] = []
    for each in files:
        if each == FOR_MOTO:
            path = os.pathsep.join([settings["PYTHONPATH"], PLUGINS])
            options = [*OPTIONS, "-p", "instead_of_moto", "-k", "not s3tables"]
            found += run_pytest(python, checkout, [*options, *more, each], settings | {"PYTHONPATH": path})
        else:
            found += run_pytest(python, checkout, [*OPTIONS, *more, each], settings)
    return found


def make_bucket(chosen: dict[str, str]) -> None:
    session = boto3.Session(chosen["AWS_ACCESS_KEY_ID"], chosen["AWS_SECRET_ACCESS_KEY"], region_name=REGION)
    session.client("s3", endpoint_url=chosen["AWS_ENDPOINT_URL"]).create_bucket(Bucket=BUCKET)


if __name__ == "__main__":
    sys.exit(main(__doc__, "apache/iceberg-python", FILES, run))
