"""Runs case files with a decider and a watcher that it is given, and says what differs."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Protocol

from engine.decide.answer import Decision, EngineFault, NoValue
from engine.language.model import Release
from engine.language.problems import Refused
from engine.language.values import Value, format_value
from engine.rehearse.cases import Case, CaseFile, FactReader, load_cases
from engine.rehearse.causes import Cause, Scenery
from engine.rehearse.differences import causes_of, causes_of_standing
from engine.rehearse.expected_values import same
from engine.rehearse.outcomes import (
    Outcomes,
    Standing,
    outcomes_of_decision,
    outcomes_of_standing,
)
from engine.rehearse.trace_texts import TraceTexts, texts_of


class Decider(Protocol):
    """What running a case needs of a decider."""

    def decide(
        self, decision: str, facts: Mapping[str, Value], as_of: date | None = None
    ) -> Decision: ...

    def clause_outcomes(self, subject: str, facts: Mapping[str, Value], on: date) -> Outcomes: ...

    def trace(self, decided: Decision) -> Mapping[str, object]: ...


class Watcher(Protocol):
    """What running a case needs of a watcher."""

    def watch(self, subject: str, facts: Mapping[str, Value], on: date) -> Standing: ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Parts:
    """One release with all that rehearsing it needs; the entry points put it together."""

    release: Release
    decider: Decider
    watcher: Watcher
    read_facts: FactReader


@dataclass(frozen=True, slots=True)
class Difference:
    """One key of `expect` that came out otherwise."""

    key: str
    expected: str
    decided: str


@dataclass(frozen=True, slots=True)
class CaseResult:
    """What one case came to. outcomes: of every clause judged, for coverage. fault: an error in
    place of an answer, "" where there was one. as_of: the day whose law was asked, if any was."""

    case: Case
    differences: tuple[Difference, ...]
    causes: tuple[Cause, ...]
    outcomes: Outcomes
    fault: str = ""
    as_of: date | None = None

    @property
    def passed(self) -> bool:
        return not self.differences and not self.fault

    def text(self) -> str:
        """The failure as people read it: place, name, expected, decided and the clauses why."""
        place = self.case.place
        asked = f"{'watches' if self.case.is_watched else 'decision'} {self.case.asks}"
        day = "" if self.case.as_of is None else f" as of {self.case.as_of}"
        lines = [f"{place.file}:{place.line}: {self.case.name}", f"  {asked}{day}"]
        for each in self.differences:
            lines.append(f"  {each.key}: expected {each.expected}, decided {each.decided}")
        if self.fault:
            lines.append(f"  no answer: {self.fault}")
        causes = [f"    {line}" for cause in self.causes for line in cause.lines()]
        for number, line in enumerate(causes):
            # A step that several answers rest on is told once.
            if "[step]" not in line or line not in causes[:number]:
                lines.append(line)
        return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class Report:
    """All results in the order run, and the files that could not be read, with their problems."""

    results: tuple[CaseResult, ...]
    refused: tuple[Refused, ...] = ()

    @property
    def failures(self) -> tuple[CaseResult, ...]:
        return tuple(each for each in self.results if not each.passed)

    @property
    def passed(self) -> bool:
        """Whether every file was read and every case held; no case at all proves nothing."""
        return bool(self.results) and not self.refused and not self.failures

    def text(self) -> str:
        """Every problem and failure, then one line that counts."""
        failed = len(self.failures)
        passed = len(self.results) - failed
        count = f"{counted(len(self.results), 'case')}: {passed} passed, {failed} failed"
        if self.refused:
            count += f", {counted(len(self.refused), 'file')} refused"
        parts = [str(each) for each in self.refused]
        parts += [each.text() for each in self.failures]
        return "\n\n".join([*parts, count])


def counted(number: int, noun: str) -> str:
    """`1 case`, `2 cases`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


# --- running ----------------------------------------------------------------------------------


def case_paths(paths: Iterable[Path]) -> list[Path]:
    """The case files among files and folders, sorted; a folder means every *.yaml below it, and
    every *.yml too, which is refused: who wrote it believes that it is run."""
    found: set[Path] = set()
    for path in paths:
        is_folder = path.is_dir()
        found.update([*path.rglob("*.yaml"), *path.rglob("*.yml")] if is_folder else [path])
    return sorted(found)


def run_files(
    paths: Sequence[Path],
    parts: Parts,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Report:
    """Runs every case of every file; a refused file does not keep the others from running.

    progress: called with the files done and their number, after each. OSError where a path is not
    there.
    """
    files = case_paths(paths)
    results: list[CaseResult] = []
    refused: list[Refused] = []
    for done, path in enumerate(files, start=1):
        try:
            results.extend(run_file(load_cases(path, parts.release, parts.read_facts), parts))
        except Refused as problems:
            refused.append(problems)
        progress(done, len(files))
    return Report(tuple(results), tuple(refused))


def run_file(cases: CaseFile, parts: Parts) -> Iterator[CaseResult]:
    """The results of one file's cases, in order."""
    for case in cases.cases:
        yield run_case(case, parts)


def run_case(case: Case, parts: Parts) -> CaseResult:
    """Asks one question and compares what the case expects with what was answered."""
    try:
        return _watch(case, parts) if case.is_watched else _decide(case, parts)
    except NoValue as error:
        return CaseResult(case, (), (), {}, f"{error} (policy.no_value)")
    except EngineFault as error:
        return CaseResult(case, (), (), {}, f"{error} ({error.code})")


def _decide(case: Case, parts: Parts) -> CaseResult:
    decided = parts.decider.decide(case.asks, case.facts, case.as_of)
    expected, release = case.expected, parts.release
    differences = [
        *_word("verdict", expected.verdict, decided.verdict),
        *_set("reasons", expected.reasons, decided.reasons),
        *_set("missing", expected.missing, decided.missing),
        *_answers(release, case, decided),
    ]
    outcomes = outcomes_of_decision(release, decided)
    point = release.decisions[case.asks]
    causes: tuple[Cause, ...] = ()
    if differences and decided.as_of is None:
        # What a rule would have said cannot be told: none was judged (paragraph 1).
        said = f"no rule was judged: `{point.anchor}` is unknown, and the case has no `as_of`"
        causes = (Cause(said, case.place),)
    elif differences:
        scenery = Scenery(
            release, point.rules, case.facts, decided.as_of, point.anchor, outcomes,
            texts_of(parts.decider.trace(decided)),
        )  # fmt: skip
        causes = causes_of(scenery, expected, decided, [each.key for each in differences])
    return CaseResult(case, tuple(differences), causes, outcomes, as_of=decided.as_of)


def _watch(case: Case, parts: Parts) -> CaseResult:
    if case.as_of is None:
        raise ValueError("a watched case has a day, as the reader made sure")
    on, release, expected = case.as_of, parts.release, case.expected
    standing = parts.watcher.watch(case.asks, case.facts, on)
    differences = [
        *_set("conclusions", expected.conclusions, standing.names),
        *_set("missing", expected.missing, standing.missing),
    ]
    judged = parts.decider.clause_outcomes(case.asks, case.facts, on)
    outcomes = outcomes_of_standing(release, judged, standing)
    causes: tuple[Cause, ...] = ()
    if differences:
        rules = release.subjects[case.asks].rules
        scenery = Scenery(release, rules, case.facts, on, None, outcomes, TraceTexts())
        causes = causes_of_standing(scenery, expected, standing)
    return CaseResult(case, tuple(differences), causes, outcomes, as_of=on)


# --- comparing --------------------------------------------------------------------------------


def _word(key: str, expected: str | None, decided: str) -> Iterator[Difference]:
    if expected is not None and expected != decided:
        yield Difference(key, expected, decided)


def _set(key: str, expected: frozenset[str] | None, decided: Iterable[str]) -> Iterator[Difference]:
    found = frozenset(decided)
    if expected is not None and expected != found:
        yield Difference(key, _names(expected), _names(found))


def _names(words: Iterable[str]) -> str:
    return "[" + ", ".join(sorted(words)) + "]"


def _answers(release: Release, case: Case, decided: Decision) -> Iterator[Difference]:
    types = release.decisions[case.asks].answers
    for name, wanted in (case.expected.answers or {}).items():
        kind, found = types[name].kind, decided.answers[name]
        if not same(kind, wanted, found):
            yield Difference(
                f"answers.{name}", format_value(kind, wanted), format_value(kind, found)
            )
