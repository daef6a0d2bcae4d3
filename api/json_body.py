"""JSON as money needs it: no floats, no NaN, no repeated keys, bounded depth."""

import json
from typing import Final, NoReturn

from api.errors import Refusal, problem

DEPTH_LIMIT: Final = 12


def read_json(body: bytes) -> dict[str, object]:
    """The object in a request body; Refusal (422) says what is wrong in the caller's words."""
    if not body.strip():
        raise _refused("the body is missing", "send a JSON object")
    if b"\\u0000" in body:
        # PostgreSQL keeps no such character, so that it must not be kept elsewhere either.
        raise _refused("the body holds a NUL character", "leave it out")
    try:
        value = json.loads(
            body,
            parse_float=_refuse_fraction,
            parse_constant=_refuse_constant,
            object_pairs_hook=_refuse_repeats,
        )
    except RecursionError:
        raise _too_deep() from None
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise _refused(f"the body is no JSON: {error}", "send UTF-8 JSON") from None
    if not isinstance(value, dict):
        raise _refused("the body is no JSON object", 'send `{"facts": {...}}`')
    if _depth(value) > DEPTH_LIMIT:
        raise _too_deep()
    return value


def _too_deep() -> Refusal:
    return _refused(f"the body nests more than {DEPTH_LIMIT} deep", "send it flatter")


def _refuse_fraction(text: str) -> NoReturn:
    raise _refused(
        f"`{text[:40]}` is a JSON fraction, which loses cents",
        'send money as a string, such as `"125.00"`, shares in basis points',
    )


def _refuse_constant(text: str) -> NoReturn:
    raise _refused(f"`{text}` is no number", "leave the fact out where it is not known")


def _refuse_repeats(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found: dict[str, object] = {}
    for key, value in pairs:
        if key in found:
            raise _refused(f"key `{key[:60]}` appears twice in one object", "send it once")
        found[key] = value
    return found


def _depth(value: object) -> int:
    """Nesting, walked with a stack of its own so that no body can exhaust Python's."""
    deepest, todo = 0, [(value, 1)]
    while todo and deepest <= DEPTH_LIMIT:
        node, depth = todo.pop()
        if isinstance(node, dict):
            node = list(node.values())
        if isinstance(node, list):
            deepest = max(deepest, depth)
            todo.extend((child, depth + 1) for child in node)
    return deepest


def _refused(message: str, help: str) -> Refusal:
    return Refusal("INVALID_REQUEST", message, [problem("body", message, help)])
