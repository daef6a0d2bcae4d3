"""What does not fit the shape of a request, in our words: pydantic's are for programmers."""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from api.errors import problem
from engine.language.problems import did_you_mean

_PLACES: Final = frozenset({"body", "query", "path"})
_DOCS: Final = "see /docs for the shape of this request"
_OBJECT: Final = ("is no JSON object", "send an object, `{...}`")
_WHOLE: Final = ("is no whole number", "send digits without quotes, such as `4`")
_SAID: Final[Mapping[str, tuple[str, str]]] = {
    "missing": ("is missing", _DOCS),
    "extra_forbidden": ("is no key of this request", f"leave it out; {_DOCS}"),
    "string_type": ("is no text", 'send a text in quotes, `"..."`'),
    "string_unicode": ("holds half a character", "send whole characters in UTF-8"),
    "bool_type": ("is neither true nor false", "send `true` or `false`, without quotes"),
    "bool_parsing": ("is neither true nor false", "write `true` or `false`"),
    "int_type": _WHOLE,
    "int_parsing": ("is no whole number", "write digits, such as `50`"),
    "int_parsing_size": ("is too large", "write a smaller number"),
    "int_from_float": _WHOLE,
    "list_type": ("is no list", "send a list, `[...]`"),
    "dict_type": _OBJECT,
    "model_type": _OBJECT,
    "model_attributes_type": _OBJECT,
}


def _count(context: Mapping[str, Any], which: str, noun: str) -> str:
    number = context[which]
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


_BOUNDS: Final[Mapping[str, Callable[[Mapping[str, Any]], tuple[str, str]]]] = {
    "string_too_short": lambda c: (
        "is too short", f"at least {_count(c, 'min_length', 'character')}",
    ),
    "string_too_long": lambda c: ("is too long", f"at most {_count(c, 'max_length', 'character')}"),
    "too_short": lambda c: (
        "has too few entries", f"at least {c['min_length']:,}",
    ),
    "too_long": lambda c: ("has too many entries", f"at most {c['max_length']:,}"),
    "greater_than_equal": lambda c: ("is too small", f"at least {c['ge']}"),
    "less_than_equal": lambda c: ("is too large", f"at most {c['le']}"),
}  # fmt: skip


def told(wrong: Mapping[str, Any]) -> dict[str, object]:
    """One of pydantic's errors as an entry of `details`. What was sent is not repeated: it may be
    somebody's name."""
    kind, context = wrong["type"], wrong.get("ctx") or {}
    path = _path(wrong["loc"])
    if kind == "literal_error":
        return _no_member(path, wrong["input"], str(context["expected"]))
    if kind in _BOUNDS:
        message, help = _BOUNDS[kind](context)
    elif "help" in context:  # one of our own, see api.routes.fields
        message, help = wrong["msg"], str(context["help"])
    else:
        message, help = _SAID.get(kind, ("does not fit", _DOCS))
    return problem(path, message, help)


def _path(places: tuple[str | int, ...]) -> str:
    """As the domain's own errors name it: `lines.0.amount`, without the part of the request."""
    inner = places[1:] if len(places) > 1 and places[0] in {*_PLACES, "header"} else places
    path = ".".join(str(part) for part in inner)
    return path.title() if places[0] == "header" else path


def _no_member(path: str, sent: object, expected: str) -> dict[str, object]:
    members = re.findall(r"'([^']+)'", expected)
    near = did_you_mean(sent, members) if isinstance(sent, str) and len(sent) < 100 else ""
    return problem(path, "is none of its words", near or f"one of {', '.join(members)}")
