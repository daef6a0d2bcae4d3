"""Compares parts of a release whatever the place they were written at."""

from dataclasses import fields, is_dataclass

from engine.language.model import Place


def without_places(thing: object) -> object:
    """The same data without where it was written, to compare with what a test spells out."""
    if isinstance(thing, Place):
        return None
    if is_dataclass(thing) and not isinstance(thing, type):
        inside = [without_places(getattr(thing, field.name)) for field in fields(thing)]
        return (type(thing).__name__, *inside)
    if isinstance(thing, tuple):
        return tuple(without_places(part) for part in thing)
    if hasattr(thing, "items"):
        return [(key, without_places(value)) for key, value in thing.items()]
    return (type(thing).__name__, thing)


def assert_same(found: object, expected: object) -> None:
    assert without_places(found) == without_places(expected)
