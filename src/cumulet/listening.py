"""The sockets that Cumulet listens on."""

from __future__ import annotations

import os
import socket


def listen(host: str, port: int) -> socket.socket:
    """A bound socket; its protocol is named because asyncio sets TCP_NODELAY only then."""
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    listener = socket.socket(family, kind, protocol or socket.IPPROTO_TCP)
    if os.name != "nt":  # where it means "take it away from its owner"
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(address)
        listener.listen(2048)
    except OSError:
        listener.close()
        raise
    return listener
