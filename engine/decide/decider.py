"""Asks the questions of one release: the door through which every other part decides."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, Protocol, TypeVar

from engine.decide.answer import Decision, EngineFault, UnknownDecision
from engine.decide.answer_writer import AnswerWriter
from engine.decide.binding import Binding, bind, turning_days
from engine.decide.fact_reader import FactReader
from engine.decide.json_pieces import Texts, dumped
from engine.decide.judgement import Missing
from engine.decide.law import Law, Stretches, laws
from engine.decide.reckoning import VERDICT_OF, Reckoning, judge_all, reckon
from engine.decide.sheet import Sheet
from engine.decide.trace import build_trace, masked
from engine.decide.trace_writer import Told
from engine.decide.witness import Witness
from engine.language.model import DecisionPoint, Release, Rule
from engine.language.operands import clauses_of
from engine.language.operators import DAY
from engine.language.problems import did_you_mean, listed
from engine.language.values import UNKNOWN, Kind, MaybeValue, Value

Found = TypeVar("Found")


class AnyDecider(Protocol):
    """What the rest of the program asks of a decider: `Decider`, or one that stands in its place
    and answers the same, such as the second opinion of engine/watch."""

    release: Release

    def read_facts(self, decision: str, nested: Mapping[str, object]) -> dict[str, Value]: ...
    def decide(
        self, decision: str, facts: Mapping[str, Value], as_of: date | None = None
    ) -> Decision: ...
    def answer_json(self, decided: Decision) -> bytes: ...
    def decide_and_trace(
        self,
        decision: str,
        facts: Mapping[str, Value],
        as_of: date | None = None,
        *,
        hides: bool = False,
    ) -> tuple[Decision, bytes]: ...
    def trace(self, decided: Decision) -> dict[str, object]: ...
    def trace_json(self, decided: Decision, *, hides: bool = False) -> bytes: ...
    def clause_outcomes(
        self, subject: str, facts: Mapping[str, Value], on: date
    ) -> Mapping[str, tuple[int, ...]]: ...
    def missing_beneath(
        self, subject: str, rule: str, clause_number: int, facts: Mapping[str, Value], on: date
    ) -> tuple[str, ...]: ...


class Decider:
    """Decides under one release; threads may share it.

    Facts are those that `facts.py` has checked: an absent key is unknown, None is none.
    """

    def __init__(self, release: Release) -> None:
        self.release = release
        texts: dict[Kind, Texts] = {}
        self._facts = FactReader(release)
        self._answers = AnswerWriter(release)
        self._points = {
            name: (point, laws(release, point, texts)) for name, point in release.decisions.items()
        }
        self._subjects = {
            name: self._bound([release.rules[each] for each in subject.rules])
            for name, subject in release.subjects.items()
        }

    def _bound(self, rules: list[Rule]) -> Stretches[Binding]:
        release = self.release
        return Stretches(turning_days(release, rules), lambda day: bind(release, rules, DAY, day))

    def read_facts(self, decision: str, nested: Mapping[str, object]) -> dict[str, Value]:
        """Checked facts from nested JSON objects, as `facts.facts_from_json` reads them, quickest
        where the like was read before. Raises UnknownDecision, FactsRefused."""
        self._asked(decision)
        return self._facts.read(nested)

    def read_body(self, body: bytes) -> dict[str, Value] | None:
        """Checked facts from the bytes of a question that holds nothing else; None where its body
        must be read by `wire.read_question`, which finds everything that may be wrong with it."""
        return self._facts.read_body(body)

    def decide(
        self, decision: str, facts: Mapping[str, Value], as_of: date | None = None
    ) -> Decision:
        """The answer to one question.

        as_of chooses the law; left out, the decision's anchor fact does. Raises UnknownDecision,
        NoValue (the release does not speak about that day) and EngineFault.
        """
        point, stretches = self._asked(decision)
        given = dict(facts)
        day = given.get(point.anchor) if as_of is None else as_of
        if not isinstance(day, date):
            return self._undated(point, given)
        return self._decision(point, day, given, stretches.on(day).judge(given, False))

    def decide_and_trace(
        self,
        decision: str,
        facts: Mapping[str, Value],
        as_of: date | None = None,
        *,
        hides: bool = False,
    ) -> tuple[Decision, bytes]:
        """What `decide` answers, and its trace as JSON (see `trace_json`), judged once."""
        point, stretches = self._asked(decision)
        given = dict(facts)
        day = given.get(point.anchor) if as_of is None else as_of
        if not isinstance(day, date):
            decided = self._undated(point, given)
            return decided, self.trace_json(decided, hides=hides)
        law = stretches.on(day)
        judged = law.judge(given, True)
        decided = self._decision(point, day, given, judged)
        return decided, law.write_trace(decided, Told(*judged[4:]), hides)

    def _asked(self, decision: str) -> tuple[DecisionPoint, Stretches[Law]]:
        asked = self._points.get(decision)
        if asked is None:
            known = self.release.decisions
            help = did_you_mean(decision, known) or f"decisions: {listed(known)}"
            raise UnknownDecision(decision, help)
        return asked

    def _decision(
        self, point: DecisionPoint, day: date, given: dict[str, Value], judged: Any
    ) -> Decision:
        severity, found, missing, answers, outcomes = judged[:5]
        return Decision(
            point.name, self.release.hash, self.release.semantics_version, day, given,
            VERDICT_OF[severity], found, answers, tuple(sorted(set(missing))) if missing else (),
            outcomes,
        )  # fmt: skip

    def _undated(self, point: DecisionPoint, given: dict[str, Value]) -> Decision:
        """No day, so no law: only the day is asked for (language.md, section 5, paragraph 1)."""
        answers: dict[str, MaybeValue] = dict.fromkeys(point.answers, UNKNOWN)
        return Decision(
            point.name, self.release.hash, self.release.semantics_version, None, given,
            "incomplete", (), answers, (point.anchor,), "",
        )  # fmt: skip

    def trace(self, decided: Decision) -> dict[str, object]:
        """The whole reasoning of a decision of this release, as trace.py describes it.

        The decision is judged again by the slow reading. EngineFault("decision.mismatch") where
        that does not come to what was recorded: then neither is to be believed.
        """
        self._refuse_another_release(decided)
        if decided.as_of is None:
            return build_trace(self.release, decided, None)
        point, stretches = self._asked(decided.decision)
        binding = stretches.on(decided.as_of).binding
        judgements = judge_all(binding, decided.facts)
        _compare(decided, reckon(point, judgements))
        return build_trace(self.release, decided, (binding, judgements))

    def trace_json(self, decided: Decision, *, hides: bool = False) -> bytes:
        """The same as JSON text, `json.dumps(trace, separators=(",", ":"), ensure_ascii=False)`.

        hides: whether personal facts are masked (trace.masked). The decision is judged again by
        the compiled rules, and by the slow reading where a rule's clauses have not come out so
        before; EngineFault("decision.mismatch") as for `trace`.
        """
        self._refuse_another_release(decided)
        point, stretches = self._asked(decided.decision)
        if decided.as_of is None:
            tree = build_trace(self.release, decided, None)
            return dumped(masked(tree) if hides else tree).encode()
        law = stretches.on(decided.as_of)
        given = dict(decided.facts)
        judged = law.judge(given, True)
        _compare(decided, self._decision(point, decided.as_of, given, judged))
        return law.write_trace(decided, Told(*judged[4:]), hides)

    def answer_json(self, decided: Decision) -> bytes:
        """The answer as callers read it (answer_writer.py)."""
        return self._answers.write(decided)

    def _refuse_another_release(self, decided: Decision) -> None:
        release = self.release
        if (decided.release, decided.semantics_version) != (
            release.hash, release.semantics_version
        ):  # fmt: skip
            raise _mismatch(decided, "it was decided under another release or engine")

    def witnesses(self, decision: str, facts: Mapping[str, Value], on: date) -> tuple[Witness, ...]:
        """The rules in force on that day, in the release's order, for a reading that chooses by
        itself. Raises KeyError for an unknown decision, and NoValue."""
        binding = self._points[decision][1].on(on).binding
        return tuple(Witness(rule, binding, facts) for rule in binding.rules)

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


def _compare(decided: Decision, again: Reckoning | Decision) -> None:
    """Everything that was recorded, told again."""
    for name in ("outcomes", "verdict", "findings", "answers", "missing"):
        if getattr(decided, name) != getattr(again, name):
            raise _mismatch(decided, f"its {name} come out otherwise when it is judged again")


def _mismatch(decided: Decision, why: str) -> EngineFault:
    return EngineFault("decision.mismatch", f"`{decided.decision}` cannot be traced: {why}")


def _only(found: Iterable[Found]) -> Found:
    """The one thing found; KeyError where there is none."""
    for each in found:
        return each
    raise KeyError("no such rule in force on that day, or no such clause")
