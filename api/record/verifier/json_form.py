"""JSON as exports carry it: one text for each value (RFC 8785), without fractions."""

import json
import re
from typing import Any, NoReturn

LARGEST_NUMBER = 2**53 - 1
_DISORDERED = re.compile("[\ue000-\U0010ffff]")  # Python and UTF-16 order these differently
_compact = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=False, check_circular=False
).encode


def parse(data: bytes) -> dict[str, Any]:
    """The object in `data`, which must be its canonical text. ValueError says what is wrong."""
    value = _loaded(data)
    if not isinstance(value, dict):
        raise ValueError("is no JSON object")
    if compact(value) != data:
        raise ValueError("is not in canonical form")
    return value


def parse_pretty(data: bytes) -> Any:
    """The value in `data`, which must be its indented text."""
    value = _loaded(data)
    if pretty(value) != data:
        raise ValueError("is not in the form in which exports are written")
    return value


def compact(value: Any) -> bytes:
    """RFC 8785: sorted keys, no blanks."""
    text = _compact(value)
    if not text.isascii() and _DISORDERED.search(text):
        text = json.dumps(_in_utf16_order(value), separators=(",", ":"), ensure_ascii=False)
    return text.encode()


def pretty(value: Any) -> bytes:
    """The same value for people to read."""
    return json.dumps(value, sort_keys=True, indent=2, ensure_ascii=False).encode() + b"\n"


def shaped(value: Any, shape: dict[str, type | tuple[type, ...]]) -> dict[str, Any]:
    """The object, if it has these keys of these types and no others; else ValueError."""
    if not isinstance(value, dict) or set(value) != set(shape):
        raise ValueError(f"should have the keys {', '.join(sorted(shape))}")
    for key, expected in shape.items():
        kinds = expected if isinstance(expected, tuple) else (expected,)
        if type(value[key]) not in kinds:
            raise ValueError(f"`{key}` has the wrong type")
    return value


def _loaded(data: bytes) -> Any:
    try:
        return _read(data.decode())
    except RecursionError:
        raise ValueError("nests too deep") from None
    except ValueError as error:
        raise ValueError(f"is no JSON of ours: {error}") from None


def _refuse(text: str) -> NoReturn:
    raise ValueError(f"`{text[:20]}` is no whole number")


def _whole(text: str) -> int:
    number = int(text) if len(text) <= 17 else LARGEST_NUMBER + 1
    if not -LARGEST_NUMBER <= number <= LARGEST_NUMBER:
        raise ValueError(f"`{text[:20]}` is larger than 2^53 - 1")
    return number


_read = json.JSONDecoder(parse_float=_refuse, parse_constant=_refuse, parse_int=_whole).decode


def _in_utf16_order(value: Any) -> Any:
    if isinstance(value, dict):
        keys = sorted(value, key=lambda key: key.encode("utf-16-be", "surrogatepass"))
        return {key: _in_utf16_order(value[key]) for key in keys}
    return [_in_utf16_order(part) for part in value] if isinstance(value, list) else value
