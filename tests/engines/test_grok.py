"""Grok patterns: what the built-in ones match, and how fields come out of them."""

from __future__ import annotations

import re
from typing import Any

import pytest

from cumulet.engines.grok import BadPattern, compiled
from cumulet.engines.grok_patterns import BUILT_IN

COMBINED = (
    '192.0.2.1 - frank [10/Oct/2000:13:55:36 -0700] "GET /a%20b.gif?x=1 HTTP/1.0" 200 2326 '
    '"http://www.example.com/start.html" "Mozilla/4.08 [en] (Win98; I)"'
)


def found(pattern: str, line: str, custom: str = "") -> dict[str, Any] | None:
    made = compiled(pattern, custom)
    match = re.fullmatch(made.expression, line)
    if match is None:
        return None
    return {
        name: next((match[group] for group in made.groups[name] if match[group] is not None), None)
        for name in made.fields
    }


def test_fields_have_names_types_and_text() -> None:
    pattern = "%{NUMBER:num:int} %{WORD:Who} %{BOOLEAN:ok:boolean} %{GREEDYDATA:rest}"
    assert compiled(pattern).fields == {"num": "int", "who": "string", "ok": "boolean", "rest": "string"}
    assert found(pattern, "12 Ann true and more") == {
        "num": "12",
        "who": "Ann",
        "ok": "true",
        "rest": "and more",
    }


def test_an_apache_log_is_taken_apart() -> None:
    assert found("%{COMBINEDAPACHELOG}", COMBINED) == {
        "clientip": "192.0.2.1",
        "ident": "-",
        "auth": "frank",
        "timestamp": "10/Oct/2000:13:55:36 -0700",
        "verb": "GET",
        "request": "/a%20b.gif?x=1",
        "httpversion": "1.0",
        "rawrequest": None,
        "response": "200",
        "bytes": "2326",
        "referrer": '"http://www.example.com/start.html"',
        "agent": '"Mozilla/4.08 [en] (Win98; I)"',
    }
    assert compiled("%{COMMONAPACHELOG_DATATYPED}").fields["bytes"] == "bigint"


@pytest.mark.parametrize(
    ("name", "texts"),
    [
        ("USERNAME", ["ann.b-c_1"]),
        ("INT", ["-12", "+3", "0"]),
        ("NUMBER", ["-1.5", ".5", "12", "3."]),
        ("BASE16NUM", ["0xFF", "ab12"]),
        ("BASE16FLOAT", ["0xA.8"]),
        ("POSINT", ["120"]),
        ("NONNEGINT", ["0", "17"]),
        ("QUOTEDSTRING", ['"a \\" b"', "'x'"]),
        ("UUID", ["123e4567-e89b-12d3-a456-426614174000"]),
        ("MAC", ["00:1A:2b:3c:4d:5e", "00-1A-2b-3c-4d-5e", "001A.2b3c.4d5e"]),
        ("IP", ["10.0.0.255", "2001:db8::1", "::1", "fe80::1%eth0", "1:2:3:4:5:6:7:8"]),
        ("HOSTNAME", ["db-1.example.com"]),
        ("HOSTPORT", ["db.example.com:5432"]),
        ("UNIXPATH", ["/var/log/messages.1"]),
        ("WINPATH", ["C:\\Users\\ann\\x.txt"]),
        ("TTY", ["/dev/pts/3"]),
        ("URI", ["https://ann:x@example.com:8080/a/b?c=d&e=[f]", "svn+ssh://host/key"]),
        ("URIPATHPARAM", ["/a/b?c=d"]),
        ("MONTH", ["Jan", "september", "May"]),
        ("MONTHNUM", ["1", "09", "12"]),
        ("MONTHDAY", ["1", "09", "31"]),
        ("DAY", ["Mon", "Wednesday", "Thursday", "Tue"]),
        ("TIME", ["23:59:60", "1:02", "10:11:12.345"]),
        ("DATE_US", ["12/31/2024", "1-2-24"]),
        ("DATE_EU", ["31.12.2024", "31/12/24"]),
        (
            "TIMESTAMP_ISO8601",
            ["2024-02-29T12:34:56.789Z", "2024-02-29 12:34:56,789", "2024-02-29T12:34+01:00"],
        ),
        ("DATESTAMP_RFC822", ["Mon Jan 15 2024 10:11:12 UTC"]),
        ("DATESTAMP_RFC2822", ["Mon, 15 Jan 2024 10:11:12 +0100"]),
        ("DATESTAMP_OTHER", ["Mon Jan 15 10:11:12 UTC 2024"]),
        ("DATESTAMP_EVENTLOG", ["20240115101112"]),
        ("HTTPDATE", ["10/Oct/2000:13:55:36 -0700"]),
        ("SYSLOGTIMESTAMP", ["Jan  5 10:11:12", "Oct 15 10:11:12"]),
        ("PROG", ["smtpd/x", "kernel"]),
        ("LOGLEVEL", ["ERROR", "warning", "Info"]),
    ],
)
def test_a_built_in_pattern_matches_what_its_name_says(name: str, texts: list[str]) -> None:
    for text in texts:
        assert found(f"^%{{{name}:it}}$", text) == {"it": text}


@pytest.mark.parametrize("name", sorted(BUILT_IN))
def test_every_built_in_pattern_can_be_read(name: str) -> None:
    assert compiled(f"%{{{name}:it}}").fields["it"] == "string"


def test_what_is_out_of_range_does_not_match() -> None:
    assert found("^%{IPV4:it}$", "10.0.0.256") is None
    assert found("^%{TIME:it}$", "24:00:00") is None
    assert found("^%{MONTHNUM:it}$", "13") is None


def test_custom_patterns_are_known_beside_the_built_in_ones() -> None:
    custom = "QUEUE_ID [0-9A-F]{7,12}\n# a remark\nBOTH %{QUEUE_ID:id}-%{INT:n:long}"
    assert found("x %{BOTH}", "x 0123456789A-7", custom) == {"id": "0123456789A", "n": "7"}


def test_javas_named_groups_are_fields_and_a_name_may_stand_twice() -> None:
    assert found(r"(?:a=(?<it>\d+)|b=%{WORD:it})", "b=x") == {"it": "x"}


@pytest.mark.parametrize(
    ("pattern", "custom"),
    [("%{NOBODY:x}", ""), ("%{INT:x:money}", ""), ("%{INT:x} (", ""), ("%{A:x}", "A %{A}"), ("%{A:x}", "A")],
)
def test_patterns_that_cannot_be_read_are_refused(pattern: str, custom: str) -> None:
    with pytest.raises(BadPattern):
        compiled(pattern, custom)
