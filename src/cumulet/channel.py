"""Between the server and one of its workers: messages, and with them connections.

A pair of sockets that keep messages whole. The kernel closes it with the process at either end, so its end
is also the news that the other is gone.
"""

from __future__ import annotations

import socket
import sys
from typing import NamedTuple

READY = b"r"  # a worker: I have opened the store
SETTINGS = b"s"  # to a worker: the server's settings
CONNECTION = b"c"  # a connection goes to the other end, with what has been read of its next request
MORE = b"m"  # what has been read is longer than one message: this is its beginning
CLOSED = b"x"  # a worker: a connection that I was given has ended
JOB = b"j"  # a worker: look after the job of this id (after all of them where there is none)
STOP = b"e"  # to a worker: answer what is under way, then end

INT = 4  # bytes of a descriptor's number
PART = 64 << 10  # bytes of one message


class Message(NamedTuple):
    kind: bytes
    text: bytes
    descriptor: int | None = None


class Channel:
    """One end. Sending may be done from any thread."""

    def __init__(self, end: socket.socket) -> None:
        self.end = end

    @classmethod
    def pair(cls) -> tuple[Channel, socket.socket]:
        """This process's end, and the one to be inherited by another."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        return cls(ours), theirs

    def send(self, kind: bytes, text: bytes = b"") -> None:
        """Send for certain, however long the other end takes; OSError where there is none."""
        self.end.sendall(kind + text)

    def give(self, descriptor: int, begun: bytes) -> None:
        """A connection, for certain."""
        while len(begun) > PART:
            self.send(MORE, begun[:PART])
            begun = begun[PART:]
        self._pass(descriptor, begun)

    def offer(self, descriptor: int, begun: bytes) -> bool:
        """A connection, if that takes no waiting."""
        if len(begun) > PART:
            return False
        try:
            self._pass(descriptor, begun, socket.MSG_DONTWAIT)
        except OSError:
            return False
        return True

    def receive(self) -> Message | None:
        """The next message, None where none is there yet; EOFError behind the last one."""
        flags = socket.MSG_DONTWAIT | socket.MSG_CMSG_CLOEXEC
        try:
            text, passed, _, _ = self.end.recvmsg(PART + 1, socket.CMSG_SPACE(INT), flags)
        except BlockingIOError:
            return None
        except ConnectionError:
            raise EOFError from None
        if not text:
            raise EOFError
        return Message(text[:1], text[1:], int.from_bytes(passed[0][2], sys.byteorder) if passed else None)

    # Not `socket.send_fds` and `recv_fds`: up to Python 3.13 they forget the flags that they are given.
    def _pass(self, descriptor: int, begun: bytes, flags: int = 0) -> None:
        passed = (socket.SOL_SOCKET, socket.SCM_RIGHTS, descriptor.to_bytes(INT, sys.byteorder))
        self.end.sendmsg([CONNECTION + begun], [passed], flags)

    def close(self) -> None:
        self.end.close()
