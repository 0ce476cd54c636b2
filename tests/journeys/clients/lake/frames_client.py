"""Data frames and SQL at s3:// addresses: Polars, pandas, DuckDB's httpfs, smart_open."""

import os

import boto3
import duckdb
import duckdb_extension_httpfs
import pandas as pd
import polars as pl
import smart_open

bucket = "journey-frames"
boto3.client("s3").create_bucket(Bucket=bucket)
lake = f"s3://{bucket}"

frame = pl.DataFrame({"number": range(200_000), "kind": ["é", "b", "c", "d"] * 50_000})
frame.write_parquet(f"{lake}/polars.parquet")
assert pl.read_parquet(f"{lake}/polars.parquet").equals(frame)
assert pl.scan_parquet(f"{lake}/*.parquet").filter(pl.col("kind") == "é").collect().height == 50_000
frame.write_csv(f"{lake}/polars.csv")
assert pl.read_csv(f"{lake}/polars.csv").equals(frame)
frame.lazy().sink_parquet(f"{lake}/sunk/data.parquet")
print("polars", flush=True)

pandas = frame.to_pandas()
pandas.to_parquet(f"{lake}/pandas.parquet")
pandas.to_parquet(f"{lake}/pandas-set", partition_cols=["kind"])
pandas.to_csv(f"{lake}/pandas.csv.gz", index=False)
pandas.head(100).to_json(f"{lake}/pandas.jsonl", orient="records", lines=True)
assert pd.read_parquet(f"{lake}/pandas.parquet").equals(pandas)
assert len(pd.read_parquet(f"{lake}/pandas-set", filters=[("kind", "=", "é")])) == 50_000
assert pd.read_csv(f"{lake}/pandas.csv.gz").equals(pandas)
assert pd.read_json(f"{lake}/pandas.jsonl", lines=True).equals(pandas.head(100))
print("pandas", flush=True)

con = duckdb.connect()
folder = os.path.join(os.path.dirname(duckdb_extension_httpfs.__file__), "extensions")
con.execute(f"LOAD '{folder}/v{duckdb.__version__}/httpfs.duckdb_extension'")
con.execute(
    "CREATE SECRET (TYPE s3, KEY_ID $key, SECRET $secret, REGION $region, ENDPOINT $endpoint,"
    " URL_STYLE 'path', USE_SSL false)".replace("$key", f"'{os.environ['AWS_ACCESS_KEY_ID']}'")
    .replace("$secret", f"'{os.environ['AWS_SECRET_ACCESS_KEY']}'")
    .replace("$region", f"'{os.environ['AWS_REGION']}'")
    .replace("$endpoint", f"'{os.environ['AWS_ENDPOINT_URL'].removeprefix('http://')}'")
)
assert con.sql(f"SELECT count(*) FROM '{lake}/polars.parquet' WHERE kind = 'é'").fetchone() == (50_000,)
con.sql(f"COPY (SELECT * FROM '{lake}/pandas.csv.gz') TO '{lake}/duck' (FORMAT parquet, PARTITION_BY (kind))")
assert con.sql(f"SELECT count(*) FROM read_parquet('{lake}/duck/**/*.parquet')").fetchone() == (200_000,)
con.sql(f"COPY (SELECT range AS n, repeat('x', 200) AS t FROM range(200000)) TO '{lake}/wide.csv'")
assert con.sql(f"SELECT sum(n) FROM '{lake}/wide.csv'").fetchone() == (sum(range(200_000)),)
print("duckdb", flush=True)

with smart_open.open(f"{lake}/lines.txt.gz", "w", encoding="utf-8") as file:
    file.writelines(f"línea {number}\n" for number in range(50_000))
with smart_open.open(f"{lake}/lines.txt.gz", encoding="utf-8") as file:
    assert sum(1 for _ in file) == 50_000
with smart_open.open(f"{lake}/large.bin", "wb", transport_params={"min_part_size": 5 << 20}) as file:
    for _ in range(12):
        file.write(b"m" * (1 << 20))
with smart_open.open(f"{lake}/large.bin", "rb") as file:
    file.seek(6 << 20)
    assert file.read(3) == b"mmm"
print("finished")
