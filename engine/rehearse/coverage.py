"""Coverage: was each clause seen both met and unmet while the cases ran, and was each dated value
that the rules read in force in some case?"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from engine.decide.answer import MET, UNMET
from engine.language.model import Clause, Place, Release, Rule
from engine.language.operands import clauses_of, parameters_of
from engine.language.wording import as_written
from engine.rehearse.runner import CaseResult, counted


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
class Unreached:
    """A dated value that was in force in no case which asked a rule that reads it."""

    parameter: str
    since: date
    place: Place

    def text(self) -> str:
        return (
            f"{self.place.file}:{self.place.line}: ${self.parameter} since {self.since}  "
            "in force in no case"
        )


@dataclass(frozen=True, slots=True)
class Coverage:
    """sides: two for every clause of the rules asked, met and unmet; covered: how many occurred."""

    sides: int
    covered: int
    gaps: tuple[Gap, ...]
    unreached: tuple[Unreached, ...] = ()

    @property
    def percent(self) -> int:
        """Whole percent, rounded down so that 100 means every side of every clause."""
        return 100 if self.sides == 0 else self.covered * 100 // self.sides

    def text(self) -> str:
        """The gaps by place, then the values that no case reaches, then one line that counts."""
        count = (
            f"clause coverage {self.percent} %: {self.covered} of {self.sides} sides, "
            f"{len(self.gaps)} clauses with a gap"
        )
        if self.unreached:
            count += f"; {counted(len(self.unreached), 'dated value')} that no case reaches"
        told = [*(gap.text() for gap in self.gaps), *(each.text() for each in self.unreached)]
        return "\n".join([*told, count])


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
    return Coverage(
        2 * len(clauses), covered, tuple(sorted(gaps, key=lambda gap: gap.place)),
        tuple(sorted(_unreached(release, names, ran), key=lambda each: each.place)),
    )  # fmt: skip


def _unreached(
    release: Release, names: Iterable[str], ran: Iterable[CaseResult]
) -> Iterator[Unreached]:
    """The values of the parameters that these rules read which no case was judged by."""
    reached: set[tuple[str, date]] = set()
    for as_of, rules in {(each.as_of, frozenset(each.outcomes)) for each in ran}:
        for name in rules if as_of is not None else ():
            for parameter in parameters_of(release.rules[name]):
                dated = release.parameters[parameter].on(as_of) if as_of else None
                reached |= {(parameter, dated.since)} if dated else set()
    for parameter in sorted(
        {each for name in names for each in parameters_of(release.rules[name])}
    ):
        for dated in release.parameters[parameter].values:
            if (parameter, dated.since) not in reached:
                yield Unreached(parameter, dated.since, dated.place)


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
