"""Whether conclusions rest on one another in one direction only, and in short chains (5.18)."""

from collections.abc import Iterable, Mapping
from typing import TypeAlias

from engine.language import limits
from engine.language.model import Clause, FactRef, Rule
from engine.language.operands import clauses_in
from engine.language.problems import Problems

Readings: TypeAlias = dict[str, dict[str, Clause]]
"""By conclusion: the conclusions that its rules read, each with the clause that reads it."""


def check_chains(rules: Iterable[Rule], problems: Problems) -> None:
    """watch.cycle, once for each cycle, and for each chain that is longer than allowed."""
    left = _read_conclusions(rules)
    lengths: dict[str, int] = {}
    while left:
        ready = [name for name in sorted(left) if lengths.keys() >= left[name].keys()]
        if not ready:
            for name in _report_cycle(left, lengths, problems):
                # A cycle has been reported; what rests on it is measured as if it were a fact.
                lengths[name] = 0
                del left[name]
        for name in ready:
            reads = left.pop(name)
            lengths[name] = 1 + max((lengths[read] for read in reads), default=0)
            if lengths[name] == limits.CONCLUSION_CHAIN + 1:
                _report_long(name, reads, lengths, problems)


def _read_conclusions(rules: Iterable[Rule]) -> Readings:
    standing = [rule for rule in rules if rule.concludes is not None]
    concluded = {rule.concludes for rule in standing}
    readings: Readings = {}
    for rule in standing:
        reads = readings.setdefault(rule.concludes or "", {})
        for clause in clauses_in(rule.when):
            if isinstance(clause.left, FactRef) and clause.left.name in concluded:
                reads.setdefault(clause.left.name, clause)
    return readings


def _report_cycle(left: Readings, known: Mapping[str, int], problems: Problems) -> list[str]:
    """Follows unmeasured readings until one comes round; returns the names of that cycle."""
    path = [min(left)]
    while True:
        read = next(name for name in sorted(left[path[-1]]) if name not in known)
        if read in path:
            break
        path.append(read)
    cycle = path[path.index(read) :]
    start = cycle.index(min(cycle))
    cycle = cycle[start:] + cycle[:start]
    clause = left[cycle[0]][cycle[1 % len(cycle)]]
    problems.add(
        clause.place, "watch.cycle", " -> ".join([*cycle, cycle[0]]),
        "conclusions run one way", len(cycle[1 % len(cycle)]),
    )  # fmt: skip
    return cycle


def _report_long(
    name: str, reads: Mapping[str, Clause], lengths: Mapping[str, int], problems: Problems
) -> None:
    deepest = max(sorted(reads), key=lambda read: lengths[read])
    problems.add(
        reads[deepest].place, "watch.cycle",
        f"`{name}` ends a chain of {lengths[name]} conclusions, at most {limits.CONCLUSION_CHAIN}",
        "read the facts themselves, not what was concluded from them", len(deepest),
    )  # fmt: skip
