"""Which conclusions are in force for one subject, which are undecided, and what changed."""

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal, Protocol, TypeAlias

from engine.decide.answer import MET, UNKNOWN_CLAUSE, EngineFault
from engine.language.model import Release, weakest
from engine.language.model import Standing as Grade
from engine.language.problems import did_you_mean, listed
from engine.language.values import Value
from engine.watch.chaining import ForwardChaining
from engine.watch.grounds import find_grounds
from engine.watch.judgement import Judgement, judge
from engine.watch.plan import Plan, plan_subject

ConclusionKind: TypeAlias = Literal["hold", "case", "alert", "state"]


class Decider(Protocol):
    """What the watcher needs of a decider for the same release."""

    def clause_outcomes(
        self, subject: str, facts: Mapping[str, Value], on: date
    ) -> Mapping[str, tuple[int, ...]]:
        """Outcome of each clause by its number, for the standing rules in force on that day."""
        ...

    def missing_beneath(
        self, subject: str, rule: str, clause_number: int, facts: Mapping[str, Value], on: date
    ) -> tuple[str, ...]:
        """The unknown facts beneath one clause."""
        ...


@dataclass(frozen=True, slots=True)
class Concluded:
    """One conclusion that one rule brings into force, and what it rests on.

    clauses: the clauses that settled it, in words. facts, conclusions: names read by them.
    standing: the weakest of the rule's, of every value read and of the conclusions beneath.
    """

    name: str
    kind: ConclusionKind
    rule: str
    clauses: tuple[str, ...]
    facts: tuple[str, ...]
    conclusions: tuple[str, ...]
    standing: Grade


@dataclass(frozen=True, slots=True)
class Undecided:
    """A conclusion that no rule brings and one rule might; `missing` would settle the rule."""

    name: str
    rule: str
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Standing:
    """All that is in force for one subject on one day, in the release's order of rules.

    judged: every conclusion that the subject's rules can bring; what is neither concluded nor
    undecided among them is surely not in force.
    """

    concluded: tuple[Concluded, ...]
    undecided: tuple[Undecided, ...]
    judged: frozenset[str]

    @property
    def names(self) -> tuple[str, ...]:
        """The conclusions in force, sorted, without repeats."""
        return tuple(sorted({each.name for each in self.concluded}))

    @property
    def missing(self) -> tuple[str, ...]:
        """Facts that could bring a conclusion into force, sorted, without repeats."""
        return tuple(sorted({fact for each in self.undecided for fact in each.missing}))


@dataclass(frozen=True, slots=True)
class Transitions:
    """Names, sorted: newly in force, surely no longer in force, and unchanged."""

    placed: tuple[str, ...]
    released: tuple[str, ...]
    kept: tuple[str, ...]


class UnknownSubject(LookupError):
    """No standing rules watch such a subject; `help` names a near one or lists all."""

    def __init__(self, name: str, help: str) -> None:
        self.name, self.help = name, help
        super().__init__(f"unknown subject `{name}`")


class Watcher:
    """Watches the subjects of one release. May be shared by threads; close it with its release."""

    def __init__(self, release: Release, decider: Decider) -> None:
        self.release = release
        self._decider = decider
        self._lock = threading.Lock()
        self._built: dict[str, tuple[Plan, ForwardChaining]] = {}

    def watch(self, subject: str, facts: Mapping[str, Value], on: date) -> Standing:
        """What is in force on that day; facts left out are unknown.

        UnknownSubject; NoValue from the decider; EngineFault("decision.mismatch") where
        durable_rules and the plain evaluation differ.
        """
        plan, chaining = self._subject(subject)
        judgement = judge(plan, self._decider.clause_outcomes(subject, facts, on))
        self._compare(judgement, chaining)

        def beneath(rule: str, clause_number: int) -> tuple[str, ...]:
            return self._decider.missing_beneath(subject, rule, clause_number, facts, on)

        return Standing(
            self._concluded(judgement, facts, on),
            _undecided(judgement, self._rank(subject), judgement.missing(beneath)),
            plan.conclusions,
        )

    def close(self) -> None:
        """Frees what durable_rules holds for this release."""
        with self._lock:
            while self._built:
                self._built.popitem()[1][1].close()

    def _subject(self, subject: str) -> tuple[Plan, ForwardChaining]:
        if subject not in self.release.subjects:
            known = self.release.subjects
            raise UnknownSubject(
                subject, did_you_mean(subject, known) or f"subjects: {listed(known)}"
            )
        with self._lock:
            if subject not in self._built:
                plan = plan_subject(self.release, subject)
                name = f"{self.release.short}.{subject}"
                self._built[subject] = plan, ForwardChaining(name, plan.productions)
            return self._built[subject]

    def _compare(self, judgement: Judgement, chaining: ForwardChaining) -> None:
        """The rules that fired must be the rules that the plain evaluation finds met."""
        rules = {rule.name for rule in judgement.plan.rules}
        fired = chaining.run(judgement.known()) & rules
        met = {name for name, outcome in judgement.rules.items() if outcome == MET}
        if fired != met:
            raise EngineFault(
                "decision.mismatch",
                f"durable_rules and the plain evaluation differ on {listed(sorted(fired ^ met))}",
            )

    def _rank(self, subject: str) -> Mapping[str, int]:
        return {name: place for place, name in enumerate(self.release.subjects[subject].rules)}

    def _concluded(
        self, judgement: Judgement, facts: Mapping[str, Value], on: date
    ) -> tuple[Concluded, ...]:
        grades: dict[str, Grade] = {}
        found: list[Concluded] = []
        for rule in judgement.plan.rules:  # those that conclude before those that read
            if rule.concludes is None or judgement.rules.get(rule.name) != MET:
                continue
            grounds = find_grounds(self.release, judgement, rule, facts, on)
            beneath = [grades[name] for name in grounds.conclusions]
            grade = weakest([grounds.standing, *beneath])
            # Any rule that brings it is enough, so a conclusion stands as firmly as its firmest.
            grades[rule.concludes] = _firmer(grade, grades.get(rule.concludes))
            found.append(
                Concluded(
                    name=rule.concludes,
                    kind=self.release.conclusions[rule.concludes].kind,
                    rule=rule.name,
                    clauses=tuple(grounds.clauses),
                    facts=tuple(grounds.facts),
                    conclusions=tuple(grounds.conclusions),
                    standing=grade,
                )
            )
        rank = self._rank(judgement.plan.subject)
        return tuple(sorted(found, key=lambda each: rank[each.rule]))


def _firmer(one: Grade, other: Grade | None) -> Grade:
    if other is None:
        return one
    return one if weakest([one, other]) == other else other


def _undecided(
    judgement: Judgement, rank: Mapping[str, int], missing: Mapping[str, set[str]]
) -> tuple[Undecided, ...]:
    """Unknown rules whose conclusion no other rule has already brought into force."""
    found = [
        Undecided(rule.concludes, rule.name, tuple(sorted(missing[rule.name])))
        for rule in judgement.plan.rules
        if rule.concludes is not None
        and judgement.rules.get(rule.name) == UNKNOWN_CLAUSE
        and judgement.conclusions[rule.concludes] != MET
    ]
    return tuple(sorted(found, key=lambda each: rank[each.rule]))


def transitions(before: Iterable[str], standing: Standing) -> Transitions:
    """What to place, release and keep, given the names in force until now.

    Released is only what these rules judged and found surely not in force: an undecided
    conclusion stays, and so does a name that no rule of the subject can bring.
    """
    in_force, now = set(before), set(standing.names)
    open_names = {each.name for each in standing.undecided}
    released = (in_force & standing.judged) - now - open_names
    return Transitions(
        placed=tuple(sorted(now - in_force)),
        released=tuple(sorted(released)),
        kept=tuple(sorted(in_force - released)),
    )
