"""The law of each stretch of days, made ready once: rules, compiled function, trace writers."""

from bisect import bisect_right
from collections.abc import Callable
from datetime import date
from threading import Lock
from typing import Any, Final, Generic, TypeVar

from engine.decide.answer import Decision
from engine.decide.binding import Binding, bind, turning_days
from engine.decide.compiler import compile_decision
from engine.decide.json_pieces import Texts
from engine.decide.reckoning import judge_all
from engine.decide.trace_slots import names_in_texts
from engine.decide.trace_writer import Told, TraceWriter
from engine.language.model import DecisionPoint, Release
from engine.language.values import Kind, Value

KEPT_STRETCHES: Final = 64
"""Stretches of days kept ready for each question; beyond, the oldest gives way."""

Kept = TypeVar("Kept")


class Stretches(Generic[Kept]):
    """What was made for each stretch of days between two changes of the law."""

    __slots__ = ("_kept", "_lock", "_make", "days")

    def __init__(self, days: list[date], make: Callable[[date], Kept]) -> None:
        self.days = days
        self._make = make
        self._kept: dict[int, Kept] = {}
        self._lock = Lock()

    def on(self, day: date) -> Kept:
        """Made at the first asking; NoValue is raised at each, with the day asked about."""
        stretch = bisect_right(self.days, day)
        kept = self._kept.get(stretch)
        return self._add(stretch, day) if kept is None else kept

    def _add(self, stretch: int, day: date) -> Kept:
        made = self._make(day)
        with self._lock:
            while len(self._kept) >= KEPT_STRETCHES:
                del self._kept[next(iter(self._kept))]
            self._kept[stretch] = made
        return made


def laws(release: Release, point: DecisionPoint, texts: dict[Kind, Texts]) -> Stretches["Law"]:
    """The law of one question for any day. texts: texts of values made so far, shared."""
    rules = [release.rules[name] for name in point.rules]
    _, shown = names_in_texts(release, point)

    def make(day: date) -> Law:
        return Law(release, point, bind(release, rules, point.anchor, day), texts)

    return Stretches(turning_days(release, rules, shown), make)


class Law:
    """The rules in force for one question, the function that judges by them, and what writes
    their traces: with everything in them, or with personal facts hidden."""

    __slots__ = ("_release", "_texts", "_writers", "binding", "compiled", "point")

    def __init__(
        self, release: Release, point: DecisionPoint, binding: Binding, texts: dict[Kind, Texts]
    ) -> None:
        self.point = point
        self.binding = binding
        self.compiled = compile_decision(release, point, binding)
        self._release = release
        self._texts = texts
        self._writers: dict[bool, TraceWriter] = {}

    def judge(self, given: dict[str, Value], told: bool) -> Any:
        """What the compiled function gives. EngineFault where a step has no result."""
        try:
            return self.compiled.judge(given, told)
        except (ValueError, OverflowError, LookupError):
            judge_all(self.binding, given)  # names the step in the fault that it raises
            raise

    def write_trace(self, decided: Decision, told: Told, hides: bool) -> bytes:
        """The decision's trace as JSON (trace_writer.py)."""
        writer = self._writers.get(hides)
        if writer is None:
            writer = TraceWriter(
                self._release, self.point, self.binding, self.compiled.layout, self._texts,
                hides=hides,
            )  # fmt: skip
            self._writers[hides] = writer
        return writer.write(decided, told)
