"""A way from another machine to ports of this one that listen to nobody but itself: a gate here, a door there.

Who connects to the door is led to the gate, which wants to hear a secret before it leads on. Standard library
only: one of the two stands on the other machine.
"""
# ruff: noqa: PTH105, PTH108

from __future__ import annotations

import contextlib
import os
import secrets
import socket
import threading

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Connect = Callable[[], socket.socket]

PATIENCE = 30.0  # seconds for a connection to be made, and for the secret to be said
# A machine that has gone without a word is missed after some ten seconds, whether it was asked something (in
# milliseconds) or not (in seconds). Source: tcp(7).
ALIVE = (("TCP_USER_TIMEOUT", 10_000), ("TCP_KEEPIDLE", 4), ("TCP_KEEPINTVL", 2), ("TCP_KEEPCNT", 3))


class Gate:
    """On the machine that has the addresses (`host:port`, or a Unix socket's path): leads whoever knows the secret
    to one of them."""

    def __init__(self, addresses: Sequence[str]) -> None:
        self.addresses = list(addresses)
        self.secret = secrets.token_hex(32)
        self.listener = socket.create_server(("", 0), backlog=128)
        threading.Thread(target=_accept, args=(self.listener, self._serve), daemon=True).start()

    @property
    def port(self) -> int:
        return int(self.listener.getsockname()[1])

    def _serve(self, caller: socket.socket) -> None:
        caller.settimeout(PATIENCE)
        with contextlib.suppress(OSError, ValueError):
            said = b""
            while not said.endswith(b"\n") and len(said) < 200:
                said += caller.recv(1) or b"\n"
            secret, _, number = said.decode("ascii").strip().partition(" ")
            if secrets.compare_digest(secret, self.secret):
                return lead(caller, _connected(self.addresses[int(number)]))
        return caller.close()


class Door:
    """On the other machine: a port of its own, or a Unix socket's path, behind which is an address of the first."""

    def __init__(self, gate: tuple[str, int], secret: str, number: int, path: str = "") -> None:
        self.gate, self.greeting, self.path = gate, f"{secret} {number}\n".encode(), path
        self.open = True
        self.listener = _listening(path) if path else socket.create_server(("127.0.0.1", 0), backlog=128)
        threading.Thread(target=_accept, args=(self.listener, self._serve), daemon=True).start()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.listener.getsockname()[1]}"

    def shut_behind(self) -> None:
        """Be there for as long as whoever is behind it, and no moment longer: a connection that nothing is said on
        tells the end."""
        with contextlib.suppress(OSError), self.passage() as other:
            while other.recv(1 << 16):
                pass
        self.shut()

    def shut(self) -> None:
        """Who knocks from now on finds nobody."""
        self.open = False
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.path)
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)  # which wakes who waits for a caller
        self.listener.close()

    def passage(self) -> socket.socket:
        """A connection to what is behind it."""
        target = socket.create_connection(self.gate, PATIENCE)
        target.sendall(self.greeting)
        target.settimeout(None)
        _tune(target)
        return target

    def _serve(self, caller: socket.socket) -> None:
        try:
            target = self.passage()
        except OSError:
            return caller.close()
        return lead(caller, target)


def interface(address: str) -> str:
    """The network interface that has an address. Source: netdevice(7)."""
    import fcntl
    import struct

    get_address = 0x8915
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        for _, name in socket.if_nameindex():
            with contextlib.suppress(OSError):
                found = fcntl.ioctl(probe, get_address, struct.pack("256s", name.encode()))
                if socket.inet_ntoa(found[20:24]) == address:
                    return name
    return "lo"


def _connected(address: str) -> socket.socket:
    if address.startswith("/"):
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.connect(address)
        return connection
    host, _, port = address.rpartition(":")
    return socket.create_connection((host.strip("[]"), int(port)), PATIENCE)


def _listening(path: str) -> socket.socket:
    """A Unix socket that appears under its name only when it can be connected to."""
    server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    with contextlib.suppress(FileNotFoundError):
        os.unlink(f"{path}~")
    server.bind(f"{path}~")
    server.listen(128)
    os.replace(f"{path}~", path)
    return server


def _tune(connection: socket.socket) -> None:
    if connection.family == socket.AF_UNIX:
        return
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in ALIVE:
        if hasattr(socket, name):
            connection.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


def _accept(listener: socket.socket, serve: Callable[[socket.socket], None]) -> None:
    while True:
        try:
            caller, _ = listener.accept()
        except OSError:
            return  # it was shut
        threading.Thread(target=serve, args=(caller,), daemon=True).start()


def lead(one: socket.socket, other: socket.socket) -> None:
    """Pass on what either side says, until both have said all."""
    for end in (one, other):
        end.settimeout(None)
        _tune(end)
    back = threading.Thread(target=_pass, args=(other, one), daemon=True)
    back.start()
    _pass(one, other)
    back.join()
    one.close()
    other.close()


def _pass(source: socket.socket, target: socket.socket) -> None:
    try:
        while data := source.recv(1 << 16):
            target.sendall(data)
    except OSError:
        pass  # one of the two has gone; the other learns it by the end of what it reads
    finally:
        with contextlib.suppress(OSError):
            target.shutdown(socket.SHUT_WR)
