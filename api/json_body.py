"""Request bodies: JSON as money needs it, without fractions, NaN or repeated keys, not deep."""

from collections.abc import Mapping, Sequence
from typing import Any

from api.errors import Refusal, problem
from engine.decide.strict_json import BodyRefused, read_object
from engine.decide.wire import Question, read_question


def read_json(body: bytes) -> dict[str, Any]:
    """The object in a request body; Refusal (422) says what is wrong in the caller's words."""
    refuse_nul(body)
    try:
        return read_object(body)
    except BodyRefused as refused:
        raise invalid(unreadable(refused)) from None


def read_asked(body: bytes) -> Question:
    """The question in a request body; Refusal (422) with all that is wrong beside the facts."""
    refuse_nul(body)
    try:
        return read_question(body)
    except BodyRefused as refused:
        raise invalid(unreadable(refused)) from None


def refuse_nul(body: bytes) -> None:
    """PostgreSQL keeps no such character, so that it must not be kept elsewhere either."""
    if b"\\u0000" in body:
        raise invalid([problem("body", "the body holds a NUL character", "leave it out")])


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
