"""`smspark-submit`, the command of SageMaker's Spark containers: an application on Spark in one process.

    python spark_submit.py PYTHON [--py-files FILES] [--local-spark-event-logs-dir FOLDER] ... APPLICATION [ARGUMENTS]

PYTHON has pyspark, whose own spark-submit runs the application with as many threads as there are processors. What
spark-submit takes is passed on to it; folders of files become lists of them, as in the containers. The
configuration that the SDK writes (/opt/ml/processing/input/conf/configuration.json) becomes Spark's own files.
https://github.com/aws/sagemaker-spark-container
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

BASE = Path(os.environ.get("SAGEMAKER_BASE_DIR") or "/opt/ml")
CONFIGURATION = BASE / "processing/input/conf/configuration.json"
EVENTS = "--local-spark-event-logs-dir"
LISTS = ("--py-files", "--jars", "--files")
FILES = {"spark-defaults": "spark-defaults.conf", "spark-log4j": "log4j.properties"}
VARIABLES = ("spark-env", "hadoop-env", "yarn-env")
WHERE = """
from importlib.util import find_spec
for name in ("pyspark", "bodo_iceberg_connector"):
    print(find_spec(name).submodule_search_locations[0] if find_spec(name) else "")
"""


def main(python: str, *given: str) -> int:
    options, application = parsed(list(given))
    told = subprocess.run([python, "-c", WHERE], check=True, capture_output=True, text=True).stdout
    home, connector = told.split("\n")[:2]
    if not shutil.which("java") and not os.environ.get("JAVA_HOME"):
        sys.exit("Spark needs a Java: install one, or name its folder by JAVA_HOME.")
    properties, variables = configured(configuration())
    chosen = {**lake(Path(home), connector), **properties, **events(options.pop(EVENTS, ""))}
    line = [str(Path(home) / "bin/spark-submit"), "--master", "local[*]"]
    line += [word for name, value in chosen.items() for word in ("--conf", f"{name}={value}")]
    line += [word for name, value in options.items() for word in (name, listed(name, value)) if word]
    own = {"SPARK_HOME": home, "PYSPARK_PYTHON": python, "PYSPARK_DRIVER_PYTHON": python}
    os.execve(
        line[0], [*line, *application], {"SPARK_LOCAL_IP": "127.0.0.1", **os.environ, **variables, **own}
    )


def parsed(words: list[str]) -> tuple[dict[str, str], list[str]]:
    """Options that stand before the application, and it with its arguments."""
    options: dict[str, str] = {}
    while words and words[0].startswith("--"):
        name, equals, value = words.pop(0).partition("=")
        if name in ("--verbose", "-v"):
            options[name] = ""
        else:
            options[name] = value if equals else words.pop(0)
    return options, words


def listed(name: str, value: str) -> str:
    """The containers take folders where Spark wants their files."""
    if name not in LISTS:
        return value
    paths = [path for part in value.split(",") for path in inside(Path(part.removeprefix("file://")))]
    return ",".join(map(str, paths))


def inside(place: Path) -> list[Path]:
    return sorted(path for path in place.rglob("*") if path.is_file()) if place.is_dir() else [place]


def configuration() -> list[dict[str, Any]]:
    if not CONFIGURATION.is_file():
        return []
    found = json.loads(CONFIGURATION.read_text())
    return found if isinstance(found, list) else [found]


def configured(classifications: list[dict[str, Any]]) -> tuple[dict[str, str], dict[str, str]]:
    """Spark's properties and the environment of a configuration in EMR's words. What is Hadoop's goes to Spark's
    Hadoop; what is of the resource manager, Hive and logging has nobody here to read it.

    https://docs.aws.amazon.com/emr/latest/ReleaseGuide/emr-configure-apps.html
    """
    properties: dict[str, str] = {}
    variables: dict[str, str] = {}
    for each in classifications:
        kind, values = each["Classification"], each.get("Properties", {})
        if kind == "spark-defaults":
            properties |= values
        elif kind in ("core-site", "hdfs-site", "hive-site"):
            properties |= {f"spark.hadoop.{name}": value for name, value in values.items()}
        elif kind in VARIABLES:
            for inner in each.get("Configurations", []):
                variables |= inner.get("Properties", {})
        else:
            print(f"The configuration {kind} has no effect here.", file=sys.stderr, flush=True)
    return properties, variables


def events(folder: str) -> dict[str, str]:
    """Where Spark writes what its history server shows."""
    if not folder:
        return {}
    place = BASE / folder.removeprefix("/opt/ml/")
    place.mkdir(parents=True, exist_ok=True)
    return {"spark.eventLog.enabled": "true", "spark.eventLog.dir": f"file://{place}"}


def lake(home: Path, connector: str) -> dict[str, str]:
    """s3:// and s3a:// lead to Cumulet, where the jars of hadoop-aws are to be had: Spark's own, or a package's."""
    jars = connectors(home, connector)
    paths = {"spark.jars": ",".join(map(str, jars))} if jars else {}
    found = {
        "fs.s3a.endpoint": os.environ.get("AWS_ENDPOINT_URL", ""),
        "fs.s3a.endpoint.region": os.environ.get("AWS_REGION", "us-east-1"),
        "fs.s3a.path.style.access": "true",
        "fs.s3a.connection.ssl.enabled": "false",
        "fs.s3.impl": "org.apache.hadoop.fs.s3a.S3AFileSystem",
        "fs.s3a.aws.credentials.provider": "com.amazonaws.auth.EnvironmentVariableCredentialsProvider",
        # Numbers alone: older connectors cannot read the units that newer Hadoops have in their defaults.
        "fs.s3a.threads.keepalivetime": "60",
        "fs.s3a.connection.establish.timeout": "30000",
        "fs.s3a.connection.timeout": "200000",
        "fs.s3a.connection.ttl": "300000",
        "fs.s3a.multipart.purge.age": "86400",
    }
    return {**paths, **{f"spark.hadoop.{name}": value for name, value in found.items()}}


def connectors(home: Path, package: str) -> list[Path]:
    """The jars by which Hadoop speaks S3, of a package that has them; none where Spark has them itself."""
    if not package or any((home / "jars").glob("hadoop-aws-*.jar")):
        return []
    patterns = ("hadoop-aws-*.jar", "aws-java-sdk-*.jar")
    return [path for pattern in patterns for path in Path(package).rglob(pattern)]


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))
