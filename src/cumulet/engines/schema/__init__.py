"""What is in a file? Its format, its columns and their types, found from its first bytes.

`files.Reader` asks a child process (`python -m cumulet.engines.schema`), so that a file that upsets a parser
hurts nobody else. Types are Hive's, as text: "bigint", "array<struct<a:int>>".
"""
