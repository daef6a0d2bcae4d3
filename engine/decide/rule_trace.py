"""One judged rule as a tree: its conditions, steps, cases and answers (schema in trace.py)."""

from typing import Any

from engine.decide.answer import MET, NOT_REACHED, OUTCOME_NAMES, UNKNOWN_CLAUSE, UNMET
from engine.decide.judgement import OTHERWISE, Judgement
from engine.decide.phrases import Phrases, personal_steps, told_group
from engine.decide.sheet import Sheet, combine
from engine.decide.step_phrases import StepPhrases, kind_of_step
from engine.language.model import (
    Clause,
    Condition,
    Group,
    Holds,
    Operand,
    Outcome,
    ParamRef,
    Place,
    Release,
    Step,
)
from engine.language.values import UNKNOWN, MaybeValue


def place_of(place: Place) -> str:
    """`file:line`."""
    return f"{place.file}:{place.line}"


def state_of(value: MaybeValue) -> str:
    """known, none or unknown."""
    if value is UNKNOWN:
        return "unknown"
    return "none" if value is None else "known"


def phrases_of(release: Release, sheet: Sheet) -> Phrases:
    """The words of one rule that was worked out."""
    return Phrases(release, sheet, personal_steps(release.facts, sheet.rule))


def trace_rule(judgement: Judgement, phrases: Phrases) -> dict[str, Any]:
    """The rule's node, in these words."""
    rule = judgement.sheet.rule
    tree = _Tree(phrases)
    return {
        "rule": rule.name,
        "title": rule.title,
        "place": place_of(rule.place),
        "standing": rule.standing,
        "sources": list(rule.sources),
        "note": rule.note,
        "result": judgement.result,
        "reasons": [finding.reason for finding in judgement.findings],
        "missing": list(judgement.missing),
        "when": {
            "outcome": OUTCOME_NAMES[judgement.applies],
            "conditions": tree.conditions(rule.when),
        },
        "steps": [tree.step(step) for step in rule.steps.values()],
        "cases": [
            {
                "case": case.name,
                "place": place_of(case.place),
                "outcome": OUTCOME_NAMES[outcome],
                "says": _says(case.outcome),
                "conditions": tree.conditions(case.condition),
            }
            for case, outcome in zip(rule.cases, judgement.cases, strict=True)
        ],
        "otherwise": {
            "outcome": OUTCOME_NAMES[_otherwise(judgement)],
            "place": place_of(rule.otherwise_place or rule.place),
            "says": _says(rule.otherwise),
        },
        "answers": {name: tree.phrases.name(each) for name, each in rule.answers.items()},
    }


def _says(outcome: Outcome) -> dict[str, Any]:
    return {"verdict": outcome.verdict, "reasons": list(outcome.reasons)}


def _otherwise(judgement: Judgement) -> int:
    if judgement.applies == UNMET or judgement.case != OTHERWISE:
        return NOT_REACHED
    return UNKNOWN_CLAUSE if UNKNOWN_CLAUSE in judgement.cases else MET


class _Tree:
    """Builds the nodes of one rule."""

    def __init__(self, phrases: Phrases) -> None:
        self.phrases = phrases
        self.outcomes = phrases.sheet.outcomes

    def conditions(self, condition: Condition) -> list[dict[str, Any]]:
        return [
            self._clause(entry) if isinstance(entry, Clause) else self._group(entry)
            for entry in condition
        ]

    def _clause(self, clause: Clause) -> dict[str, Any]:
        phrases, outcome = self.phrases, self.outcomes[clause.number]
        sides = (clause.left, clause.right)
        return {
            "type": "clause",
            "number": clause.number,
            "outcome": OUTCOME_NAMES[outcome],
            "text": phrases.told(clause, outcome),
            "asked": phrases.asked(clause),
            "left": phrases.name(clause.left),
            "operator": clause.operator,
            "right": phrases.name(clause.right),
            "place": place_of(clause.place),
            "parameters": [side.name for side in sides if isinstance(side, ParamRef)],
            "personal": any(map(phrases.is_personal, sides)),
        }

    def _group(self, group: Group) -> dict[str, Any]:
        entries = [combine(entry, self.outcomes) for entry in group.entries]
        return {
            "type": "group",
            "operator": group.operator,
            "outcome": OUTCOME_NAMES[combine((group,), self.outcomes)],
            "text": told_group(group, entries),
            "asked": told_group(group, [NOT_REACHED] * len(entries)),
            "place": place_of(group.place),
            "entries": [self.conditions(entry) for entry in group.entries],
        }

    def step(self, step: Step) -> dict[str, Any]:
        words = StepPhrases(self.phrases, step)
        chosen = words.chosen()
        held = step.formula.condition if isinstance(step.formula, Holds) else ()
        return {
            "step": step.name,
            "kind": kind_of_step(step),
            "state": self._state(words),
            "value": words.value() if words.was_read else None,
            "text": words.told(),
            "asked": StepPhrases(self.phrases, step, with_values=False).told(),
            "place": place_of(step.place),
            "inputs": [self._input(each, step) for each in words.inputs()],
            "binds": words.binding(),
            "rounding": words.rounding(),
            "row": words.row(),
            "chosen": None if chosen is None else self.phrases.name(chosen),
            "parameters": words.parameters() if words.was_read else [],
            "conditions": self.conditions(held),
            "personal": step.name in self.phrases.personal,
        }

    def _state(self, words: StepPhrases) -> str:
        if not words.was_read:
            return "not_worked_out"
        return state_of(self.phrases.sheet.steps[words.step.name])

    def _input(self, operand: Operand, step: Step) -> dict[str, Any]:
        return {
            "name": self.phrases.name(operand),
            "text": self.phrases.value(operand, step.type.kind),
            "personal": self.phrases.is_personal(operand),
        }
