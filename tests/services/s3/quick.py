"""A client of S3 that costs next to nothing, so that tests can keep a server busy: signed requests on one
kept-alive connection."""

from __future__ import annotations

import hashlib
import hmac
import re
import socket
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from http.client import HTTPConnection, HTTPException
from urllib.parse import quote, urlsplit

NOTHING = hashlib.sha256(b"").hexdigest()
GONE = (OSError, HTTPException)  # what a connection to a killed server ends in


class Answered:
    """A whole answer."""

    def __init__(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        self.status = status
        self.headers = headers
        self.body = body

    def element(self, name: str) -> str:
        """The text of the first XML element of this name; "" where there is none."""
        found = re.search(f"<{name}>([^<]*)</{name}>", self.body.decode())
        return found[1].replace("&quot;", '"').replace("&amp;", "&") if found else ""

    def __repr__(self) -> str:
        return f"{self.status} {self.body[:300]!r}"


class Quick:
    """One connection of one thread. A failed one is opened again by the next request."""

    def __init__(self, endpoint: str, access_key: str, secret: str, region: str = "us-east-1") -> None:
        self.host = urlsplit(endpoint).netloc
        self.access_key = access_key
        self.secret = secret
        self.region = region
        self.connection = self._connection()

    def ask(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
    ) -> Answered:
        """Send a signed request and read its whole answer; one of `GONE` where none came."""
        path = quote(path, safe="/-_.~")
        told = "&".join(f"{_quoted(k)}={_quoted(v)}" for k, v in sorted((query or {}).items()))
        try:
            if self.connection.sock is None:
                self.connection.connect()
                self.connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            signed = self._signed(method, path, told, headers or {}, body)
            self.connection.request(method, f"{path}?{told}" if told else path, body or None, signed)
            answer = self.connection.getresponse()
            content = answer.read()
        except GONE:
            self.close()
            raise
        return Answered(answer.status, {k.lower(): v for k, v in answer.getheaders()}, content)

    def close(self) -> None:
        self.connection.close()
        self.connection = self._connection()

    def _connection(self) -> HTTPConnection:
        return HTTPConnection(self.host, timeout=60)

    def _signed(
        self, method: str, path: str, query: str, headers: Mapping[str, str], body: bytes
    ) -> dict[str, str]:
        now = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
        digest = hashlib.sha256(body).hexdigest() if body else NOTHING
        told = {**headers, "host": self.host, "x-amz-content-sha256": digest, "x-amz-date": now}
        names = sorted(told)
        lines = "".join(f"{name}:{told[name]}\n" for name in names)
        canonical = "\n".join([method, path, query, lines, ";".join(names), digest])
        scope = f"{now[:8]}/{self.region}/s3/aws4_request"
        hashed = hashlib.sha256(canonical.encode()).hexdigest()
        text = "\n".join(["AWS4-HMAC-SHA256", now, scope, hashed])
        key = _key(self.secret, now[:8], self.region)
        signature = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
        told["authorization"] = (
            f"AWS4-HMAC-SHA256 Credential={self.access_key}/{scope}, "
            f"SignedHeaders={';'.join(names)}, Signature={signature}"
        )
        return told


def _quoted(text: str) -> str:
    return quote(text, safe="-_.~")


@cache
def _key(secret: str, day: str, region: str) -> bytes:
    key = f"AWS4{secret}".encode()
    for step in (day, region, "s3", "aws4_request"):
        key = hmac.new(key, step.encode(), hashlib.sha256).digest()
    return key
