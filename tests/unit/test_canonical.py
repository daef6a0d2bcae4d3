"""Canonical JSON is that of the `rfc8785` package, and the verifier accepts it and nothing else."""

import json
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as some

from api.record.canonical import LARGEST, canonical_bytes, canonical_text, quoted
from api.record.verifier import json_form

TEXTS = some.text(some.characters(exclude_categories=["Cs"]))
# Letters on both sides of the surrogates, where the order of UTF-16 is not that of code points.
KEYS = some.one_of(TEXTS, some.text(some.sampled_from("ab\ud7ff\ue000\uffff\U00010000\U0010ffff")))
VALUES = some.recursive(
    some.none() | some.booleans() | some.integers(-LARGEST, LARGEST) | TEXTS,
    lambda parts: some.lists(parts, max_size=4) | some.dictionaries(KEYS, parts, max_size=6),
    max_leaves=20,
)


@given(VALUES)
def test_our_writer_writes_what_the_package_writes(value: Any) -> None:
    expected = rfc8785.dumps(value)
    assert canonical_bytes(value) == expected
    assert json_form.compact(value) == expected


@given(some.dictionaries(KEYS, VALUES, max_size=5))
def test_the_verifier_reads_canonical_objects_back(value: dict[str, Any]) -> None:
    data = canonical_bytes(value)
    assert json_form.parse(data) == value
    indented = json_form.pretty(value)
    assert json_form.parse_pretty(indented) == value
    if indented[:-1] != data:
        with pytest.raises(ValueError, match="canonical"):
            json_form.parse(indented[:-1])


@given(TEXTS)
def test_a_quoted_text_is_its_canonical_json(text: str) -> None:
    assert quoted(text) == canonical_text(text)


@pytest.mark.parametrize(
    "value", [1.0, {"a": [0.5]}, {1: "a"}, {"a": b"x"}, {None: 1}, {"a": {"b": object()}}]
)
def test_what_is_no_json_of_ours_is_refused(value: Any) -> None:
    with pytest.raises(TypeError):
        canonical_text(value)


@pytest.mark.parametrize("value", [LARGEST + 1, {"a": -LARGEST - 1}, "\ud800", {"\udfff": 1}])
def test_what_json_cannot_carry_everywhere_is_refused(value: Any) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - two kinds of it, for numbers and for letters
        canonical_text(value)


@pytest.mark.parametrize(
    "text",
    [
        '{"b":1,"a":2}', '{"a":1,"a":1}', '{"a": 1}', '{"a":1} ', '{"a":1.0}', '{"a":1e2}',
        '{"a":-0}', '{"a":"\\u0061"}', '{"a":"\\/"}', '{"a":NaN}', '{"a":9007199254740992}',
        '{"a":' + "9" * 5000 + "}", "[1]", "", "{", '{"\U00010000":1,"\ue000":2}'[:-1],
        '{"\ue000":2,"\U00010000":1}', '{"a":' + "[" * 100_000 + "]" * 100_000 + "}",
    ],
)  # fmt: skip
def test_the_verifier_refuses_other_spellings_of_a_value(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - each has its own text
        json_form.parse(text.encode())


def test_the_verifier_refuses_bytes_that_are_no_utf_8() -> None:
    with pytest.raises(ValueError, match="no JSON of ours"):
        json_form.parse(b'{"a":"\xff"}')


def test_a_shape_allows_its_keys_and_types_alone() -> None:
    shape = {"a": int, "b": (str, type(None))}
    assert json_form.shaped({"a": 1, "b": None}, shape) == {"a": 1, "b": None}
    for value in ({"a": 1}, {"a": True, "b": ""}, {"a": 1, "b": 1}, {"a": 1, "b": "", "c": 1}, []):
        with pytest.raises(ValueError, match=r"should have|wrong type"):
            json_form.shaped(json.loads(json.dumps(value)), shape)
