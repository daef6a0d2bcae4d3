"""Clause coverage: was each clause seen both met and unmet while the cases ran?"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from engine.decide.answer import MET, UNMET
from engine.language.model import Clause, Place, Release, Rule
from engine.language.operands import clauses_of
from engine.language.wording import as_written
from engine.rehearse.runner import CaseResult


@dataclass(frozen=True, slots=True)
class Gap:
    """A clause that was not seen on one side or both. seen: the outcomes that did occur."""

    rule: str
    place: Place
    clause: str
    never: str

    def text(self) -> str:
        return f"{self.place.file}:{self.place.line}: {self.clause}  {self.never}"


@dataclass(frozen=True, slots=True)
class Coverage:
    """sides: two for every clause of the rules asked, met and unmet; covered: how many occurred."""

    sides: int
    covered: int
    gaps: tuple[Gap, ...]

    @property
    def percent(self) -> int:
        """Whole percent, rounded down so that 100 means every side of every clause."""
        return 100 if self.sides == 0 else self.covered * 100 // self.sides

    def text(self) -> str:
        """The gaps by place, then one line that counts."""
        count = (
            f"clause coverage {self.percent} %: {self.covered} of {self.sides} sides, "
            f"{len(self.gaps)} clauses with a gap"
        )
        return "\n".join([*(gap.text() for gap in self.gaps), count])


def measure_coverage(release: Release, results: Iterable[CaseResult]) -> Coverage:
    """Coverage of the rules of every decision and subject that the cases ask."""
    ran = list(results)
    seen = seen_outcomes(ran)
    asked = {(result.case.is_watched, result.case.asks) for result in ran}
    names = {
        name
        for is_watched, asks in asked
        for name in (release.subjects if is_watched else release.decisions)[asks].rules
    }
    rules = [release.rules[name] for name in sorted(names)]
    clauses = [(rule, clause) for rule in rules for clause in clauses_of(rule)]
    covered = sum(
        len(seen.get((rule.name, clause.number), set()) & {MET, UNMET}) for rule, clause in clauses
    )
    gaps = [gap for rule, clause in clauses if (gap := _gap(rule, clause, seen)) is not None]
    return Coverage(2 * len(clauses), covered, tuple(sorted(gaps, key=lambda gap: gap.place)))


def seen_outcomes(results: Iterable[CaseResult]) -> Mapping[tuple[str, int], set[int]]:
    """By rule and clause number: every outcome that occurred."""
    seen: dict[tuple[str, int], set[int]] = {}
    for result in results:
        for rule, outcomes in result.outcomes.items():
            for number, outcome in enumerate(outcomes):
                seen.setdefault((rule, number), set()).add(outcome)
    return seen


def _gap(rule: Rule, clause: Clause, seen: Mapping[tuple[str, int], set[int]]) -> Gap | None:
    occurred = seen.get((rule.name, clause.number), set())
    is_met, is_unmet = MET in occurred, UNMET in occurred
    if is_met and is_unmet:
        return None
    never = "never unmet" if is_met else "never met" if is_unmet else "never met or unmet"
    return Gap(rule.name, clause.place, as_written(clause), never)
