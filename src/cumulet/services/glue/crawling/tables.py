"""Which files make one table, and which of their folders are its partitions.

From the leaves up: a folder whose files, or whose folders' tables, are of one kind becomes one table with the
folders as partitions; where they are not, each keeps a table of its own. Of one kind are files of the same
format and compression, with mostly the same columns. Files that lie beside folders of the same kind make one
table without partitions, which is read with all its folders.
https://docs.aws.amazon.com/glue/latest/dg/crawler-s3-folder-table-partition.html
"""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import unquote

from cumulet.engines.schema.base import Schema
from cumulet.services.glue.crawling.targets import Found, Target

TOLD = ("delimiter", "classification", "pattern", "row tag")  # options that a reader goes by
ALIKE = 0.7  # the part of the columns, and of the members of a folder, that must agree


@dataclass(slots=True)
class Policy:
    """How a crawler's configuration bends the rules."""

    combine: bool = False  # columns need not be alike
    level: int | None = None  # tables start at this level, of which the bucket is the first


@dataclass(slots=True)
class Table:
    """Files that make one table. `levels` is how many levels of folders below its root are partitions."""

    root: str  # a folder's key without its last slash, or a file's
    files: list[Found]
    levels: int = 0
    single: bool = False  # the root is a file

    @property
    def schema(self) -> Schema:
        """The first file's that has one: what stands for the others when kinds are compared."""
        return next((file.schema for file in self.files if file.schema.format), self.files[0].schema)

    def folders(self) -> dict[tuple[str, ...], list[Found]]:
        """The files of each partition, by its folders' names below the root."""
        found: dict[tuple[str, ...], list[Found]] = {}
        for file in self.files:
            below = file.folder[len(self.root) :].strip("/")
            names = tuple(below.split("/"))[: self.levels] if below else ()
            found.setdefault(names, []).append(file)
        return found


@dataclass(slots=True)
class Folder:
    key: str
    level: int  # 1 is the bucket
    files: list[Found] = field(default_factory=list)
    folders: dict[str, Folder] = field(default_factory=dict)


def tables(files: list[Found], target: Target, policy: Policy) -> list[Table]:
    """The tables of one target."""
    if len(files) == 1 and files[0].key == target.prefix:
        return [Table(files[0].key, files, single=True)]
    root = tree(files, target.prefix)
    return resolved(root, policy) if files else []


def tree(files: list[Found], prefix: str) -> Folder:
    root = Folder(prefix, 1 + len(prefix.split("/")) if prefix else 1)
    for file in files:
        at = root
        below = file.folder[len(prefix) :].strip("/")
        for name in below.split("/") if below else []:
            key = f"{at.key}/{name}" if at.key else name
            at = at.folders.setdefault(name, Folder(key, at.level + 1))
        at.files.append(file)
    return root


def resolved(folder: Folder, policy: Policy) -> list[Table]:
    """The tables of a folder: itself one, if it can be."""
    below = [table for child in folder.folders.values() for table in resolved(child, policy)]
    own = [Table(file.key, [file], single=True) for file in folder.files]
    if policy.level and folder.level < policy.level:
        return [*own, *below]
    forced = folder.level == policy.level
    if below and not forced and any(table.root not in child_keys(folder) for table in below):
        return [*gathered(folder, own, policy, 0), *below]
    levels = {table.levels for table in below}
    if own and below and not forced and not agree([*own, *below], policy):
        return [*gathered(folder, own, policy, 0), *below]
    depth = 0 if own or len(levels) > 1 else 1 + levels.pop() if levels else 0
    return gathered(folder, [*own, *below], policy, depth)


def child_keys(folder: Folder) -> set[str]:
    return {child.key for child in folder.folders.values()}


def agree(members: list[Table], policy: Policy) -> bool:
    return len(kinds(members, policy)) == 1


def gathered(folder: Folder, members: list[Table], policy: Policy, levels: int) -> list[Table]:
    """One table of those members that are of one kind, where that is most of them; else all as they were."""
    if not members:
        return []
    clusters = kinds(members, policy)
    most = max(clusters, key=len)
    forced = folder.level == policy.level
    if len(most) < ALIKE * len(members) and not forced:
        return members
    rest = [member for cluster in clusters if cluster is not most for member in cluster]
    strangers = [member for member in rest if not compatible(member.schema, most[0].schema)]
    chosen = [member for member in members if member not in strangers]
    whole = Table(folder.key, [file for member in chosen for file in member.files], levels)
    return [whole, *strangers]


def kinds(members: list[Table], policy: Policy) -> list[list[Table]]:
    """Members in clusters of one kind; those without a schema of their own (a lone header) go with any."""
    clusters: list[list[Table]] = []
    for member in sorted(members, key=lambda one: not one.schema.format):
        for cluster in clusters:
            if alike(cluster[0].schema, member.schema, policy):
                cluster.append(member)
                break
        else:
            clusters.append([member])
    return [in_order(cluster, members) for cluster in clusters]


def in_order(cluster: list[Table], members: list[Table]) -> list[Table]:
    place = {id(member): number for number, member in enumerate(members)}
    return sorted(cluster, key=lambda one: place[id(one)])


def alike(one: Schema, other: Schema, policy: Policy) -> bool:
    if not compatible(one, other):
        return False
    if policy.combine or not other.format:
        return True
    first, second = ({column.name for column in schema.columns} for schema in (one, other))
    return len(first & second) >= ALIKE * max(len(first), len(second))


def compatible(one: Schema, other: Schema) -> bool:
    """Whether one reader can read both."""
    if bare(one) or bare(other):
        return one.compression == other.compression
    first, second = (
        (schema.format, schema.compression, *(schema.options.get(name) for name in TOLD))
        for schema in (one, other)
    )
    return first == second


def bare(schema: Schema) -> bool:
    """A text of one line or none, which says nothing against any reader."""
    return not schema.format and schema.options.get("lines", 2) < 2


def partition_keys(table: Table, columns: set[str]) -> list[str]:
    """The names of a table's partition keys: of `k=v` folders the k, else partition_0, partition_1, ...

    A k that is a column too would name two columns of one table, so it is numbered instead.
    """
    rows = list(table.folders())
    keys: list[str] = []
    for level in range(table.levels):
        names = {row[level].partition("=")[0].lower() if "=" in row[level] else "" for row in rows}
        name = names.pop() if len(names) == 1 else ""
        keys.append(f"partition_{level}" if not name or name in {*columns, *keys} else name)
    return keys


def partition_values(names: tuple[str, ...]) -> list[str]:
    """The values that folders' names stand for, as Hive escapes them."""
    return [unquote(value) if sign else name for name in names for _, sign, value in [name.partition("=")]]
