"""Looks for the smallest sets of changes after which a decision passes.

The nearest set is tried first: it is decided again, and where a rule still stands in the way, the
set grows by each move of which that rule needs one. So every set that the moves can reach is
tried in order of size, none twice, and none that asks for more than one already found.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from heapq import heappop, heappush
from typing import Final, Literal, TypeAlias

from engine.decide.answer import MET, Decision, EngineFault, Finding, NoValue
from engine.decide.binding import Binding, bind
from engine.decide.decider import AnyDecider
from engine.decide.judgement import judge
from engine.decide.remedy_changes import Changeable, Changes
from engine.decide.remedy_moves import Moves, RuleMoves, all_of
from engine.decide.remedy_reach import Reach
from engine.decide.sheet import Sheet
from engine.language import limits
from engine.language.model import Rule, Verdict
from engine.language.operands import clauses_in

Hold: TypeAlias = Literal["stuck", "arises", "open"]

Clock: TypeAlias = Callable[[], int]
"""Nanoseconds that never run backwards."""

_NANOSECONDS: Final = 1_000_000


class BudgetSpent(Exception):
    """No decision and no time is left."""


class Questions:
    """Decides again with changed facts, each set once, within the limits.

    The law stays that of the decision's own day. Where the changes move the day that anchors the
    decision, the law of the new day is asked too: a promise must hold on the day it speaks of.
    """

    def __init__(self, decider: AnyDecider, decided: Decision, clock: Clock | None) -> None:
        self.decider = decider
        self.decided = decided
        self.left = limits.REMEDY_DECISIONS
        self._clock = clock
        allowed = limits.REMEDY_MILLISECONDS * _NANOSECONDS
        self._deadline = clock() + allowed if clock else 0
        self._answers: dict[tuple[Changes, bool], Decision | None] = {((), False): decided}
        self._bindings: dict[date, Binding] = {}
        self._point = decider.release.decisions[decided.decision]
        anchor = self._point.anchor
        self._anchor = anchor if decided.facts.get(anchor) == decided.as_of else None

    def worst(self, changes: Changes, accepted: frozenset[Verdict]) -> Decision | None:
        """The answer that does not pass, or else the last one; None where there is none at all.

        Raises BudgetSpent.
        """
        answer = self._answer(changes, False)
        moved = any(name == self._anchor for name, _ in changes)
        if answer is None or answer.verdict not in accepted or not moved:
            return answer
        return self._answer(changes, True)

    def passes(self, changes: Changes, accepted: frozenset[Verdict]) -> bool:
        """Whether the changed facts end in an accepted verdict; raises BudgetSpent."""
        answer = self.worst(changes, accepted)
        return answer is not None and answer.verdict in accepted

    def _answer(self, changes: Changes, on_new_day: bool) -> Decision | None:
        asked = (changes, on_new_day)
        if asked not in self._answers:
            self._spend()
            self._answers[asked] = self._decide(changes, on_new_day)
        return self._answers[asked]

    def _spend(self) -> None:
        if self.left == 0 or (self._clock is not None and self._clock() >= self._deadline):
            raise BudgetSpent
        self.left -= 1

    def _decide(self, changes: Changes, on_new_day: bool) -> Decision | None:
        facts = {**self.decided.facts, **dict(changes)}
        as_of = None if on_new_day else self.decided.as_of
        try:
            return self.decider.decide(self.decided.decision, facts, as_of)
        except (EngineFault, NoValue):
            return None

    def binding(self, answer: Decision) -> Binding:
        """The law by which an answer was given."""
        if answer.as_of is None:
            raise ValueError("an answer without a day rests on no law")
        if answer.as_of not in self._bindings:
            release = self.decider.release
            rules = [release.rules[name] for name in self._point.rules]
            self._bindings[answer.as_of] = bind(release, rules, self._point.anchor, answer.as_of)
        return self._bindings[answer.as_of]


@dataclass(frozen=True, slots=True)
class Stuck:
    """Findings of one rule in the way, and the facts on which they hang: those without a remedy,
    if there are any and no change helps.

    hold: `stuck` where no move takes them away as things stand, `arises` where that is so after
    some change, `open` where moves exist but led nowhere within the limits.
    """

    findings: tuple[Finding, ...]
    facts: tuple[str, ...]
    hold: Hold


class Search:
    """One search for sets of changes that end in an accepted verdict.

    found: the sets, nearest first. stuck: rules that nothing can help, by name. is_cut: a limit
    was met before everything was tried.
    """

    def __init__(
        self, questions: Questions, changeable: Changeable, accepted: frozenset[Verdict]
    ) -> None:
        self.questions = questions
        self.changeable = changeable
        self.accepted = accepted
        self.found: list[Changes] = []
        self.stuck: dict[str, Stuck] = {}
        self.is_cut = False
        self._heap: list[tuple[int, int, int, Changes]] = []
        self._seen: set[Changes] = {()}
        self._reaches: dict[tuple[str, str], Reach] = {}

    def run(self) -> None:
        """Fills `found`, `stuck` and `is_cut`."""
        try:
            self.grow((), self.questions.decided)
            while self._heap:
                self.consider(heappop(self._heap)[-1])
        except BudgetSpent:
            self.is_cut = True
        self.found.sort(key=lambda changes: (len(changes), self.changeable.effort(changes)))

    def consider(self, changes: Changes) -> None:
        """Keeps a set that passes, lets one that does not grow; raises BudgetSpent."""
        if any(self.changeable.covers(known, changes) for known in self.found):
            return
        answer = self.questions.worst(changes, self.accepted)
        if answer is None:
            return
        if answer.verdict not in self.accepted:
            self.grow(changes, answer)
        elif len(self.found) == limits.REMEDIES_SHOWN:
            self._heap.clear()
            self.is_cut = True
        else:
            self._keep(changes)

    def _keep(self, changes: Changes) -> None:
        """The set itself, or the first of its parts that passes without the rest."""
        for part in self.changeable.parts(changes):
            if self.questions.passes(part, self.accepted):
                self.consider(part)
                return
        self.found.append(changes)

    # growing

    def grow(self, changes: Changes, answer: Decision) -> None:
        """Adds every set that is one move larger, as the rules in the way need it."""
        of_rules = (self._moves(rule, changes, answer) for rule in self._in_the_way(answer))
        # One rule that nothing helps settles it; but as things stand, each of them is named.
        moves = all_of(of_rules if changes else list(of_rules))
        for name, value in moves or ():
            grown = tuple(sorted({**dict(changes), name: value}.items(), key=lambda pair: pair[0]))
            if len(grown) > limits.REMEDY_FACTS:
                self.is_cut = True
            elif grown not in self._seen:
                self._seen.add(grown)
                effort = self.changeable.effort(grown)
                heappush(self._heap, (len(grown), effort, len(self._seen), grown))

    def _in_the_way(self, answer: Decision) -> list[Rule]:
        """The rules that do not pass, in the release's order."""
        binding = self.questions.binding(answer)
        names = {each.rule for each in answer.findings if each.verdict not in self.accepted}
        return [
            rule
            for rule in binding.rules
            if rule.name in names or (answer.missing and judge(rule, binding, answer.facts).missing)
        ]

    def _moves(self, rule: Rule, changes: Changes, answer: Decision) -> Moves:
        binding = self.questions.binding(answer)
        reach = self._reach(rule, binding.day_fact)
        sheet = Sheet(rule, binding, answer.facts)
        moves = RuleMoves(sheet, reach, self.changeable, self.accepted).moves()
        if moves == () and rule.name not in self.stuck:
            hold: Hold = "arises" if changes else "stuck"
            self.stuck[rule.name] = self._stuck(sheet, reach, answer, hold)
        return moves

    def standing(self) -> list[Stuck]:
        """What is in the way: what is stuck at once; else what is open, and what would arise."""
        at_once = [each for each in self.stuck.values() if each.hold == "stuck"]
        if at_once:
            return at_once
        arising = list(self.stuck.values())
        return [*([] if arising and not self.is_cut else self._all_at_once()), *arising]

    def _all_at_once(self) -> list[Stuck]:
        """Every rule in the way at the start: where all was tried, no change helps them."""
        decided = self.questions.decided
        binding = self.questions.binding(decided)
        hold: Hold = "open" if self.is_cut else "stuck"
        found = []
        for rule in self._in_the_way(decided):
            sheet = Sheet(rule, binding, decided.facts)
            found.append(self._stuck(sheet, self._reach(rule, binding.day_fact), decided, hold))
        return found

    def _stuck(self, sheet: Sheet, reach: Reach, answer: Decision, hold: Hold) -> Stuck:
        name = sheet.rule.name
        findings = tuple(each for each in answer.findings if each.rule == name)
        names = self._hanging(sheet, reach)
        fixed = names - set(self.changeable.declared)
        chosen = names if hold == "open" else fixed or names
        return Stuck(findings, tuple(sorted(chosen)), hold)

    def _reach(self, rule: Rule, day_fact: str) -> Reach:
        if (rule.name, day_fact) not in self._reaches:
            self._reaches[rule.name, day_fact] = Reach(rule, day_fact)
        return self._reaches[rule.name, day_fact]

    def _hanging(self, sheet: Sheet, reach: Reach) -> set[str]:
        """The facts beneath what holds the rule where it is."""
        rule = sheet.rule
        met = next((case for case in rule.cases if sheet.condition(case.condition) == MET), None)
        conditions = [case.condition for case in rule.cases] if met is None else [met.condition]
        clauses = [clause for condition in conditions for clause in clauses_in(condition)]
        holding = [clause for clause in clauses if sheet.outcomes[clause.number] == MET]
        return {name for clause in holding or clauses for name in reach.clause(clause)}
