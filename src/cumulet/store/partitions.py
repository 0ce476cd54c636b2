"""The partitions of tables: many small rows that share nearly everything but their values and location.

What most partitions of a table have in common (columns, file format) is stored once, as a `form`; a row
keeps its values, its location and the little that is left. A search reads only the values, from columns
held in memory with each distinct value once, so that a filter looks at 100,000 partitions in milliseconds.
"""

from __future__ import annotations

import hashlib
import json
import threading
from array import array
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import compress
from typing import Any

from cumulet.store.database import Database, Transaction

Values = tuple[str, ...]

COLUMNS = "p.name, p.location, f.body, p.body"
JOINED = "FROM partitions p JOIN partition_forms f ON f.owner = p.owner AND f.id = p.form WHERE p.owner = ?"
AFTER = f"SELECT {COLUMNS} {JOINED} AND p.name > ? ORDER BY p.name LIMIT ?"
NAMED = f"SELECT {COLUMNS} {JOINED} AND p.name IN "
NAMES = "SELECT name FROM partitions WHERE owner = ? ORDER BY name"
CREATE = "INSERT INTO partitions (owner, name, location, form, body) VALUES "
UNLESS_THERE = " ON CONFLICT (owner, name) DO NOTHING RETURNING name"
ADD_FORM = "INSERT INTO partition_forms (owner, id, body) VALUES (?, ?, ?) ON CONFLICT (owner, id) DO NOTHING"
DELETE = "DELETE FROM partitions WHERE owner = ? AND name = ? RETURNING name"
DELETE_ALL = ("partitions", "partition_forms", "partition_changes")
CHANGED = (
    "INSERT INTO partition_changes (owner, generation) VALUES (?, 1) "
    "ON CONFLICT (owner) DO UPDATE SET generation = partition_changes.generation + 1 RETURNING generation"
)
GENERATION = "SELECT generation FROM partition_changes WHERE owner = ?"
AT_ONCE = 500  # names in one statement
MANY = 10_000  # partitions from which on a search is worth numpy's loading
FEW = 20  # one of so many
KEPT = 1_000_000  # names of searched tables that stay in memory


@dataclass(frozen=True, slots=True)
class Partition:
    """One partition. `form` is shared between the partitions of one answer: read it, never change it."""

    values: Values
    location: str
    form: dict[str, Any]
    body: dict[str, Any]


def name_of(values: Sequence[str]) -> str:
    """Values as one string that sorts as they do: the key of a row, and the place where a page ends."""
    return "\x1f".join(value.replace("\x1b", "\x1b[").replace("\x1f", "\x1b_") for value in values)


def values_of(name: str) -> Values:
    parts = name.split("\x1f")
    if "\x1b" in name:
        parts = [part.replace("\x1b_", "\x1f").replace("\x1b[", "\x1b") for part in parts]
    return tuple(parts)


class Index:
    """The values of all partitions of one table by column, as numbers into the column's distinct values.

    Never changed once made: searches may be reading it. `names` are in any order.
    """

    def __init__(self, generation: int, names: list[str]) -> None:
        self.generation = generation
        self.names: list[str] = []
        self.numbers: list[dict[str, int]] = []
        self.codes: list[array[int]] = []
        self._add(names)

    def grown(self, generation: int, names: list[str]) -> Index:
        """Another with more names: a copy of numbers, many times as quick as reading all rows again."""
        other = Index(generation, [])
        other.names = self.names.copy()
        other.numbers = [numbers.copy() for numbers in self.numbers]
        other.codes = [codes[:] for codes in self.codes]
        other._add(names)
        return other

    def _add(self, names: list[str]) -> None:
        self.names += names
        columns = list(zip(*map(values_of, names), strict=True))
        if not self.codes:
            self.numbers = [{} for _ in columns]
            self.codes = [array("I") for _ in columns]
        for numbers, codes, column in zip(self.numbers, self.codes, columns, strict=bool(columns)):
            codes.extend(numbers.setdefault(value, len(numbers)) for value in column)

    def matching(self, column: int, test: Callable[[str], bool]) -> int:
        """Which partitions have a value in this column that passes: a byte each, 1 or 0, as one number,
        so that `&` and `|` combine answers."""
        if not self.names:
            return 0
        return self._mask(column, bytes(bool(test(value)) for value in self.numbers[column]))

    def holding(self, column: int, values: Iterable[str]) -> int:
        """As `matching`, of those whose value is one of these: no value needs to be looked at."""
        numbers = self.numbers[column] if self.names else {}
        chosen = [numbers[value] for value in values if value in numbers]
        passed = bytearray(len(numbers))
        for number in chosen:
            passed[number] = 1
        return self._mask(column, passed) if chosen else 0

    def _mask(self, column: int, passed: bytes | bytearray) -> int:
        """The numbers that passed as a byte for each partition; of many partitions at numpy's speed, which
        is loaded for them alone."""
        codes = self.codes[column]
        if len(codes) < MANY:
            return int.from_bytes(bytes(map(passed.__getitem__, codes)), "little")
        import numpy

        chosen = numpy.frombuffer(passed, numpy.uint8)[numpy.frombuffer(codes, codes.typecode)]
        return int.from_bytes(chosen.tobytes(), "little")

    def chosen(self, mask: int) -> Iterator[str]:
        """The names that a mask stands for; where those are few, the others are leapt over."""
        chosen = mask.to_bytes(len(self.names), "little")
        if mask.bit_count() * FEW > len(chosen):
            return compress(self.names, chosen)
        return map(self.names.__getitem__, places(chosen))


def places(chosen: bytes) -> Iterator[int]:
    at = chosen.find(1)
    while at >= 0:
        yield at
        at = chosen.find(1, at + 1)


Search = Callable[[Index], int]


class Partitions:
    def __init__(self, database: Database) -> None:
        self.database = database
        self.lock = threading.Lock()
        self.indexes: OrderedDict[str, Index] = OrderedDict()

    def create(self, owner: str, partitions: Iterable[Partition]) -> list[Values]:
        """Add those that are not there; the values of those that were there already."""
        rows = {}
        again = []
        for partition in partitions:
            name = name_of(partition.values)
            if name in rows:
                again.append(partition.values)
            else:
                rows[name] = row(partition)

        def change(tx: Transaction) -> list[Values]:
            add_forms(tx, owner, rows.values())
            made = {name for some in parts(list(rows)) for name in insert(tx, owner, some, rows)}
            ((generation,),) = tx.execute(CHANGED, (owner,))
            self.database.after_commit(lambda: self._grow(owner, generation, list(made)))
            return [values_of(name) for name in rows if name not in made] + again

        return self.database.write(change)

    def replace(self, owner: str, values: Values, partition: Partition) -> None:
        """Put a partition in the place of another (whose values may differ)."""

        def change(_: Transaction) -> None:
            self.delete(owner, [values])
            self.create(owner, [partition])

        self.database.write(change)

    def delete(self, owner: str, wanted: Iterable[Values]) -> list[Values]:
        """Delete partitions; the values of those that were not there."""
        names = [name_of(values) for values in wanted]

        def change(tx: Transaction) -> list[Values]:
            missing = [values_of(name) for name in names if not tx.execute(DELETE, (owner, name))]
            tx.execute(CHANGED, (owner,))
            return missing

        return self.database.write(change)

    def delete_all(self, owner: str) -> None:
        def change(tx: Transaction) -> None:
            for table in DELETE_ALL:
                tx.execute(f"DELETE FROM {table} WHERE owner = ?", (owner,))

        self.database.write(change)
        with self.lock:
            self.indexes.pop(owner, None)

    def get(self, owner: str, wanted: Iterable[Values]) -> list[Partition]:
        """Those that exist, in the order of their values."""
        return self._named(owner, sorted({name_of(values) for values in wanted}))

    def after(self, owner: str, name: str, limit: int) -> list[Partition]:
        """The first so many behind a name."""
        return readable(self.database.read(AFTER, (owner, name, limit)))

    def search(
        self, owner: str, search: Search, *, after: str = "", limit: int | None = None
    ) -> list[Partition]:
        """The partitions that a search chooses, in the order of their values."""
        index = self._index(owner)
        names = sorted(name for name in index.chosen(search(index)) if name > after)
        return self._named(owner, names[:limit])

    def _named(self, owner: str, names: Sequence[str]) -> list[Partition]:
        found: list[Partition] = []
        for part in parts(names):
            marks = ", ".join("?" * len(part))
            found += readable(self.database.read(f"{NAMED} ({marks}) ORDER BY p.name", (owner, *part)))
        return found

    def _index(self, owner: str) -> Index:
        """The index of a table as last committed. Not for use inside a change, which may yet be undone."""
        rows = self.database.read(GENERATION, (owner,))
        generation = rows[0][0] if rows else 0
        with self.lock:
            index = self.indexes.get(owner)
        if index is None or index.generation != generation:
            index = Index(generation, [name for (name,) in self.database.read(NAMES, (owner,))])
        self._keep(owner, index)
        return index

    def _grow(self, owner: str, generation: int, made: list[str]) -> None:
        """Let an index that was up to date before a change have what that change added."""
        with self.lock:
            index = self.indexes.get(owner)
        if index is not None and index.generation == generation - 1:
            self._keep(owner, index.grown(generation, made))

    def _keep(self, owner: str, index: Index) -> None:
        with self.lock:
            self.indexes[owner] = index
            self.indexes.move_to_end(owner)
            while len(self.indexes) > 1 and sum(len(kept.names) for kept in self.indexes.values()) > KEPT:
                self.indexes.popitem(last=False)


Columns = tuple[str, str, str, str]


def row(partition: Partition) -> Columns:
    """Location, the form's id and the body, as they are stored; and the form that the id stands for."""
    form = json.dumps(partition.form, separators=(",", ":"))
    body = json.dumps(partition.body, separators=(",", ":"))
    return partition.location, hashlib.sha256(form.encode()).hexdigest()[:24], body, form


def insert(tx: Transaction, owner: str, names: Sequence[str], rows: dict[str, Columns]) -> list[str]:
    """Insert rows in one statement; the names of those that were not there."""
    values = [value for name in names for value in (owner, name, *rows[name][:3])]
    places = ", ".join(["(?, ?, ?, ?, ?)"] * len(names))
    return [name for (name,) in tx.execute(f"{CREATE}{places}{UNLESS_THERE}", values)]


def parts(names: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(names), AT_ONCE):
        yield names[start : start + AT_ONCE]


def add_forms(tx: Transaction, owner: str, rows: Iterable[Columns]) -> None:
    for id, form in {id: form for _, id, _, form in rows}.items():
        tx.execute(ADD_FORM, (owner, id, form))


def readable(rows: Iterable[Sequence[Any]]) -> list[Partition]:
    """Rows as partitions, each distinct form and body decoded once."""
    forms: dict[str, dict[str, Any]] = {}
    found = []
    for name, location, form, body in rows:
        if form not in forms:
            forms[form] = json.loads(form)
        found.append(Partition(values_of(name), location, forms[form], json.loads(body)))
    return found
