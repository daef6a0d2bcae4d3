"""Facts with their origins, as they are put together for one decision."""

from collections.abc import Mapping
from typing import Any

from api.errors import Refusal, problem
from engine.decide.answer import FactsRefused
from engine.decide.facts import facts_from_json, facts_to_json
from engine.language.model import Release
from engine.language.values import Value

Origin = Mapping[str, Any]


class Dossier:
    """Facts by full name in engine JSON with their origins; what is not stated is unknown."""

    def __init__(self) -> None:
        self.facts: dict[str, Any] = {}
        self.origins: dict[str, dict[str, Any]] = {}

    def state(self, name: str, value: Any, origin: Origin) -> None:
        """States one fact; a later statement replaces an earlier one."""
        self.facts[name] = value
        self.origins[name] = dict(origin)

    def state_all(self, group: str, facts: Mapping[str, Any], origin: Origin) -> None:
        """States every fact of a record of one group."""
        for name, value in facts.items():
            self.state(f"{group}.{name}", value, origin)

    def knows(self, name: str) -> bool:
        """Whether the fact was stated, `none` included."""
        return name in self.facts

    def get(self, name: str) -> Any:
        """What was stated; None for `none` and for what is unknown."""
        return self.facts.get(name)

    def values(self, release: Release) -> dict[str, Value]:
        """The facts that the release declares, as the engine reads them.

        Refusal RECORD_UNAVAILABLE when one of our records does not fit the release.
        """
        declared = {name: self.facts[name] for name in self.facts if name in release.facts}
        try:
            return facts_from_json(release, nested(declared))
        except FactsRefused as refused:
            raise Refusal(
                "RECORD_UNAVAILABLE",
                "a record does not fit the policy in force",
                problems_of(refused),
            ) from refused

    def origins_of(self, release: Release) -> dict[str, dict[str, Any]]:
        """The origins of the facts that the release declares."""
        return {name: one for name, one in self.origins.items() if name in release.facts}


def nested(facts: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Facts by group, from facts by full name."""
    groups: dict[str, dict[str, Any]] = {}
    for name, value in facts.items():
        group, rest = name.split(".", 1)
        groups.setdefault(group, {})[rest] = value
    return groups


def problems_of(refused: FactsRefused, prefix: str = "", instead: str = "") -> list[dict[str, Any]]:
    """What is wrong with facts, as details of a refusal; `prefix` of a path becomes `instead`."""
    return [
        problem(instead + one.path.removeprefix(prefix), one.message, one.help) | {"code": one.code}
        for one in refused.problems
    ]


def read_record(release: Release, group: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """Facts that a record states about one group, checked against the release.

    Keys are names without the group. Refusal INVALID_REQUEST with every problem.
    """
    plain = {name: _plain(value) for name, value in given.items()}
    try:
        values = facts_from_json(release, {group: plain})
    except FactsRefused as refused:
        details = problems_of(refused, f"{group}.")
        raise Refusal(
            "INVALID_REQUEST", f"the request has {len(details)} problems", details
        ) from refused
    checked = facts_to_json(release, values).get(group, {})
    assert isinstance(checked, dict)  # noqa: S101 - facts_to_json nests by group
    return checked


def _plain(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else value
