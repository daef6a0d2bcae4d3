"""The words of a trace, found again by rule and clause number (its schema: decide/trace.py)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class TraceTexts:
    """clauses: by rule and clause number. steps: by rule, then step; those worked out alone."""

    clauses: Mapping[tuple[str, int], str] = field(default_factory=dict)
    steps: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


def texts_of(trace: Mapping[str, Any]) -> TraceTexts:
    """The texts of every clause and step that a decision's trace tells of."""
    clauses: dict[tuple[str, int], str] = {}
    steps: dict[str, dict[str, str]] = {}
    for rule in trace["rules"]:
        name = rule["rule"]
        worked_out = [step for step in rule["steps"] if step["state"] != "not_worked_out"]
        steps[name] = {step["step"]: step["text"] for step in worked_out}
        conditions = [
            *rule["when"]["conditions"],
            *(each for step in rule["steps"] for each in step["conditions"]),
            *(each for case in rule["cases"] for each in case["conditions"]),
        ]
        for clause in _clauses(conditions):
            clauses[name, clause["number"]] = clause["text"]
    return TraceTexts(clauses, steps)


def _clauses(conditions: list[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    for condition in conditions:
        if condition["type"] == "clause":
            yield condition
        else:
            for entry in condition["entries"]:
                yield from _clauses(entry)
