"""Request bodies: JSON as money needs it, without fractions, NaN or repeated keys, not deep."""

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
        raise unreadable(refused) from None


def read_asked(body: bytes) -> Question:
    """The question in a request body; Refusal (422) with all that is wrong beside the facts."""
    refuse_nul(body)
    try:
        return read_question(body)
    except BodyRefused as refused:
        raise unreadable(refused) from None


def refuse_nul(body: bytes) -> None:
    """PostgreSQL keeps no such character, so that it must not be kept elsewhere either."""
    if b"\\u0000" in body:
        message = "the body holds a NUL character"
        raise Refusal("INVALID_REQUEST", message, [problem("body", message, "leave it out")])


def unreadable(refused: BodyRefused) -> Refusal:
    """What is wrong with a body, in the shape of all refusals."""
    details = [problem(one.path, one.message, one.help) for one in refused.problems]
    if len(refused.problems) == 1:
        [one] = refused.problems
        message = one.message if one.path == "body" else f"`{one.path}` {one.message}"
        return Refusal("INVALID_REQUEST", message, details)
    return Refusal("INVALID_REQUEST", f"the request has {len(details)} problems", details)
