"""An expected answer as the value that its declared type asks for."""

from dataclasses import dataclass
from typing import Final, cast

from engine.language.entries import as_scalar, read_words, width_of
from engine.language.model import Type
from engine.language.problems import Problems, did_you_mean, listed
from engine.language.quantities import Number, read_boolean, read_day, read_number
from engine.language.reader import Node, Scalar
from engine.language.values import NUMBERS, UNKNOWN, Kind, MaybeValue, parse_whole

_WORDS: Final[dict[str, MaybeValue]] = {"none": None, "unknown": UNKNOWN}


@dataclass(frozen=True, slots=True)
class ReadValue:
    """A value that may itself be none; its absence says that the text was refused."""

    value: MaybeValue


def read_value(node: Node, name: str, type: Type, problems: Problems) -> ReadValue | None:
    """The value in the type's one form; `none` and `unknown` may stand for any answer."""
    if isinstance(node, Scalar) and not node.quoted and node.text in _WORDS:
        return ReadValue(_WORDS[node.text])
    value = _READERS.get(type.kind, _read_number)(node, name, type, problems)
    return None if value is None else ReadValue(value)


def _read_number(node: Node, name: str, type: Type, problems: Problems) -> MaybeValue:
    if type.kind == "share" and isinstance(node, Scalar) and not node.text.endswith("%"):
        try:
            return parse_whole(node.text)  # a share may be written in basis points
        except ValueError:
            pass
    return read_number(node, cast("Number", type.kind), problems)


def _read_boolean(node: Node, name: str, type: Type, problems: Problems) -> MaybeValue:
    return read_boolean(node, name, problems)


def _read_day(node: Node, name: str, type: Type, problems: Problems) -> MaybeValue:
    return read_day(node, name, problems)


def _read_word(node: Node, name: str, type: Type, problems: Problems) -> MaybeValue:
    scalar = as_scalar(node, name, problems)
    return None if scalar is None or not _is_member(scalar, name, type, problems) else scalar.text


def _read_list(node: Node, name: str, type: Type, problems: Problems) -> MaybeValue:
    words = read_words(node, name, problems)
    known = [word.text for word in words if _is_member(word, name, type, problems)]
    return tuple(known) if len(known) == len(words) else None


def _is_member(word: Scalar, name: str, type: Type, problems: Problems) -> bool:
    if not type.members or word.text in type.members:
        return True
    problems.add(
        word.place, "case.member", f"`{word.text[:40]}` is no member of `{name}`",
        did_you_mean(word.text, type.members) or f"members: {listed(type.members)}", width_of(word),
    )  # fmt: skip
    return False


_READERS: Final = {
    "boolean": _read_boolean,
    "date": _read_day,
    "text": _read_word,
    "one_of": _read_word,
    "list": _read_list,
}


def same(kind: Kind, expected: MaybeValue, decided: MaybeValue) -> bool:
    """Equality by value; a list in any order; true is never one."""
    if isinstance(expected, tuple) and isinstance(decided, tuple):
        return sorted(expected) == sorted(decided)
    if kind in NUMBERS and (isinstance(expected, bool) or isinstance(decided, bool)):
        return expected is decided
    return expected is decided if UNKNOWN in (expected, decided) else expected == decided
