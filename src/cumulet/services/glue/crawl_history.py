"""The history of a crawler's runs: begun, ended, and told by ListCrawls and the crawler itself."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from cumulet.jobs import Job
from cumulet.services.glue import paging
from cumulet.services.glue.catalog import Catalog, key
from cumulet.services.glue.crawling.changes import Counts
from cumulet.services.glue.refusals import invalid, missing

CRAWLER = "glue.crawler"
CRAWL = "glue.crawl"
GROUP = "/aws-glue/crawlers"
PAGE = 20
KEPT = 100  # runs that a crawler's median goes back
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


@dataclass(slots=True)
class Done:
    """What a crawl came to: its changes, and the folders it looked into."""

    counts: Counts
    folders: set[str]


class CrawlHistory(Catalog):
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

    def _crawler(self, name: str) -> dict[str, Any]:
        body: dict[str, Any] | None = self.store.records.get(CRAWLER, self.caller.scope, name)
        if body is None:
            raise missing("Crawler", name)
        return body

    def _under_way(self, job: Job) -> dict[str, Any] | None:
        """The crawler whose crawl a job is; None where that has ended, or the crawler is gone."""
        body = self.store.records.get(CRAWLER, self.caller.scope, job.payload["name"])
        if body is None or body["State"] == "READY" or body["Crawl"]["Id"] != job.payload["crawl"]:
            return None
        return body

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


def only_new(body: dict[str, Any]) -> bool:
    return bool(body["RecrawlPolicy"].get("RecrawlBehavior") == "CRAWL_NEW_FOLDERS_ONLY")


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
