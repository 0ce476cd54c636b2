"""Where a socket lies."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path

LONGEST_SOCKET = 100  # bytes of a path that every system's sockaddr_un holds


def socket_path(folder: Path) -> Path:
    """A place for the socket: in the folder, or where that is too long a path, always the same short one."""
    path = folder.resolve() / "socket"
    if len(os.fsencode(path)) <= LONGEST_SOCKET:
        return path
    name = hashlib.sha256(os.fsencode(path)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"cumulet-{os.getuid()}" / name
