"""What a rule may name: everything that was loaded before the rules were."""

from collections.abc import Mapping
from dataclasses import dataclass

from engine.language.model import (
    Conclusion,
    DecisionPoint,
    Fact,
    FiscalYear,
    Parameter,
    Source,
    Subject,
)


@dataclass(frozen=True, slots=True)
class Scope:
    """`reasons`: by decision, the reasons that its texts (or the shared texts) declare.

    `decisions` carry no reasons yet: which ones a decision can give is known after its rules.
    """

    facts: Mapping[str, Fact]
    parameters: Mapping[str, Parameter]
    sources: Mapping[str, Source]
    conclusions: Mapping[str, Conclusion]
    decisions: Mapping[str, DecisionPoint]
    subjects: Mapping[str, Subject]
    reasons: Mapping[str, frozenset[str]]
    fiscal_year: FiscalYear
