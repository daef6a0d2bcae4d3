"""What can still be told of a decision when facts of it were erased.

The engine cannot judge it again. What was recorded stays: verdict, findings, what was missing, the
facts that are left and the outcome of every clause.
"""

from typing import Any

from api.privacy.boxes import ERASED
from api.service.answers import read_answers
from api.service.decision_facts import Content
from api.store.records import DecisionRow
from engine.decide.answer import Finding
from engine.decide.fact_values import value_from_json
from engine.decide.trace import SCHEMA, trace_answer, trace_finding
from engine.language.model import Release
from engine.language.values import UNKNOWN, Value, format_value


def trace(release: Release, row: DecisionRow, held: Content) -> dict[str, Any]:
    """A tree in the shape of the engine's (trace.py), without rules: `erased` says why."""
    facts = _facts(release, held)
    point = release.decisions[row.decision]
    return {
        "schema": SCHEMA,
        "decision": row.decision,
        "question": point.question,
        "verdict": row.verdict,
        "as_of": row.as_of.isoformat() if row.as_of else None,
        "release": row.release_id,
        "semantics": row.semantics_version,
        "findings": [
            trace_finding(release, row.decision, Finding(**one), facts, row.as_of)
            for one in row.findings
        ],
        "answers": _answers(release, row, held),
        "missing": list(row.missing),
        "facts": _told(release, held, facts),
        "parameters": {},
        "sources": {},
        "rules": [],
        "not_in_force": [],
    }


def _facts(release: Release, held: Content) -> dict[str, Value]:
    return {
        f"{group}.{name}": value_from_json(release.facts[f"{group}.{name}"], value)
        for group, part in held.facts.items()
        for name, value in part.items()
    }


def _answers(release: Release, row: DecisionRow, held: Content) -> dict[str, Any]:
    kinds = release.decisions[row.decision].answers
    found: dict[str, Any] = {
        name: trace_answer(name, kinds[name].kind, value, None)
        for name, value in read_answers(release, row.decision, held.answers).items()
    }
    for name in held.erased:
        if name in found:
            found[name] |= {"state": "erased", "text": ERASED, "personal": True}
    return found


def _told(release: Release, held: Content, facts: dict[str, Value]) -> dict[str, Any]:
    names = [*facts, *(name for name in held.erased if name in release.facts)]
    return {
        name: {
            "title": release.facts[name].title,
            "state": _state(name, facts),
            "text": _text(release, name, facts),
            "personal": release.facts[name].personal,
        }
        for name in names
    }


def _state(name: str, facts: dict[str, Value]) -> str:
    if name not in facts:
        return "erased"
    return "none" if facts[name] is None else "known"


def _text(release: Release, name: str, facts: dict[str, Value]) -> str:
    if name not in facts:
        return ERASED
    return format_value(release.facts[name].type.kind, facts.get(name, UNKNOWN))
