"""Iceberg tables in Athena: their record in Glue, and the statements that only they know.

The work itself is the engine's (`engines.sql.iceberg`). https://docs.aws.amazon.com/athena/latest/ug/querying-iceberg.html
"""
