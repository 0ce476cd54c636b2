"""The way to another machine: whoever knows the secret is led through, and nobody else."""

from __future__ import annotations

import socket
import socketserver
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from cumulet.engines.run.relay import Door, Gate


class Echo(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        for line in self.rfile:
            self.wfile.write(line.upper())


@pytest.fixture
def behind(tmp_path: Path) -> Iterator[str]:
    """A Unix socket at which somebody answers in capitals."""
    path = str(tmp_path / "behind")
    with socketserver.ThreadingUnixStreamServer(path, Echo) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield path
        server.shutdown()
        thread.join()


def said(connection: socket.socket, text: bytes) -> bytes:
    with connection:
        connection.settimeout(60)
        connection.sendall(text)
        connection.shutdown(socket.SHUT_WR)
        heard = b""
        while data := connection.recv(1 << 16):
            heard += data
        return heard


def knock(path: Path) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.connect(str(path))
    return connection


def test_who_knows_the_secret_is_led_through(behind, tmp_path):
    gate = Gate([behind])
    assert (
        said(socket.create_connection(("127.0.0.1", gate.port)), f"{gate.secret} 0\nhello\n".encode())
        == b"HELLO\n"
    )
    Door(("127.0.0.1", gate.port), gate.secret, 0, str(tmp_path / "door"))
    assert said(knock(tmp_path / "door"), b"a\nb\n" * 50_000) == b"A\nB\n" * 50_000


def heard(connection: socket.socket, text: bytes) -> bytes:
    """Nothing where the connection ends before all is said."""
    try:
        return said(connection, text)
    except OSError:
        return b""


def test_who_does_not_is_turned_away_without_a_word(behind, tmp_path):
    gate = Gate([behind])
    assert heard(socket.create_connection(("127.0.0.1", gate.port)), b"let me in 0\nhello\n") == b""
    Door(("127.0.0.1", gate.port), "guessed", 0, str(tmp_path / "door"))
    assert heard(knock(tmp_path / "door"), b"hello\n") == b""


def test_a_door_is_there_as_long_as_whoever_is_behind_it(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as end:
        gate = Gate([f"127.0.0.1:{end.getsockname()[1]}"])
        door = Door(("127.0.0.1", gate.port), gate.secret, 0, str(tmp_path / "door"))
        watching = threading.Thread(target=door.shut_behind)
        watching.start()
        connection, _ = end.accept()
        assert door.open
        assert (tmp_path / "door").exists()
        connection.close()
        watching.join(60)
    assert not door.open
    with pytest.raises(FileNotFoundError):
        knock(tmp_path / "door")
