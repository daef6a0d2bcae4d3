"""Decides by durable_rules: a second opinion on the same release, equal to the first.

The clauses and the steps beneath them are worked out first, by the witnesses of the decider. What
they came to is told to a ruleset (choice.py), and everything that is chosen is chosen there: which
rules apply, which case answers, what stays open, what is said and asked for, and the verdict.
"""

import threading
import weakref
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
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
from engine.watch.choice import (
    CONFLICT,
    LACKING_ANSWER,
    LACKS,
    PERHAPS,
    SAYS,
    SILENCE,
    UNSURE,
    VERDICT,
    RuleNodes,
    place,
    write_choice,
)
from engine.watch.strata import StratifiedChaining
from engine.watch.three_values import clause_node, symbols_of


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


@dataclass(frozen=True, slots=True)
class _Ruleset:
    """The registered ruleset of one decision."""

    chaining: StratifiedChaining
    nodes: Mapping[str, RuleNodes]


class SecondOpinion:
    """Stands where a Decider stands, for one release; threads may share it.

    One evaluation runs at a time: durable_rules is not safe for threads. What it holds is freed by
    `close`, or when nobody refers to the second opinion any more.
    """

    def __init__(self, release: Release, decider: Decider) -> None:
        self.release = release
        self._decider = decider
        self._lock = threading.Lock()
        self._built: dict[str, _Ruleset] = {}
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
        return self._decided(point, given, day, _Hearing(point, self._ruleset(point), witnesses))

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

    def _ruleset(self, point: DecisionPoint) -> _Ruleset:
        with self._lock:
            if point.name not in self._built:
                rules = tuple(self.release.rules[name] for name in point.rules)
                choice = write_choice(point, rules)
                chaining = StratifiedChaining(f"{self.release.short}.{point.name}", choice.strata)
                self._built[point.name] = _Ruleset(chaining, choice.nodes)
            return self._built[point.name]

    def close(self) -> None:
        """Frees what durable_rules holds for this release."""
        with self._lock:
            while self._built:
                self._built.popitem()[1].chaining.close()

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


def _let_go(built: dict[str, _Ruleset]) -> None:
    for ruleset in built.values():
        ruleset.chaining.let_go()


class _Hearing:
    """One evaluation: what the witnesses told the ruleset, and what the ruleset made of it."""

    def __init__(
        self, point: DecisionPoint, ruleset: _Ruleset, witnesses: Sequence[Witness]
    ) -> None:
        self._point = point
        self._witnesses = witnesses
        self._nodes = ruleset.nodes
        told: set[Symbol] = set()
        for witness in witnesses:
            outcomes, lacks_answer = witness.foresee()
            told.update(symbols_of(witness.rule, outcomes))
            if lacks_answer:
                told.add(Symbol(LACKING_ANSWER, witness.rule.name))
        self._known = ruleset.chaining.run(told)

    def read(self) -> None:
        """Has the witnesses record what the search reached: EngineFault where that has no result.

        After that every rule must have come to one end; a library that lost a fact is found out.
        """
        for witness in self._witnesses:
            rule, nodes = witness.rule, self._nodes[witness.rule.name]
            reached = [
                case.condition
                for case, symbol in zip(rule.cases, nodes.reached[:-1], strict=True)
                if symbol in self._known
            ]
            applies = Symbol("met", nodes.when) in self._known
            witness.read((rule.when, *reached), applies)
            self._check(rule, nodes)

    def _check(self, rule: Rule, nodes: RuleNodes) -> None:
        states = [field for field in ("met", "unmet", "unknown")
                  if Symbol(field, nodes.when) in self._known]  # fmt: skip
        ends = sum(symbol in self._known for symbol in nodes.ended)
        if len(states) != 1 or ends != (states[0] != "unmet"):
            raise EngineFault("decision.mismatch", f"durable_rules lost its way in `{rule.name}`")

    def verdict(self) -> Verdict:
        """The worst that is said."""
        found = [each for each in VERDICTS if Symbol(VERDICT, each) in self._known]
        if len(found) != 1:
            raise EngineFault("decision.mismatch", f"durable_rules came to {len(found)} verdicts")
        return found[0]

    def findings(self) -> tuple[Finding, ...]:
        """Every reason that is said, in the release's order of rules."""
        found: list[Finding] = []
        for witness in self._witnesses:
            for number in range(len(witness.rule.cases) + 1):
                if Symbol(SAYS, place(witness.rule, number)) in self._known:
                    found += _findings(witness, number)
        return tuple(found)

    def missing(self) -> tuple[str, ...]:
        """The unknown facts beneath what the ruleset asks for."""
        found: set[str] = set()
        for witness in self._witnesses:
            rule = witness.rule
            conditions = (rule.when, *(case.condition for case in rule.cases))
            found |= witness.missing(
                clause
                for condition in conditions
                for clause in clauses_in(condition)
                if Symbol(LACKS, clause_node(rule, clause.number)) in self._known
            )
            if Symbol(UNSURE, rule.name) in self._known:
                found |= witness.missing_beneath_answers()
        return tuple(sorted(found))

    def answer(self, name: str) -> MaybeValue:
        """The value of one answer; the faults of paragraph 13."""
        given = [
            witness
            for witness in self._witnesses
            if name in witness.rule.answers
            and Symbol("met", self._nodes[witness.rule.name].when) in self._known
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
        return "".join(SYMBOLS[each] for witness in self._witnesses for each in witness.outcomes)


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
