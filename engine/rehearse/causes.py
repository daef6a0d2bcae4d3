"""Why a case came out otherwise than expected: the clauses that made the difference."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from engine.decide.answer import (
    MET,
    NEGATED,
    NOT_REACHED,
    OUTCOME_NAMES,
    UNKNOWN_CLAUSE,
    UNMET,
)
from engine.language.model import (
    Case,
    Clause,
    Condition,
    DayRef,
    FactRef,
    Group,
    Holds,
    Operand,
    Outcome,
    Place,
    Release,
    Rule,
    StepRef,
)
from engine.language.operands import clauses_in, clauses_of, operands_of_step
from engine.language.values import Value
from engine.language.wording import Scene, as_written
from engine.rehearse.outcomes import Outcomes
from engine.rehearse.trace_texts import TraceTexts

CLAUSES_SHOWN = 8
CAUSES_SHOWN = 4


@dataclass(frozen=True, slots=True)
class Cause:
    """One place in the rules that made the difference, and its clauses with what they came to."""

    headline: str
    place: Place
    clauses: tuple[tuple[Place, str, str], ...] = ()

    def lines(self) -> Iterator[str]:
        """The cause as a failure prints it."""
        yield f"{self.headline}  {self.place.file}:{self.place.line}"
        for place, words, outcome in self.clauses[:CLAUSES_SHOWN]:
            yield f"  {words}  [{outcome}]  {place.file}:{place.line}"
        left_out = len(self.clauses) - CLAUSES_SHOWN
        if left_out > 0:
            yield f"  and {left_out} more"


@dataclass(frozen=True, slots=True)
class Scenery:
    """What was asked and what its clauses came to. trace: its words, where there is one."""

    release: Release
    rules: tuple[str, ...]
    facts: Mapping[str, Value]
    day: date | None
    day_fact: str | None
    outcomes: Outcomes
    trace: TraceTexts

    def judged(self) -> Iterator[Rule]:
        """The rules in force, in the release's order."""
        for name in self.rules:
            if name in self.outcomes:
                yield self.release.rules[name]

    # outcomes of conditions

    def outcome(self, rule: Rule, condition: Condition) -> int:
        """What a condition came to; NOT_REACHED where one of its clauses was not judged."""
        numbers = self.outcomes[rule.name]
        if any(numbers[clause.number] == NOT_REACHED for clause in clauses_in(condition)):
            return NOT_REACHED
        result = MET
        for entry in condition:
            result &= self._entry(rule, entry)
        return result

    def _entry(self, rule: Rule, entry: Clause | Group) -> int:
        if isinstance(entry, Clause):
            return self.outcomes[rule.name][entry.number]
        result = UNMET
        for inner in entry.entries:
            result |= self.outcome(rule, inner)
        return result if entry.operator == "any_of" else NEGATED[result]

    def told(
        self, rule: Rule, clauses: Iterable[Clause], *wanted: int
    ) -> tuple[tuple[Place, str, str], ...]:
        """The clauses that came to one of the outcomes wanted, and before each the steps it reads:
        place, words, outcome."""
        scene = Scene(self.release, self.facts, self.day, self.day_fact, shows_personal=True)
        numbers = self.outcomes[rule.name]
        lines: dict[tuple[Place, str, str], None] = {}
        for clause in clauses:
            outcome = numbers[clause.number]
            if outcome in wanted:
                is_known = outcome in (MET, UNMET)
                words = scene.words(clause, outcome == MET) if is_known else as_written(clause)
                said = self.trace.clauses.get((rule.name, clause.number), words)
                lines |= self.steps_told(rule, (clause.left, clause.right))
                lines[clause.place, said, OUTCOME_NAMES[outcome].replace("_", " ")] = None
        return tuple(lines)

    def steps_told(
        self, rule: Rule, operands: Iterable[Operand]
    ) -> dict[tuple[Place, str, str], None]:
        """The steps beneath some operands that were worked out, in the order written."""
        beneath = steps_beneath(rule, operands)
        texts = self.trace.steps.get(rule.name, {})
        return {
            (step.place, texts[name], "step"): None
            for name, step in rule.steps.items()
            if name in beneath and name in texts
        }

    def settling(self, rule: Rule, condition: Condition, came_to: int) -> list[Clause]:
        """The clauses that made a condition what it is, entering only groups that matter."""
        found: list[Clause] = []
        for entry in condition:
            if came_to != MET and self._entry(rule, entry) != came_to:
                continue
            if isinstance(entry, Clause):
                found.append(entry)
                continue
            beneath = came_to if entry.operator == "any_of" else NEGATED[came_to]
            for inner in entry.entries:
                if self.outcome(rule, inner) == beneath:
                    found.extend(self.settling(rule, inner, beneath))
        return found


# --- causes -----------------------------------------------------------------------------------


def cause_of_finding(scenery: Scenery, rule: Rule, case_name: str, headline: str) -> Cause:
    """Why a rule gave it: the met clauses of its case, or those unmet before `otherwise`."""
    case = next((each for each in rule.cases if each.name == case_name), None)
    if case is None:
        passed = [
            clause
            for each in rule.cases
            for clause in scenery.settling(rule, each.condition, UNMET)
        ]
        place = rule.otherwise_place or rule.place
        return Cause(f"{headline}: otherwise", place, scenery.told(rule, passed, UNMET))
    clauses = scenery.settling(rule, case.condition, MET)
    return Cause(
        f"{headline}: case {case.name}", case.place, scenery.told(rule, clauses, MET, UNMET)
    )


def causes_of_absence(
    scenery: Scenery, gives: Callable[[Outcome], bool], headline: str
) -> list[Cause]:
    """What stood nearest to giving an outcome, and the clauses that held it back."""
    candidates: list[tuple[int, Cause]] = []
    for name in scenery.rules:
        rule = scenery.release.rules[name]
        if not any(gives(outcome) for outcome in _outcomes(rule)):
            continue
        if name not in scenery.outcomes:
            said = f"{headline}: rule `{name}` is not in force"
            candidates.append((1_000, Cause(said, rule.place)))
            continue
        candidates.extend(_obstacles(scenery, rule, gives, headline))
    candidates.sort(key=lambda each: each[0])
    return [cause for _, cause in candidates[:2]]


def _outcomes(rule: Rule) -> tuple[Outcome, ...]:
    return (*(case.outcome for case in rule.cases), rule.otherwise)


def _obstacles(
    scenery: Scenery, rule: Rule, gives: Callable[[Outcome], bool], headline: str
) -> Iterator[tuple[int, Cause]]:
    """Each case or `otherwise` that could give it, ranked by how many clauses held it back."""
    applies = scenery.outcome(rule, rule.when)
    if applies != MET:
        clauses = scenery.settling(rule, rule.when, applies)
        told = scenery.told(rule, clauses, UNMET, MET, UNKNOWN_CLAUSE)
        does = "does not apply" if applies == UNMET else "may not apply"
        yield 100 + len(told), Cause(f"{headline}: rule `{rule.name}` {does}", rule.place, told)
        return
    for case in rule.cases:
        if gives(case.outcome):
            yield _kept_back(scenery, rule, case, headline)
    if gives(rule.otherwise):
        earlier = next(
            (case for case in rule.cases if scenery.outcome(rule, case.condition) == MET), None
        )
        if earlier is not None:
            yield 50, cause_of_finding(scenery, rule, earlier.name, f"{headline}: instead")


def _kept_back(scenery: Scenery, rule: Rule, case: Case, headline: str) -> tuple[int, Cause]:
    outcome = scenery.outcome(rule, case.condition)
    if outcome == NOT_REACHED:
        earlier = next(each for each in rule.cases if scenery.outcome(rule, each.condition) == MET)
        return 50, cause_of_finding(scenery, rule, earlier.name, f"{headline}: answered before by")
    clauses = scenery.settling(rule, case.condition, outcome)
    told = scenery.told(rule, clauses, UNMET, MET, UNKNOWN_CLAUSE)
    said = f"{headline}: case {case.name} is {OUTCOME_NAMES[outcome]}"
    return len(told), Cause(said, case.place, told)


def causes_of_missing(scenery: Scenery, fact: str, headline: str, *wanted: int) -> list[Cause]:
    """The clauses that read a fact and came to an outcome wanted, one cause a rule."""
    found: list[Cause] = []
    for rule in scenery.judged():
        reading = [clause for clause in clauses_of(rule) if reads(rule, clause, fact, scenery)]
        told = scenery.told(rule, reading, *wanted)
        if told:
            found.append(Cause(f"{headline}: rule `{rule.name}`", told[0][0], told))
    return found[:2]


def causes_of_answer(scenery: Scenery, answer: str) -> list[Cause]:
    """The rules that give an answer, the ones that apply alone where any does."""
    found: list[tuple[int, Cause]] = []
    for rule in scenery.judged():
        if answer not in rule.answers:
            continue
        applies = scenery.outcome(rule, rule.when)
        given = rule.answers[answer]
        step = rule.steps.get(given.name) if isinstance(given, StepRef) else None
        place = rule.place if step is None else step.place
        told = tuple(scenery.steps_told(rule, (given,)))
        said = f"{answer}: rule `{rule.name}`, `when` {OUTCOME_NAMES[applies]}"
        found.append((applies, Cause(said, place, told)))
    best = max((applies for applies, _ in found), default=UNMET)
    return [cause for applies, cause in found if applies == best]


def reads(rule: Rule, clause: Clause, fact: str, scenery: Scenery) -> bool:
    """Whether a clause reads a fact, itself or through steps."""
    sides = (clause.left, clause.right)
    steps = steps_beneath(rule, sides)
    operands = [*sides, *(each for name in steps for each in _reading(rule, name))]
    names = {each.name for each in operands if isinstance(each, FactRef)}
    if any(isinstance(each, DayRef) for each in operands) and scenery.day_fact is not None:
        names.add(scenery.day_fact)
    return fact in names


def steps_beneath(rule: Rule, operands: Iterable[Operand]) -> set[str]:
    """The steps that some operands rest on, through other steps too."""
    waiting, seen = list(operands), set[str]()
    while waiting:
        operand = waiting.pop()
        if isinstance(operand, StepRef) and operand.name not in seen:
            seen.add(operand.name)
            waiting.extend(_reading(rule, operand.name))
    return seen


def _reading(rule: Rule, name: str) -> Iterator[Operand]:
    """What one step reads, in its conditions too."""
    step = rule.steps[name]
    yield from operands_of_step(step)
    if isinstance(step.formula, Holds):
        for clause in clauses_in(step.formula.condition):
            yield from (clause.left, clause.right)
