"""One way to choose at random, with two sources of chance: hypothesis, and a seeded generator.

Generators are written once against `Chooser`. Under hypothesis every choice shrinks towards the
first entry, so the simplest thing is always put first.
"""

import random
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any, TypeVar

from hypothesis import strategies as st

Item = TypeVar("Item")


class Chooser(ABC):
    @abstractmethod
    def below(self, count: int) -> int:
        """A whole number from 0 to count - 1."""

    def between(self, low: int, high: int) -> int:
        """Both ends in."""
        return low + self.below(high - low + 1)

    def chance(self, percent: int) -> bool:
        """True in so many of a hundred; shrinks to False."""
        return self.below(100) >= 100 - percent

    def pick(self, items: Sequence[Item]) -> Item:
        return items[self.below(len(items))] if len(items) > 1 else items[0]

    def some(self, items: Iterable[Item], low: int, high: int) -> list[Item]:
        """So many different items, in the order chosen; fewer where there are not enough."""
        left = list(items)
        count = self.between(min(low, len(left)), min(high, len(left)))
        return [left.pop(self.below(len(left))) for _ in range(count)]


class SeededChooser(Chooser):
    """Plain and quick: the same seed gives the same choices."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311 - test data, not a secret

    def below(self, count: int) -> int:
        return self._random.randrange(count)


@cache
def _integers(count: int) -> st.SearchStrategy[int]:
    return st.integers(0, count - 1)


class DrawingChooser(Chooser):
    """Chooses by drawing from hypothesis, which then shrinks what fails."""

    def __init__(self, draw: Any) -> None:
        self._draw = draw

    def below(self, count: int) -> int:
        return self._draw(_integers(count)) if count > 1 else 0
