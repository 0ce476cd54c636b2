"""A small SQL over the records of one file: CSV, JSON or Parquet, some rows of it and some fields.

Its types are those of the data as they come: fields of CSV are text until they are cast, values of JSON are what
they are, and what a record does not have is MISSING, which is not NULL. A database's SQL, whose columns have one type
each, says the same of most records though: those DuckDB answers by columns, a few megabytes at a time. What might
come to something else there is evaluated record by record: slowly, and it has the last word on every refusal.

The road of a question: `parser` (text -> `statement`) -> `reading_*` (bytes -> portions of records) -> `running`,
which asks `columns` first: `translating` and `terms` (expressions -> DuckDB's SQL), `columns_csv` (text -> columns),
`summing` (aggregates), `printing` (values -> the answer's text). Else `compiling` (expressions -> functions of a
record) and `folding` -> `writing` (values -> bytes).
"""
