"""Members that many operations share, named once.

`@honours(HEADERS, CHECKSUMS)` lets a method take these members as `**members`, and tells the dispatcher
(which refuses what a method does not name) that it does.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])

HEADERS = (
    "CacheControl",
    "ContentDisposition",
    "ContentEncoding",
    "ContentLanguage",
    "ContentType",
    "Expires",
    "WebsiteRedirectLocation",
)
CHECKSUMS = (
    "ChecksumCRC32",
    "ChecksumCRC32C",
    "ChecksumCRC64NVME",
    "ChecksumSHA1",
    "ChecksumSHA256",
    "ChecksumSHA512",
    "ChecksumMD5",
    "ChecksumXXHASH64",
    "ChecksumXXHASH3",
    "ChecksumXXHASH128",
)
BODY = ("ContentMD5", "ContentLength", "ChecksumAlgorithm")
# Of documents the wire has checked the digests; these members say nothing beyond them.
DIGESTS = ("ContentMD5", "ChecksumAlgorithm")
READ_CONDITIONS = ("IfMatch", "IfNoneMatch", "IfModifiedSince", "IfUnmodifiedSince")
WRITE_CONDITIONS = ("IfMatch", "IfNoneMatch")
RESPONSE_HEADERS = (
    "ResponseCacheControl",
    "ResponseContentDisposition",
    "ResponseContentEncoding",
    "ResponseContentLanguage",
    "ResponseContentType",
    "ResponseExpires",
)
GRANTS = ("GrantFullControl", "GrantRead", "GrantReadACP", "GrantWrite", "GrantWriteACP")
# MFA delete cannot be enabled here, so a code for it changes nothing; nor do tokens to enable locks, on AWS too.
# No object has annotations here, so nothing is copied or left behind.
HARMLESS = ("MFA", "Token", "AnnotationDirective")
# Nobody is billed here, but where requesters pay they must say so: `Access` looks for RequestPayer wherever it
# is taken. ExpectedBucketOwner is obeyed wherever it is taken.
REQUEST = ("RequestPayer",)


def honours(*groups: tuple[str, ...]) -> Callable[[F], F]:
    def mark(method: F) -> F:
        signature = inspect.signature(method)
        kept = [p for p in signature.parameters.values() if p.kind is not p.VAR_KEYWORD]
        named = {p.name for p in kept}
        added = [
            inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None)
            for group in groups
            for name in group
            if name not in named
        ]
        method.__signature__ = signature.replace(parameters=[*kept, *added])  # type: ignore[attr-defined]
        return method

    return mark
