"""Crawlers: what looks at files and writes what it finds into the catalog. `crawls` has the looking."""

from __future__ import annotations

import statistics
import uuid
from typing import Any

from cumulet.services.glue import paging
from cumulet.services.glue.catalog import folded
from cumulet.services.glue.crawl_history import CRAWLER
from cumulet.services.glue.crawling.configuration import configuration
from cumulet.services.glue.crawling.targets import catalog_tables, targets
from cumulet.services.glue.crawls import Crawls
from cumulet.services.glue.refusals import invalid, missing, taken
from cumulet.services.glue.roles import Roles
from cumulet.services.glue.schedules import CrawlerSchedules
from cumulet.services.glue.tags import TaggedResources
from cumulet.store.records import RecordExists
from cumulet.wire.errors import AwsError, NotImplementedByCumulet

PAGE = 100
POLICY = {"UpdateBehavior": "UPDATE_IN_DATABASE", "DeleteBehavior": "DEPRECATE_IN_DATABASE"}
OURS = ("Crawl", "Timer", "Runs", "Folders", "Metrics")  # in a crawler's record, not in the API's answer
Members = dict[str, Any]


class Crawlers(Crawls, CrawlerSchedules, Roles, TaggedResources):
    def create_crawler(
        self,
        *,
        Name: str,
        Role: str,
        Targets: Members,
        DatabaseName: str | None = None,
        Description: str | None = None,
        Schedule: str | None = None,
        Classifiers: list[str] | None = None,
        TablePrefix: str | None = None,
        SchemaChangePolicy: Members | None = None,
        RecrawlPolicy: Members | None = None,
        LineageConfiguration: Members | None = None,
        Configuration: str | None = None,
        Tags: dict[str, str] | None = None,
        CatalogId: str | None = None,
    ) -> dict[str, Any]:
        """`LineageConfiguration` is for a service that AWS has ended, and changes nothing."""
        self._own(CatalogId)
        body = {
            "Name": Name,
            "Role": Role,
            "Targets": Targets,
            "DatabaseName": DatabaseName and folded(DatabaseName),
            "Description": Description,
            "Classifiers": Classifiers or [],
            "TablePrefix": TablePrefix,
            "SchemaChangePolicy": {**POLICY, **(SchemaChangePolicy or {})},
            "RecrawlPolicy": RecrawlPolicy or {"RecrawlBehavior": "CRAWL_EVERYTHING"},
            "LineageConfiguration": LineageConfiguration or {"CrawlerLineageSettings": "DISABLE"},
            "Configuration": Configuration,
        }
        self._check_crawler(body)
        self._add_crawler(body, Schedule or "", Tags)
        return {}

    def get_crawler(self, *, Name: str) -> dict[str, Any]:
        return {"Crawler": self._shown_crawler(self._crawler(Name))}

    def get_crawlers(self, *, MaxResults: int = PAGE, NextToken: str | None = None) -> dict[str, Any]:
        last = paging.after(NextToken)
        found = self.store.records.list(CRAWLER, self.caller.scope, after=last, limit=MaxResults + 1)
        return paging.page(
            found, MaxResults, "Crawlers", lambda one: one[0], lambda one: self._shown_crawler(one[1])
        )

    def list_crawlers(
        self, *, MaxResults: int = PAGE, NextToken: str | None = None, Tags: dict[str, str] | None = None
    ) -> dict[str, Any]:
        """Names, of those only that carry all of `Tags`."""
        found = self.store.records.list(CRAWLER, self.caller.scope, after=paging.after(NextToken))
        names = [name for name, _ in found if (Tags or {}).items() <= self._tags(f"crawler/{name}").items()]
        return paging.page(names, MaxResults, "CrawlerNames", str, str)

    def batch_get_crawlers(self, *, CrawlerNames: list[str]) -> dict[str, Any]:
        found = {name: self.store.records.get(CRAWLER, self.caller.scope, name) for name in CrawlerNames}
        return {
            "Crawlers": [self._shown_crawler(body) for body in found.values() if body],
            "CrawlersNotFound": [name for name, body in found.items() if body is None],
        }

    def update_crawler(
        self,
        *,
        Name: str,
        Role: str | None = None,
        Targets: Members | None = None,
        DatabaseName: str | None = None,
        Description: str | None = None,
        Schedule: str | None = None,
        Classifiers: list[str] | None = None,
        TablePrefix: str | None = None,
        SchemaChangePolicy: Members | None = None,
        RecrawlPolicy: Members | None = None,
        LineageConfiguration: Members | None = None,
        Configuration: str | None = None,
        CatalogId: str | None = None,
    ) -> dict[str, Any]:
        """Changes what is given and leaves the rest. `LineageConfiguration` changes nothing, see above."""
        self._own(CatalogId)
        said = {
            "Role": Role,
            "Targets": Targets,
            "DatabaseName": DatabaseName and folded(DatabaseName),
            "Description": Description,
            "Classifiers": Classifiers,
            "TablePrefix": TablePrefix,
            "SchemaChangePolicy": SchemaChangePolicy and {**POLICY, **SchemaChangePolicy},
            "RecrawlPolicy": RecrawlPolicy,
            "LineageConfiguration": LineageConfiguration,
            "Configuration": Configuration,
        }
        changes = {member: value for member, value in said.items() if value is not None}

        def change(body: dict[str, Any]) -> None:
            self._idle(body)
            body.update(changes, LastUpdated=self.house.clock(), Version=body["Version"] + 1)
            self._check_crawler(body)
            if Schedule is not None:
                self._schedule(body, Schedule)

        self._update_crawler(Name, change)
        return {}

    def delete_crawler(self, *, Name: str) -> dict[str, Any]:
        def change() -> None:
            self._idle(self._crawler(Name))
            self.store.records.delete(CRAWLER, self.caller.scope, Name)
            self._untag(f"crawler/{Name}")
            self._forget_crawls(Name)

        self.store.atomically(change)
        return {}

    def start_crawler(self, *, Name: str) -> dict[str, Any]:
        def change() -> None:
            body = self._crawler(Name)
            self._idle(body)
            crawl = {"Id": str(uuid.uuid4()), "StartTime": self.house.clock()}
            crawl["Job"] = self.house.jobs.add("glue.run_crawler", self.caller, name=Name, crawl=crawl["Id"])
            body.update(State="RUNNING", Crawl=crawl)
            self.store.records.put(CRAWLER, self.caller.scope, Name, body)
            self._begin_crawl(body)

        self.store.atomically(change)
        return {}

    def stop_crawler(self, *, Name: str) -> dict[str, Any]:
        def change(body: dict[str, Any]) -> None:
            if body["State"] == "STOPPING":
                raise AwsError("CrawlerStoppingException", f"Crawler {Name} is being stopped already.")
            if body["State"] != "RUNNING":
                raise AwsError("CrawlerNotRunningException", f"Crawler {Name} is not running.")
            body["State"] = "STOPPING"
            self.house.jobs.stop(body["Crawl"]["Job"])

        self._update_crawler(Name, change)
        return {}

    def get_crawler_metrics(
        self,
        *,
        CrawlerNameList: list[str] | None = None,
        MaxResults: int = PAGE,
        NextToken: str | None = None,
    ) -> dict[str, Any]:
        found = self.store.records.list(CRAWLER, self.caller.scope, after=paging.after(NextToken))
        found = [one for one in found if not CrawlerNameList or one[0] in CrawlerNameList]
        return paging.page(
            found, MaxResults, "CrawlerMetricsList", lambda one: one[0], lambda one: metrics(one[1])
        )

    def _check_crawler(self, body: dict[str, Any]) -> None:
        """What can be known to be wrong before the crawl is said now."""
        wanted = catalog_tables(body["Targets"])
        if not (wanted or targets(body["Targets"])):
            raise invalid(f"Crawler {body['Name']} has no targets.")
        if wanted and body["SchemaChangePolicy"]["DeleteBehavior"] != "LOG":
            raise invalid("A crawler of tables in the catalog deletes nothing: DeleteBehavior must be LOG.")
        if not (wanted or body["DatabaseName"]):
            raise invalid(f"Crawler {body['Name']} needs a DatabaseName.")
        configuration(body["Configuration"])
        for name in body["Classifiers"]:
            self._classifier(name)
        self._check_recrawl(body)
        self._check_role(body["Role"])

    def _check_recrawl(self, body: dict[str, Any]) -> None:
        behaviour = body["RecrawlPolicy"].get("RecrawlBehavior", "CRAWL_EVERYTHING")
        if behaviour == "CRAWL_EVENT_MODE":
            raise NotImplementedByCumulet("glue crawlers in event mode")
        if behaviour == "CRAWL_NEW_FOLDERS_ONLY" and set(body["SchemaChangePolicy"].values()) != {"LOG"}:
            raise invalid(
                "A crawler of new folders only cannot know what has changed elsewhere: "
                "UpdateBehavior and DeleteBehavior must be LOG."
            )

    def _add_crawler(self, body: dict[str, Any], schedule: str, tags: dict[str, str] | None) -> None:
        now = self.house.clock()
        body.update(State="READY", CreationTime=now, LastUpdated=now, Version=1, Runs=[], Folders=[])

        def change() -> None:
            self._schedule(body, schedule)
            self.store.records.create(CRAWLER, self.caller.scope, body["Name"], body)
            self._tag(f"crawler/{body['Name']}", tags)

        try:
            self.store.atomically(change)
        except RecordExists:
            raise taken("Crawler", body["Name"]) from None

    def _update_crawler(self, name: str, change: Any) -> dict[str, Any]:
        body = self.store.records.update(CRAWLER, self.caller.scope, name, change)
        if body is None:
            raise missing("Crawler", name)
        return body

    def _idle(self, body: dict[str, Any]) -> None:
        if body["State"] != "READY":
            raise AwsError("CrawlerRunningException", f"Crawler {body['Name']} is running; stop it first.")

    def _shown_crawler(self, body: dict[str, Any]) -> dict[str, Any]:
        shown = {member: value for member, value in body.items() if member not in OURS and value is not None}
        elapsed = self.house.clock() - body["Crawl"]["StartTime"] if body["State"] != "READY" else 0
        return {**shown, "CrawlElapsedTime": int(elapsed * 1000)}


def metrics(body: dict[str, Any]) -> dict[str, Any]:
    """What a crawler's runs came to. How long a crawl will take is not estimated."""
    runs = body["Runs"]
    return {
        "CrawlerName": body["Name"],
        "TimeLeftSeconds": 0.0,
        "StillEstimating": body["State"] == "RUNNING",
        "LastRuntimeSeconds": runs[-1] if runs else 0.0,
        "MedianRuntimeSeconds": statistics.median(runs) if runs else 0.0,
        **body.get("Metrics", {"TablesCreated": 0, "TablesUpdated": 0, "TablesDeleted": 0}),
    }
