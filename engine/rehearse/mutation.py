"""Rule mutation: would the cases notice a slip?

Each slip makes another release; the cases that could see it are asked again until one of them
fails. A slip that none of them sees is a survivor: a place in the policy that no case holds.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from engine.decide.answer import NOT_REACHED
from engine.language.model import Release
from engine.rehearse.mutants import Mutant, find_mutants
from engine.rehearse.runner import CaseResult, Parts, counted, run_case


@dataclass(frozen=True, slots=True)
class Survivor:
    """A slip that no case noticed. looked: how many cases reached it."""

    mutant: Mutant
    looked: int

    def text(self) -> str:
        place = self.mutant.place
        seen = f"{counted(self.looked, 'case')} reached it" if self.looked else "no case reached it"
        return f"{place.file}:{place.line}: {self.mutant.slip}  ({seen})"


@dataclass(frozen=True, slots=True)
class MutationReport:
    """slips: how many were tried. Empty where the cases do not hold to begin with."""

    slips: int
    survivors: tuple[Survivor, ...]
    failing_before: tuple[CaseResult, ...] = ()

    @property
    def percent(self) -> int:
        """Whole percent of the slips that were noticed, rounded down."""
        return 100 if not self.slips else (self.slips - len(self.survivors)) * 100 // self.slips

    def text(self) -> str:
        """The survivors by place, then one line that counts."""
        if self.failing_before:
            failing = counted(len(self.failing_before), "case")
            return f"{failing} failed before any slip was made; mend the policy or the cases first"
        lines = [each.text() for each in self.survivors]
        noticed = self.slips - len(self.survivors)
        lines.append(f"mutation {self.percent} %: {noticed} of {self.slips} slips were noticed")
        return "\n".join(lines)


def run_mutants(
    results: Sequence[CaseResult],
    release: Release,
    build: Callable[[Release], Parts],
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> MutationReport:
    """Tries every slip in the rules that the cases ask, and in the parameters these read.

    results: what the cases came to under the release as it is. build: the parts of a mutated
    release, closed here. progress: called after each slip with the number done and of all.
    """
    failing = tuple(each for each in results if not each.passed)
    if failing:
        return MutationReport(0, (), failing)
    mutants = list(find_mutants(release, _rules_asked(results, release)))
    survivors: list[Survivor] = []
    for done, mutant in enumerate(mutants, start=1):
        looking = [each for each in results if _looks(each, mutant)]
        if not _is_noticed(mutant, looking, build):
            survivors.append(Survivor(mutant, len(looking)))
        progress(done, len(mutants))
    survivors.sort(key=lambda each: (each.mutant.place, each.mutant.slip))
    return MutationReport(len(mutants), tuple(survivors))


def _rules_asked(results: Iterable[CaseResult], release: Release) -> set[str]:
    rules: set[str] = set()
    for each in results:
        asked = release.subjects if each.case.is_watched else release.decisions
        rules.update(asked[each.case.asks].rules)
    return rules


def _looks(result: CaseResult, mutant: Mutant) -> bool:
    """Whether a case judged what the slip touches: only then can it come out otherwise."""
    for name in mutant.rules:
        outcomes = result.outcomes.get(name)
        if outcomes is not None and (
            mutant.clause is None or outcomes[mutant.clause] != NOT_REACHED
        ):
            return True
    return False


def _is_noticed(
    mutant: Mutant, looking: Sequence[CaseResult], build: Callable[[Release], Parts]
) -> bool:
    if not looking:
        return False
    parts = build(_narrowed(mutant.release, looking))
    try:
        return any(not run_case(each.case, parts).passed for each in looking)
    finally:
        parts.watcher.close()


def _narrowed(release: Release, looking: Iterable[CaseResult]) -> Release:
    """The release with only what the cases ask, under a hash that is not the true release's."""
    asked = {(each.case.is_watched, each.case.asks) for each in looking}
    return replace(
        release,
        hash=f"mutant-{release.hash}",
        decisions={n: each for n, each in release.decisions.items() if (False, n) in asked},
        subjects={n: each for n, each in release.subjects.items() if (True, n) in asked},
    )
