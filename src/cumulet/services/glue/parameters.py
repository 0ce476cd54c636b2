"""Parameters in the order in which Glue returns them: that of a Java HashMap.

Programs that print a table's definition (awswrangler's `generate_create_query`) show it.
"""

from __future__ import annotations


def ordered(parameters: dict[str, str]) -> dict[str, str]:
    """By the place of a key's hash among the buckets; keys of one bucket as they came."""
    buckets = 16
    while len(parameters) > buckets * 3 // 4:
        buckets *= 2
    return dict(sorted(parameters.items(), key=lambda pair: spread(pair[0]) % buckets))


def spread(key: str) -> int:
    """Java's String.hashCode, its upper half folded into the lower."""
    found = 0
    for unit in memoryview(key.encode("utf-16-le")).cast("H"):
        found = (31 * found + unit) & 0xFFFFFFFF
    return found ^ (found >> 16)
