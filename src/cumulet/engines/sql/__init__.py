"""SQL over files, in Trino's dialect, by DuckDB in warm child processes.

`base` is the interface. The road of a statement: `pool` (which child runs it) -> `worker` (the child's
loop) -> `trino` (text -> typed DuckDB SQL, or a refusal) -> `readers` (a table's files as a relation)
-> `execution` (DuckDB runs it) -> `printing` (values in Trino's spelling) -> files on disk.
"""
