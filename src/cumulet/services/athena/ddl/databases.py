"""CREATE, DROP, ALTER DATABASE and SHOW DATABASES."""

from __future__ import annotations

import fnmatch
import re
from typing import TYPE_CHECKING

from cumulet.services.athena.ddl.reading import Act, Reader, failed, task_failed
from cumulet.services.athena.lake import DEFAULT
from cumulet.wire.errors import AwsError

if TYPE_CHECKING:
    from cumulet.services.athena.running import Run


def word(reader: Reader) -> None:
    if not reader.take("DATABASE"):
        reader.expect("SCHEMA")


def create(reader: Reader) -> Act:
    reader.expect("CREATE")
    word(reader)
    quiet = reader.take("IF", "NOT", "EXISTS")
    given = {"Name": reader.name()}
    if reader.take("COMMENT"):
        given["Description"] = reader.literal()
    if reader.take("LOCATION"):
        given["LocationUri"] = reader.location()
    if reader.take("WITH", "DBPROPERTIES"):
        given["Parameters"] = reader.properties()  # type: ignore[assignment]
    reader.end()

    def act(run: Run) -> list[str]:
        try:
            run.lake.glue.create_database(DatabaseInput=given)
        except AwsError as error:
            if error.code != "AlreadyExistsException":
                raise
            if not quiet:
                raise task_failed(f"Database {given['Name']} already exists") from None
        return []

    return act


def drop(reader: Reader) -> Act:
    reader.expect("DROP")
    word(reader)
    quiet = reader.take("IF", "EXISTS")
    name = reader.name()
    cascade = reader.take("CASCADE")
    if not cascade:
        reader.take("RESTRICT")
    reader.end()

    def act(run: Run) -> list[str]:
        if name not in run.lake.databases():
            if quiet:
                return []
            raise failed(f"SemanticException [Error 10072]: Database does not exist: {name}")
        tables = run.lake.tables(name)
        if tables and not cascade:
            raise task_failed(
                f"InvalidOperationException(message:Database {name} is not empty. One or more tables exist.)"
            )
        run.lake.glue.delete_database(Name=name)
        return []

    return act


def alter(reader: Reader) -> Act:
    reader.expect("ALTER")
    word(reader)
    name = reader.name()
    reader.expect("SET", "DBPROPERTIES")
    properties = reader.properties()
    reader.end()

    def act(run: Run) -> list[str]:
        found = run.lake.glue.get_database(Name=name)["Database"]
        given = {key: found[key] for key in ("Name", "Description", "LocationUri") if found.get(key)}
        parameters = {**(found.get("Parameters") or {}), **properties}
        run.lake.glue.update_database(Name=name, DatabaseInput={**given, "Parameters": parameters})
        return []

    return act


def show(reader: Reader) -> Act:
    reader.expect("SHOW")
    if not reader.take("DATABASES"):
        reader.expect("SCHEMAS")
    pattern = reader.literal() if reader.take("LIKE") else "*"
    reader.end()

    def act(run: Run) -> list[str]:
        run.lake.has_database(DEFAULT)
        return [name for name in run.lake.databases() if matches(name, pattern)]

    return act


def matches(name: str, pattern: str) -> bool:
    """Hive's patterns: * for anything, | for or; Athena takes regular expressions' .* too."""
    return any(fnmatch.fnmatchcase(name, re.sub(r"\.\*", "*", each).lower()) for each in pattern.split("|"))
