"""`cumulet status`: what runs, and what it holds."""

from __future__ import annotations

import argparse
import json
import os
import time
from pathlib import Path
from typing import Any

from cumulet import cli
from cumulet.config import Config
from cumulet.presence import Presence, serving


def arguments(parser: argparse.ArgumentParser) -> None:
    cli.data_dir(parser)
    parser.add_argument("--format", choices=["text", "json"], default="text")


def run(options: argparse.Namespace) -> int:
    """Exit code 0 where a server runs, 3 where none does (as init scripts have it)."""
    config = Config.read(options.data_dir)
    found = serving(config.data_dir)
    facts = {**_server(config, found), **(_holdings(config) if config.data_dir.is_dir() else {})}
    print(json.dumps(facts, indent=2) if options.format == "json" else _text(facts))
    return 0 if found else 3


def _server(config: Config, found: Presence | None) -> dict[str, Any]:
    if found is None:
        return {"running": False, "data_dir": str(config.data_dir)}
    return {
        "running": True,
        "data_dir": str(config.data_dir),
        "endpoint": found.config(config).endpoint,
        "proxy": f"http://127.0.0.1:{found.proxy_port}",
        "pid": found.pid,
        "uptime_seconds": round(time.time() - found.started, 1),
        "memory_bytes": _memory(found.pid),
    }


def _holdings(config: Config) -> dict[str, Any]:
    """Counted in the store, which any process may read."""
    from cumulet import services
    from cumulet.store import counts
    from cumulet.store.database import open_database

    database = open_database(config.data_dir, config.database_url)
    try:
        records, jobs = counts.records(database), counts.jobs(database)
        objects, size = counts.objects(database)
    finally:
        database.close()
    return {
        "services": sorted(services.names()),
        "jobs": jobs,
        "endpoints": records.get("sagemaker.endpoint", 0),
        "resources": records,
        "objects": {"count": objects, "bytes": size},
        "disk": {"used_bytes": _used(config.data_dir), "free_bytes": _free(config.data_dir)},
    }


def _memory(pid: int) -> int | None:
    """Resident memory of the server, where the system says it in /proc."""
    path = Path(f"/proc/{pid}/statm")
    return int(path.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") if path.exists() else None


def _used(folder: Path) -> int:
    """Bytes on disk, a file of several names counted once."""
    seen: dict[tuple[int, int], int] = {}
    for parent, _, names in os.walk(folder):
        for name in names:
            try:
                found = Path(parent, name).lstat()
            except FileNotFoundError:  # gone since it was listed
                continue
            seen[found.st_dev, found.st_ino] = found.st_blocks * 512
    return sum(seen.values())


def _free(folder: Path) -> int:
    import shutil

    return shutil.disk_usage(folder).free


def _text(facts: dict[str, Any]) -> str:
    lines = [_headline(facts), f"  data       {facts['data_dir']}"]
    if "services" in facts:
        objects, disk = facts["objects"], facts["disk"]
        jobs = ", ".join(f"{count} {state}" for state, count in facts["jobs"].items()) or "none"
        lines += [
            f"  disk       {amount(disk['used_bytes'])} used, {amount(disk['free_bytes'])} free",
            f"  services   {', '.join(facts['services'])}",
            f"  objects    {objects['count']:,} ({amount(objects['bytes'])})",
            f"  jobs       {jobs}",
            f"  endpoints  {facts['endpoints']}",
        ]
        lines += [f"  {kind:<32} {count:>8,}" for kind, count in sorted(facts["resources"].items())]
    return "\n".join(lines)


def _headline(facts: dict[str, Any]) -> str:
    if not facts["running"]:
        return "Cumulet does not run (start it with `cumulet up`)"
    memory = f", {amount(facts['memory_bytes'])} of memory" if facts["memory_bytes"] else ""
    up = span(facts["uptime_seconds"])
    return f"Cumulet runs at {facts['endpoint']} (process {facts['pid']}, up {up}{memory})"


def amount(size: float) -> str:
    """Bytes for people: 1.5 MB."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "bytes" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"


def span(seconds: float) -> str:
    """A duration for people: 2 h 5 min."""
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
    if days:
        return f"{days:.0f} d {hours % 24:.0f} h"
    if hours:
        return f"{hours:.0f} h {minutes % 60:.0f} min"
    return f"{minutes:.0f} min {seconds % 60:.0f} s" if minutes else f"{seconds:.0f} s"
