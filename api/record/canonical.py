"""RFC 8785, the one text of a JSON value, for the values that a record holds.

Records hold no fractions: a float is refused, and so is a whole number that not every JSON reader
can carry (more than 2^53 - 1), a key that is no text, and half a surrogate pair.
"""

import json
from typing import Any, Final

LARGEST: Final = 2**53 - 1

_sorted = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=False, check_circular=False
).encode
_as_given = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, check_circular=False).encode
_quote = json.encoder.encode_basestring

_FIRST_ASTRAL_DISORDER: Final = "\ue000"
# Keys are ordered by UTF-16 units. That differs from Python's order only where a key has a letter
# at or above this one, since letters beyond U+FFFF begin with a unit below it.


def canonical_text(value: object) -> str:
    """The canonical text of None, booleans, whole numbers, texts, lists and dicts.

    TypeError for any other type, ValueError for a number or a text that JSON cannot carry.
    """
    if _check(value):
        value = _reordered(value)
        return _encodable(_as_given(value))
    return _encodable(_sorted(value))


def canonical_bytes(value: object) -> bytes:
    """The same in UTF-8."""
    return canonical_text(value).encode()


def quoted(text: str) -> str:
    """A text as canonical JSON writes it."""
    written = _quote(text)
    return written if written.isascii() else _encodable(written)


def _encodable(text: str) -> str:
    if not text.isascii():
        text.encode()  # UnicodeEncodeError, a ValueError, for half a surrogate pair
    return text


_PLAIN: Final = frozenset({str, bool, type(None)})


def _check(value: object) -> bool:
    """Whether any key asks for the slower order; raises for what is no value of ours."""
    kind = type(value)
    if kind in _PLAIN:
        return False
    if kind is int:
        if not -LARGEST <= value <= LARGEST:  # type: ignore[operator]  # an int, as seen above
            raise ValueError("a whole number beyond 2^53 - 1 has no place in a record")
        return False
    disordered = False
    if isinstance(value, dict):
        for key, part in value.items():
            if type(key) is not str:
                raise TypeError("a key that is no text has no place in a record")
            if not key.isascii() and max(key) >= _FIRST_ASTRAL_DISORDER:
                disordered = True
            # Most parts are plain: looking here saves a call for each.
            if type(part) not in _PLAIN and _check(part):
                disordered = True
        return disordered
    if isinstance(value, list | tuple):
        for part in value:
            if type(part) not in _PLAIN and _check(part):
                disordered = True
        return disordered
    raise TypeError(f"a {kind.__name__} has no place in a record")


def _reordered(value: Any) -> Any:
    if isinstance(value, dict):
        keys = sorted(value, key=lambda key: key.encode("utf-16-be", "surrogatepass"))
        return {key: _reordered(value[key]) for key in keys}
    return [_reordered(part) for part in value] if isinstance(value, list | tuple) else value
