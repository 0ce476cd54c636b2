"""`cumulet doctor`: what this machine offers, what is missing, and the command that mends it."""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import Literal

from cumulet import cli
from cumulet.commands.status import amount
from cumulet.config import Config
from cumulet.presence import held, serving

MARKS = {"ok": "ok     ", "missing": "missing", "problem": "PROBLEM"}
ENOUGH_DISK = 2 << 30


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at. "missing" limits what can be done; a "problem" keeps Cumulet from working."""

    what: str
    state: Literal["ok", "missing", "problem"]
    detail: str
    remedy: str = ""


def arguments(parser: argparse.ArgumentParser) -> None:
    cli.data_dir(parser)
    parser.add_argument("--port", type=cli.port, help="the port to look at (default: 4566)")
    parser.add_argument("--format", choices=["text", "json"], default="text")


def run(options: argparse.Namespace) -> int:
    """Exit code 1 where something is a problem."""
    config = Config.read(options.data_dir, port=options.port)
    held(config.data_dir)  # where that cannot even be looked at, nothing else is worth telling
    findings = [finding for look in LOOKS for finding in look(config)]
    if options.format == "json":
        print(json.dumps([asdict(finding) for finding in findings], indent=2))
    else:
        print("\n".join(map(_line, findings)))
    return int(any(finding.state == "problem" for finding in findings))


def _line(finding: Finding) -> str:
    remedy = f"\n{'':30}-> {finding.remedy}" if finding.remedy else ""
    return f"{MARKS[finding.state]}  {finding.what:<20} {finding.detail}{remedy}"


def _python(config: Config) -> Iterator[Finding]:
    detail = f"{platform.python_version()} at {sys.executable}, {platform.system()} {platform.machine()}"
    yield Finding("python", "ok", f"{detail}, {os.cpu_count()} CPUs")
    yield Finding("cumulet", "ok", f"{metadata.version('cumulet')}, SQLite {sqlite3.sqlite_version}")


def _data(config: Config) -> Iterator[Finding]:
    folder = next(parent for parent in (config.data_dir, *config.data_dir.parents) if parent.exists())
    if not (folder.is_dir() and os.access(folder, os.W_OK)):
        remedy = "choose another with --data-dir or CUMULET_DATA_DIR"
        why = "is not writable" if folder.is_dir() else "is no directory"
        yield Finding("data directory", "problem", f"{config.data_dir}: {folder} {why}", remedy)
        return
    note = "" if folder == config.data_dir else " (not yet made)"
    yield Finding("data directory", "ok", f"{config.data_dir}{note}")
    free = shutil.disk_usage(folder).free
    if free > ENOUGH_DISK:
        yield Finding("disk", "ok", f"{amount(free)} free")
    else:
        yield Finding("disk", "problem", f"{amount(free)} free", "make room, or choose another disk")


def _database(config: Config) -> Iterator[Finding]:
    if config.database_url is None:
        return
    from cumulet.store.database import open_database

    try:
        open_database(config.data_dir, config.database_url).close()
        yield Finding("database", "ok", "the one CUMULET_DATABASE_URL names")
    except Exception as error:  # whatever a driver may say: it is the finding
        yield Finding("database", "problem", str(error).strip(), "mend or unset CUMULET_DATABASE_URL")


def _server(config: Config) -> Iterator[Finding]:
    if found := serving(config.data_dir):
        yield Finding("server", "ok", f"runs at {found.config(config).endpoint} (process {found.pid})")
    elif held(config.data_dir):
        yield Finding("server", "ok", "is starting or stopping")
    elif _taken(config.host, config.port):
        remedy = "cumulet up --port 0, or stop what listens there"
        yield Finding("port", "problem", f"{config.port} is taken by another program", remedy)
    else:
        yield Finding("port", "ok", f"{config.port} is free (cumulet up)")


def _taken(host: str, port: int) -> bool:
    from cumulet.listening import listen

    try:
        listen(host, port).close()
    except OSError:
        return True
    return False


def _namespaces(config: Config) -> Iterator[Finding]:
    from cumulet.engines.run import namespace

    if reason := namespace.mounts_refused():
        detail = f"{reason} Jobs see their folder by SAGEMAKER_BASE_DIR, not as /opt/ml."
        remedy = "allow unprivileged user namespaces, or run as root"
        yield Finding("mount namespaces", "missing", detail, remedy)
    else:
        yield Finding("mount namespaces", "ok", "jobs see their folder as /opt/ml")


def _programs(config: Config) -> Iterator[Finding]:
    """What is nice to have beside Python."""
    curl = shutil.which("curl")
    signs = curl and "--aws-sigv4" in _said([curl, "--help", "all"])
    detail = f"{curl}, signs with --aws-sigv4" if signs else "no curl that signs (7.75 or later)"
    yield Finding("curl", "ok" if signs else "missing", detail)
    aws = shutil.which("aws")
    yield Finding("aws", "ok" if aws else "missing", aws or "no AWS CLI", "" if aws else _install("demo"))


def _said(command: list[str]) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


def _extras(config: Config) -> Iterator[Finding]:
    """Each extra of our own package, and what it still needs."""
    distribution = metadata.metadata("cumulet")
    wanted = metadata.requires("cumulet") or []
    for extra in distribution.get_all("Provides-Extra") or []:
        needed = [line for line in wanted if re.search(rf"extra == ['\"]{re.escape(extra)}['\"]", line)]
        absent = [name for name in map(_name, needed) if not _installed(name)]
        if absent:
            yield Finding(f"extra {extra}", "missing", f"without {', '.join(absent)}", _install(extra))
        else:
            found = [f"{name} {metadata.version(name)}" for name in map(_name, needed)]
            yield Finding(f"extra {extra}", "ok", ", ".join(found))


def _name(requirement: str) -> str:
    found = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert found
    return found[0]


def _installed(name: str) -> bool:
    try:
        metadata.version(name)
    except metadata.PackageNotFoundError:
        return name == "cumulet"
    return True


def _install(extra: str) -> str:
    return f"{Path(sys.executable).name} -m pip install 'cumulet[{extra}]'"


LOOKS: tuple[Callable[[Config], Iterator[Finding]], ...] = (
    _python,
    _data,
    _database,
    _server,
    _namespaces,
    _programs,
    _extras,
)
