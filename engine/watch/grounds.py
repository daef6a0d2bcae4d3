"""What a conclusion rests on: the clauses that settled it in words, the facts beneath, standing."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date

from engine.decide.answer import MET, UNMET
from engine.language.model import (
    Choose,
    Clause,
    Condition,
    FactRef,
    Group,
    Holds,
    Operand,
    ParamRef,
    Release,
    Rule,
    Standing,
    StepRef,
    weakest,
)
from engine.language.operands import clauses_in, inputs_of, operands_of_step
from engine.language.values import Value
from engine.language.wording import Scene
from engine.watch.judgement import Judgement


@dataclass(slots=True)
class Grounds:
    """Collected from the clauses that made one rule conclude; names without repeats, in order."""

    clauses: list[str] = field(default_factory=list)
    facts: dict[str, None] = field(default_factory=dict)
    conclusions: dict[str, None] = field(default_factory=dict)
    standings: list[Standing] = field(default_factory=list)

    @property
    def standing(self) -> Standing:
        """The weakest of all that it rests on."""
        return weakest(self.standings)


def find_grounds(
    release: Release, judgement: Judgement, rule: Rule, facts: Mapping[str, Value], on: date
) -> Grounds:
    """The grounds of a rule whose `when` is met; of the conclusions that it reads, their names."""
    grounds = Grounds(standings=[rule.standing])
    walk = _Walk(release, rule, facts, on, grounds)
    scene = Scene(release, facts, on)
    for clause, is_met in settling(judgement, rule, rule.when):
        name = judgement.plan.conclusion_read(clause)
        if name is not None:
            grounds.conclusions[name] = None
        else:
            walk.read(clause.left)
            walk.read(clause.right)
        grounds.clauses.append(scene.words(clause, is_met))
    return grounds


def settling(
    judgement: Judgement, rule: Rule, condition: Condition
) -> Iterator[tuple[Clause, bool]]:
    """The clauses that made a condition met: those met, and those unmet inside `none_of`."""
    for entry in condition:
        if isinstance(entry, Clause):
            yield entry, True
        elif entry.operator == "none_of":
            yield from _refuting(judgement, rule, entry)
        else:
            for inner in entry.entries:
                if judgement.condition(rule, inner) == MET:
                    yield from settling(judgement, rule, inner)


def _refuting(judgement: Judgement, rule: Rule, group: Group) -> Iterator[tuple[Clause, bool]]:
    """The clauses that made a group inside `none_of` unmet."""
    for inner in group.entries:
        for entry in inner:
            if judgement.entry(rule, entry) != UNMET:
                continue
            if isinstance(entry, Clause):
                yield entry, False
            elif entry.operator == "any_of":
                yield from _refuting(judgement, rule, entry)
            else:
                for part in entry.entries:
                    if judgement.condition(rule, part) == MET:
                        yield from settling(judgement, rule, part)


@dataclass(frozen=True, slots=True)
class _Walk:
    """Reads operands down to the facts and parameters beneath them."""

    release: Release
    rule: Rule
    facts: Mapping[str, Value]
    on: date
    grounds: Grounds

    def read(self, operand: Operand) -> None:
        """Notes the facts and the parameters' standings beneath an operand."""
        match operand:
            case FactRef(name):
                self.grounds.facts[name] = None
            case ParamRef(name):
                dated = self.release.parameters[name].on(self.on)
                if dated is not None:
                    self.grounds.standings.append(dated.standing)
            case StepRef(name):
                self._read_step(name)

    def _read_step(self, name: str) -> None:
        step = self.rule.steps[name]
        formula = step.formula
        if isinstance(formula, Holds):
            for clause in clauses_in(formula.condition):
                self.read(clause.left)
                self.read(clause.right)
            return
        chosen = self._chosen(formula) if isinstance(formula, Choose) else None
        if chosen is None:
            operands = tuple(operands_of_step(step))
        else:
            bounds = (step.not_below, step.not_above)
            operands = (*inputs_of(formula), chosen, *(each for each in bounds if each is not None))
        for operand in operands:
            self.read(operand)

    def _chosen(self, formula: Choose) -> Operand | None:
        """The branch that a fact chose; None where a step chooses, and all branches count."""
        value = self.facts.get(formula.by.name) if isinstance(formula.by, FactRef) else None
        return formula.branches.get(value, formula.otherwise) if isinstance(value, str) else None
