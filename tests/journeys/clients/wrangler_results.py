"""awswrangler's ways to a result: CSV, CTAS, UNLOAD, cached, prepared, in pieces, as Arrow's types."""

from datetime import date, datetime
from decimal import Decimal

import awswrangler as wr
import boto3
import pandas as pd
import pytest

bucket, database = "journey-wrangler-results", "journey_wrangler_results"
boto3.client("s3").create_bucket(Bucket=bucket)
wr.catalog.create_database(database, exist_ok=True)
count = iter(range(1000))
frame = pd.DataFrame(
    {
        "i": pd.array([1, None, 3], dtype="Int64"),
        "f": [1.5, None, float("inf")],
        "s": ['a "quoted", one\nwith lines', None, "é"],
        "b": pd.array([True, None, False], dtype="boolean"),
        "d": [date(2020, 2, 29), None, date(1969, 12, 31)],
        "t": [datetime(2020, 2, 29, 1, 2, 3, 456000), None, datetime(1969, 12, 31, 23, 59, 59)],
        "m": [Decimal("1.10"), None, Decimal("-0.01")],
    }
)
wr.s3.to_parquet(frame, f"s3://{bucket}/rows/", dataset=True, database=database, table="rows_of_types")
WAYS = ({"ctas_approach": True}, {"ctas_approach": False}, {"ctas_approach": False, "unload_approach": True})


def ask(sql, **arguments):
    place = f"s3://{bucket}/results/{next(count)}/"
    return wr.athena.read_sql_query(sql, database, s3_output=place, **{"ctas_approach": False, **arguments})


for way in WAYS:
    for backend in ("numpy_nullable", "pyarrow"):
        found = ask("SELECT * FROM rows_of_types ORDER BY i NULLS LAST", dtype_backend=backend, **way)
        assert found.s.tolist()[0] == frame.s[0] and found.i.tolist()[:2] == [1, 3], (way, backend)
        assert found.d.tolist()[0] == date(2020, 2, 29) and found.t.tolist()[0] == pd.Timestamp(frame.t[0])
        assert found.isna().sum().tolist() == [1] * 7, (way, backend, found)
    pieces = ask("SELECT n FROM UNNEST(sequence(1, 2500)) AS t (n)", chunksize=1000, **way)
    assert sum(piece.n.sum() for piece in pieces) == 2500 * 2501 // 2
    print("read", *way, flush=True)

for way in WAYS[:2]:
    once, again = (
        ask("SELECT 41 AS answer", athena_cache_settings={"max_cache_seconds": 900}, keep_files=True, **way)
        for _ in range(2)
    )
    assert once.query_metadata["QueryExecutionId"] == again.query_metadata["QueryExecutionId"]
    assert again.answer.tolist() == [41]
print("cached", flush=True)

wr.athena.create_prepared_statement("SELECT i FROM rows_of_types WHERE s = ? OR d = ?", "by_text")
values = {"paramstyle": "qmark", "params": ["é", "DATE '2020-02-29'"]}
assert sorted(ask('EXECUTE "by_text"', **values).i) == [1, 3]
named = {"d": date(2020, 2, 29), "s": "it's", "n": 7, "m": Decimal("1.10")}
assert (
    len(ask("SELECT * FROM rows_of_types WHERE d = :d AND m = :m AND :n = 7 AND :s <> 'x'", params=named))
    == 1
)
wr.athena.delete_prepared_statement("by_text")
print("prepared", flush=True)

text = "SELECT 1 i, CAST('x' AS varchar(3)) v, CAST(1 AS decimal(5,2)) m, ARRAY[1] a, TIME '01:02:03' t"
started = wr.athena.start_query_execution(text, database, wait=True)
types = wr.athena.get_query_columns_types(started["QueryExecutionId"])
assert types == {"i": "integer", "v": "varchar", "m": "decimal(5,2)", "a": "array", "t": "time"}, types
managed = {"ManagedQueryResultsConfiguration": {"Enabled": True}}
boto3.client("athena").create_work_group(Name="journey-managed", Configuration=managed)
kept = wr.athena.read_sql_query(
    "SELECT 7 AS seven", database, ctas_approach=False, workgroup="journey-managed"
)
assert kept.seven.tolist() == [7]
with pytest.raises(wr.exceptions.QueryFailed, match="COLUMN_NOT_FOUND"):
    ask("SELECT nothing FROM rows_of_types")

wr.catalog.delete_database(database)
wr.s3.delete_objects(f"s3://{bucket}/")
print("finished", flush=True)
