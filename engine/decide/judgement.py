"""What one rule says of one set of facts, with the facts it lacks and the values it rests on."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from engine.decide.answer import MET, NOT_REACHED, UNKNOWN_CLAUSE, UNMET, Finding
from engine.decide.binding import Binding
from engine.decide.sheet import Sheet, branch_of
from engine.language.model import (
    Choose,
    Clause,
    Condition,
    DatedValue,
    DayRef,
    FactRef,
    Holds,
    LookUp,
    Operand,
    Outcome,
    ParamRef,
    Rule,
    Standing,
    Step,
    StepRef,
    weakest,
)
from engine.language.operands import bounds_of, clauses_in, inputs_of
from engine.language.values import UNKNOWN, MaybeValue, Value

SEVERITY: Final = {"deny": 8, "incomplete": 4, "review": 2, "allow": 0}
"""One bit a verdict, so that the severities of all rules are joined by `|`."""

SILENT: Final = Outcome("allow")
"""What a rule that does not apply comes to (paragraph 8)."""

OTHERWISE: Final = "otherwise"


@dataclass(slots=True)
class Judgement:
    """One rule judged.

    applies: the outcome of `when`. cases: the outcome of each case, NOT_REACHED after the first
    met one. case: where the search ended. outcome: what the rule says, None where it does not
    apply or cannot tell. missing: unknown facts that make it incomplete. severity: its share of
    the verdict.
    """

    sheet: Sheet
    applies: int
    cases: list[int]
    case: str = ""
    outcome: Outcome | None = None
    severity: int = 0
    missing: tuple[str, ...] = ()
    answers: tuple[MaybeValue, ...] = ()
    findings: tuple[Finding, ...] = ()

    @property
    def result(self) -> str:
        """deny, incomplete, review, allow, does_not_apply or unknown (facts are missing)."""
        if self.applies == UNMET:
            return "does_not_apply"
        if self.missing or self.outcome is None:
            return "unknown"
        return self.outcome.verdict


def judge(rule: Rule, binding: Binding, facts: Mapping[str, Value]) -> Judgement:
    """Paragraphs 6 to 8, 11, 12 and 16 for one rule."""
    sheet = Sheet(rule, binding, facts)
    judgement = Judgement(sheet, sheet.condition(rule.when), [NOT_REACHED] * len(rule.cases))
    if judgement.applies == UNMET:
        return judgement
    ended, last = _search(judgement)
    unknown = [case for case, found in zip(rule.cases, judgement.cases, strict=True)
               if found == UNKNOWN_CLAUSE]  # fmt: skip
    possible = [case.outcome for case in unknown]
    if judgement.applies == UNKNOWN_CLAUSE:
        possible.append(SILENT)
    missing: set[str] = set()
    if all(is_same(outcome, last) for outcome in possible):
        judgement.outcome = last
        judgement.severity = SEVERITY[last.verdict]
        weak = weakest([rule.standing, *(dated.standing for dated in grounds(sheet, ended))])
        judgement.findings = findings_of(rule, judgement.case, last, weak)
    elif judgement.applies == UNKNOWN_CLAUSE:
        missing = missing_in(sheet, rule.when)
    else:
        missing = missing_in(sheet, *(case.condition for case in unknown))
    missing |= _give_answers(judgement)
    if missing:
        judgement.severity |= SEVERITY["incomplete"]
    judgement.missing = tuple(sorted(missing))
    return judgement


def _search(judgement: Judgement) -> tuple[Condition, Outcome]:
    """Passes unmet cases, notes unknown ones, ends at the first met case or `otherwise`."""
    rule = judgement.sheet.rule
    for number, case in enumerate(rule.cases):
        judgement.cases[number] = judgement.sheet.condition(case.condition)
        if judgement.cases[number] == MET:
            judgement.case = case.name
            return case.condition, case.outcome
    judgement.case = OTHERWISE
    return (), rule.otherwise


def is_same(one: Outcome, other: Outcome) -> bool:
    """Equal outcomes; the order in which reasons are written means nothing."""
    return one.verdict == other.verdict and set(one.reasons) == set(other.reasons)


def _give_answers(judgement: Judgement) -> set[str]:
    """Works out the answers; gives the facts whose lack makes the rule incomplete (12).

    Under an unknown `when` nobody knows whether the rule answers at all, so its steps are not read
    and what is missing is missing from `when`.
    """
    sheet, rule = judgement.sheet, judgement.sheet.rule
    if judgement.applies == UNKNOWN_CLAUSE:
        judgement.answers = (UNKNOWN,) * len(rule.answers)
        return missing_in(sheet, rule.when) if rule.answers else set()
    judgement.answers = tuple(sheet.value(operand) for operand in rule.answers.values())
    if judgement.outcome is not None and judgement.outcome.verdict == "deny":
        return set()
    return missing_beneath(sheet, rule.answers.values())


def findings_of(rule: Rule, case: str, outcome: Outcome, standing: Standing) -> tuple[Finding, ...]:
    """One finding a reason."""
    return tuple(
        Finding(reason, outcome.verdict, rule.name, case, standing) for reason in outcome.reasons
    )


# --- missing facts (8) --------------------------------------------------------------------------


class Missing:
    """Collects the unknown facts beneath what is unknown; each step is entered once.

    Only parts that are unknown themselves are entered: whatever the facts beneath a met or unmet
    part turn out to be, that part can no longer change anything.
    """

    def __init__(self, sheet: Sheet) -> None:
        self.sheet = sheet
        self.names: set[str] = set()
        self._entered: set[str] = set()

    def condition(self, condition: Condition) -> None:
        if self.sheet.condition(condition) != UNKNOWN_CLAUSE:
            return
        for entry in condition:
            if isinstance(entry, Clause):
                self.clause(entry)
            elif self.sheet.condition((entry,)) == UNKNOWN_CLAUSE:
                for inner in entry.entries:
                    self.condition(inner)

    def clause(self, clause: Clause) -> None:
        if self.sheet.clause(clause) == UNKNOWN_CLAUSE:
            self.operand(clause.left)
            self.operand(clause.right)

    def operand(self, operand: Operand) -> None:
        binding = self.sheet.binding
        if isinstance(operand, FactRef) and operand.name in binding.conclusions:
            return  # the watcher says what a conclusion lacks
        if self.sheet.value(operand) is not UNKNOWN:
            return
        if isinstance(operand, FactRef):
            self.names.add(operand.name)
        elif isinstance(operand, DayRef):
            self.names.add(binding.day_fact)
        elif isinstance(operand, StepRef) and operand.name not in self._entered:
            self._entered.add(operand.name)
            self._step(self.sheet.rule.steps[operand.name])

    def _step(self, step: Step) -> None:
        if isinstance(step.formula, Holds):
            self.condition(step.formula.condition)
        for operand in read_by(self.sheet, step):
            self.operand(operand)


def missing_in(sheet: Sheet, *conditions: Condition) -> set[str]:
    """The unknown facts beneath these conditions, as far as they are unknown themselves."""
    missing = Missing(sheet)
    for condition in conditions:
        missing.condition(condition)
    return missing.names


def missing_beneath(sheet: Sheet, operands: Iterable[Operand]) -> set[str]:
    """The unknown facts beneath some operands, through steps."""
    missing = Missing(sheet)
    for operand in operands:
        missing.operand(operand)
    return missing.names


def read_by(sheet: Sheet, step: Step) -> tuple[Operand, ...]:
    """What a worked-out step read: its inputs, the chosen branch alone, its bounds."""
    chosen: tuple[Operand, ...] = ()
    if isinstance(step.formula, Choose):
        by = sheet.value(step.formula.by)
        if by is not UNKNOWN and by is not None:
            branch = branch_of(step.formula, by)
            chosen = () if branch is None else (branch,)
    return (*inputs_of(step.formula), *chosen, *bounds_of(step))


# --- what a finding rests on (16) ---------------------------------------------------------------


class Grounds:
    """Collects the parameter values that something rests on; each step is entered once."""

    def __init__(self, sheet: Sheet) -> None:
        self.sheet = sheet
        self.values: dict[str, DatedValue] = {}
        self._entered: set[str] = set()

    def clause(self, clause: Clause) -> None:
        self.operand(clause.left)
        self.operand(clause.right)

    def operand(self, operand: Operand) -> None:
        if isinstance(operand, ParamRef):
            self.values[operand.name] = self.sheet.binding.values[operand.name]
        elif isinstance(operand, StepRef) and operand.name not in self._entered:
            self._entered.add(operand.name)
            self._step(self.sheet.rule.steps[operand.name])

    def _step(self, step: Step) -> None:
        if isinstance(step.formula, LookUp):
            self.operand(step.formula.table)
        if isinstance(step.formula, Holds):
            # A step reads every clause that it holds: where it is false, it rests on unmet ones.
            for clause in clauses_in(step.formula.condition):
                self.clause(clause)
        for operand in read_by(self.sheet, step):
            self.operand(operand)


def grounds(sheet: Sheet, answering: Condition) -> tuple[DatedValue, ...]:
    """The parameter values that the met clauses of `when` and of the answering case read."""
    found = Grounds(sheet)
    for condition in (sheet.rule.when, answering):
        for clause in clauses_in(condition):
            if sheet.outcomes[clause.number] == MET:
                found.clause(clause)
    return tuple(found.values.values())
