"""Answers of a decision as JSON: money as a decimal string, shares in basis points, dates ISO."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from engine.decide.answer import Decision
from engine.language.model import Release
from engine.language.values import (
    UNKNOWN,
    Kind,
    MaybeValue,
    Value,
    format_decimal_money,
    parse_decimal_money,
)


def answers_to_json(release: Release, decided: Decision) -> dict[str, Any]:
    """The answers that are known; an absent one is unknown, null is `none`."""
    types = release.decisions[decided.decision].answers
    return {
        name: _to_json(types[name].kind, value)
        for name, value in decided.answers.items()
        if value is not UNKNOWN
    }


def read_answers(
    release: Release, decision: str, answers: Mapping[str, Any]
) -> dict[str, MaybeValue]:
    """What `answers_to_json` wrote, as the engine's own values."""
    return {
        name: _from_json(kind.kind, answers[name]) if name in answers else UNKNOWN
        for name, kind in release.decisions[decision].answers.items()
    }


def _to_json(kind: Kind, value: Value) -> Any:
    if kind == "money" and isinstance(value, int):
        return format_decimal_money(value)
    if isinstance(value, date):
        return value.isoformat()
    return list(value) if isinstance(value, tuple) else value


def _from_json(kind: Kind, value: Any) -> Value:
    if value is None:
        return None
    if kind == "money":
        return parse_decimal_money(value)
    if kind == "date":
        return date.fromisoformat(value)
    if kind == "list":
        return tuple(value)
    stored: Value = value
    return stored
