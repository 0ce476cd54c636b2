"""What a host name says: the service's endpoint, the region, S3's bucket."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from cumulet.wire.message import Request

REGION = re.compile(r"[a-z]{2,4}(-[a-z]+)+-\d{1,2}")
SITE = re.compile(r"(.+?)\.s3-website(?:[.-][a-z0-9-]+)*\.(?:amazonaws\.com(?:\.cn)?|localhost)(?::\d+)?")
SUFFIXES = (".amazonaws.com", ".amazonaws.com.cn", ".api.aws", ".localhost")


@dataclass(frozen=True, slots=True)
class Host:
    """`endpoints` are what could be a service's endpoint prefix, the longest first."""

    endpoints: tuple[str, ...] = ()
    region: str = ""
    bucket: str = ""


@lru_cache(1024)
def read(host: str) -> Host:
    """`b.s3.us-east-1.amazonaws.com`, `runtime.sagemaker.eu-west-1.amazonaws.com`, `b.localhost`."""
    name = host.lower().rsplit(":", 1)[0] if re.search(r":\d+$", host) else host.lower()
    suffix = next((suffix for suffix in SUFFIXES if name.endswith(suffix)), None)
    if suffix is None:
        return Host()
    labels = [label for label in name.removesuffix(suffix).split(".") if label != "dualstack"]
    at = next((i for i, label in enumerate(labels) if REGION.fullmatch(label)), len(labels))
    region = labels[at] if at < len(labels) else ""
    front = labels[:at]
    if front and (old := re.fullmatch(rf"s3-({REGION.pattern})", front[-1])):
        front, region = [*front[:-1], "s3"], old[1]
    return _host(front, region, local=suffix == ".localhost")


def _host(front: list[str], region: str, *, local: bool) -> Host:
    if front and front[-1] in ("s3", "s3-accelerate"):
        return Host(("s3",), region, ".".join(front[:-1]))
    endpoints = tuple(".".join(front[i:]) for i in range(len(front)))
    return Host(endpoints, region, ".".join(front) if local else "")


def site(host: str) -> str:
    """The bucket whose website is meant: `b.s3-website-us-east-1.amazonaws.com`, `b.s3-website.localhost`."""
    found = SITE.fullmatch(host.lower()) if "s3-website" in host else None
    return found[1] if found else ""


def path_style(request: Request) -> str:
    """S3's path with the bucket in it ("/bucket/key"), even where the bucket came in the host name."""
    bucket = read(request.host).bucket
    return f"/{bucket}{request.path}" if bucket else request.path
