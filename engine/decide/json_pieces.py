"""Pieces of JSON that are made once and put together often.

A template is a finished text with holes: what a fact or step is worth today goes into them. It is
made from a text in which marks stand where the values will be, so whoever writes that text needs
to know nothing of templates. All text is UTF-8, escaped as `json.dumps(..., ensure_ascii=False)`
does it, without blanks after `,` and `:`.
"""

import json
import re
from collections.abc import Callable, Iterable, Sequence
from json.encoder import encode_basestring
from typing import Any, Final, TypeAlias

from engine.decide.rule_trace import state_of

KEPT_TEXTS: Final = 4_096
"""Texts kept of one kind of value; when there are more, all of them are made anew."""

_INSIDE, _WHOLE = "\uffff", "\ufffe"
_MARK: Final = re.compile(f'{_INSIDE}(\\d+){_INSIDE}|"{_WHOLE}(\\d+){_WHOLE}"')


def dumped(tree: object) -> str:
    """The one form in which traces and answers are written."""
    return json.dumps(tree, separators=(",", ":"), ensure_ascii=False)


def escaped(text: str) -> bytes:
    """The text as it stands inside the quotes of a JSON string."""
    return encode_basestring(text)[1:-1].encode()


def make_room(kept: dict[Any, Any], most: int) -> None:
    """Empties what is full: everything in it can be made anew, and what is asked for often is."""
    if len(kept) >= most:
        kept.clear()


# --- templates -----------------------------------------------------------------------------------


def mark_inside(place: int) -> str:
    """Marks a place inside a string: what goes there is escaped text."""
    return f"{_INSIDE}{place}{_INSIDE}"


def mark_whole(place: int) -> str:
    """Marks a whole value: what goes there, in place of the mark and its quotes, is JSON."""
    return f"{_WHOLE}{place}{_WHOLE}"


Template: TypeAlias = tuple[list[bytes], list[int]]
"""Fixed pieces and holes in turn, beginning with a piece and ending with a hole.

The first list is the pieces, where each second one stands for a hole. The second says what goes
into each hole, by its place among the values; place 0 holds nothing at all. So templates are
joined by adding up both lists.
"""


def template_of(text: str) -> Template:
    """The template of a JSON text with marks."""
    pieces: list[bytes] = []
    holes: list[int] = []
    end = 0
    for mark in _MARK.finditer(text):
        pieces += (text[end : mark.start()].encode(), b"")
        holes.append(int(mark[1] or mark[2]))
        end = mark.end()
    return [*pieces, text[end:].encode(), b""], [*holes, 0]


def fixed(text: str) -> Template:
    """A template without a hole."""
    return [text.encode(), b""], [0]


def filled(template: Template, values: Sequence[bytes]) -> bytes:
    """The text with the values in it."""
    pieces = template[0].copy()
    pieces[1::2] = map(values.__getitem__, template[1])
    return b"".join(pieces)


def joined(parts: Iterable[bytes]) -> bytes:
    """The inside of a list or object."""
    return b",".join(parts)


# --- texts of values -----------------------------------------------------------------------------


class Texts(dict[Any, tuple[bytes, bytes]]):
    """What values are told as: the text inside a string, and `known","text":"` with that text.

    The second stands behind `"state":"` and saves putting two pieces together. keeps: whether
    texts are remembered; what people wrote themselves is not. Threads may share it.
    """

    __slots__ = ("_keeps", "_show")

    def __init__(self, show: Callable[[Any], str], *, keeps: bool = True) -> None:
        super().__init__()
        self._show = show
        self._keeps = keeps

    def __missing__(self, value: Any) -> tuple[bytes, bytes]:
        text = escaped(self._show(value))
        pair = text, state_of(value).encode() + b'","text":"' + text
        if self._keeps:
            make_room(self, KEPT_TEXTS)
            self[value] = pair
        return pair
