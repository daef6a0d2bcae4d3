"""The cases that show each rule: run again, so that the book prints what is decided, not hoped."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path, PurePosixPath

from engine.assembly import assemble
from engine.decide.facts import facts_from_nodes
from engine.language.model import FactRef, Release, Rule
from engine.language.operands import operands_of
from engine.language.problems import Refused
from engine.language.values import UNKNOWN, MaybeValue, format_value
from engine.rehearse.cases import Case, CaseFile, load_cases
from engine.rehearse.runner import Parts, case_paths, run_case


@dataclass(frozen=True, slots=True)
class Told:
    """What one question was answered.

    verdict: of the whole decision, or whether anything is in force. given: by rule, its reasons or
    its conclusion. amounts: by answer, in its type's form. failure: why the case does
    not hold, "" where it does.
    """

    case: Case
    as_of: date | None
    verdict: str
    given: Mapping[str, tuple[str, ...]]
    missing: tuple[str, ...] = ()
    amounts: Mapping[str, str] = field(default_factory=dict)
    failure: str = ""


@dataclass(frozen=True, slots=True)
class Exhibit:
    """One case beside one rule. own: what this rule gave; other: what other rules gave.
    amounts: the answers that this rule gives. facts: what this rule reads, name and value."""

    name: str
    file: str
    line: int
    as_of: str
    verdict: str
    own: tuple[str, ...]
    other: tuple[str, ...]
    missing: tuple[str, ...]
    amounts: tuple[tuple[str, str], ...]
    facts: tuple[tuple[str, str], ...]
    failure: str


@dataclass(frozen=True, slots=True)
class Exhibits:
    """by_rule: for each rule, by decision or subject, the cases. others: by decision or subject,
    the cases that no rule claims, since every rule is silent. count: cases run. failures: name,
    place and difference of each case that does not hold."""

    by_rule: Mapping[str, Mapping[str, Sequence[Exhibit]]]
    others: Mapping[str, Sequence[Exhibit]]
    count: int
    failures: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True, slots=True)
class ShownFile:
    """Cases of one file. alike: the facts that all of them share, told once."""

    file: str
    alike: tuple[tuple[str, str], ...]
    exhibits: tuple[Exhibit, ...]


NONE = Exhibits({}, {}, 0, ())
"""A book without cases."""


def read_case_files(folder: Path, release: Release, named: str) -> list[CaseFile]:
    """The case files below a folder, each called by `named` and its path inside the folder, so that
    no path of a machine gets into the book. Refused with the problems of all files."""
    files, problems, lines = [], [], {}
    for path in case_paths([folder]):
        name = (PurePosixPath(named) / path.relative_to(folder).as_posix()).as_posix()
        try:
            files.append(load_cases(path, release, facts_from_nodes, name))
        except Refused as refused:
            problems += refused.problems
            lines.update(refused.lines)
    if problems:
        raise Refused(problems, lines)
    return files


def gather_exhibits(release: Release, files: list[CaseFile]) -> Exhibits:
    """Runs every case and lays it beside the rules that it shows: those that gave a finding, and
    the rule that its file is called after."""
    parts = assemble(release)
    by_rule: dict[str, dict[str, list[Exhibit]]] = {}
    others: dict[str, list[Exhibit]] = {}
    failures = []
    try:
        for file in files:
            mirrored = _mirrored(release, file)
            for case in file.cases:
                told = _tell(case, parts)
                shown = tuple(dict.fromkeys([*mirrored, *told.given]))
                for rule in shown:
                    beside = by_rule.setdefault(rule, {}).setdefault(case.asks, [])
                    beside.append(_exhibit(release, release.rules[rule], told))
                if not shown:
                    others.setdefault(case.asks, []).append(_exhibit(release, None, told))
                if told.failure:
                    failures.append((case.name, _place(case), told.failure))
    finally:
        parts.watcher.close()
    count = sum(len(file.cases) for file in files)
    return Exhibits(by_rule, others, count, tuple(failures))


def _mirrored(release: Release, file: CaseFile) -> list[str]:
    """The rules after which a file is called: `purchase/balance.yaml` shows `purchase.balance`, and
    `purchase/w9.yaml` the rule `shared.w9` that a purchase asks too."""
    stem = PurePosixPath(file.file).stem
    asked = release.subjects if file.is_watched else release.decisions
    return [name for name in asked[file.asks].rules if name.rpartition(".")[2] == stem]


def _tell(case: Case, parts: Parts) -> Told:
    result = run_case(case, parts)
    if result.fault:
        return Told(case, case.as_of, "no answer", {}, failure=result.fault)
    said = "; ".join(
        f"{each.key}: expected {each.expected}, decided {each.decided}"
        for each in result.differences
    )
    told = _watched(case, parts) if case.is_watched else _decided(case, parts)
    return replace(told, failure=said)


def _decided(case: Case, parts: Parts) -> Told:
    decided = parts.decider.decide(case.asks, case.facts, case.as_of)
    given: dict[str, tuple[str, ...]] = {}
    for finding in decided.findings:
        given[finding.rule] = (*given.get(finding.rule, ()), finding.reason)
    types = parts.release.decisions[case.asks].answers
    amounts = {
        name: format_value(types[name].kind, value) for name, value in decided.answers.items()
    }
    return Told(case, decided.as_of, decided.verdict, given, decided.missing, amounts)


def _watched(case: Case, parts: Parts) -> Told:
    if case.as_of is None:
        raise ValueError("a watched case has a day, as the reader made sure")
    standing = parts.watcher.watch(case.asks, case.facts, case.as_of)
    given = {each.rule: (each.name,) for each in standing.concluded}
    verdict = "in force" if given else "nothing in force"
    return Told(case, case.as_of, verdict, given, standing.missing)


def _exhibit(release: Release, rule: Rule | None, told: Told) -> Exhibit:
    """A case beside the rule that it shows, or beside none."""
    name = "" if rule is None else rule.name
    own = told.given.get(name, ())
    other = (each for giver, all_of in told.given.items() if giver != name for each in all_of)
    answers = told.amounts if rule is None else rule.answers
    return Exhibit(
        name=told.case.name,
        file=told.case.place.file,
        line=told.case.place.line,
        as_of="unknown" if told.as_of is None else told.as_of.isoformat(),
        verdict=told.verdict,
        own=own,
        other=tuple(dict.fromkeys(each for each in other if each not in own)),
        missing=told.missing,
        amounts=tuple((each, told.amounts[each]) for each in answers if each in told.amounts),
        facts=() if rule is None else tuple(_facts(release, rule, told.case)),
        failure=told.failure,
    )


def _facts(release: Release, rule: Rule, case: Case) -> Iterator[tuple[str, str]]:
    """What the rule reads, as the case gives it."""
    named = (each.name for each in operands_of(rule) if isinstance(each, FactRef))
    for name in dict.fromkeys(named):
        if name in release.facts:
            value: MaybeValue = case.facts.get(name, UNKNOWN)
            yield name, format_value(release.facts[name].type.kind, value)


def _place(case: Case) -> str:
    return f"{case.place.file}:{case.place.line}"


def by_file(exhibits: Sequence[Exhibit], rule: str = "") -> tuple[ShownFile, ...]:
    """The exhibits under their files, each with only the facts in which it differs; the file that
    is called after the rule comes first."""
    files: dict[str, list[Exhibit]] = {}
    for each in exhibits:
        files.setdefault(each.file, []).append(each)
    stem = rule.rpartition(".")[2]
    ordered = sorted(files, key=lambda file: (PurePosixPath(file).stem != stem, file))
    return tuple(_shown(file, files[file]) for file in ordered)


def _shown(file: str, exhibits: list[Exhibit]) -> ShownFile:
    """One case alone keeps its facts beside it."""
    alike = set(exhibits[0].facts) if len(exhibits) > 1 else set()
    for each in exhibits:
        alike &= set(each.facts)
    return ShownFile(
        file,
        tuple(fact for fact in exhibits[0].facts if fact in alike),
        tuple(
            replace(each, facts=tuple(fact for fact in each.facts if fact not in alike))
            for each in exhibits
        ),
    )
