"""Crawls: one run of a crawler, from its targets to the catalog, and the history of runs."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from cumulet.engines.schema.base import Hint, Schema
from cumulet.engines.schema.files import Reader, Unreadable
from cumulet.jobs import Job, Suspended
from cumulet.services.glue import paging
from cumulet.services.glue.catalog import key
from cumulet.services.glue.classifiers import Classifiers, hint, serde
from cumulet.services.glue.crawling.changes import Changes, Counts
from cumulet.services.glue.crawling.configuration import configuration
from cumulet.services.glue.crawling.definitions import Definition, Source, definition
from cumulet.services.glue.crawling.tables import Table, tables
from cumulet.services.glue.crawling.targets import Found, Target, files, sampled, target
from cumulet.services.glue.databases import Databases
from cumulet.services.glue.logs import Log
from cumulet.services.glue.refusals import invalid, missing
from cumulet.wire.errors import AwsError

CRAWLER = "glue.crawler"
CRAWL = "glue.crawl"
GROUP = "/aws-glue/crawlers"
PAGE = 20
KEPT = 100  # runs that a crawler's history and median go back
COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "GT": lambda a, b: a > b,
    "GE": lambda a, b: a >= b,
    "LT": lambda a, b: a < b,
    "LE": lambda a, b: a <= b,
    "EQ": lambda a, b: a == b,
    "NE": lambda a, b: a != b,
}
FIELDS = {"CRAWL_ID": "CrawlId", "STATE": "State", "START_TIME": "StartTime", "END_TIME": "EndTime"}


STATES = {"SUCCEEDED": "COMPLETED", "CANCELLED": "STOPPED", "FAILED": "FAILED"}
NOTHING = {"TablesCreated": 0, "TablesUpdated": 0, "TablesDeleted": 0}


class Stopped(Exception):
    """Somebody stopped the crawler."""


@dataclass(slots=True)
class Done:
    """What a crawl came to: its changes, and the folders it looked into."""

    counts: Counts
    folders: set[str]


class Crawls(Classifiers, Databases):
    def list_crawls(
        self,
        *,
        CrawlerName: str,
        MaxResults: int = PAGE,
        Filters: list[dict[str, str]] | None = None,
        NextToken: str | None = None,
    ) -> dict[str, Any]:
        """Newest first."""
        self._crawler(CrawlerName)
        found = self.store.records.list(CRAWL, self.caller.scope, prefix=key(CrawlerName, ""))
        found.reverse()
        if last := paging.after(NextToken):
            found = [one for one in found if one[0] < last]
        found = [one for one in found if all(passes(one[1], said) for said in Filters or [])]
        return paging.page(found, MaxResults, "Crawls", lambda one: one[0], lambda one: one[1])

    def run_crawler(self, job: Job) -> None:
        """The work behind StartCrawler. A crawl whose server died is begun again: it writes nothing twice."""
        body = self._crawler(job.payload["name"])
        log = Log(self, GROUP, body["Name"], f"[{job.payload['crawl']}] ")
        log("BENCHMARK", f"Running Start Crawl for Crawler {body['Name']}")
        try:
            done = self._crawl(job, body, log)
        except Stopped:
            log("INFO", "Crawl cancelled by a user")
            self._end_crawl(body, "CANCELLED")
            return
        except AwsError as error:
            self._fail_crawl(body, log, f"{error.code}: {error.message}")
            return
        log("BENCHMARK", "Finished writing to Catalog")
        self._end_crawl(body, "SUCCEEDED", done=done)
        log("BENCHMARK", "Crawler has finished running and is in state READY")

    def run_crawler_failed(self, job: Job, reason: str) -> None:
        """Whatever else went wrong: the supervisor tells."""
        body = self._crawler(job.payload["name"])
        self._fail_crawl(body, Log(self, GROUP, body["Name"], f"[{job.payload['crawl']}] "), reason)

    def _fail_crawl(self, body: dict[str, Any], log: Log, reason: str) -> None:
        log("ERROR", reason)
        self._end_crawl(body, "FAILED", reason)

    def _crawl(self, job: Job, body: dict[str, Any], log: Log) -> Done:
        said = configuration(body["Configuration"])
        policy = " and ".join(f"{name}={value}" for name, value in body["SchemaChangePolicy"].items())
        log("INFO", f"Crawler configured with SchemaChangePolicy {policy}")
        self._make_database(body["DatabaseName"])
        changes = Changes(self, body, said, log, self.house.clock)
        made, folders = self._look(job, body, log, changes.own_tables())
        if said.threshold and len(made) > said.threshold:
            found = f"{len(made)} tables were found, more than the TableThreshold of {said.threshold}"
            raise invalid(f"{found}; the catalog was left as it is.")
        log("BENCHMARK", f"Classification complete, writing results to database {body['DatabaseName']}")
        changes.update(made, whole=not only_new(body))
        return Done(changes.counts, folders)

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
            for where in map(target, body["Targets"]["S3Targets"]):
                found = self._files(where, body)
                log("INFO", f"Found {len(found)} files at {where.location}")
                folders |= {f"{where.bucket}/{one.folder}" for one in found}
                self._read(job, found, where.sample, reader, hints, log)
                within, rest = extending(found, where, known) if only_new(body) else ([], found)
                source = Source(body["Name"], where.bucket, body["TablePrefix"] or "", serdes)
                made += [definition(one, source) for one in [*within, *tables(rest, where, policy)]]
        return made, folders

    def _files(self, where: Target, body: dict[str, Any]) -> list[Found]:
        try:
            lake = self.other("s3").files(Bucket=where.bucket, Prefix=where.prefix)
        except AwsError as error:
            raise AwsError(error.code, f"{where.location}: {error.message}") from None
        done = set(body["Folders"]) if only_new(body) else set()
        return [one for one in files(lake, where) if f"{where.bucket}/{one.folder}" not in done]

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

    def _begin_crawl(self, body: dict[str, Any]) -> None:
        crawl = {
            "CrawlId": body["Crawl"]["Id"],
            "State": "RUNNING",
            "StartTime": body["Crawl"]["StartTime"],
            "LogGroup": GROUP,
            "LogStream": body["Name"],
            "MessagePrefix": body["Crawl"]["Id"],
        }
        self.store.records.put(CRAWL, self.caller.scope, crawl_name(body), crawl)

    def _end_crawl(
        self, body: dict[str, Any], status: str, message: str | None = None, done: Done | None = None
    ) -> None:
        """The crawl's end in the crawler, its metrics and its history, all at once."""
        now = self.house.clock()

        def end(crawler: dict[str, Any]) -> None:
            crawler["State"] = "READY"
            crawler["LastCrawl"] = last_crawl(body, status, message)
            crawler["Runs"] = [*crawler["Runs"], round(now - body["Crawl"]["StartTime"], 3)][-KEPT:]
            if done:
                crawler["Metrics"] = totals(crawler.get("Metrics", NOTHING), done.counts)
                crawler["Folders"] = sorted({*body["Folders"], *done.folders}) if only_new(body) else []

        def remember(crawl: dict[str, Any]) -> None:
            crawl.update(State=STATES[status], EndTime=now, DPUHour=0.0)
            if message:
                crawl["ErrorMessage"] = message
            if done:
                crawl["Summary"] = summary(done.counts)

        def change() -> None:
            self.store.records.update(CRAWLER, self.caller.scope, body["Name"], end)
            self.store.records.update(CRAWL, self.caller.scope, crawl_name(body), remember)

        self.store.atomically(change)

    def _forget_crawls(self, name: str) -> None:
        self.store.records.delete_under(CRAWL, self.caller.scope, key(name, ""))

    def _crawler(self, name: str) -> dict[str, Any]:
        body: dict[str, Any] | None = self.store.records.get(CRAWLER, self.caller.scope, name)
        if body is None:
            raise missing("Crawler", name)
        return body


def only_new(body: dict[str, Any]) -> bool:
    return bool(body["RecrawlPolicy"].get("RecrawlBehavior") == "CRAWL_NEW_FOLDERS_ONLY")


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


def crawl_name(body: dict[str, Any]) -> str:
    """Sorted by when the crawl started."""
    crawl = body["Crawl"]
    return key(body["Name"], f"{crawl['StartTime']:020.6f} {crawl['Id']}")


def last_crawl(body: dict[str, Any], status: str, message: str | None) -> dict[str, Any]:
    return {
        "Status": status,
        **({"ErrorMessage": message} if message else {}),
        "LogGroup": GROUP,
        "LogStream": body["Name"],
        "MessagePrefix": body["Crawl"]["Id"],
        "StartTime": body["Crawl"]["StartTime"],
    }


def totals(old: dict[str, int], counts: Counts) -> dict[str, int]:
    """A crawler's metrics add up over its runs."""
    names = {"TablesCreated": "ADD", "TablesUpdated": "UPDATE", "TablesDeleted": "DELETE"}
    return {name: old[name] + len(counts.tables[kind]) for name, kind in names.items()}


def summary(counts: Counts) -> str:
    """What a crawl changed, as ListCrawls tells it: JSON, only of what was changed at all."""
    tables = {
        kind: {"Count": len(names), "Details": {"names": names}}
        for kind, names in counts.tables.items()
        if names
    }
    partitions = {kind: {"Count": count} for kind, count in counts.partitions.items() if count}
    return json.dumps({kind: said for kind, said in (("TABLE", tables), ("PARTITION", partitions)) if said})


def passes(crawl: dict[str, Any], said: dict[str, str]) -> bool:
    """Whether a crawl passes one filter. Times are given in milliseconds since the epoch, or in ISO form."""
    field = FIELDS.get(said.get("FieldName", ""))
    compare = COMPARE.get(said.get("FilterOperator", "EQ"))
    if field is None or compare is None:
        raise invalid(f"Crawls cannot be filtered by {said.get('FieldName')} {said.get('FilterOperator')}.")
    value, wanted = crawl.get(field), said.get("FieldValue", "")
    if value is None:
        return False
    return bool(compare(value, moment(wanted) if field.endswith("Time") else wanted))


def moment(text: str) -> float:
    try:
        if text.isdigit():
            return int(text) / 1000
        given = datetime.fromisoformat(text)
    except ValueError:
        raise invalid(f"{text!r} is not a time.") from None
    return (given if given.tzinfo else given.replace(tzinfo=UTC)).timestamp()
