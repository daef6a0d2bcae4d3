"""Request bodies: JSON as money needs it, without fractions, NaN or repeated keys, not deep."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from api.errors import Refusal, problem
from engine.decide.strict_json import BodyRefused, read_object
from engine.decide.wire import Question, question_of

_HALF: Final = re.compile("[\ud800-\udfff]")


def read_json(body: bytes) -> dict[str, Any]:
    """The object in a request body; Refusal (422) says what is wrong in the caller's words."""
    try:
        read = read_object(body)
    except BodyRefused as refused:
        raise invalid(unreadable(refused)) from None
    _refuse_unstorable(body, read)
    return read


def read_asked(body: bytes) -> Question:
    """The question in a request body; Refusal (422) with all that is wrong beside the facts."""
    try:
        return question_of(read_json(body))
    except BodyRefused as refused:
        raise invalid(unreadable(refused)) from None


def _refuse_unstorable(body: bytes, read: dict[str, Any]) -> None:
    """Refuses what no database keeps: NUL, and halves of characters. Either can only have been
    written as `\\u....`, so that most bodies need no look."""
    if b"\\u" not in body:
        return
    todo: list[Any] = [read]  # no deeper than the reader allows
    while todo:
        one = todo.pop()
        if isinstance(one, str):
            _refuse_unstorable_text(one)
        elif isinstance(one, dict):
            todo += [*one, *one.values()]
        elif isinstance(one, list):
            todo += one


def _refuse_unstorable_text(text: str) -> None:
    if "\0" in text:
        raise invalid([problem("body", "the body holds a NUL character", "leave it out")])
    if _HALF.search(text):
        message = "the body holds half a character (a lone surrogate)"
        raise invalid([problem("body", message, "send whole characters in UTF-8")])


def unreadable(refused: BodyRefused, place: str = "") -> list[dict[str, object]]:
    """What is wrong with an object, as details of a refusal; place: where it lies in the body."""
    return [problem(place + one.path, one.message, one.help) for one in refused.problems]


def invalid(details: Sequence[Mapping[str, object]]) -> Refusal:
    """The refusal of a request with these problems."""
    if len(details) == 1:
        [one] = details
        message = one["message"] if one["path"] == "body" else f"`{one['path']}` {one['message']}"
        return Refusal("INVALID_REQUEST", str(message), details)
    return Refusal("INVALID_REQUEST", f"the request has {len(details)} problems", details)
