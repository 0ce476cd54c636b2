EXAMPLES: list[tuple[str, str | None]] = []
FAILURES: list[tuple[str, str]] = []
QUERIES: list[tuple[str, list[str], list[list[str | None]]]] = []
