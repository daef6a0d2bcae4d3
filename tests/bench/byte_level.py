"""From JSON bytes to JSON bytes, as the engine offers it now: the one place to change when it
offers something faster."""

import json
from dataclasses import asdict

from engine.decide.decider import Decider
from engine.decide.fact_values import value_to_json
from engine.decide.facts import facts_from_json
from engine.language.values import UNKNOWN


def verdict_of(decider: Decider, decision: str, body: bytes) -> bytes:
    """Nested facts as JSON bytes -> verdict, findings, answers and missing facts as JSON bytes."""
    decided = decider.decide(decision, facts_from_json(decider.release, json.loads(body)))
    types = decider.release.decisions[decision].answers
    answers = {
        name: None if value is UNKNOWN else value_to_json(types[name].kind, value)
        for name, value in decided.answers.items()
    }
    answer = {
        "verdict": decided.verdict,
        "findings": [asdict(finding) for finding in decided.findings],
        "answers": answers,
        "missing": decided.missing,
    }
    return json.dumps(answer, separators=(",", ":")).encode()


def trace_of(decider: Decider, decision: str, body: bytes) -> bytes:
    """Nested facts as JSON bytes -> the whole trace as JSON bytes."""
    decided = decider.decide(decision, facts_from_json(decider.release, json.loads(body)))
    return json.dumps(decider.trace(decided), separators=(",", ":")).encode()
