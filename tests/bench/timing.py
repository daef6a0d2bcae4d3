"""Contenders timed in turns, so that whatever else the machine does hits all of them alike."""

import gc
import itertools
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

BATCH_SECONDS: Final = 0.015
"""How long one turn of one contender takes: long enough for the clock, short enough to share."""


@dataclass(frozen=True, slots=True)
class Contestant:
    """One thing to be timed: an action over inputs that were made ready before."""

    name: str
    action: Callable[[Any], object]
    inputs: Sequence[Any] = (None,)


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds a call: the median over the rounds, the quartiles around it, and each round."""

    median: float
    lower: float
    upper: float
    rounds: tuple[float, ...]

    def ratio_to(self, other: "Timing") -> float:
        """The median of the ratios within each round, in which both saw the same noise."""
        pairs = zip(self.rounds, other.rounds, strict=True)
        return statistics.median(one / another for one, another in pairs)


def measure(
    contestants: Sequence[Contestant], rounds: int, batch_seconds: float = BATCH_SECONDS
) -> dict[str, Timing]:
    """Times every contestant once a round, in an order that moves on by one each round."""
    batches = [_batch(each, batch_seconds) for each in contestants]
    found: list[list[float]] = [[] for _ in contestants]
    gc.collect()
    gc.disable()
    try:
        for number in range(rounds):
            for turn in range(len(contestants)):
                place = (number + turn) % len(contestants)
                found[place].append(_seconds(contestants[place].action, batches[place]))
            gc.collect()
    finally:
        gc.enable()
    return {each.name: timing(taken) for each, taken in zip(contestants, found, strict=True)}


def _batch(contestant: Contestant, batch_seconds: float) -> list[Any]:
    """Inputs for one turn, from the second call on: the first one warms up what is kept."""
    contestant.action(contestant.inputs[0])
    sample = list(itertools.islice(itertools.cycle(contestant.inputs), 20))
    first = _seconds(contestant.action, sample[:1])
    once = first if first > batch_seconds else _seconds(contestant.action, sample)
    count = max(1, round(batch_seconds / once))
    # Every input the same number of times, else contestants would be asked different things.
    count = len(contestant.inputs) * max(1, round(count / len(contestant.inputs)))
    return list(itertools.islice(itertools.cycle(contestant.inputs), count))


def _seconds(action: Callable[[Any], object], inputs: list[Any]) -> float:
    began = time.perf_counter()
    for each in inputs:
        action(each)
    return (time.perf_counter() - began) / len(inputs)


def timing(taken: Sequence[float]) -> Timing:
    if len(taken) < 3:
        return Timing(statistics.median(taken), min(taken), max(taken), tuple(taken))
    lower, median, upper = statistics.quantiles(taken, n=4)
    return Timing(median, lower, upper, tuple(taken))
