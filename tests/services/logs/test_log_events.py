"""Events go in within AWS's limits and come out in order, page by page, to clients that follow."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

HOUR = 3_600_000


def messages(page) -> list[str]:
    return [event["message"] for event in page["events"]]


def refused(place, events) -> str:
    with pytest.raises(ClientError) as error:
        place.logs.put_log_events(**place.names, logEvents=events)
    return error.value.response["Error"]["Code"]


def test_events_come_back_as_they_were_written(place):
    answer = place.put("first", "zweitens ä \U0001f600", "100% {not json")
    assert "rejectedLogEventsInfo" not in answer
    page = place.get(startFromHead=True)
    assert messages(page) == ["first", "zweitens ä \U0001f600", "100% {not json"]
    assert page["events"][0]["ingestionTime"] >= page["events"][0]["timestamp"]


def test_any_sequence_token_is_accepted(place):
    events = [{"timestamp": int(time.time() * 1000), "message": "x"}]
    place.logs.put_log_events(**place.names, logEvents=events, sequenceToken="stale")
    place.logs.put_log_events(**place.names, logEvents=events, sequenceToken="stale")
    assert len(place.get()["events"]) == 2


def test_without_a_token_the_newest_come_and_from_the_head_the_oldest(place):
    place.put(*map(str, range(10)))
    assert messages(place.get(limit=3)) == ["7", "8", "9"]
    assert messages(place.get(limit=3, startFromHead=True)) == ["0", "1", "2"]


def test_a_reader_goes_forward_to_the_end_and_gets_the_same_token_there(place):
    place.put(*map(str, range(10)))
    page, seen = place.get(limit=4, startFromHead=True), []
    while True:
        seen += messages(page)
        token = page["nextForwardToken"]
        page = place.get(limit=4, startFromHead=True, nextToken=token)
        if page["nextForwardToken"] == token:
            break
    assert seen == [str(number) for number in range(10)]
    assert page["events"] == []
    place.put("more")
    assert messages(place.get(nextToken=token)) == ["more"]


def test_a_reader_goes_backward_to_the_beginning_and_gets_the_same_token_there(place):
    place.put(*map(str, range(10)))
    page, seen = place.get(limit=4), []
    while True:
        seen = messages(page) + seen
        token = page["nextBackwardToken"]
        page = place.get(limit=4, nextToken=token)
        if page["nextBackwardToken"] == token:
            break
    assert seen == [str(number) for number in range(10)]


def test_a_reader_that_turns_round_at_an_end_skips_nothing(place):
    place.put(*map(str, range(4)))
    end = place.get(nextToken=place.get(startFromHead=True)["nextForwardToken"])
    assert messages(place.get(limit=2, nextToken=end["nextBackwardToken"])) == ["2", "3"]
    start = place.get(nextToken=place.get()["nextBackwardToken"])
    assert messages(place.get(limit=2, nextToken=start["nextForwardToken"])) == ["0", "1"]


def test_a_reader_may_come_before_the_first_event(place):
    for head in (True, False):
        page = place.get(startFromHead=head)
        assert page["events"] == []
        assert place.get(startFromHead=head, nextToken=page["nextForwardToken"])["events"] == []
    place.put("first")
    assert messages(place.get(nextToken=page["nextForwardToken"])) == ["first"]


def test_a_range_of_time_has_its_beginning_and_not_its_end(place):
    now = int(time.time() * 1000) - 10
    place.put(*map(str, range(5)), at=now)
    assert messages(place.get(startTime=now + 1, endTime=now + 3)) == ["1", "2"]
    # FilterLogEvents has its end too.
    assert place.filtered("", startTime=now + 1, endTime=now + 3) == ["1", "2", "3"]


def test_an_answer_holds_a_mebibyte_and_the_token_goes_on(place):
    for _ in range(3):
        place.put("x" * 500_000)
    first = place.get(startFromHead=True)
    assert len(first["events"]) == 2
    assert len(place.get(nextToken=first["nextForwardToken"])["events"]) == 1
    pages = place.logs.get_paginator("filter_log_events").paginate(logGroupName=place.group)
    assert sum(len(page["events"]) for page in pages) == 3


@pytest.mark.parametrize(
    "token", ["x", "f/1", "f/1/2/3", "f/1/9999999999999999999", "b/a/b", "WyJmaWx0ZXIiLCAiYSJd", "bnVsbA=="]
)
def test_a_token_of_nobody_is_refused(place, token):
    group = {"logGroupName": place.group}
    for call, members in ((place.logs.get_log_events, place.names), (place.logs.filter_log_events, group)):
        with pytest.raises(ClientError) as error:
            call(**members, nextToken=token)
        assert error.value.response["Error"]["Code"] == "InvalidParameterException"


def test_times_as_large_as_may_be_are_no_trouble(place):
    place.put("x")
    largest = {"startTime": 0, "endTime": 2**63 - 1}
    assert messages(place.get(**largest)) == ["x"]
    assert place.filtered("", **largest) == ["x"]


def test_a_batch_out_of_order_or_too_long_or_too_large_is_refused(place):
    now = int(time.time() * 1000)
    backwards = [{"timestamp": now, "message": "a"}, {"timestamp": now - 1, "message": "b"}]
    two_days = [{"timestamp": now - 25 * HOUR, "message": "a"}, {"timestamp": now, "message": "b"}]
    large = [{"timestamp": now, "message": "x" * 525_000}] * 2
    for events in (backwards, two_days, large):
        assert refused(place, events) == "InvalidParameterException"
    assert place.get()["events"] == []


def test_events_too_old_or_too_new_are_left_out_and_counted(place):
    now = int(time.time() * 1000)
    old = [{"timestamp": now - (15 * 24 * HOUR), "message": "old"}]
    answer = place.logs.put_log_events(**place.names, logEvents=old)
    assert answer["rejectedLogEventsInfo"] == {"tooOldLogEventEndIndex": 1}
    new = [{"timestamp": now, "message": "now"}, {"timestamp": now + 3 * HOUR, "message": "new"}]
    answer = place.logs.put_log_events(**place.names, logEvents=new)
    assert answer["rejectedLogEventsInfo"] == {"tooNewLogEventStartIndex": 1}
    assert messages(place.get()) == ["now"]


def test_events_older_than_the_retention_are_hidden_and_refused(place):
    at = int(time.time() * 1000) - 30 * HOUR
    place.put("yesterday", at=at)
    place.put("today")
    place.logs.put_retention_policy(logGroupName=place.group, retentionInDays=1)
    assert messages(place.get(startFromHead=True)) == ["today"]
    assert place.filtered("") == ["today"]
    assert place.put("again", at=at)["rejectedLogEventsInfo"] == {"expiredLogEventEndIndex": 1}


def test_many_writers_to_one_stream_lose_nothing(place):
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: place.put(*(f"{n} {m}" for m in range(50))), range(16)))
    assert sorted(messages(place.get())) == sorted(f"{n} {m}" for n in range(16) for m in range(50))


def test_filtering_goes_over_streams_in_the_order_of_time(place):
    now = int(time.time() * 1000) - 100
    other = place._replace(stream="other")
    place.logs.create_log_stream(**other.names)
    for number in range(6):
        (place, other)[number % 2].put(f"line {number}", at=now + number)
    assert place.filtered("") == [f"line {number}" for number in range(6)]
    assert place.filtered("", logStreamNames=["other"]) == ["line 1", "line 3", "line 5"]
    assert place.filtered("", logStreamNamePrefix="main") == ["line 0", "line 2", "line 4"]
    pages = place.logs.get_paginator("filter_log_events").paginate(
        logGroupName=place.group, PaginationConfig={"PageSize": 4}
    )
    events = [event for page in pages for event in page["events"]]
    assert [event["message"] for event in events] == [f"line {number}" for number in range(6)]
    assert len({event["eventId"] for event in events}) == 6


def test_what_is_written_survives_a_crash(own_server):
    logs = own_server.client("logs")
    names = {"logGroupName": "g", "logStreamName": "s"}
    logs.create_log_group(logGroupName="g")
    logs.create_log_stream(**names)
    logs.put_log_events(**names, logEvents=[{"timestamp": int(time.time() * 1000), "message": "kept"}])
    token = logs.get_log_events(**names)["nextForwardToken"]
    own_server.kill()
    own_server.start()
    assert messages(logs.get_log_events(**names)) == ["kept"]
    logs.put_log_events(**names, logEvents=[{"timestamp": int(time.time() * 1000), "message": "later"}])
    assert messages(logs.get_log_events(**names, nextToken=token)) == ["later"]


def test_the_aws_command_line_reads_a_group(place, server):
    place.put("one", "two")
    aws = [str(Path(sys.executable).with_name("aws")), "logs", "filter-log-events"]
    command = [*aws, "--log-group-name", place.group, "--query", "events[].message", "--output", "text"]
    said = subprocess.run(
        command, env=os.environ | server.environment, capture_output=True, text=True, check=False
    )
    assert said.returncode == 0, said.stderr
    assert said.stdout.split() == ["one", "two"]
