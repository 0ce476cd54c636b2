"""Crawls: one run of a crawler, from its targets to the catalog."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cumulet.engines.schema.base import Hint, Schema
from cumulet.engines.schema.files import Reader, Unreadable
from cumulet.jobs import Job, Suspended
from cumulet.services.glue.classifiers import Classifiers, hint, serde
from cumulet.services.glue.crawl_history import GROUP, CrawlHistory, Done, only_new
from cumulet.services.glue.crawling.changes import Changes, Counts
from cumulet.services.glue.crawling.configuration import configuration
from cumulet.services.glue.crawling.definitions import Definition, Source, definition
from cumulet.services.glue.crawling.existing import crawled, location
from cumulet.services.glue.crawling.globs import excluded
from cumulet.services.glue.crawling.lakehouses import lakehouses
from cumulet.services.glue.crawling.tables import Table, tables
from cumulet.services.glue.crawling.targets import (
    Found,
    Target,
    catalog_tables,
    files,
    sampled,
    target,
    targets,
)
from cumulet.services.glue.databases import Databases
from cumulet.services.glue.refusals import invalid
from cumulet.wire.errors import AwsError

Log = Callable[[str, str], None]  # of a level and a message


class Stopped(Exception):
    """Somebody stopped the crawler."""


class Crawls(CrawlHistory, Classifiers, Databases):
    def run_crawler(self, job: Job) -> None:
        """The work behind StartCrawler. A crawl whose server died is begun again: it writes nothing twice."""
        body = self._under_way(job)
        if body is None:
            return
        log = self._log_of(body)
        log("BENCHMARK", f"Running Start Crawl for Crawler {body['Name']}")
        try:
            done = self._crawl(job, body, log)
        except Stopped:
            log("INFO", "Crawl cancelled by a user")
            self._end_crawl(body, "CANCELLED")
            return
        except AwsError as error:
            self._fail_crawl(body, f"{error.code}: {error.message}")
            return
        log("BENCHMARK", "Finished writing to Catalog")
        self._end_crawl(body, "SUCCEEDED", done=done)
        log("BENCHMARK", "Crawler has finished running and is in state READY")

    def run_crawler_failed(self, job: Job, reason: str) -> None:
        """Whatever else went wrong: the supervisor tells."""
        if body := self._under_way(job):
            self._fail_crawl(body, reason)

    def _fail_crawl(self, body: dict[str, Any], reason: str) -> None:
        self._end_crawl(body, "FAILED", reason)
        self._log_of(body)("ERROR", reason)

    def _log_of(self, body: dict[str, Any]) -> Log:
        """`log("INFO", "Created table ...")`: a crawl's line, written before the work goes on."""
        logs, crawl = self.other("logs"), body["Crawl"]["Id"]
        return lambda level, message: logs.say(GROUP, body["Name"], f"[{crawl}] {level} : {message}")

    def _crawl(self, job: Job, body: dict[str, Any], log: Log) -> Done:
        said = configuration(body["Configuration"])
        policy = " and ".join(f"{name}={value}" for name, value in body["SchemaChangePolicy"].items())
        log("INFO", f"Crawler configured with SchemaChangePolicy {policy}")
        if wanted := catalog_tables(body["Targets"]):
            return self._crawl_catalog(job, body, log, wanted)
        self._make_database(body["DatabaseName"])
        changes = Changes(self, body, said, log, self.house.clock)
        made, folders = self._look(job, body, log, changes.own_tables())
        if said.threshold and len(made) > said.threshold:
            found = f"{len(made)} tables were found, more than the TableThreshold of {said.threshold}"
            raise invalid(f"{found}; the catalog was left as it is.")
        log("BENCHMARK", f"Classification complete, writing results to database {body['DatabaseName']}")
        changes.update(made, whole=not only_new(body))
        return Done(changes.counts, folders)

    def _crawl_catalog(self, job: Job, body: dict[str, Any], log: Log, wanted: list[tuple[str, str]]) -> Done:
        """Tables that are there already: their columns and partitions, by the files of today."""
        said = configuration(body["Configuration"])
        counts, folders = Counts(), set()
        glue: Any = self
        with Reader() as reader:
            for database, name in wanted:
                table = glue.get_table(DatabaseName=database, Name=name)["Table"]
                where = target({"Path": location(table)})
                found = self._files(where, self._lake(where), set(), body)
                log("INFO", f"Found {len(found)} files of table {database}.{name} at {where.location}")
                folders |= {f"{where.bucket}/{one.folder}" for one in found}
                self._read(job, found, None, reader, self._hints(body), log)
                if not found:
                    continue
                made = crawled(table, where, found, Source(body["Name"], where.bucket))
                changes = Changes(
                    self, {**body, "DatabaseName": database}, said, log, self.house.clock, counts
                )
                changes.again(table, made, whole=not only_new(body))
        return Done(counts, folders)

    def _hints(self, body: dict[str, Any]) -> list[Hint]:
        return [hint(self._classifier(name)) for name in body["Classifiers"]]

    def _look(
        self, job: Job, body: dict[str, Any], log: Log, known: list[dict[str, Any]]
    ) -> tuple[list[Definition], set[str]]:
        """The tables that all targets come to, and the folders that were looked into."""
        classifiers = [self._classifier(name) for name in body["Classifiers"]]
        serdes, hints = tuple(map(serde, classifiers)), [hint(one) for one in classifiers]
        policy = configuration(body["Configuration"]).policy
        made: list[Definition] = []
        folders: set[str] = set()
        with Reader() as reader:
            for where in targets(body["Targets"]):
                source = Source(body["Name"], where.bucket, body["TablePrefix"] or "", serdes)
                lake = self._lake(where)
                own = self._lakehouses(where, lake, source, log)
                made += filter(None, own.values())
                found = [] if where.kind else self._files(where, lake, set(own), body)
                log("INFO", f"Found {len(found)} files at {where.location}")
                folders |= {f"{where.bucket}/{one.folder}" for one in found}
                self._read(job, found, where.sample, reader, hints, log)
                within, rest = extending(found, where, known) if only_new(body) else ([], found)
                made += [definition(one, source) for one in [*within, *tables(rest, where, policy)]]
        return made, folders

    def _lake(self, where: Target) -> list[Any]:
        """All objects of a target, hidden ones too."""
        try:
            lake: list[Any] = self.other("s3").files(Bucket=where.bucket, Prefix=where.prefix)
        except AwsError as error:
            raise AwsError(error.code, f"{where.location}: {error.message}") from None
        return [one for one in lake if where.holds(one.key)]

    def _lakehouses(
        self, where: Target, lake: list[Any], source: Source, log: Log
    ) -> dict[str, Definition | None]:
        """The Iceberg and Delta tables of a target, by their folders; None is one that cannot be read."""
        outside = excluded(where.exclusions, [where.relative(one.key) for one in lake])
        kept = {one.key: one.path for one in lake if where.relative(one.key) not in outside}
        found: dict[str, Definition | None] = {}
        for root, made in lakehouses(kept, source).items():
            if isinstance(made, str):
                log("ERROR", made)
                found[root] = None
            elif where.wants(root, made.table["Parameters"]["table_type"].lower()):
                found[root] = made
        return found

    def _files(self, where: Target, lake: list[Any], own: set[str], body: dict[str, Any]) -> list[Found]:
        """The files of no table that has said itself what it is."""
        done = set(body["Folders"]) if only_new(body) else set()
        return [
            one
            for one in files(lake, where)
            if f"{where.bucket}/{one.folder}" not in done
            and not any(not root or one.key.startswith(f"{root}/") for root in own)
        ]

    def _read(
        self, job: Job, found: list[Found], sample: int | None, reader: Reader, hints: list[Hint], log: Log
    ) -> None:
        """Ask what is in each file; those beyond a sample are taken to be as the last read beside them."""
        read: dict[str, Schema] = {}
        for file in sampled(found, sample):
            if job.leaving:
                raise Suspended
            if job.stopping:
                raise Stopped
            try:
                read[file.folder] = file.schema = reader.schema(file.path, hints)
            except Unreadable as error:
                log("ERROR", f"{file.key}: {error}")
        if sample is not None:
            for file in found:
                file.schema = file.schema if file.schema.format else read.get(file.folder, file.schema)

    def _make_database(self, name: str) -> None:
        try:
            self.create_database(DatabaseInput={"Name": name})
        except AwsError as error:
            if error.code != "AlreadyExistsException":
                raise


def extending(
    found: list[Found], where: Target, known: list[dict[str, Any]]
) -> tuple[list[Table], list[Found]]:
    """New files that lie in tables crawled before, as more of those; and the rest."""
    start = f"s3://{where.bucket}/"
    roots = {
        table["StorageDescriptor"]["Location"][len(start) :].rstrip("/"): len(table.get("PartitionKeys", []))
        for table in known
        if table["StorageDescriptor"]["Location"].startswith(start)
    }
    more: dict[str, list[Found]] = {}
    rest = []
    for file in found:
        homes = [
            root for root in roots if not root or file.folder == root or file.folder.startswith(root + "/")
        ]
        if homes:
            more.setdefault(max(homes, key=len), []).append(file)
        else:
            rest.append(file)
    return [Table(root, inside, roots[root]) for root, inside in more.items()], rest
