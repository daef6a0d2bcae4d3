"""Identifiers that sort by the moment they were made (the ULID form: 48 bits time, 80 random)."""

from collections.abc import Callable
from datetime import datetime
from typing import Final

_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_PAIRS: Final = [one + other for one in _ALPHABET for other in _ALPHABET]
"""The two digits of each number below 1,024."""
_SHIFTS: Final = range(120, -1, -10)
_RANDOM_BYTES: Final = 10


def maker(clock: Callable[[], datetime], random_bytes: Callable[[int], bytes]) -> Callable[[], str]:
    """A function that makes 26-character identifiers from the clock and the randomness given."""

    def make() -> str:
        milliseconds = int(clock().timestamp() * 1_000)
        number = (milliseconds << 80) | int.from_bytes(random_bytes(_RANDOM_BYTES))
        return "".join([_PAIRS[number >> shift & 1023] for shift in _SHIFTS])

    return make
