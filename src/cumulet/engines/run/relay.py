"""A way from another machine to ports of this one that listen to nobody but itself: a gate here, a door there.

Who connects to the door is led to the gate, which wants to hear a secret before it leads on. Standard library
only: the door stands on the other machine.
"""

from __future__ import annotations

import contextlib
import secrets
import socket
import threading

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Connect = Callable[[], socket.socket]

PATIENCE = 30.0  # seconds for a connection to be made, and for the secret to be said


class Gate:
    """On this machine: leads whoever knows the secret to one of some addresses."""

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
                host, _, port = self.addresses[int(number)].rpartition(":")
                return lead(caller, socket.create_connection((host.strip("[]"), int(port)), PATIENCE))
        return caller.close()


class Door:
    """On the other machine: a port of its own, behind which is an address of the first."""

    def __init__(self, gate: tuple[str, int], secret: str, number: int) -> None:
        self.gate, self.greeting = gate, f"{secret} {number}\n".encode()
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        threading.Thread(target=_accept, args=(self.listener, self._serve), daemon=True).start()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.listener.getsockname()[1]}"

    def _serve(self, caller: socket.socket) -> None:
        try:
            target = socket.create_connection(self.gate, PATIENCE)
            target.sendall(self.greeting)
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


def _accept(listener: socket.socket, serve: Callable[[socket.socket], None]) -> None:
    while True:
        caller, _ = listener.accept()
        caller.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        threading.Thread(target=serve, args=(caller,), daemon=True).start()


def lead(one: socket.socket, other: socket.socket) -> None:
    """Pass on what either side says, until both have said all."""
    for end in (one, other):
        end.settimeout(None)
        end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
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
