"""Grok and XML classifiers, from their making to the tables that crawlers make by them."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from .conftest import Refusal
from .lake import Lake, columns, serde

PATTERN = "%{TIMESTAMP_ISO8601:at} %{LOGLEVEL:level} %{QUEUE:queue} %{NUMBER:took:double} %{GREEDYDATA:said}"
CUSTOM = "QUEUE q-[0-9]+"
LINES = (
    "2024-05-01T10:00:00Z INFO q-1 1.5 all is well\n"
    "2024-05-01T10:00:01Z ERROR q-2 20 nothing is\n"
    "  at some.place\n"
    "2024-05-01T10:00:02Z WARN q-1 .25 so what\n"
)


@pytest.fixture
def name(glue: Any) -> Iterator[str]:
    made = f"classifier-{uuid.uuid4().hex[:12]}"
    yield made
    if made in [one["Name"] for each in glue.get_classifiers()["Classifiers"] for one in each.values()]:
        glue.delete_classifier(Name=made)


def test_lines_become_a_table_by_a_grok_classifier_that_athena_reads(
    client: Callable[..., Any], lake: Lake, name: str
) -> None:
    said = {"Classification": "queues", "GrokPattern": PATTERN, "CustomPatterns": CUSTOM}
    lake.glue.create_classifier(GrokClassifier={"Name": name, **said})
    lake.put({"log/a.log": LINES, "log/b.log": LINES})
    table = lake.crawl("log/", Classifiers=[name])["log"]
    assert columns(table) == {
        "at": "string",
        "level": "string",
        "queue": "string",
        "took": "double",
        "said": "string",
    }
    assert (serde(table), table["Parameters"]["classification"]) == ("GrokSerDe", "queues")
    assert table["StorageDescriptor"]["SerdeInfo"]["Parameters"] == {
        "input.format": PATTERN,
        "input.grokCustomPatterns": CUSTOM,
    }
    athena = client("athena")
    run = athena.start_query_execution(
        QueryString="SELECT queue, sum(took), max(said) FROM log GROUP BY 1 ORDER BY 1",
        QueryExecutionContext={"Database": lake.database},
        ResultConfiguration={"OutputLocation": f"s3://{lake.bucket}/results/"},
    )["QueryExecutionId"]
    rows = ended(athena, run)
    assert rows[1:] == [["q-1", "3.5", "so what"], ["q-2", "40.0", "nothing is"], [None, None, None]]


def ended(athena: Any, run: str) -> list[list[str | None]]:
    while True:
        found = athena.get_query_execution(QueryExecutionId=run)["QueryExecution"]["Status"]
        if found["State"] not in ("QUEUED", "RUNNING"):
            assert found["State"] == "SUCCEEDED", found
            rows = athena.get_query_results(QueryExecutionId=run)["ResultSet"]["Rows"]
            return [[cell.get("VarCharValue") for cell in row["Data"]] for row in rows]


def test_files_that_a_grok_pattern_does_not_match_go_on_to_the_others(lake: Lake, name: str) -> None:
    said = {"Name": name, "Classification": "queues", "GrokPattern": "%{IPV4:ip}"}
    lake.glue.create_classifier(GrokClassifier=said)
    lake.put({"s/a.csv": "id,who\n1,Ann\n2,Bob\n"})
    assert columns(lake.crawl("s/", Classifiers=[name])["s"]) == {"id": "bigint", "who": "string"}


def test_xml_becomes_a_table_by_its_row_tag(lake: Lake, name: str) -> None:
    said = {"Name": name, "Classification": "people", "RowTag": "person"}
    lake.glue.create_classifier(XMLClassifier=said)
    people = "<person id='1'><name>Ann</name><born>1970</born></person>"
    lake.put({"x/a.xml": f"<root><head>x</head><people>{people}{people}</people></root>"})
    table = lake.crawl("x/", Classifiers=[name])["x"]
    assert columns(table) == {"_id": "bigint", "name": "string", "born": "bigint"}
    parameters = table["Parameters"]
    assert (parameters["classification"], parameters["rowTag"]) == ("people", "person")
    assert parameters["recordCount"] == "2"


def test_apaches_combined_logs_are_known_without_a_classifier(lake: Lake) -> None:
    line = '127.0.0.1 - bob [10/Oct/2000:13:55:36 -0700] "GET /a?x=1,2 HTTP/1.0" 200 23 "-" "curl/8"\n'
    lake.put({"apache/a.log": line * 3})
    table = lake.crawl("apache/")["apache"]
    assert table["Parameters"]["classification"] == "combined_apache"
    assert columns(table)["response"] == "string"
    assert serde(table) == "GrokSerDe"


def test_xml_is_known_without_a_classifier(lake: Lake) -> None:
    lake.put({"x/a.xml": "<r><row><n>1</n></row><row><n>2</n></row></r>"})
    table = lake.crawl("x/")["x"]
    assert columns(table) == {"n": "bigint"}
    assert table["Parameters"]["classification"] == "xml"


def test_classifiers_are_kept_and_changed(glue: Any, name: str, refused: Refusal) -> None:
    glue.create_classifier(
        GrokClassifier={"Name": name, "Classification": "x", "GrokPattern": "%{INT:n:long}"}
    )
    glue.update_classifier(GrokClassifier={"Name": name, "GrokPattern": "%{WORD:w}"})
    found = glue.get_classifier(Name=name)["Classifier"]["GrokClassifier"]
    assert (found["GrokPattern"], found["Classification"], found["Version"]) == ("%{WORD:w}", "x", 2)
    other = {"Name": name, "Classification": "x", "RowTag": "y"}
    refused("InvalidInputException", glue.update_classifier, XMLClassifier=other)


@pytest.mark.parametrize("pattern", ["%{NOBODY:x}", "%{INT:x:money}", "%{INT}", "(%{INT:x}"])
def test_grok_patterns_that_say_nothing_are_refused(
    glue: Any, name: str, refused: Refusal, pattern: str
) -> None:
    said = {"Name": name, "Classification": "x", "GrokPattern": pattern}
    refused("InvalidInputException", glue.create_classifier, GrokClassifier=said)
