"""Iceberg tables: pyiceberg keeps their metadata, DuckDB reads and writes their rows.

Lives in the worker processes. `catalog` loads a table and commits to it through the server, `files` makes
the lake's objects pyiceberg's files, `tables` shows snapshots to the translation as tables among others,
`changing` runs the statements that write. Source: https://iceberg.apache.org/spec/ and
https://docs.aws.amazon.com/athena/latest/ug/querying-iceberg.html
"""
