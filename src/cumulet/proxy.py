"""The way to Cumulet for clients that insist on `https://sts.<region>.amazonaws.com`: a CONNECT proxy.

AWS's hosts are answered here: their TLS ends at a certificate of the data directory's own authority, and
what comes out of it goes to Cumulet's HTTP port with its Host header as it was. Nothing for AWS leaves the
machine. Any other host passes through untouched, by way of the user's own proxy where there is one.
"""

from __future__ import annotations

import asyncio
import base64
import logging
import socket
import ssl
from asyncio import StreamReader as Reader
from asyncio import StreamWriter as Writer
from collections.abc import Awaitable
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from cumulet.authority import DOMAINS, Authority
from cumulet.config import Config
from cumulet.environment import upstream_proxy

HEAD_LIMIT = 64 << 10
PATIENCE = 30.0  # seconds for a handshake or a connection
HEAD_PATIENCE = 10.0  # seconds for a request's head: a client on this machine has it ready
PIECE = 256 << 10
# Link-local addresses of a cloud's own: credentials and metadata that this machine must not ask for.
METADATA = ("169.254.", "[fd00:ec2:")
# AWS's newer domains, which a client reaches only by asking for dual-stack endpoints.
NOT_CARRIED = (".api.aws", ".amazonaws.eu")

log = logging.getLogger(__name__)
Streams = tuple[Reader, Writer]


class Refused(Exception):
    """The proxy's own answer to a request that it will not carry."""

    def __init__(self, status: str, reason: str) -> None:
        super().__init__(reason)
        self.status = status

    def response(self) -> bytes:
        body = f"{self}\n".encode()
        head = f"HTTP/1.1 {self.status}\r\nContent-Type: text/plain\r\nContent-Length: {len(body)}\r\n"
        return head.encode() + b"Connection: close\r\n\r\n" + body


@dataclass(frozen=True, slots=True)
class Target:
    """Where a client wants to go, and the head of its request as it came."""

    method: str
    host: str
    port: int
    head: bytes

    @classmethod
    def parse(cls, head: bytes) -> Target:
        try:
            method, url, version = head.split(b"\r\n", 1)[0].decode("ascii").split(" ")
            parts = urlsplit(f"//{url}" if method == "CONNECT" else url)
            host, port = (parts.hostname or "").rstrip("."), parts.port
        except ValueError:
            raise Refused("400 Bad Request", "This is not a request to a proxy.") from None
        if not host or not version.startswith("HTTP/1."):
            raise Refused("400 Bad Request", "This is not a request to a proxy.")
        return cls(method, host, port or (443 if method == "CONNECT" else 80), head)

    @property
    def is_aws(self) -> bool:
        return any(f".{self.host}".endswith(f".{domain}") for domain in DOMAINS)


class Proxy:
    """The proxy on its listening socket; an async context manager."""

    def __init__(self, config: Config, listener: socket.socket) -> None:
        self.config = config
        self.listener = listener
        self.upstream = upstream_proxy()
        self._authority: Authority | None = None
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Proxy:
        self._server = await asyncio.start_server(self._accept, sock=self.listener, limit=HEAD_LIMIT)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _accept(self, reader: Reader, writer: Writer) -> None:
        task = asyncio.current_task()
        assert task
        self._tasks.add(task)
        try:
            await self._serve(reader, writer)
        except Refused as refused:
            writer.write(refused.response())
        except (OSError, EOFError, TimeoutError, asyncio.LimitOverrunError) as error:
            log.debug("a connection through the proxy ended: %r", error)
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _serve(self, reader: Reader, writer: Writer) -> None:
        target = Target.parse(await _head(reader))
        _check(target)
        if target.is_aws:
            await self._to_cumulet(target, reader, writer)
        else:
            await self._through(target, reader, writer)

    async def _to_cumulet(self, target: Target, reader: Reader, writer: Writer) -> None:
        here = await asyncio.open_connection(self.config.reachable_host.strip("[]"), self.config.port)
        if target.method == "CONNECT":
            context = await asyncio.to_thread(self._context, target.host)
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            await writer.start_tls(context, ssl_handshake_timeout=PATIENCE)
        else:
            here[1].write(target.head)
        await _join((reader, writer), here)

    def _context(self, host: str) -> ssl.SSLContext:
        self._authority = self._authority or Authority(self.config.data_dir)
        return self._authority.context(host)

    async def _through(self, target: Target, reader: Reader, writer: Writer) -> None:
        there = await _reach(self._by_upstream(target) if self.upstream else _direct(target), target)
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        await _join((reader, writer), there)

    async def _by_upstream(self, target: Target) -> Streams:
        """Ask the user's own proxy for the connection."""
        proxy = urlsplit(self.upstream if "//" in self.upstream else f"http://{self.upstream}")
        if proxy.scheme not in ("http", "https"):
            raise Refused(
                "502 Bad Gateway", f"Cumulet cannot go through a {proxy.scheme} proxy to {target.host}."
            )
        secure = ssl.create_default_context() if proxy.scheme == "https" else None
        port = proxy.port or (443 if secure else 80)
        reader, writer = await asyncio.open_connection(proxy.hostname, port, ssl=secure)
        writer.write(_connect(target, proxy.username, proxy.password))
        answer = await reader.readuntil(b"\r\n\r\n")
        if answer.split(b" ", 2)[1:2] != [b"200"]:
            writer.close()
            said = answer.split(b"\r\n", 1)[0].decode("latin-1")
            raise Refused(
                "502 Bad Gateway", f"The proxy {proxy.hostname} would not reach {target.host}: {said}"
            )
        return reader, writer


async def _head(reader: Reader) -> bytes:
    try:
        async with asyncio.timeout(HEAD_PATIENCE):
            return await reader.readuntil(b"\r\n\r\n")
    except TimeoutError:
        raise Refused("408 Request Timeout", "This is the beginning of no request.") from None
    except asyncio.LimitOverrunError:
        raise Refused("431 Request Header Fields Too Large", "This is no request to a proxy.") from None


def _check(target: Target) -> None:
    """Refuse what must not or cannot be carried."""
    if target.host.startswith(METADATA) or f"[{target.host}".startswith(METADATA):
        raise Refused("403 Forbidden", "Cumulet's proxy does not lead to a cloud's metadata service.")
    if f".{target.host}".endswith(NOT_CARRIED):
        raise Refused(
            "403 Forbidden", f"Cumulet does not answer for {target.host}, and keeps AWS's hosts local."
        )
    if target.method != "CONNECT" and not target.is_aws:
        raise Refused("403 Forbidden", "Cumulet's proxy carries TLS only: use HTTPS_PROXY, not HTTP_PROXY.")


def _connect(target: Target, user: str | None, password: str | None) -> bytes:
    host = f"[{target.host}]" if ":" in target.host else target.host
    lines = [f"CONNECT {host}:{target.port} HTTP/1.1", f"Host: {host}:{target.port}"]
    if user is not None:
        pair = f"{unquote(user)}:{unquote(password or '')}"
        lines.append(f"Proxy-Authorization: Basic {base64.b64encode(pair.encode()).decode()}")
    return "\r\n".join([*lines, "", ""]).encode()


async def _direct(target: Target) -> Streams:
    return await asyncio.open_connection(target.host, target.port)


async def _reach(connection: Awaitable[Streams], target: Target) -> Streams:
    try:
        async with asyncio.timeout(PATIENCE):
            return await connection
    except (OSError, EOFError, TimeoutError) as error:
        reason = str(error) or type(error).__name__
        raise Refused("502 Bad Gateway", f"{target.host}:{target.port} cannot be reached: {reason}") from None


async def _join(one: Streams, other: Streams) -> None:
    """Carry bytes both ways until both sides have said all."""
    try:
        async with asyncio.TaskGroup() as carrying:
            carrying.create_task(_carry(one[0], other[1]))
            carrying.create_task(_carry(other[0], one[1]))
    except* OSError as group:
        log.debug("a connection through the proxy broke: %r", group.exceptions)
    finally:
        other[1].close()


async def _carry(reader: Reader, writer: Writer) -> None:
    while piece := await reader.read(PIECE):
        writer.write(piece)
        await writer.drain()
    if writer.can_write_eof():
        writer.write_eof()
    else:  # TLS has no half-closed state in asyncio: the end of one direction is the end of both
        writer.close()
