"""An error of Trino's out of Python code that DuckDB calls: it comes back inside DuckDB's own message."""

from __future__ import annotations


def bad(message: str) -> ValueError:
    """An argument that a function does not take."""
    return refusal("INVALID_FUNCTION_ARGUMENT", message)


def refusal(name: str, message: str) -> ValueError:
    """An error by Trino's name for it."""
    return ValueError(f"trino:{name}:{message}:trino")
