"""Buckets as websites: what a browser asks of `<bucket>.s3-website...` is read as anybody may read it.

Index and error documents, redirects of pages, of prefixes and of everything, as the bucket's website
configuration has them. The objects come down the usual road, asked for without a signature.
Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/WebsiteHosting.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from html import escape, unescape
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, unquote

from cumulet.house import House
from cumulet.services import Caller
from cumulet.wire.errors import AwsError
from cumulet.wire.message import Headers, Request, Response

Respond = Callable[[House, Request], Response]

MOVED = "x-amz-website-redirect-location"
PASSED_ON = ("range", "if-match", "if-none-match", "if-modified-since", "if-unmodified-since", "origin")
TOLD = re.compile(r"<(Code|Message)>([^<]*)<")


def answer(house: House, request: Request, bucket: str, respond: Respond) -> Response:
    """The page, or where it is, or why there is none."""
    try:
        told = house.service("s3", Caller(account="", region=house.config.region)).website(bucket)
    except AwsError as error:
        return _page(error.status or 400, {"Code": error.code, "Message": error.message})
    if request.method not in ("GET", "HEAD"):
        what = "The specified method is not allowed against this resource."
        return _page(405, {"Code": "MethodNotAllowed", "Message": what})
    response = Visit(house, request, bucket, told, respond).answer()
    if request.method == "HEAD":
        response.body = b""
    return response


class Visit:
    """One request to a bucket's website."""

    def __init__(
        self, house: House, request: Request, bucket: str, told: Mapping[str, Any], respond: Respond
    ) -> None:
        self.house = house
        self.request = request
        self.bucket = bucket
        self.told = told
        self.respond = respond
        self.key = unquote(request.path.removeprefix("/"))

    def answer(self) -> Response:
        if everything := self.told.get("RedirectAllRequestsTo"):
            return self._redirect(everything, "")
        if moved := self._routed(None):
            return moved
        folder = not self.key or self.key.endswith("/")
        found = self._read(self.key + self._index if folder else self.key)
        if found.status < 400:
            target = Headers(found.headers).get(MOVED)
            return Response(301, [("Location", target)]) if target else found
        if not folder and self._read(f"{self.key}/{self._index}", "HEAD").status == 200:
            return Response(302, [("Location", f"{self.request.path}/")])
        return self._routed(found.status) or self._failure(found)

    @property
    def _index(self) -> str:
        return str(self.told["IndexDocument"]["Suffix"])

    def _read(self, key: str, method: str = "") -> Response:
        """An object, as anybody may read it."""
        headers = [
            (name, self.request.headers.get(name)) for name in PASSED_ON if name in self.request.headers
        ]
        host = f"{self.house.config.reachable_host}:{self.house.config.port}"
        path = f"/{self.bucket}/{quote(key)}"
        asked = Request(method or self.request.method, path, headers=Headers([("host", host), *headers]))
        asked.client = self.request.client
        return self.respond(self.house, asked)

    def _routed(self, status: int | None) -> Response | None:
        """Where the first rule leads that is about this key and this outcome (None: before it is known)."""
        for rule in self.told.get("RoutingRules", ()):
            condition = rule.get("Condition") or {}
            prefix, code = condition.get("KeyPrefixEquals", ""), condition.get("HttpErrorCodeReturnedEquals")
            if self.key.startswith(prefix) and code == (None if status is None else str(status)):
                return self._redirect(rule["Redirect"], prefix)
        return None

    def _redirect(self, told: Mapping[str, str], prefix: str) -> Response:
        key = self.key
        if "ReplaceKeyPrefixWith" in told:
            key = told["ReplaceKeyPrefixWith"] + key.removeprefix(prefix)
        key = told.get("ReplaceKeyWith", key)
        protocol = told.get("Protocol") or ("https" if self.request.secure else "http")
        where = f"{protocol}://{told.get('HostName') or self.request.host}/{quote(key)}"
        return Response(int(told.get("HttpRedirectCode", 301)), [("Location", where)])

    def _failure(self, found: Response) -> Response:
        """The error document with the error's status, or AWS's page where there is none."""
        if (document := self.told.get("ErrorDocument")) and found.status < 500:
            instead = self._read(document["Key"], "GET")
            if instead.status == 200:
                return Response(found.status, instead.headers, instead.body)
        body = found.body.decode() if isinstance(found.body, bytes) else ""
        return _page(
            found.status, {name: unescape(text) for name, text in TOLD.findall(body)} | {"Key": self.key}
        )


def _page(status: int, told: Mapping[str, str]) -> Response:
    title = f"{status} {HTTPStatus(status).phrase}"
    items = "".join(f"<li>{name}: {escape(text)}</li>\n" for name, text in told.items())
    text = (
        f"<html>\n<head><title>{title}</title></head>\n<body>\n<h1>{title}</h1>\n<ul>\n{items}</ul>\n"
        "<hr/>\n</body>\n</html>\n"
    )
    return Response(status, [("Content-Type", "text/html; charset=utf-8")], text.encode())
