"""The part of Glue's `awsglue` package that python-shell scripts use, written from its public documentation.

On the path of Glue's jobs only. Spark's part (`awsglue.context` and the rest) is not here.
"""
