"""cedarpy: a `forbid` a finding, under one `permit`, with policies and entities parsed before.

Cedar knows permit and forbid alone, so the verdict is read from the policies that forbid. It has no
answers beside them.
"""

import json
from typing import Any, Final

import cedarpy
from bench.peers.expressions import Dialect
from bench.peers.peer import Told, told
from bench.peers.terms import Data, Policy

KNOWS_NULL: Final = False

_NAMES: Final = {
    "principal": 'Account::"a"',
    "action": 'Action::"buy"',
    "resource": 'Item::"i"',
}


def _dialect(where: str) -> Dialect:
    """Fields are attributes of `where`; one that is absent is not there."""
    return Dialect(
        field=lambda name: f"{where}.{name}",
        absent=lambda name: f"!({where} has {name})",
        there=lambda name: f"{where} has {name}",
        negated=lambda test: f"!({test})",
        joined=(" && ", " || "),
        chosen=lambda test, met, unmet: f"(if {test} then {met} else {unmet})",
        apart=lambda left, right: (
            f"(if {left} > {right} then {left} - {right} else {right} - {left})"
        ),
        in_list=lambda member, listed: f"{listed}.contains({member})",
    )


class _Cedar:
    keeps = "the policies that forbid"
    returns_trace = False

    def __init__(self, policy: Policy, where: str) -> None:
        lines, dialect = policy.lines(), _dialect(where)
        written = ["permit(principal, action, resource);"]
        for test, _ in lines:
            written.append(f"forbid(principal, action, resource) when {{ {dialect.test(test)} }};")
        self.policies = cedarpy.PolicySet.from_str("\n".join(written))
        self.outcomes = [outcome for _, outcome in lines]
        self.place = {f"policy{place + 1}": place for place in range(len(lines))}

    def told(self, result: Any) -> Told:
        diagnostics = result.diagnostics
        if diagnostics.errors:
            raise RuntimeError(diagnostics.errors[0])
        if result.allowed:
            return told(self.outcomes, ())
        return told(self.outcomes, [self.place[name] for name in diagnostics.reasons])


class CedarContext(_Cedar):
    """The purchase as the request's context: a dict, as the library takes it."""

    name = "cedarpy, policies preparsed"

    def __init__(self, policy: Policy) -> None:
        super().__init__(policy, "context")
        self.entities = cedarpy.Entities.from_json_str("[]")

    def ready(self, data: Data) -> dict[str, object]:
        return {**_NAMES, "context": _given(data)}

    def judge(self, ready: dict[str, object]) -> Told:
        return self.told(cedarpy.is_authorized(ready, self.policies, self.entities))


class CedarEntity(_Cedar):
    """The purchase as an entity that was parsed before the clock starts: an upper bound, since no
    service has its purchase parsed before it comes."""

    name = "cedarpy, the purchase preparsed too"

    def __init__(self, policy: Policy) -> None:
        super().__init__(policy, "resource")

    def ready(self, data: Data) -> cedarpy.Entities:
        uid = {"type": "Item", "id": "i"}
        entity = {"uid": uid, "attrs": _given(data), "parents": []}
        return cedarpy.Entities.from_json_str(json.dumps([entity]))

    def judge(self, ready: cedarpy.Entities) -> Told:
        return self.told(cedarpy.is_authorized(_NAMES, self.policies, ready))


def _given(data: Data) -> dict[str, object]:
    return {name: value for name, value in data.items() if value is not None}
