"""Pages of a result: whatever the values are, a client reads them as they were printed."""

from __future__ import annotations

import io
import json

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cumulet.services.athena.results import read_page
from cumulet.wire.json_values import Spelt, encode

plain = st.sampled_from(["a", "", "1.5", "x,y", "é", "日本"])
value = st.one_of(plain, st.none(), st.text(alphabet='a",\n\r\\\t\x1fé{}[]', max_size=6))
tables = st.integers(1, 4).flatmap(
    lambda width: st.lists(
        st.one_of(
            st.lists(plain, min_size=width, max_size=width), st.lists(value, min_size=width, max_size=width)
        ),
        min_size=1,
        max_size=12,
    )
)


def printed(rows: list[list[str | None]]) -> bytes:
    lines = (
        ",".join("" if each is None else '"' + each.replace('"', '""') + '"' for each in row) for row in rows
    )
    return "".join(f"{line}\n" for line in lines).encode()


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(tables, st.integers(1, 5))
def test_every_value_comes_back_as_it_was(rows: list[list[str | None]], most: int) -> None:
    file, width, found = io.BytesIO(printed(rows)), len(rows[0]), []
    while file.tell() < len(file.getvalue()):
        page = json.loads(encode({"Rows": read_page(file, most, width), "NextToken": "x"}))
        found += page["Rows"]
    assert [[each.get("VarCharValue") for each in row["Data"]] for row in found] == rows


def test_what_is_spelt_already_can_be_read_as_a_list() -> None:
    page = read_page(io.BytesIO(printed([["a", "b"], ["c", "d"]])), 10, 2)
    assert isinstance(page, Spelt)
    assert [each["Data"][1] for each in page] == [{"VarCharValue": "b"}, {"VarCharValue": "d"}]
    assert len(page) == 2
