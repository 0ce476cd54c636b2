"""awswrangler's tables: Parquet that grows a column, projected partitions, buckets, Iceberg that is merged into."""

import awswrangler as wr
import boto3
import pandas as pd

bucket, database = "journey-wrangler-tables", "journey_wrangler_tables"
boto3.client("s3").create_bucket(Bucket=bucket)
wr.catalog.create_database(database, exist_ok=True)


def ask(sql, **arguments):
    return wr.athena.read_sql_query(sql, database, **{"ctas_approach": False, **arguments})


place = f"s3://{bucket}/grown/"
table = {"path": place, "dataset": True, "database": database, "table": "grown"}
wr.s3.to_parquet(pd.DataFrame({"a": [1], "b": ["x"]}), **table)
wr.s3.to_parquet(
    pd.DataFrame({"a": [2], "b": ["y"], "c": [1.5]}), mode="append", schema_evolution=True, **table
)
assert ask("SELECT c FROM grown ORDER BY a").c.isna().tolist() == [True, False]
wr.catalog.add_column(database, "grown", "d", "int", column_comment="later")
assert wr.catalog.get_columns_comments(database, "grown")["d"] == "later"
assert next(wr.catalog.get_tables(database=database, name_contains="row"))["Name"] == "grown"
created = wr.athena.show_create_table("grown", database)
assert created.startswith(
    "CREATE EXTERNAL TABLE `grown`( `a` bigint, `b` string, `c` double, `d` int COMMENT 'later')"
)
print("grown", flush=True)

projected = pd.DataFrame(
    {"v": [1, 2, 3], "year": [2020, 2021, 2022], "day": ["2020-01-01", "2020-01-02", "2020-01-31"]}
)
settings = {
    "projection_types": {"year": "integer", "day": "date"},
    "projection_ranges": {"year": "2020,2022", "day": "2020-01-01,2020-01-31"},
    "projection_formats": {"day": "yyyy-MM-dd"},
}
wr.s3.to_parquet(
    projected,
    f"s3://{bucket}/projected/",
    dataset=True,
    database=database,
    table="projected",
    partition_cols=["year", "day"],
    athena_partition_projection_settings={**settings, "projection_storage_location_template": None},
    glue_table_settings={"regular_partitions": False},
)
assert wr.catalog.get_partitions(database, "projected") == {}
assert ask("SELECT v FROM projected WHERE day > '2020-01-01' ORDER BY v").v.tolist() == [2, 3]
print("projected", flush=True)

spread = pd.DataFrame({"k": range(100), "v": [str(n) for n in range(100)]})
wr.s3.to_csv(
    spread, f"s3://{bucket}/spread/", index=False, dataset=True, database=database, table="spread",
    bucketing_info=(["k"], 5),
)  # fmt: skip
whole, one = ask("SELECT v FROM spread"), ask("SELECT v FROM spread WHERE k = 42")
assert one.v.tolist() == [42 if one.v.dtype.kind == "i" else "42"]
read = [each.query_metadata["Statistics"]["DataScannedInBytes"] for each in (whole, one)]
assert read[1] < read[0] / 4, read
print("spread", flush=True)

ice = {
    "database": database,
    "table": "ice",
    "table_location": f"s3://{bucket}/ice/",
    "temp_path": f"s3://{bucket}/temp/",
}
first = pd.DataFrame({"id": [1, 2, 3], "name": ["a", "b", "c"], "part": ["x", "x", "y"]})
wr.athena.to_iceberg(first, partition_cols=["part"], keep_files=False, **ice)
change = pd.DataFrame({"id": [2, 4], "name": ["B", "d"], "part": ["x", "y"]})
wr.athena.to_iceberg(change, merge_cols=["id"], keep_files=False, **ice)
assert ask("SELECT name FROM ice ORDER BY id").name.tolist() == ["a", "B", "c", "d"]
wider = pd.DataFrame({"id": [5], "name": ["e"], "part": ["z"], "more": [0.5]})
wr.athena.to_iceberg(wider, schema_evolution=True, keep_files=False, **ice)
wr.athena.delete_from_iceberg_table(
    pd.DataFrame({"id": [1, 3]}),
    database,
    "ice",
    merge_cols=["id"],
    temp_path=f"s3://{bucket}/gone/",
    keep_files=False,
)
assert ask("SELECT id FROM ice ORDER BY id").id.tolist() == [2, 4, 5]
replaced = pd.DataFrame({"id": [9], "name": ["z"], "part": ["x"], "more": [1.5]})
wr.athena.to_iceberg(replaced, mode="overwrite_partitions", partition_cols=["part"], keep_files=False, **ice)
assert ask("SELECT id FROM ice ORDER BY id").id.tolist() == [4, 5, 9]
print("merged", flush=True)

wr.catalog.delete_database(database)
wr.s3.delete_objects(f"s3://{bucket}/")
print("finished", flush=True)
