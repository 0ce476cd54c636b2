"""Where a crawler looks: the files under an include path that are not excluded."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cumulet.engines.schema.base import Schema
from cumulet.services.glue.crawling.globs import excluded
from cumulet.services.glue.refusals import invalid
from cumulet.wire.errors import NotImplementedByCumulet

KINDS = ("S3Targets", "IcebergTargets", "DeltaTargets", "CatalogTargets")


@dataclass(slots=True)
class Found:
    """One file of the lake, and what is in it once that was read."""

    key: str
    path: Path
    size: int
    schema: Schema = field(default_factory=lambda: Schema(""))

    @property
    def folder(self) -> str:
        return self.key.rpartition("/")[0]

    @property
    def name(self) -> str:
        return self.key.rpartition("/")[2]


@dataclass(slots=True)
class Target:
    """An include path: a bucket and a folder in it ("" is all of it), or a single file."""

    bucket: str
    prefix: str
    exclusions: list[str] = field(default_factory=list)
    sample: int | None = None  # files of each folder to read; None is all
    kind: str = ""  # "iceberg", "delta": only tables of that kind are looked for
    depth: int | None = None  # levels of folders below, where they are

    def holds(self, key: str) -> bool:
        return not self.prefix or key == self.prefix or key.startswith(self.prefix + "/")

    def relative(self, key: str) -> str:
        return key[len(self.prefix) :].removeprefix("/") if key != self.prefix else key.rpartition("/")[2]

    def wants(self, root: str, kind: str) -> bool:
        """Whether an Iceberg or Delta table in a folder is one that the target means."""
        below = root[len(self.prefix) :].strip("/")
        depth = len(below.split("/")) if below else 0
        return self.kind in ("", kind) and (self.depth is None or depth <= self.depth)

    @property
    def location(self) -> str:
        return f"s3://{self.bucket}/{self.prefix}{'/' if self.prefix else ''}"


def targets(said: dict[str, Any]) -> list[Target]:
    """All places that a crawler looks at; other kinds than files on S3 are refused by name."""
    if others := sorted(kind for kind, members in said.items() if members and kind not in KINDS):
        raise NotImplementedByCumulet(f"glue crawlers with {', '.join(others)}")
    found = [target(member) for member in said.get("S3Targets") or []]
    for member in said.get("IcebergTargets") or []:
        check(member, {"Paths", "Exclusions", "MaximumTraversalDepth"}, "Iceberg")
        found += [
            place(
                path, member.get("Exclusions", []), kind="iceberg", depth=member.get("MaximumTraversalDepth")
            )
            for path in member.get("Paths", [])
        ]
    for member in said.get("DeltaTargets") or []:
        check(member, {"DeltaTables", "WriteManifest", "CreateNativeDeltaTable"}, "Delta")
        if member.get("WriteManifest") or not member.get("CreateNativeDeltaTable"):
            raise NotImplementedByCumulet("glue crawlers' Delta targets without CreateNativeDeltaTable")
        found += [place(path, [], kind="delta", depth=0) for path in member.get("DeltaTables", [])]
    return found


def catalog_tables(said: dict[str, Any]) -> list[tuple[str, str]]:
    """The tables, by database and name, of a crawler that brings those up to date which are there."""
    found = []
    for member in said.get("CatalogTargets") or []:
        check(member, {"DatabaseName", "Tables"}, "catalog")
        found += [(member["DatabaseName"].lower(), name.lower()) for name in member["Tables"]]
    if found and any(said.get(kind) for kind in KINDS[:-1]):
        raise invalid("A crawler of tables in the catalog cannot have other targets besides.")
    return found


def target(member: dict[str, Any]) -> Target:
    """One of a crawler's S3Targets."""
    check(member, {"Path", "Exclusions", "SampleSize"}, "S3")
    return place(member.get("Path", ""), member.get("Exclusions", []), sample=member.get("SampleSize"))


def check(member: dict[str, Any], known: set[str], kind: str) -> None:
    if unknown := sorted(member.keys() - known):
        raise NotImplementedByCumulet(f"glue crawlers' {kind} targets with {', '.join(unknown)}")


def place(path: str, exclusions: list[str], **more: Any) -> Target:
    scheme, _, rest = path.partition("://")
    bucket, _, prefix = rest.partition("/")
    if scheme not in ("s3", "s3a") or not bucket:
        raise invalid(f"The path {path!r} of a target must look like s3://bucket/folder/.")
    return Target(bucket, prefix.strip("/"), exclusions, **more)


def hidden(key: str) -> bool:
    """Files and folders that engines skip too: `_SUCCESS`, `_delta_log/`, `.part.crc`."""
    return any(part.startswith(("_", ".")) and "=" not in part for part in key.split("/"))


def files(found: list[Any], target: Target) -> list[Found]:
    """Those of the lake's files that a target means: not hidden, not empty, not excluded."""
    inside = [one for one in found if one.size and target.holds(one.key)]
    relative = {one.key: target.relative(one.key) for one in inside}
    without = excluded(target.exclusions, list(relative.values()))
    return [
        Found(one.key, one.path, one.size)
        for one in inside
        if not hidden(relative[one.key]) and relative[one.key] not in without
    ]


def sampled(files: list[Found], size: int | None) -> list[Found]:
    """The files to read: all, or so many of each folder."""
    if size is None:
        return files
    taken: dict[str, int] = {}
    chosen = []
    for file in files:
        taken[file.folder] = taken.get(file.folder, 0) + 1
        if taken[file.folder] <= size:
            chosen.append(file)
    return chosen
