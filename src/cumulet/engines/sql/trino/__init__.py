"""Trino's SQL, understood and said again in DuckDB's words.

`grammar` reads the text, `query` and `expression` resolve names and types as Trino does, `functions` holds
the allow-list of functions. Every kind of node is written out; what is not written is refused.
"""
