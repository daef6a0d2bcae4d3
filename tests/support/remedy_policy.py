"""Small releases whose facts may be changed as the test says, and what is proposed for them."""

from collections.abc import Mapping
from dataclasses import replace

from support import small_policy
from support.small_policy import TODAY

from engine.decide.decider import Decider
from engine.decide.remedies import Remedies, find_remedies
from engine.language.model import Release
from engine.language.values import Value

LOWER, HIGHER, LATER, EARLIER = "lower", "higher", "later", "earlier"


def with_remedies(release: Release, remedies: Mapping[str, str]) -> Release:
    """The release with these remedies and no others."""
    facts = {
        name: replace(fact, remedy=remedies.get(name), changeable_by="family")
        for name, fact in release.facts.items()
    }
    return replace(release, facts=facts)


def solve(
    body: str, facts: Mapping[str, Value], remedies: Mapping[str, str], answers: str = ""
) -> Remedies:
    release = with_remedies(small_policy.release(answers=answers, only=body), remedies)
    decider = Decider(release)
    return find_remedies(decider, decider.decide("ask", {"asked.on": TODAY, **facts}))


def proposed(found: Remedies) -> list[dict[str, Value]]:
    return [{each.fact: each.after for each in remedy.changes} for remedy in found.remedies]


def rule(condition: str, steps: str = "", none: str = "") -> str:
    """Denies where the condition is met; `none`: a fact about which absence must be said."""
    absent = f"  - {{ case: absent, if: {{ {none}: {{ is: none }} }}, then: allow }}\n"
    return (
        (f"steps: {{ {steps} }}\n" if steps else "")
        + f"cases:\n{absent if none else ''}"
        + f"  - {{ case: refused, if: {{ {condition} }}, then: {{ deny: REFUSED }} }}\n"
        + "otherwise: allow\n"
    )
