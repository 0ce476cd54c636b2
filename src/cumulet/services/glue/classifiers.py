"""Custom classifiers: what a crawler tries before it finds out by itself.

https://docs.aws.amazon.com/glue/latest/dg/custom-classifier.html
"""

from __future__ import annotations

from typing import Any

from cumulet.engines.grok import BadPattern, compiled
from cumulet.engines.schema.base import Delimited, Document, Grok, Hint, Markup, Unrecognised
from cumulet.engines.schema.documents import parsed_path
from cumulet.services.glue import paging
from cumulet.services.glue.catalog import Catalog
from cumulet.services.glue.refusals import invalid, missing, taken
from cumulet.store.records import RecordExists

CLASSIFIER = "glue.classifier"
PAGE = 100
KINDS = ("CsvClassifier", "JsonClassifier", "GrokClassifier", "XMLClassifier")
HEADER = {"UNKNOWN": None, "PRESENT": True, "ABSENT": False}
TYPES = {"LONG": "bigint", "SHORT": "smallint", "INTEGER": "int"}
Members = dict[str, Any]


class Classifiers(Catalog):
    def create_classifier(
        self,
        *,
        CsvClassifier: Members | None = None,
        JsonClassifier: Members | None = None,
        GrokClassifier: Members | None = None,
        XMLClassifier: Members | None = None,
    ) -> dict[str, Any]:
        kind, said = self._one(CsvClassifier, JsonClassifier, GrokClassifier, XMLClassifier)
        now = self.house.clock()
        body = {"Kind": kind, **said, "CreationTime": now, "LastUpdated": now, "Version": 1}
        hint(body)
        try:
            self.store.records.create(CLASSIFIER, self.caller.scope, said["Name"], body)
        except RecordExists:
            raise taken("Classifier", said["Name"]) from None
        return {}

    def get_classifier(self, *, Name: str) -> dict[str, Any]:
        return {"Classifier": shown(self._classifier(Name))}

    def get_classifiers(self, *, MaxResults: int = PAGE, NextToken: str | None = None) -> dict[str, Any]:
        last = paging.after(NextToken)
        found = self.store.records.list(CLASSIFIER, self.caller.scope, after=last, limit=MaxResults + 1)
        return paging.page(found, MaxResults, "Classifiers", lambda one: one[0], lambda one: shown(one[1]))

    def update_classifier(
        self,
        *,
        CsvClassifier: Members | None = None,
        JsonClassifier: Members | None = None,
        GrokClassifier: Members | None = None,
        XMLClassifier: Members | None = None,
    ) -> dict[str, Any]:
        """Changes the members given; a classifier keeps its kind."""
        kind, said = self._one(CsvClassifier, JsonClassifier, GrokClassifier, XMLClassifier)

        def change(body: dict[str, Any]) -> None:
            if body["Kind"] != kind:
                raise invalid(f"Classifier {said['Name']} is a {body['Kind']}, not a {kind}.")
            body.update(said, LastUpdated=self.house.clock(), Version=body["Version"] + 1)
            hint(body)

        if self.store.records.update(CLASSIFIER, self.caller.scope, said["Name"], change) is None:
            raise missing("Classifier", said["Name"])
        return {}

    def delete_classifier(self, *, Name: str) -> dict[str, Any]:
        if not self.store.records.delete(CLASSIFIER, self.caller.scope, Name):
            raise missing("Classifier", Name)
        return {}

    def _classifier(self, name: str) -> dict[str, Any]:
        body = self.store.records.get(CLASSIFIER, self.caller.scope, name)
        if body is None:
            raise missing("Classifier", name)
        return body

    def _one(
        self, csv: Members | None, json: Members | None, grok: Members | None, xml: Members | None
    ) -> tuple[str, Members]:
        """The one classifier that a call names."""
        choices = zip(KINDS, (csv, json, grok, xml), strict=True)
        given = [(kind, said) for kind, said in choices if said]
        if len(given) != 1:
            raise invalid("Exactly one classifier must be given.")
        return given[0]


def shown(body: dict[str, Any]) -> dict[str, Any]:
    return {body["Kind"]: {name: value for name, value in body.items() if name != "Kind"}}


def hint(body: dict[str, Any]) -> Hint:
    """A classifier as the engine understands it."""
    if body["Kind"] == "JsonClassifier":
        try:
            parsed_path(body["JsonPath"])
        except Unrecognised as error:
            raise invalid(f"JsonPath: {error}.") from None
        return Document(body["JsonPath"])
    if body["Kind"] == "GrokClassifier":
        return grok(body)
    if body["Kind"] == "XMLClassifier":
        if not body.get("RowTag"):
            raise invalid(f"XML classifier {body['Name']} needs a RowTag.")
        return Markup(body["RowTag"], body["Classification"])
    return delimited(body)


def grok(body: dict[str, Any]) -> Grok:
    """Its pattern must be one, and have a field at least."""
    pattern, custom = body["GrokPattern"], body.get("CustomPatterns", "")
    try:
        if not compiled(pattern, custom).fields:
            raise invalid(f"The grok pattern {pattern} names no field.")
    except BadPattern as error:
        raise invalid(str(error)) from None
    return Grok(pattern, custom, body["Classification"])


def delimited(body: dict[str, Any]) -> Delimited:
    for member in ("Delimiter", "QuoteSymbol"):
        if len(body.get(member, "x")) != 1:
            raise invalid(f"{member} must be a single character.")
    if body.get("Delimiter", ",") == body.get("QuoteSymbol"):
        raise invalid("Delimiter and QuoteSymbol must differ.")
    return Delimited(
        delimiter=body.get("Delimiter"),
        quote=body.get("QuoteSymbol"),
        header=HEADER[body.get("ContainsHeader", "UNKNOWN")],
        names=body.get("Header", []),
        types=[TYPES.get(one.upper(), one.lower()) for one in custom_types(body)],
        trim=not body.get("DisableValueTrimming", False),
        single_column=body.get("AllowSingleColumn", False),
    )


def custom_types(body: dict[str, Any]) -> list[str]:
    types: list[str] = body.get("CustomDatatypes", []) if body.get("CustomDatatypeConfigured") else []
    return types


def serde(body: dict[str, Any]) -> str:
    return str(body.get("Serde", "None"))
