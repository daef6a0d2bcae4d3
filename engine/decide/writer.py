"""Writes one rule as straight-line Python: its `when`, its answers, its cases, what it says."""

from collections.abc import Sequence
from dataclasses import dataclass

from engine.decide.answer import MET
from engine.decide.clauses import condition_value, unknown_test
from engine.decide.judgement import OTHERWISE, SEVERITY, findings_of
from engine.decide.signs import sign_of, unknown_facts
from engine.decide.standings import fixed_standing
from engine.decide.step_writer import StepWriter
from engine.language.model import Condition, Outcome


@dataclass(slots=True)
class RuleWriter(StepWriter):
    """One rule.

    Everything that the rule reads is worked out in place, unknown or not. What follows is written
    out where it is sure; where something is unknown, or where a standing hangs on what was met,
    it hangs on the rule's pattern (compiler.py): the outcomes of its clauses, its unknown facts and
    its sign. Doubts are the tests that tell such a case from the sure one.
    """

    _is_told_below: bool = False

    def write(self) -> None:
        """The whole rule. Its clauses stand at NOT_REACHED before it."""
        self.clear()
        if not self.rule.when:
            self._give_answers()
            self._cases(self._unknown_answers())
            return
        self.conditions(self.rule.when)
        self.source.line(f"w = {condition_value(self.rule.when, self.offset)}")
        with self.source.block("if w:"):
            self._give_answers_if_met()
            self._cases([f"w != {MET}", *self._unknown_answers()])

    def write_slowly(self) -> None:
        """The rule by its slow reading alone."""
        self.source.line(f"r = ask({self.number}, given)")
        self._take("r")
        if self.rule.clauses:
            names = ", ".join(f"c{self.offset + n}" for n in range(self.rule.clauses))
            self.source.line(f"({names},) = r[3]")
        with self.source.block(f"if r[4] == {MET}:"):
            for index, name in enumerate(self.rule.answers):
                if name in self.shared.answers:
                    self._give(name, f"r[5][{index}]")
        with self.source.block("elif r[4]:"):
            self._mark_perhaps()

    # answers

    def _give_answers(self) -> None:
        for name, operand in self.rule.answers.items():
            self.require(operand)
            if name in self.shared.answers:
                self._give(name, self.named(operand))

    def _give_answers_if_met(self) -> None:
        """Under an unknown `when` nobody knows whether the rule answers, so nothing is read."""
        if not self.rule.answers:
            return
        before = set(self.ready)
        with self.source.block(f"if w == {MET}:"):
            self._give_answers()
        self.ready = before
        with self.source.block("else:"):
            self._mark_perhaps()

    def _unknown_answers(self) -> list[str]:
        test = unknown_test(self, *self.rule.answers.values())
        return [test] if test else []

    def _give(self, name: str, value: str) -> None:
        variable = self.shared.answers[name]
        with self.source.block(f"if {variable} is not NOT_GIVEN:"):
            self.source.line(f"raise conflict({self.source.shared(name)}, given)")
        self.source.line(f"{variable} = {value}; {variable}_by = {self.number}")

    def _mark_perhaps(self) -> None:
        for name in self.rule.answers:
            if name in self.shared.answers:
                self.source.line(f"{self.shared.answers[name]}_perhaps = True")

    # cases

    def _cases(self, doubts: Sequence[str]) -> None:
        """Where several ends of the search may hang on the pattern, it is looked up once behind
        all of them: nothing of the rule is worked out in between."""
        self._is_told_below = len(self.rule.cases) + bool(doubts) > 1
        if not self._is_told_below:
            self._case(0, doubts)
            return
        self.source.line("r = False")
        self._case(0, doubts)
        with self.source.block("if r:"):
            self._look_pattern_up()

    def _case(self, index: int, doubts: Sequence[str]) -> None:
        """An unknown case is passed like an unmet one, and remembered as a doubt (paragraph 7)."""
        if index == len(self.rule.cases):
            self._end(OTHERWISE, (), self.rule.otherwise, doubts)
            return
        case = self.rule.cases[index]
        self.conditions(case.condition)
        outcome = condition_value(case.condition, self.offset)
        if not outcome.isidentifier():  # more than one clause
            self.source.line(f"e{index} = {outcome}")
            outcome = f"e{index}"
        with self.source.block(f"if {outcome} == {MET}:"):
            self._end(case.name, case.condition, case.outcome, doubts)
        with self.source.block("else:"):
            self._case(index + 1, [*doubts, outcome])

    def _end(
        self, case: str, answering: Condition, outcome: Outcome, doubts: Sequence[str]
    ) -> None:
        """The search ended here: what the rule says, or what its pattern comes to."""
        fixed = fixed_standing(self.rule, self.shared.binding.values, answering)
        if outcome.reasons and fixed is None:
            self._follow_pattern()
            return
        said = []
        if SEVERITY[outcome.verdict]:
            said.append(f"v |= {SEVERITY[outcome.verdict]}")
        if outcome.reasons and fixed is not None:
            findings = findings_of(self.rule, case, outcome, fixed)
            said.append(f"found += {self.source.named(findings)}")
        if not doubts:
            self._lines(said)
            return
        with self.source.block(f"if {' or '.join(doubts)}:"):
            self._follow_pattern()
        if said:
            with self.source.block("else:"):
                self._lines(said)

    def _lines(self, lines: Sequence[str]) -> None:
        for line in lines:
            self.source.line(line)

    def _follow_pattern(self) -> None:
        if self._is_told_below:
            self.source.line("r = True")
        else:
            self._look_pattern_up()

    def _look_pattern_up(self) -> None:
        outcomes = [f"c{self.offset + n}" for n in range(self.rule.clauses)]
        pattern = [*outcomes, *unknown_facts(self), *sign_of(self)]
        # A rule may have no clause, no fact and no sign: its pattern is the empty tuple.
        self.source.line(f"q = ({''.join(f'{each}, ' for each in pattern)})")
        self.source.line(f"r = known[{self.number}].get(q) or learn({self.number}, q, given)")
        self._take("r")

    def _take(self, told: str) -> None:
        self.source.line(f"v |= {told}[0]; found += {told}[1]; missing += {told}[2]")
