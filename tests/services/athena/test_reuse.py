"""A result that is given again, and all that must be the same for it."""

from __future__ import annotations

from typing import Any

from .conftest import Lab

QUESTION = "SELECT count(*) AS n FROM people"


def allowed(minutes: int = 60) -> dict[str, Any]:
    return {"ResultReuseByAgeConfiguration": {"Enabled": True, "MaxAgeInMinutes": minutes}}


def again(lab: Lab, text: str = QUESTION, minutes: int = 60, **members: Any) -> dict[str, Any]:
    return lab.run(text, ResultReuseConfiguration=allowed(minutes), **members)


def reused(found: dict[str, Any]) -> bool:
    return bool(found["Statistics"]["ResultReuseInformation"]["ReusedPreviousResult"])


def test_the_same_question_has_the_same_result_without_a_scan(people: Lab) -> None:
    first = people.run(QUESTION)
    people.put("people/more.csv", "id,name,born\n4,Alan,1912\n")
    second = again(people)
    assert reused(second)
    assert second["Statistics"]["DataScannedInBytes"] == 0
    assert second["ResultConfiguration"] == first["ResultConfiguration"]
    assert second["ResultReuseConfiguration"] == allowed()
    answer = people.athena.get_query_results(QueryExecutionId=second["QueryExecutionId"])
    assert [row["Data"] for row in answer["ResultSet"]["Rows"]] == [
        [{"VarCharValue": "n"}],
        [{"VarCharValue": "3"}],
    ]


def test_who_does_not_ask_for_reuse_has_the_data_of_today(people: Lab) -> None:
    people.run(QUESTION)
    people.put("people/more.csv", "id,name,born\n4,Alan,1912\n")
    assert people.rows(QUESTION) == [["4"]]
    assert people.rows(QUESTION, ResultReuseConfiguration={}) == [["4"]]


def test_another_question_is_asked_itself(people: Lab) -> None:
    people.run(QUESTION)
    assert not reused(again(people, QUESTION + " WHERE id > 1"))
    elsewhere = {"OutputLocation": f"s3://{people.bucket}/elsewhere/"}
    assert not reused(again(people, ResultConfiguration=elsewhere))
    people.athena.create_work_group(Name=people.database)
    assert not reused(again(people, WorkGroup=people.database))


def test_parameters_are_a_part_of_the_question(people: Lab) -> None:
    text = "SELECT name FROM people WHERE id = ?"
    people.run(text, ExecutionParameters=["1"])
    assert not reused(again(people, text, ExecutionParameters=["2"]))
    assert reused(again(people, text, ExecutionParameters=["1"]))


def test_a_result_that_is_too_old_or_gone_is_not_given_again(people: Lab) -> None:
    first = people.run(QUESTION)
    assert not reused(again(people, minutes=0))
    second = again(people)
    assert reused(second)
    assert second["ResultConfiguration"] != first["ResultConfiguration"]
    bucket, _, key = second["ResultConfiguration"]["OutputLocation"].removeprefix("s3://").partition("/")
    people.s3.delete_object(Bucket=bucket, Key=key)
    assert not reused(again(people))
