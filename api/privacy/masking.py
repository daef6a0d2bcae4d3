"""Masking of texts in views: always on a copy, and never with what is left of a failure."""

from collections.abc import Sequence
from typing import Any, Final

HIDDEN: Final = "(personal)"


def hide_texts(node: Any, texts: Sequence[str]) -> Any:
    """A copy of a JSON tree in which none of these texts is left in any value."""
    wanted = sorted({text for text in texts if text}, key=len, reverse=True)
    return _hidden(node, wanted) if wanted else node


def _hidden(node: Any, texts: Sequence[str]) -> Any:
    if isinstance(node, dict):
        return {key: _hidden(value, texts) for key, value in node.items()}
    if isinstance(node, list | tuple):
        return [_hidden(each, texts) for each in node]
    if not isinstance(node, str):
        return node
    for text in texts:
        node = node.replace(text, HIDDEN)
    return node
