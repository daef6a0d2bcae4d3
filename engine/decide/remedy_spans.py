"""Sets of whole numbers as spans, so that a bound can be carried back through a calculation.

Days are their ordinals, money is cents, true is 1. Both ends of a span are in; spans rise and
stay apart.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable
from typing import Final, TypeAlias

Span: TypeAlias = tuple[int, int]
Spans: TypeAlias = tuple[Span, ...]

FAR: Final = 10**30
"""Farther than any value reaches; what lies beyond half of it has no end."""

EVERY: Final[Spans] = ((-FAR, FAR),)
NOTHING: Final[Spans] = ()


def join(*sets: Iterable[Span]) -> Spans:
    """What lies in one of these; neighbours become one span."""
    found: list[Span] = []
    for first, last in sorted(span for spans in sets for span in spans):
        if found and first <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(found[-1][1], last))
        else:
            found.append((first, last))
    return tuple(found)


def meet(one: Spans, other: Spans) -> Spans:
    """What lies in both."""
    pairs = ((max(first, begin), min(last, end)) for first, last in one for begin, end in other)
    return join(pair for pair in pairs if pair[0] <= pair[1])


def invert(spans: Spans) -> Spans:
    """What lies in none of these."""
    found: list[Span] = []
    start = -FAR
    for first, last in spans:
        if first - 1 >= start and first > -FAR // 2:
            found.append((start, first - 1))
        start = last + 1
    if start < FAR // 2:
        found.append((start, FAR))
    return tuple(found)


def shift(spans: Spans, by: int) -> Spans:
    """Each number moved by so much."""
    return tuple((first + by, last + by) for first, last in spans)


def mirror(spans: Spans, around: int) -> Spans:
    """`around` less each number."""
    return tuple((around - last, around - first) for first, last in reversed(spans))


def holds(spans: Spans, number: int) -> bool:
    """Whether the number lies in one of the spans."""
    return any(first <= number <= last for first, last in spans)


def first_from(spans: Spans, low: int) -> int | None:
    """The smallest number of the spans that is at least `low`."""
    return next((max(first, low) for first, last in spans if last >= low), None)


def last_to(spans: Spans, high: int) -> int | None:
    """The largest number of the spans that is at most `high`."""
    return next((min(last, high) for first, last in reversed(spans) if first <= high), None)


def undo_least(spans: Spans, other: int) -> Spans:
    """Every x for which the smaller of x and `other` lies in the spans."""
    below = meet(spans, ((-FAR, other - 1),))
    return join(below, ((other, FAR),)) if holds(spans, other) else below


def undo_greatest(spans: Spans, other: int) -> Spans:
    """Every x for which the larger of x and `other` lies in the spans."""
    above = meet(spans, ((other + 1, FAR),))
    return join(above, ((-FAR, other),)) if holds(spans, other) else above


def undo_rising(function: Callable[[int], int], spans: Spans, low: int, high: int) -> Spans:
    """Every x from low to high whose value lies in the spans, by bisection; the function never
    falls."""
    domain = range(low, high + 1)
    found: list[Span] = []
    for first, last in spans:
        start = low + bisect_left(domain, first, key=function)
        end = low + bisect_left(domain, last + 1, key=function) - 1
        if start <= end:
            found.append((start, end))
    return tuple(found)


def undo_falling(function: Callable[[int], int], spans: Spans, low: int, high: int) -> Spans:
    """The same for a function that never rises."""
    return mirror(undo_rising(lambda x: function(-x), spans, -high, -low), 0)
