"""Compressions by their names in table properties, as the writers of ORC and Avro call them."""

from __future__ import annotations

ORC_CODECS = {
    "zlib": "ZLIB",
    "gzip": "ZLIB",
    "snappy": "SNAPPY",
    "lz4": "LZ4",
    "zstd": "ZSTD",
    "none": "UNCOMPRESSED",
}
AVRO_CODECS = {
    "gzip": "deflate",
    "deflate": "deflate",
    "snappy": "snappy",
    "zstd": "zstandard",
    "bzip2": "bzip2",
    "none": "null",
}
