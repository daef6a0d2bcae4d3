"""Reads JSON as money needs it: no fractions, no NaN, no key twice in one object, bounded depth."""

import json
from typing import Any, Final, NoReturn

from engine.decide.answer import FactProblem

DEPTH: Final = 12
"""Objects and lists inside one another."""
_BLANKS: Final = " \t\n\r"
_FEW_LISTS: Final = 8
"""With no more lists than this, and objects three deep, nothing can nest deeper than DEPTH."""


class BodyRefused(Exception):
    """A body that is no JSON as we read it, or does not ask as it should; all problems at once.

    Codes: body.json, body.shape, body.key.
    """

    def __init__(self, problems: list[FactProblem]) -> None:
        self.problems = problems
        super().__init__("; ".join(f"{each.path}: {each.message}" for each in problems))


def read_object(body: bytes) -> dict[str, Any]:
    """The object in a body of UTF-8; BodyRefused says what is wrong in the caller's words."""
    read = _read_quickly(body)
    return _read_strictly(body) if read is None else read


# --- quickly -------------------------------------------------------------------------------------


def _read_quickly(body: bytes) -> dict[str, Any] | None:
    """The object, where it is certain that no key was lost; None where it must be read again.

    JSON has one colon behind each key, and all other colons stand inside texts. So where as many
    keys were read as colons are written, none was given twice.
    """
    try:
        text = body.decode("utf-8")
        read, end = _DECODER.raw_decode(text)
    except (ValueError, RecursionError, BodyRefused):
        return None
    if not isinstance(read, dict) or text[end:].strip(_BLANKS):
        return None
    keys = _keys_near_the_top(read) if body.count(b"[") <= _FEW_LISTS else _keys_in(read)
    return read if keys == body.count(b":") else None


def _keys_in(read: dict[str, Any]) -> int:
    """All keys; fewer than there are where it nests deeper than DEPTH."""
    keys = 0
    level: list[Any] = [read]
    for _ in range(DEPTH):
        inner: list[Any] = []
        for node in level:
            if type(node) is dict:
                keys += len(node)
                inner += [
                    each for each in node.values() if type(each) is dict or type(each) is list
                ]
            else:
                inner += [each for each in node if type(each) is dict or type(each) is list]
        level = inner
    return -1 if level else keys


def _keys_near_the_top(read: dict[str, Any]) -> int:
    """The keys of the object, of those in it and of those in them; none that lies deeper."""
    keys = len(read)
    for inner in read.values():
        if type(inner) is dict:
            keys += len(inner)
            keys += sum([len(each) for each in inner.values() if type(each) is dict])
    return keys


# --- strictly ------------------------------------------------------------------------------------


def _read_strictly(body: bytes) -> dict[str, Any]:
    if not body.strip():
        raise _refused("the body is missing", "send a JSON object")
    try:
        read = json.loads(
            body.decode("utf-8"), parse_float=_refuse_fraction, parse_constant=_refuse_constant,
            object_pairs_hook=_refuse_repeats,
        )  # fmt: skip
    except RecursionError:
        raise _too_deep() from None
    except UnicodeDecodeError:
        raise _refused("the body is no UTF-8 text", "send plain JSON, not compressed") from None
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        help = f"look at {where}: {error.msg[0].lower()}{error.msg[1:]}"
        raise _refused(f"the body is no JSON from {where} on", help) from None
    except ValueError:
        message = "the body holds a number of thousands of digits"
        raise _refused(message, "send money and long numbers as text") from None
    if not isinstance(read, dict):
        raise _refused("the body is no JSON object", 'send `{"facts": {...}}`')
    if _depth(read) > DEPTH:
        raise _too_deep()
    return read


def _refused(message: str, help: str) -> BodyRefused:
    return BodyRefused([FactProblem("body", "body.json", message, help)])


def _too_deep() -> BodyRefused:
    return _refused(f"the body nests more than {DEPTH} deep", "send it flatter")


def _refuse_fraction(text: str) -> NoReturn:
    raise _refused(
        f"`{text[:40]}` is a JSON fraction, which loses cents",
        'send money as a string, such as `"125.00"`, shares in basis points',
    )


def _refuse_constant(text: str) -> NoReturn:
    raise _refused(f"`{text}` is no number", "leave the fact out where it is not known")


def _refuse_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise _refused(f"key `{key[:60]}` appears twice in one object", "send it once")
        found[key] = value
    return found


def _depth(read: object) -> int:
    """Nesting, walked with a stack of its own so that no body can exhaust Python's."""
    deepest, todo = 0, [(read, 1)]
    while todo and deepest <= DEPTH:
        node, depth = todo.pop()
        if isinstance(node, dict):
            node = list(node.values())
        if isinstance(node, list):
            deepest = max(deepest, depth)
            todo.extend((child, depth + 1) for child in node)
    return deepest


_DECODER: Final = json.JSONDecoder(parse_float=_refuse_fraction, parse_constant=_refuse_constant)
