"""TPC-H by Spark or Sail in a process of its own: `python spark.py spark|sail TABLES QUERIES ROUNDS`.

Needs nothing of Cumulet's, so that it runs in the environment that has pyspark. One JSON object on a line: the start
in seconds, and for each query its seconds, or what it said when it failed; what was told counts, should it be ended.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

RUNNING: list[Any] = []  # a server of Sail's ends when nobody holds it any more


def session(engine: str) -> Any:
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    if engine == "sail":
        from pysail.spark import SparkConnectServer
        from pyspark.sql import SparkSession

        server = SparkConnectServer()
        RUNNING.append(server)
        server.start()
        _, port = server.listening_address
        os.environ["no_proxy"] = os.environ["NO_PROXY"] = (
            "127.0.0.1"  # gRPC asks a proxy for its own machine, too
        )
        return SparkSession.builder.remote(f"sc://127.0.0.1:{port}").getOrCreate()
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.master(f"local[{os.cpu_count()}]").config("spark.ui.enabled", "false")
    return builder.config("spark.driver.memory", "8g").getOrCreate()


def main() -> None:
    engine, tables, queries, rounds = sys.argv[1:]
    begin = time.perf_counter()
    spark = session(engine)
    for file in sorted(Path(tables).glob("*.parquet")):
        spark.read.parquet(str(file)).createOrReplaceTempView(file.stem)
    spark.sql("SELECT 1").collect()
    print(json.dumps({"start": time.perf_counter() - begin}), flush=True)
    for file in sorted(Path(queries).glob("[0-9]*.sql")):
        told: dict[str, Any] = {"query": int(file.stem)}
        try:
            told["seconds"] = min(timed(spark, file.read_text()) for _ in range(int(rounds)))
        except Exception as error:
            told["failed"] = str(error).partition("\n")[0]
        print(json.dumps(told), flush=True)
    os._exit(0)  # neither engine's threads are waited for


def timed(spark: Any, text: str) -> float:
    begin = time.perf_counter()
    spark.sql(text).collect()
    return time.perf_counter() - begin


if __name__ == "__main__":
    main()
