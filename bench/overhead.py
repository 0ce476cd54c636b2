"""What a call costs before it does anything: start-up, idle memory, and the round trip of a no-op.

    make bench            (or: python bench/overhead.py [--seconds 5])

Both servers are measured in one run, in turn, by the same client: a raw socket that sends one signed
`sts:GetCallerIdentity` again and again, so that the client is not the limit. Read the ratios.
"""

from __future__ import annotations

import argparse
import socket
import statistics
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager

import servers
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

BODY = b"Action=GetCallerIdentity&Version=2011-06-15"
IDLE_SECONDS = 3.0


def signed_request(server: servers.Server) -> bytes:
    """The bytes of one signed no-op call."""
    headers = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
    request = AWSRequest("POST", f"{server.endpoint}/", headers=headers, data=BODY)
    credentials = Credentials(server.access_key, server.secret_key, server.token)
    SigV4Auth(credentials, "sts", "us-east-1").add_auth(request)
    lines = [f"Host: 127.0.0.1:{server.port}", f"Content-Length: {len(BODY)}"]
    lines += [f"{name}: {value}" for name, value in request.headers.items()]
    return ("POST / HTTP/1.1\r\n" + "\r\n".join(lines) + "\r\n\r\n").encode() + BODY


def receive(connection: socket.socket) -> bytes:
    if data := connection.recv(65536):
        return data
    raise ConnectionError("closed in the middle of a response")


def read_response(connection: socket.socket) -> bool:
    """Read one response with a Content-Length; whether the connection stays open for the next."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += receive(connection)
    head, _, body = data.partition(b"\r\n\r\n")
    headers = head.lower().split(b"\r\n")
    length = next(int(h.split(b":")[1]) for h in headers if h.startswith(b"content-length"))
    while len(body) < length:
        body += receive(connection)
    if b" 200 " not in head.splitlines()[0]:
        raise RuntimeError((head + body).decode())
    return head.startswith(b"HTTP/1.1") and b"connection: close" not in head.lower()


def call_until(server: servers.Server, deadline: float, latencies: list[float]) -> None:
    """Call again and again, over one connection where the server keeps it open."""
    message = signed_request(server)
    connection: socket.socket | None = None
    while (begin := time.perf_counter()) < deadline:
        if connection is None:
            connection = socket.create_connection(("127.0.0.1", server.port))
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.sendall(message)
        if not read_response(connection):
            connection.close()
            connection = None
        latencies.append(time.perf_counter() - begin)


def load(server: servers.Server, connections: int, seconds: float) -> tuple[float, float, float]:
    """Requests per second, and the median and 99th percentile of the latency in milliseconds."""
    latencies: list[float] = []
    deadline = time.perf_counter() + seconds
    arguments = (server, deadline, latencies)
    threads = [threading.Thread(target=call_until, args=arguments) for _ in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    cuts = statistics.quantiles(latencies, n=100)
    return len(latencies) / seconds, cuts[49] * 1000, cuts[98] * 1000


def measure(start: Callable[[], AbstractContextManager[servers.Server]], seconds: float) -> dict[str, float]:
    with start() as server:
        load(server, 1, 0.5)  # the first calls read the models
        time.sleep(IDLE_SECONDS)
        figures = {"start-up, s": server.start_seconds, "idle memory, MB": server.memory() / 1e6}
        for connections in (1, 8):
            rate, median, worst = load(server, connections, seconds)
            figures[f"requests/s, {connections} connection(s)"] = rate
            figures[f"p50 ms, {connections} connection(s)"] = median
            figures[f"p99 ms, {connections} connection(s)"] = worst
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=5.0, help="of load per row")
    parser.add_argument("--rounds", type=int, default=3, help="the median of so many rounds is shown")
    arguments = parser.parse_args()
    starters = {"cumulet": servers.cumulet, "moto_server": servers.moto}
    rounds: dict[str, list[dict[str, float]]] = {name: [] for name in starters}
    for _ in range(arguments.rounds):
        for name, start in starters.items():
            rounds[name].append(measure(start, arguments.seconds))
    print("| | cumulet | moto_server | ratio |\n|---|---|---|---|")
    for row in rounds["cumulet"][0]:
        ours, theirs = (statistics.median(r[row] for r in rounds[name]) for name in starters)
        print(f"| {row} | {ours:.3g} | {theirs:.3g} | {ours / theirs:.2f} |")


if __name__ == "__main__":
    main()
