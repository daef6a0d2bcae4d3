"""Decides by durable_rules: a second opinion on the same release, equal to the first.

The clauses and the steps beneath them are worked out first, by the witnesses of the decider. What
they came to is told to rulesets (choice.py), and everything that is chosen is chosen there: which
rules apply, which case answers, what stays open, what is said and asked for, and the verdict.
"""

import threading
import weakref
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Protocol

from engine.decide.answer import (
    MET,
    SYMBOLS,
    Decision,
    EngineFault,
    Finding,
    UnknownDecision,
)
from engine.language.model import (
    VERDICTS,
    Clause,
    Condition,
    DecisionPoint,
    Release,
    Rule,
    Standing,
    Verdict,
)
from engine.language.operands import clauses_in
from engine.language.problems import did_you_mean, listed
from engine.language.values import UNKNOWN, MaybeValue, Value
from engine.watch.chaining import Symbol
from engine.watch.choice import CONFLICT, PERHAPS, SILENCE, VERDICT, write_joining
from engine.watch.rule_opinion import KEPT_PATTERNS, RuleOpinion
from engine.watch.strata import StratifiedChaining


class Witness(Protocol):
    """One rule in force, worked out on one set of facts; it chooses nothing."""

    @property
    def rule(self) -> Rule: ...
    @property
    def outcomes(self) -> Sequence[int]: ...
    def foresee(self) -> tuple[dict[int, int], bool]: ...
    def read(self, conditions: Iterable[Condition], with_answers: bool) -> None: ...
    def answer(self, name: str) -> MaybeValue: ...
    def missing(self, clauses: Iterable[Clause]) -> set[str]: ...
    def missing_beneath_answers(self) -> set[str]: ...
    def standing(self, clauses: Iterable[Clause]) -> Standing: ...


class Decider(Protocol):
    """What the second opinion needs of the first."""

    def witnesses(
        self, decision: str, facts: Mapping[str, Value], on: date
    ) -> Sequence[Witness]: ...
    def read_facts(self, decision: str, nested: Mapping[str, object]) -> dict[str, Value]: ...
    def answer_json(self, decided: Decision) -> bytes: ...
    def trace(self, decided: Decision) -> dict[str, object]: ...
    def trace_json(self, decided: Decision, *, hides: bool = False) -> bytes: ...
    def clause_outcomes(
        self, subject: str, facts: Mapping[str, Value], on: date
    ) -> Mapping[str, tuple[int, ...]]: ...
    def missing_beneath(
        self, subject: str, rule: str, clause_number: int, facts: Mapping[str, Value], on: date
    ) -> tuple[str, ...]: ...


class _Opinions:
    """The rulesets of one decision: one a rule, and one that joins what they say."""

    def __init__(self, release: Release, point: DecisionPoint) -> None:
        named = f"{release.short}.{point.name}"
        rules = [release.rules[name] for name in point.rules]
        self.rules = {
            rule.name: RuleOpinion(f"{named}.{number}", rule) for number, rule in enumerate(rules)
        }
        whens = {
            answer: tuple(each.when for each in self.rules.values() if answer in each.rule.answers)
            for answer in point.answers
        }
        self._joining = StratifiedChaining(named, write_joining(point, whens))
        self._joined: dict[frozenset[Symbol], frozenset[Symbol]] = {}

    def join(self, told: frozenset[Symbol]) -> frozenset[Symbol]:
        """What follows from what all rules say; kept, as for each rule (rule_opinion.py)."""
        known = self._joined.get(told)
        if known is None:
            known = self._joining.run(told)
            if sum(symbol.field == VERDICT for symbol in known) != 1:
                return known  # told as a fault, and not kept
            if len(self._joined) >= KEPT_PATTERNS:
                self._joined.clear()
            self._joined[told] = known
        return known

    def close(self) -> None:
        self._joining.close()
        for each in self.rules.values():
            each.close()

    def let_go(self) -> None:
        self._joining.let_go()
        for each in self.rules.values():
            each.let_go()


class SecondOpinion:
    """Stands where a Decider stands, for one release; threads may share it.

    One evaluation runs at a time: durable_rules is not safe for threads. What it holds is freed by
    `close`, or when nobody refers to the second opinion any more.
    """

    def __init__(self, release: Release, decider: Decider) -> None:
        self.release = release
        self._decider = decider
        self._lock = threading.Lock()
        self._built: dict[str, _Opinions] = {}
        weakref.finalize(self, _let_go, self._built).atexit = False

    def decide(
        self, decision: str, facts: Mapping[str, Value], as_of: date | None = None
    ) -> Decision:
        """The answer to one question, as Decider.decide gives it, with the same errors.

        EngineFault("decision.mismatch") also where the ruleset does not come to exactly one end.
        """
        point = self.release.decisions.get(decision)
        if point is None:
            known = self.release.decisions
            raise UnknownDecision(
                decision, did_you_mean(decision, known) or f"decisions: {listed(known)}"
            )
        given = dict(facts)
        day = given.get(point.anchor) if as_of is None else as_of
        if not isinstance(day, date):
            return self._undated(point, given)
        witnesses = self._decider.witnesses(decision, given, day)
        return self._decided(point, given, day, _Hearing(point, self._opinions(point), witnesses))

    def decide_and_trace(
        self,
        decision: str,
        facts: Mapping[str, Value],
        as_of: date | None = None,
        *,
        hides: bool = False,
    ) -> tuple[Decision, bytes]:
        """What `decide` answers, and the decider's trace of it as JSON.

        EngineFault("decision.mismatch") where the decider comes to another answer.
        """
        decided = self.decide(decision, facts, as_of)
        return decided, self._decider.trace_json(decided, hides=hides)

    def _decided(
        self, point: DecisionPoint, given: dict[str, Value], day: date, hearing: "_Hearing"
    ) -> Decision:
        hearing.read()
        answers = {name: hearing.answer(name) for name in point.answers}
        return Decision(
            point.name, self.release.hash, self.release.semantics_version, day, given,
            hearing.verdict(), hearing.findings(), answers, hearing.missing(), hearing.outcomes(),
        )  # fmt: skip

    def _undated(self, point: DecisionPoint, given: dict[str, Value]) -> Decision:
        """No day, so no law: only the day is asked for (language.md, section 5, paragraph 1)."""
        answers: dict[str, MaybeValue] = dict.fromkeys(point.answers, UNKNOWN)
        return Decision(
            point.name, self.release.hash, self.release.semantics_version, None, given,
            "incomplete", (), answers, (point.anchor,), "",
        )  # fmt: skip

    def _opinions(self, point: DecisionPoint) -> _Opinions:
        with self._lock:
            if point.name not in self._built:
                self._built[point.name] = _Opinions(self.release, point)
            return self._built[point.name]

    def close(self) -> None:
        """Frees what durable_rules holds for this release."""
        with self._lock:
            while self._built:
                self._built.popitem()[1].close()

    # what needs no second opinion

    def read_facts(self, decision: str, nested: Mapping[str, object]) -> dict[str, Value]:
        """As Decider.read_facts."""
        return self._decider.read_facts(decision, nested)

    def answer_json(self, decided: Decision) -> bytes:
        """As Decider.answer_json."""
        return self._decider.answer_json(decided)

    def trace(self, decided: Decision) -> dict[str, object]:
        """As Decider.trace: a fault where the slow reading comes to something else."""
        return self._decider.trace(decided)

    def trace_json(self, decided: Decision, *, hides: bool = False) -> bytes:
        """As Decider.trace_json."""
        return self._decider.trace_json(decided, hides=hides)

    def clause_outcomes(
        self, subject: str, facts: Mapping[str, Value], on: date
    ) -> Mapping[str, tuple[int, ...]]:
        """As Decider.clause_outcomes."""
        return self._decider.clause_outcomes(subject, facts, on)

    def missing_beneath(
        self, subject: str, rule: str, clause_number: int, facts: Mapping[str, Value], on: date
    ) -> tuple[str, ...]:
        """As Decider.missing_beneath."""
        return self._decider.missing_beneath(subject, rule, clause_number, facts, on)


def _let_go(built: dict[str, _Opinions]) -> None:
    for opinions in built.values():
        opinions.let_go()


class _Hearing:
    """One evaluation: what the witnesses told the rulesets, and what these made of it."""

    def __init__(
        self, point: DecisionPoint, opinions: _Opinions, witnesses: Sequence[Witness]
    ) -> None:
        self._point = point
        self._opinions = opinions
        self._known = frozenset[Symbol]()
        self._heard = [
            (witness, opinions.rules[witness.rule.name].hear(*witness.foresee()))
            for witness in witnesses
        ]

    def read(self) -> None:
        """Has the witnesses record what the search reached, EngineFault where that has no result,
        and joins what the rules say.

        After that every rule must have come to one end; a library that lost a fact is found out.
        """
        for witness, heard in self._heard:
            rule = witness.rule
            witness.read((rule.when, *heard.reached), heard.applies)
            if not heard.is_settled:
                raise EngineFault(
                    "decision.mismatch", f"durable_rules lost its way in `{rule.name}`"
                )
        told = [heard.told for _, heard in self._heard]
        self._known = self._opinions.join(frozenset[Symbol]().union(*told))

    def verdict(self) -> Verdict:
        """The worst that is said."""
        found = [each for each in VERDICTS if Symbol(VERDICT, each) in self._known]
        if len(found) != 1:
            raise EngineFault("decision.mismatch", f"durable_rules came to {len(found)} verdicts")
        return found[0]

    def findings(self) -> tuple[Finding, ...]:
        """Every reason that is said, in the release's order of rules."""
        return tuple(
            finding
            for witness, heard in self._heard
            for number in heard.said
            for finding in _findings(witness, number)
        )

    def missing(self) -> tuple[str, ...]:
        """The unknown facts beneath what the rulesets ask for."""
        found: set[str] = set()
        for witness, heard in self._heard:
            found |= witness.missing(heard.asked)
            if heard.is_unsure:
                found |= witness.missing_beneath_answers()
        return tuple(sorted(found))

    def answer(self, name: str) -> MaybeValue:
        """The value of one answer; the faults of paragraph 13."""
        given = [
            witness
            for witness, heard in self._heard
            if heard.applies and name in witness.rule.answers
        ]
        asked = f"`{name}` of `{self._point.name}`"
        if Symbol(CONFLICT, name) in self._known:
            one, other = (witness.rule.name for witness in given[:2])
            raise EngineFault("decision.conflict", f"{asked} is given by `{one}` and by `{other}`")
        if Symbol(PERHAPS, name) in self._known:
            return UNKNOWN
        if Symbol(SILENCE, name) in self._known:
            raise EngineFault("decision.silence", f"no rule gives {asked}")
        if len(given) != 1:
            raise EngineFault("decision.mismatch", f"durable_rules lost who gives {asked}")
        return given[0].answer(name)

    def outcomes(self) -> str:
        """One symbol a clause, as records keep them."""
        return "".join(SYMBOLS[each] for witness, _ in self._heard for each in witness.outcomes)


def _findings(witness: Witness, number: int) -> list[Finding]:
    """One finding a reason; it rests on the met clauses of `when` and of the case (16)."""
    rule = witness.rule
    is_case = number < len(rule.cases)
    outcome = rule.cases[number].outcome if is_case else rule.otherwise
    answering = rule.cases[number].condition if is_case else ()
    outcomes = witness.outcomes
    standing = witness.standing(
        clause
        for condition in (rule.when, answering)
        for clause in clauses_in(condition)
        if outcomes[clause.number] == MET
    )
    case = rule.cases[number].name if is_case else "otherwise"
    return [
        Finding(reason, outcome.verdict, rule.name, case, standing) for reason in outcome.reasons
    ]
