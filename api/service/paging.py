"""Lists that are read page by page."""

import base64
import binascii
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Final, TypeVar

from api.errors import Refusal, problem
from engine.language.problems import did_you_mean

PAGE_LIMIT: Final = 200

T = TypeVar("T")


def checked_limit(limit: int) -> int:
    """The number of entries asked for; Refusal INVALID_REQUEST outside 1 to PAGE_LIMIT."""
    if 1 <= limit <= PAGE_LIMIT:
        return limit
    raise Refusal(
        "INVALID_REQUEST",
        f"a page has 1 to {PAGE_LIMIT} entries",
        [problem("limit", f"{limit} is outside", f"1 to {PAGE_LIMIT}")],
    )


def page(
    rows: Sequence[T], limit: int, view: Callable[[T], dict[str, Any]], key: Callable[[T], str]
) -> dict[str, Any]:
    """{"items", "next"} of rows that were read one further than `limit`."""
    shown = rows[:limit]
    following = key(shown[-1]) if len(rows) > limit and shown else None
    return {"items": [view(row) for row in shown], "next": following}


def word_problem(path: str, word: str, known: Sequence[str]) -> dict[str, object]:
    """That nothing is called by a word that a list was to be searched by."""
    help = did_you_mean(word, known) or f"one of {', '.join(known)}"
    return problem(path, f"`{word[:40]}` is unknown", help)


def known_cursor(cursor: str | None, is_known: Callable[[str], object]) -> str | None:
    """The identifier that a list goes on behind. Refusal INVALID_REQUEST for one of nothing that
    is kept: a list that begins anew would be read twice."""
    if cursor is None or is_known(cursor):
        return cursor
    raise _no_cursor()


def _no_cursor() -> Refusal:
    return Refusal(
        "INVALID_REQUEST",
        "the cursor is none of ours",
        [problem("cursor", "not readable", "use `next` of the page before")],
    )


def moment_cursor(moment: datetime, id: str) -> str:
    """A place in a list by moment and id, as callers pass it back."""
    return base64.urlsafe_b64encode(f"{moment.isoformat()}|{id}".encode()).decode().rstrip("=")


def read_moment_cursor(cursor: str | None) -> tuple[datetime, str] | None:
    """What `moment_cursor` wrote; Refusal INVALID_REQUEST for anything else."""
    if cursor is None:
        return None
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
        moment, found_id = text.split("|", 1)
        found = datetime.fromisoformat(moment)
        if found.tzinfo is None:
            raise ValueError("no time zone")
    except (ValueError, binascii.Error):
        raise _no_cursor() from None
    return found, found_id
