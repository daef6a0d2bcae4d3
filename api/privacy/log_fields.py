"""What never reaches a log: values under keys that hold people, and the texts of exceptions.

An exception's text may quote what it failed on. Its class and the places of its traceback tell
where to look; the record tells the rest to whoever may read it.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

HIDDEN: Final = "(not logged)"
PERSONAL_KEYS: Final = frozenset({
    "name", "names", "legal_name", "born_on", "birth_date", "email", "phone", "postal_address",
    "tin", "ssn", "bank", "account_number", "signature", "facts", "answers", "said", "given",
    "body", "payload", "content", "description", "note", "resolution", "review_reason", "text",
    "texts", "value", "values", "query", "params",
})  # fmt: skip
"""Keys of log entries under which people could stand, in the service or in what calls it."""

_EXCEPTION_TEXT: Final = ("exc_value", "exc_notes", "locals", "syntax_error")
_IDENTIFIER: Final = re.compile(r"(?=[^0-9]*[0-9])[A-Za-z0-9_-]{1,64}")


def drop_people(_logger: Any, _method: str, entry: Mapping[str, Any]) -> dict[str, Any]:
    """A structlog processor: a copy of the entry without people, at any depth."""
    return {key: _kept(key, value) for key, value in entry.items()}


def _kept(key: object, value: Any) -> Any:
    if key in PERSONAL_KEYS:
        return HIDDEN
    if key in _EXCEPTION_TEXT:
        return HIDDEN if value else value
    if isinstance(value, Mapping):
        return {inner: _kept(inner, each) for inner, each in value.items()}
    if isinstance(value, list | tuple):
        return [_kept(None, each) for each in value]
    return value


def address(path: str, template: str | None) -> str:
    """A request's path as logs show it: what the route itself says and identifiers, nothing else
    that somebody wrote into the address."""
    parts, said = path.split("/"), (template or "").split("/")
    if len(said) != len(parts):
        said = ["-" if part else "" for part in parts]
    return "/".join(
        part if _IDENTIFIER.fullmatch(part) else instead
        for part, instead in zip(parts, said, strict=True)
    )
