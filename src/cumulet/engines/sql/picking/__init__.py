"""A small SQL over the records of one file: CSV, JSON or Parquet, some rows of it and some fields.

Its types are those of the data as they come: fields of CSV are text until they are cast, values of JSON are what
they are, and what a record does not have is MISSING, which is not NULL. So it is not translated to a database's
SQL, whose columns have one type each, but evaluated, record by record, inside a worker of the SQL pool.

The road of a question: `parser` (text -> `statement`) -> `compiling` (expressions -> functions of a record)
-> `reading_*` (bytes -> records) -> `running` (which records, which fields) -> `writing` (values -> bytes).
"""
