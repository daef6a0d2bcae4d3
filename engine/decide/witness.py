"""One rule worked out clause by clause, for a reading that does the choosing itself.

A witness says what each clause came to and what lies beneath it; it never says which case answers,
which rule applies or what follows. A second opinion (engine/watch) finds that in its own way.
"""

from collections.abc import Iterable, Mapping
from contextlib import suppress

from engine.decide.answer import EngineFault
from engine.decide.binding import Binding
from engine.decide.judgement import Grounds, Missing, missing_beneath
from engine.decide.sheet import Sheet
from engine.language.model import Clause, Condition, Rule, Standing, weakest
from engine.language.operands import clauses_in
from engine.language.values import UNKNOWN, MaybeValue, Value


class Witness:
    """A rule in force on one set of facts. Only what `read` was told to read is recorded."""

    __slots__ = ("_binding", "_facts", "_sheet", "rule")

    def __init__(self, rule: Rule, binding: Binding, facts: Mapping[str, Value]) -> None:
        self.rule = rule
        self._binding = binding
        self._facts = facts
        self._sheet = Sheet(rule, binding, facts)

    # before anything is chosen

    def foresee(self) -> tuple[dict[int, int], bool]:
        """What every clause of `when` and of all cases would come to, by its number, and whether
        some answer would be unknown.

        Nothing of it is recorded. A clause beneath which a step has no result is left out: it is
        a fault only where it is read.
        """
        ahead = Sheet(self.rule, self._binding, self._facts)
        found: dict[int, int] = {}
        for condition in (self.rule.when, *(case.condition for case in self.rule.cases)):
            for clause in clauses_in(condition):
                with suppress(EngineFault):
                    found[clause.number] = ahead.clause(clause)
        lacks_answer = False
        for operand in self.rule.answers.values():
            with suppress(EngineFault):
                lacks_answer |= ahead.value(operand) is UNKNOWN
        return found, lacks_answer

    # once it is chosen

    def read(self, conditions: Iterable[Condition], with_answers: bool) -> None:
        """Records the clauses of these conditions and, where the rule applies, of its answers.

        EngineFault("decision.range") where a step that is read has no result.
        """
        for condition in conditions:
            self._sheet.condition(condition)
        if with_answers:
            for operand in self.rule.answers.values():
                self._sheet.value(operand)

    @property
    def outcomes(self) -> tuple[int, ...]:
        """One outcome (answer.MET ...) a clause, NOT_REACHED for what was not read."""
        return tuple(self._sheet.outcomes)

    def answer(self, name: str) -> MaybeValue:
        """The value that the rule gives to an answer."""
        value: MaybeValue = self._sheet.value(self.rule.answers[name])
        return value

    def missing(self, clauses: Iterable[Clause]) -> set[str]:
        """The unknown facts beneath these clauses."""
        found = Missing(self._sheet)
        for clause in clauses:
            found.clause(clause)
        return found.names

    def missing_beneath_answers(self) -> set[str]:
        """The unknown facts beneath the answers that are unknown."""
        return missing_beneath(self._sheet, self.rule.answers.values())

    def standing(self, clauses: Iterable[Clause]) -> Standing:
        """The weakest of the rule's and of every dated value beneath these clauses."""
        found = Grounds(self._sheet)
        for clause in clauses:
            found.clause(clause)
        return weakest([self.rule.standing, *(each.standing for each in found.values.values())])
