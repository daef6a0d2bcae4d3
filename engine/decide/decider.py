"""Asks the questions of one release: the door through which every other part decides."""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from threading import Lock
from typing import Final, Generic, TypeVar

from engine.decide.answer import Decision, EngineFault, UnknownDecision
from engine.decide.binding import Binding, bind, turning_days
from engine.decide.compiler import Compiled, compile_decision
from engine.decide.judgement import Missing
from engine.decide.reckoning import VERDICT_OF, Reckoning, judge_all, reckon
from engine.decide.sheet import Sheet
from engine.decide.trace import build_trace
from engine.language.model import DecisionPoint, Release, Rule
from engine.language.operands import clauses_of
from engine.language.operators import DAY
from engine.language.problems import did_you_mean, listed
from engine.language.values import UNKNOWN, MaybeValue, Value

KEPT_STRETCHES: Final = 64
"""Stretches of days kept ready for each question; beyond, the oldest gives way."""

_SYMBOLS: Final = bytes.maketrans(bytes(range(4)), b"u?-m")

Kept = TypeVar("Kept")


class _Stretches(Generic[Kept]):
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


class Decider:
    """Decides under one release; threads may share it.

    Facts are those that `facts.py` has checked: an absent key is unknown, None is none.
    """

    def __init__(self, release: Release) -> None:
        self.release = release
        self._points = {
            name: (point, self._compiled(point)) for name, point in release.decisions.items()
        }
        self._subjects = {
            name: self._bound([release.rules[each] for each in subject.rules], DAY)
            for name, subject in release.subjects.items()
        }

    def _bound(self, rules: list[Rule], day_fact: str) -> _Stretches[Binding]:
        release = self.release
        return _Stretches(
            turning_days(release, rules), lambda day: bind(release, rules, day_fact, day)
        )

    def _compiled(self, point: DecisionPoint) -> _Stretches[tuple[Binding, Compiled]]:
        release = self.release
        rules = [release.rules[each] for each in point.rules]

        def make(day: date) -> tuple[Binding, Compiled]:
            binding = bind(release, rules, point.anchor, day)
            return binding, compile_decision(release, point, binding)

        return _Stretches(turning_days(release, rules), make)

    def decide(
        self, decision: str, facts: Mapping[str, Value], as_of: date | None = None
    ) -> Decision:
        """The answer to one question.

        as_of chooses the law; left out, the decision's anchor fact does. Raises UnknownDecision,
        NoValue (the release does not speak about that day) and EngineFault.
        """
        asked = self._points.get(decision)
        if asked is None:
            raise self._unknown(decision)
        point, stretches = asked
        given = dict(facts)
        day = given.get(point.anchor) if as_of is None else as_of
        if not isinstance(day, date):
            return self._undated(point, given)
        binding, judge = stretches.on(day)
        try:
            severity, found, missing, answers, outcomes = judge(given)
        except (ValueError, OverflowError, LookupError):
            judge_all(binding, given)  # names the step in the fault that it raises
            raise
        return Decision(
            decision, self.release.hash, self.release.semantics_version, day, given,
            VERDICT_OF[severity], found, answers, tuple(sorted(set(missing))) if missing else (),
            outcomes.translate(_SYMBOLS).decode("ascii"),
        )  # fmt: skip

    def _undated(self, point: DecisionPoint, given: dict[str, Value]) -> Decision:
        """No day, so no law: only the day is asked for (language.md, section 5, paragraph 1)."""
        answers: dict[str, MaybeValue] = dict.fromkeys(point.answers, UNKNOWN)
        return Decision(
            point.name, self.release.hash, self.release.semantics_version, None, given,
            "incomplete", (), answers, (point.anchor,), "",
        )  # fmt: skip

    def _unknown(self, decision: str) -> UnknownDecision:
        known = self.release.decisions
        return UnknownDecision(
            decision, did_you_mean(decision, known) or f"decisions: {listed(known)}"
        )

    def trace(self, decided: Decision) -> dict[str, object]:
        """The whole reasoning of a decision of this release, as trace.py describes it.

        The decision is judged again by the slow reading. EngineFault("decision.mismatch") where
        that does not come to what was recorded: then neither is to be believed.
        """
        release = self.release
        if (decided.release, decided.semantics_version) != (
            release.hash, release.semantics_version
        ):  # fmt: skip
            raise _mismatch(decided, "it was decided under another release or engine")
        if decided.as_of is None:
            return build_trace(release, decided, None)
        asked = self._points.get(decided.decision)
        if asked is None:
            raise self._unknown(decided.decision)
        binding, _ = asked[1].on(decided.as_of)
        judgements = judge_all(binding, decided.facts)
        _compare(decided, reckon(asked[0], judgements))
        return build_trace(release, decided, (binding, judgements))

    # standing rules

    def clause_outcomes(
        self, subject: str, facts: Mapping[str, Value], on: date
    ) -> Mapping[str, tuple[int, ...]]:
        """Outcomes (answer.MET ...) of the clauses of each standing rule in force, by number.

        Clauses that read a conclusion, and steps that `when` does not read, stay NOT_REACHED.
        Raises KeyError for an unknown subject, NoValue and EngineFault.
        """
        binding = self._subjects[subject].on(on)
        dated = {**facts, DAY: on}
        found: dict[str, tuple[int, ...]] = {}
        for rule in binding.rules:
            sheet = Sheet(rule, binding, dated)
            sheet.condition(rule.when)
            found[rule.name] = tuple(sheet.outcomes)
        return found

    def missing_beneath(
        self, subject: str, rule: str, clause_number: int, facts: Mapping[str, Value], on: date
    ) -> tuple[str, ...]:
        """The unknown facts beneath one clause of a standing rule in force, sorted."""
        binding = self._subjects[subject].on(on)
        judged = _only(each for each in binding.rules if each.name == rule)
        clause = _only(each for each in clauses_of(judged) if each.number == clause_number)
        missing = Missing(Sheet(judged, binding, {**facts, DAY: on}))
        missing.clause(clause)
        return tuple(sorted(missing.names))


def _compare(decided: Decision, again: Reckoning) -> None:
    """Everything that was recorded, told again."""
    for name in ("outcomes", "verdict", "findings", "answers", "missing"):
        if getattr(decided, name) != getattr(again, name):
            raise _mismatch(decided, f"its {name} come out otherwise when it is judged again")


def _mismatch(decided: Decision, why: str) -> EngineFault:
    return EngineFault("decision.mismatch", f"`{decided.decision}` cannot be traced: {why}")


def _only(found: Iterable[Kept]) -> Kept:
    """The one thing found; KeyError where there is none."""
    for each in found:
        return each
    raise KeyError("no such rule in force on that day, or no such clause")
