"""JSON in its several arrangements."""

from __future__ import annotations

import pytest

from cumulet.engines.schema.base import Document, Schema, Unrecognised
from cumulet.engines.schema.documents import read


def types(schema: Schema) -> dict[str, str]:
    return {column.name: column.type for column in schema.columns}


def test_records_of_several_lines_are_one_schema() -> None:
    found = read('{"A": 1, "b": "x"}\n{"A": 2.5}\n{"A": null, "c": true}\n', complete=True)
    assert types(found) == {"a": "double", "b": "string", "c": "boolean"}
    assert found.records == 3


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("1", "int"),
        ("3000000000", "bigint"),
        ("1e2", "double"),
        ("null", "string"),
        ("[]", "array<string>"),
        ("[1, 2.5]", "array<double>"),
        ('[1, "x"]', "array<string>"),
        ('{"x": {"y": [1]}}', "struct<x:struct<y:array<int>>>"),
        ('[{"x": 1}, {"y": "z"}]', "array<struct<x:int,y:string>>"),
    ],
)
def test_a_value_has_hives_type(value: str, kind: str) -> None:
    assert types(read(f'{{"v": {value}}}', complete=True)) == {"v": kind}


def test_documents_may_span_lines_and_follow_one_another() -> None:
    assert read('{\n "a": 1\n}\n{"a":\n2}{"a": 3}', complete=True).records == 3


def test_an_array_is_one_column_unless_a_path_leads_into_it() -> None:
    text = '[{"a": 1}, {"a": 2, "b": "x"}]'
    assert types(read(text, complete=True)) == {"array": "array<struct<a:int,b:string>>"}
    assert types(read(text, complete=True, hint=Document("$[*]"))) == {"a": "int", "b": "string"}


def test_a_path_leads_to_records_further_in() -> None:
    text = '{"page": 1, "items": [{"id": 1}, {"id": 2}]}'
    assert types(read(text, complete=True, hint=Document("$.items[*]"))) == {"id": "int"}


def test_a_sample_that_ends_within_a_document_counts_the_ones_before() -> None:
    assert read('{"a": 1}\n{"a": 2}\n{"a": "thr', complete=False).records == 2
    found = read('[{"a": 1}, {"a": 2}, {"a": "thr', complete=False, hint=Document("$[*]"))
    assert (types(found), found.records) == ({"a": "int"}, 2)


@pytest.mark.parametrize(
    "text", ["", "a,b\n", '{"a": 1', '{"a": 1}\n{oops}\n', "[]" * 0 + "{]", "[" * 100_000]
)
def test_what_is_not_json_is_not_taken_for_it(text: str) -> None:
    with pytest.raises(Unrecognised):
        read(text, complete=True)
