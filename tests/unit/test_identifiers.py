"""Identifiers: 26 digits of Crockford's alphabet, in the order of their moments."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from api.identifiers import maker

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
START = datetime(2026, 9, 21, 16, tzinfo=UTC)


@given(millis=st.integers(0, 10**12), random=st.binary(min_size=10, max_size=10))
def test_an_identifier_holds_its_moment_and_its_randomness(millis: int, random: bytes) -> None:
    at = START + timedelta(milliseconds=millis)
    id = maker(lambda: at, lambda _: random)()
    assert len(id) == 26
    number = 0
    for digit in id:
        number = number * 32 + ALPHABET.index(digit)
    assert number >> 80 == int(at.timestamp() * 1_000)
    assert number & (1 << 80) - 1 == int.from_bytes(random)


def test_later_identifiers_sort_later() -> None:
    moments = iter(START + timedelta(milliseconds=n) for n in range(50))
    make = maker(lambda: next(moments), lambda size: b"\xff" * size)
    ids = [make() for _ in range(50)]
    assert ids == sorted(set(ids))
