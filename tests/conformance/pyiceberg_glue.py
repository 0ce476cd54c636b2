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

import argparse
import os
import shlex
import sys
import tempfile
from pathlib import Path

import boto3
from suite import Outcome, account, failed, keep, run_pytest, tell

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


def main() -> int:
    layout = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=layout)
    parser.add_argument("checkout", type=Path, help="a checkout of apache/iceberg-python")
    parser.add_argument("--python", default=sys.executable, help="a Python with what the tests import")
    parser.add_argument("--files", nargs="+", default=FILES, metavar="FILE")
    parser.add_argument("--results", type=Path, help="where to write every test's outcome as JSON")
    parser.add_argument("--pytest", type=shlex.split, default=[], help="further arguments for pytest")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        server = Child(Path(folder, "data"))
        try:
            python = str(Path(asked.python).absolute())
            found = run(python, asked.checkout, asked.files, asked.pytest, server)
        finally:
            server.stop()
    keep(found, asked.results)
    tell(found)
    return int(bool(failed(found)))


if __name__ == "__main__":
    sys.exit(main())
