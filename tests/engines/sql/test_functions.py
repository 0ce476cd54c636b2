"""Functions, held against the worked examples of Trino's own documentation (the part named above each list)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

# https://trino.io/docs/current/functions/string.html and the semantics that its text states
STRINGS = [
    ("split('a,b,c,d', ',', 2)", "[a, b,c,d]"),
    ("split_part('a-b-c', '-', 2)", "b"),
    ("split_part('a-b', '-', 5)", None),
    ("substr('hello', -3)", "llo"),
    ("substr('hello', 2, 2)", "el"),
    ("substr('hello', 9)", ""),
    ("strpos('hello', 'l')", "3"),
    ("strpos('hello', 'z')", "0"),
    ("position('l' IN 'hello')", "3"),
    ("lpad('5', 3, '0')", "005"),
    ("rpad('hello', 2, 'x')", "he"),
    ("translate('abcd', '', '')", "abcd"),
    ("translate('abcd', 'a', 'z')", "zbcd"),
    ("translate('abcda', 'a', 'z')", "zbcdz"),
    ("translate('Palhoça', 'ç', 'c')", "Palhoca"),
    ("translate('abcd', 'a', '')", "bcd"),
    ("translate('abcd', 'ac', 'z')", "zbd"),
    ("levenshtein_distance('kitten', 'sitting')", "3"),
    ("concat_ws(',', 'a', NULL, 'b')", "a,b"),
    ("concat('a', NULL)", None),
    ("'a' || NULL", None),
    ("trim(BOTH '$' FROM '$var$')", "var"),
    ("trim(TRAILING 'ER' FROM upper('worker'))", "WORK"),
    ("starts_with('abc', 'ab')", "true"),
    ("to_hex(md5(to_utf8('a')))", "0CC175B9C0F1B6A831C399E269772661"),
]
# https://trino.io/docs/current/functions/regexp.html
REGEXPS = [
    (r"regexp_count('1a 2b 14m', '\s*[a-z]+\s*')", "3"),
    (r"regexp_extract_all('1a 2b 14m', '\d+')", "[1, 2, 14]"),
    (r"regexp_extract_all('1a 2b 14m', '(\d+)([a-z]+)', 2)", "[a, b, m]"),
    (r"regexp_extract('1a 2b 14m', '\d+')", "1"),
    (r"regexp_extract('1a 2b 14m', '(\d+)([a-z]+)', 2)", "a"),
    (r"regexp_extract('abc', '\d+')", None),
    (r"regexp_like('1a 2b 14m', '\d+b')", "true"),
    (r"regexp_replace('1a 2b 14m', '\d+[ab] ')", "14m"),
    (r"regexp_replace('1a 2b 14m', '(\d+)([ab]) ', '3c$2 ')", "3ca 3cb 14m"),
    (r"regexp_split('1a 2b 14m', '\s*[a-z]+\s*')", "[1, 2, 14, ]"),
]
# https://trino.io/docs/current/functions/datetime.html
DATES = [
    ("date_diff('second', TIMESTAMP '2020-03-01 00:00:00', TIMESTAMP '2020-03-02 00:00:00')", "86400"),
    ("date_diff('day', DATE '2020-03-01', DATE '2020-03-02')", "1"),
    ("date_diff('day', TIMESTAMP '2020-01-01 10:00:00', TIMESTAMP '2020-01-02 09:00:00')", "0"),
    ("date_add('second', 86, TIMESTAMP '2020-03-01 00:00:00')", "2020-03-01 00:01:26"),
    ("date_add('hour', 9, TIMESTAMP '2020-03-01 00:00:00')", "2020-03-01 09:00:00"),
    ("date_add('month', 1, DATE '2020-01-31')", "2020-02-29"),
    ("date_trunc('second', TIMESTAMP '2022-10-20 05:10:00.123')", "2022-10-20 05:10:00.000"),
    ("date_trunc('year', TIMESTAMP '2001-08-22 03:04:05.321')", "2001-01-01 00:00:00.000"),
    ("date_trunc('quarter', TIMESTAMP '2001-08-22 03:04:05.321')", "2001-07-01 00:00:00.000"),
    ("date_trunc('week', TIMESTAMP '2001-08-22 03:04:05.321')", "2001-08-20 00:00:00.000"),
    ("date_format(TIMESTAMP '2022-10-20 05:10:00', '%m-%d-%Y %H')", "10-20-2022 05"),
    ("date_parse('2022/10/20/05', '%Y/%m/%d/%H')", "2022-10-20 05:00:00.000"),
    ("extract(YEAR FROM TIMESTAMP '2022-10-20 05:10:00')", "2022"),
    ("day_of_week(DATE '2001-08-22')", "3"),
    ("DATE '2012-08-08' + INTERVAL '2' DAY", "2012-08-10"),
    ("TIMESTAMP '2012-08-08 01:00' + INTERVAL '29' HOUR", "2012-08-09 06:00:00"),
    ("TIMESTAMP '2012-10-31 01:00' + INTERVAL '1' MONTH", "2012-11-30 01:00:00"),
    ("INTERVAL '2' DAY + INTERVAL '3' HOUR", "2 03:00:00.000"),
    ("INTERVAL '3' YEAR + INTERVAL '5' MONTH", "3-5"),
    ("DATE '2012-08-08' - INTERVAL '2' DAY", "2012-08-06"),
    (
        "TIMESTAMP '2012-10-31 01:00 UTC' AT TIME ZONE 'America/Los_Angeles'",
        "2012-10-30 18:00:00 America/Los_Angeles",
    ),
    ("from_unixtime(1617256617)", "2021-04-01 05:56:57.000 UTC"),
    ("from_iso8601_timestamp('2020-05-11T11:15:05Z')", "2020-05-11 11:15:05.000 UTC"),
    ("now()", "2023-11-14 22:13:20.123 UTC"),
    ("current_date", "2023-11-14"),
]
# https://trino.io/docs/current/functions/array.html, map.html, lambda.html
COLLECTIONS = [
    ("array_intersect(ARRAY[1, 2], ARRAY[2, 3])", "[2]"),
    ("array_remove(ARRAY[1, 2, 1], 1)", "[2]"),
    ("array_sort(ARRAY[3, NULL, 1])", "[1, 3, null]"),
    ("arrays_overlap(ARRAY[1], ARRAY[NULL, 2])", None),
    ("contains(ARRAY[1, NULL], 2)", None),
    ("cardinality(ARRAY[1, NULL])", "2"),
    ("element_at(ARRAY['a', 'b'], -1)", "b"),
    ("element_at(ARRAY['a'], 5)", None),
    ("element_at(map(ARRAY['a'], ARRAY[1]), 'z')", None),
    ("slice(ARRAY[1, 2, 3, 4], -2, 2)", "[3, 4]"),
    ("sequence(1, 5, 2)", "[1, 3, 5]"),
    (
        "zip(ARRAY[1, 2], ARRAY['1b', NULL, '3b'])",
        "[{field0=1, field1=1b}, {field0=2, field1=null}, {field0=null, field1=3b}]",
    ),
    ("transform(ARRAY[5, NULL, 6], x -> coalesce(x, 0) + 1)", "[6, 1, 7]"),
    ("filter(ARRAY[5, -6, NULL, 7], x -> x > 0)", "[5, 7]"),
    ("reduce(ARRAY[5, 20, 50], 0, (s, x) -> s + x, s -> s)", "75"),
    ("ARRAY[1] || ARRAY[2] || 3", "[1, 2, 3]"),
    ("map_filter(map(ARRAY['k1', 'k2'], ARRAY[20, 3]), (k, v) -> v > 10)", "{k1=20}"),
    ("transform_values(map(ARRAY['a'], ARRAY[1]), (k, v) -> k || CAST(v AS varchar))", "{a=a1}"),
    ("map(ARRAY['a'], ARRAY[1])['a']", "1"),
    ("CAST(ROW(1, 'x') AS ROW(a integer, b varchar)).b", "x"),
    ("array_join(ARRAY[1, NULL, 2], ',')", "1,2"),
    ("array_join(ARRAY[1, NULL, 2], ',', 'null')", "1,null,2"),
]
# https://trino.io/docs/current/functions/json.html
JSON = [
    ("""json_extract_scalar('{"store": {"book": [{"price": 8.50}]}}', '$.store.book[0].price')""", "8.50"),
    ("""json_extract_scalar('[1, 2, 3]', '$[2]')""", "3"),
    ("""json_extract_scalar('{"a": [1]}', '$.a')""", None),
    ("json_array_length('[1, 2, 3]')", "3"),
    ("""json_size('{"x": {"a": 1, "b": 2}}', '$.x')""", "2"),
    ("""json_size('{"x": {"a": 1, "b": 2}}', '$.x.a')""", "0"),
    ("""json_format(JSON '{"b": 1, "a": [1.50, 1e10]}')""", '{"a":[1.5,1.0E10],"b":1}'),
    ("CAST(JSON '[1,23,456]' AS ARRAY(integer))", "[1, 23, 456]"),
    ("CAST(JSON '{\"k1\":1}' AS MAP(varchar, integer))", "{k1=1}"),
    ("CAST(ARRAY[1, 23, 456] AS JSON)", "[1,23,456]"),
]
# https://trino.io/docs/current/functions/math.html and decimal.html
NUMBERS = [
    ("7 / 2", "3"),
    ("-7 / 2", "-3"),
    ("-7 % 3", "-1"),
    ("7 / 2.0", "3.5"),
    ("1.00 / 3", "0.33"),
    ("0.1 + 0.2", "0.3"),
    ("1e0 / 0", "Infinity"),
    ("0e0 / 0", "NaN"),
    ("round(2.5)", "3"),
    ("round(-2.5e0)", "-3.0"),
    ("round(2.567, 2)", "2.570"),
    ("ceil(-0.5e0)", "-0.0"),
    ("sqrt(-1)", "NaN"),
    ("ln(0)", "-Infinity"),
    ("bitwise_and(19, 25)", "17"),
    ("bitwise_xor(19, 25)", "10"),
    ("width_bucket(3.14e0, 0, 4, 3)", "3"),
    ("greatest(1, NULL)", None),
    ("cbrt(27)", "3.0"),
]


@pytest.mark.parametrize(("expression", "expected"), STRINGS + REGEXPS + DATES + COLLECTIONS + JSON + NUMBERS)
def test_a_function_gives_what_trino_documents(
    value: Callable[[str], str | None], expression: str, expected: str | None
) -> None:
    assert value(expression) == expected
