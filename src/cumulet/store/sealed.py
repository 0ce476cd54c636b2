"""Blobs that are encrypted on disk: a data key for each, itself wrapped by the data directory's master key.

AES-256 in counter mode keeps any range readable without what stands before it. A sealed file begins with
`HEADER` bytes: a magic word, its data key wrapped (RFC 3394), and the first counter block. Where its owner
brings a key of 32 bytes that wraps the data key in the master key's place, the blob is locked: only who
brings that key again can read it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

MAGIC = b"CUMULET1"
LOCKED = b"CUMULETL"
WRAPPED = 40  # bytes of a wrapped 256-bit key
BLOCK = 16
HEADER = len(MAGIC) + WRAPPED + BLOCK
CHUNK = 1 << 20
COUNTERS = 1 << 128
MARK = "-sealed"  # in the name of a sealed blob, behind its 32 hexadecimal digits


class Locked(Exception):
    """The blob opens only with the key that it was locked with."""


class Damaged(Exception):
    """The head of the file is not one that was written here, or not with this master key."""


def is_sealed(blob: str) -> bool:
    return blob.startswith(MARK, 32)


class Seal:
    """The cipher of one blob, from any offset on. In counter mode both directions are the same."""

    def __init__(self, key: bytes, first: bytes) -> None:
        self.key = key
        self.first = int.from_bytes(first, "big")

    def at(self, offset: int) -> Callable[[bytes | memoryview], bytes]:
        from cryptography.hazmat.primitives.ciphers import Cipher
        from cryptography.hazmat.primitives.ciphers.algorithms import AES
        from cryptography.hazmat.primitives.ciphers.modes import CTR

        block, within = divmod(offset, BLOCK)
        counter = ((self.first + block) % COUNTERS).to_bytes(BLOCK, "big")
        cipher = Cipher(AES(self.key), CTR(counter)).encryptor()
        cipher.update(bytes(within))
        return cipher.update


class Ring:
    """The master key: made at the first use, readable by its owner only. Lost with it: every sealed blob."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._key: bytes | None = None

    def new(self, lock: bytes = b"") -> tuple[bytes, Seal]:
        """A fresh data key: the header that keeps it (wrapped by `lock`, where one is given), and the cipher."""
        from cryptography.hazmat.primitives.keywrap import aes_key_wrap

        key, first = os.urandom(32), os.urandom(BLOCK)
        magic = LOCKED if lock else MAGIC
        return magic + aes_key_wrap(lock or self.key, key) + first, Seal(key, first)

    def seal_of(self, file: BinaryIO, lock: bytes = b"") -> Seal:
        """The cipher of a sealed file, as its header tells it."""
        from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap

        header = file.read(HEADER)
        if not header.startswith((MAGIC, LOCKED)):
            raise Damaged("the head of the sealed file is not one")
        wrapped = header[len(MAGIC) : len(MAGIC) + WRAPPED]
        if not header.startswith(LOCKED):
            return Seal(self._opened(wrapped), header[-BLOCK:])
        try:
            return Seal(aes_key_unwrap(lock, wrapped), header[-BLOCK:])
        except (InvalidUnwrap, ValueError):
            raise Locked(file.name) from None

    def _opened(self, wrapped: bytes) -> bytes:
        from cryptography.hazmat.primitives.keywrap import InvalidUnwrap

        try:
            return self.unwrap(wrapped)
        except (InvalidUnwrap, ValueError):
            raise Damaged("the master key does not open the sealed file") from None

    def wrap(self, key: bytes) -> bytes:
        """Another key, wrapped for as long as it must be remembered."""
        from cryptography.hazmat.primitives.keywrap import aes_key_wrap

        return aes_key_wrap(self.key, key)

    def unwrap(self, wrapped: bytes) -> bytes:
        from cryptography.hazmat.primitives.keywrap import aes_key_unwrap

        return aes_key_unwrap(self.key, wrapped)

    def pieces(self, file: BinaryIO, start: int, length: int, lock: bytes = b"") -> Iterator[bytes]:
        """The plain bytes of a range; the file is closed behind them."""
        with file:
            decrypt = self.seal_of(file, lock).at(start)
            file.seek(HEADER + start)
            while length > 0 and (piece := file.read(min(CHUNK, length))):
                length -= len(piece)
                yield decrypt(piece)

    @property
    def key(self) -> bytes:
        if self._key is None:
            self._key = self._read() if self.path.exists() else self._make()
        return self._key

    def _read(self) -> bytes:
        key = self.path.read_bytes()
        if len(key) != 32:
            raise ValueError(f"{self.path} is not a master key of 32 bytes")
        return key

    def _make(self) -> bytes:
        """Written aside and linked, so that of two processes at once both end up with the same key."""
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        aside = self.path.with_name(f"{self.path.name}.{os.getpid()}.{os.urandom(4).hex()}")
        descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            os.write(descriptor, os.urandom(32))
            os.fsync(descriptor)
            os.link(aside, self.path)
        except FileExistsError:
            pass
        finally:
            os.close(descriptor)
            aside.unlink()
        folder = os.open(self.path.parent, os.O_RDONLY | os.O_DIRECTORY)
        os.fsync(folder)
        os.close(folder)
        return self._read()
