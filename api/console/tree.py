"""A trace arranged for reading: first what decided, then what is not known, then the rest."""

from collections.abc import Mapping
from typing import Any, Final

from engine.decide.origins import origin_text

_WORST_FIRST: Final = ("deny", "incomplete", "review", "allow")


def view(
    record: Mapping[str, Any], trace: Mapping[str, Any], near: Mapping[str, Any]
) -> dict[str, Any]:
    """The findings and rules by what they did, near misses, and the facts with their origins."""
    rules = trace["rules"]
    speaking = [rule for rule in rules if rule["reasons"]]
    silent = [rule for rule in rules if not rule["reasons"]]
    return {
        "findings": sorted(trace["findings"], key=lambda one: _rank(one["verdict"])),
        "deciding": sorted(speaking, key=lambda one: _rank(one["result"])),
        "unknown": [rule for rule in silent if rule["result"] == "unknown"],
        "passed": [r for r in silent if r["result"] not in ("unknown", "does_not_apply")],
        "silent": [rule for rule in silent if rule["result"] == "does_not_apply"],
        "close": [miss for miss in near["near"] if miss["close"]],
        "away": [miss for miss in near["near"] if not miss["close"]],
        "more": near["more"],
        "facts": _facts(trace, record.get("origins") or {}),
    }


def _rank(verdict: str) -> int:
    return _WORST_FIRST.index(verdict) if verdict in _WORST_FIRST else len(_WORST_FIRST)


def _facts(trace: Mapping[str, Any], origins: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [
        {**fact, "name": name, "origin": origin_text(origins.get(name))}
        for name, fact in sorted(trace["facts"].items())
        if fact["state"] != "unknown"
    ]
