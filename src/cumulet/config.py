"""Settings: read once from arguments and the environment, then frozen."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, replace
from pathlib import Path

DEFAULT_PORT = 4566
DEFAULT_REGION = "us-east-1"
DAY = 86400.0


class Unusable(Exception):
    """A setting names what cannot be used: the message says which and why, for the person who set it."""


def default_data_dir() -> Path:
    """The user's data home: XDG on Linux, Application Support on macOS, LocalAppData on Windows."""
    if chosen := os.environ.get("CUMULET_DATA_DIR"):
        return Path(chosen).expanduser().resolve()
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData/Local")) / "cumulet"
    if sys.platform == "darwin":
        return Path.home() / "Library/Application Support/cumulet"
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local/share") / "cumulet"


def _count(variable: str) -> int | None:
    told = os.environ.get(variable) or None
    if told is None:
        return None
    if not told.isdecimal() or not int(told):
        raise Unusable(f"{variable} must be a number of processes, not {told}")
    return int(told)


@dataclass(frozen=True, slots=True)
class Config:
    """Where Cumulet listens and where it remembers."""

    data_dir: Path
    host: str = "127.0.0.1"
    port: int = DEFAULT_PORT
    region: str = DEFAULT_REGION
    database_url: str | None = None  # None: SQLite in the data directory; postgresql://...: Postgres
    s3_day: float = DAY  # seconds in a day of S3's lifecycles: less for tests, which cannot wait
    workers: int | None = None  # processes that answer S3 requests; None: as many as it takes
    open_buckets: bool = False  # new S3 buckets as before April 2023: ACLs count, nothing public is blocked
    ray_address: str = ""  # of an existing Ray cluster on which jobs and models run; "": here
    proxy_port: int = 0  # the loopback proxy for amazonaws.com (proxy.py); 0: not serving

    @classmethod
    def read(
        cls,
        data_dir: str | Path | None = None,
        host: str | None = None,
        port: int | None = None,
        workers: int | None = None,
    ) -> Config:
        """Arguments win over `CUMULET_*` variables, which win over the defaults."""
        return cls(
            data_dir=Path(data_dir).expanduser().resolve() if data_dir else default_data_dir(),
            host=host or os.environ.get("CUMULET_HOST", "127.0.0.1"),
            port=DEFAULT_PORT if port is None else port,
            region=os.environ.get("AWS_DEFAULT_REGION") or os.environ.get("AWS_REGION") or DEFAULT_REGION,
            database_url=os.environ.get("CUMULET_DATABASE_URL") or None,
            open_buckets=os.environ.get("CUMULET_OPEN_BUCKETS", "") in ("1", "true", "yes"),
            ray_address=os.environ.get("CUMULET_RAY_ADDRESS", ""),
            workers=workers or _count("CUMULET_WORKERS"),
            s3_day=float(os.environ.get("CUMULET_S3_DAY_SECONDS") or DAY),
        )

    def at(self, host: str, port: int, proxy_port: int) -> Config:
        """The same settings where a server really listens."""
        return replace(self, host=host, port=port, proxy_port=proxy_port)

    @property
    def reachable_host(self) -> str:
        """The name by which this machine reaches the server: a wildcard address is no destination."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(self.host, self.host)
        return f"[{host}]" if ":" in host else host

    @property
    def endpoint(self) -> str:
        return f"http://{self.reachable_host}:{self.port}"
